//! `helmCharts` with a Helm that writes down what it was asked for.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rosin_kustomize::{BuildRequest, Charts, Error, Helm, Object, Output, build};
use serde_json::{Value, json};

/// Answers with one object, and remembers the questions.
#[derive(Debug, Default)]
struct Recorder(RefCell<Vec<(String, Value)>>);

impl Charts for Recorder {
    fn template(&self, folder: &str, options: &Value) -> Result<String, String> {
        self.0
            .borrow_mut()
            .push((folder.to_owned(), options.clone()));
        if options.get("text").is_some() {
            return Ok("from-template".to_owned());
        }
        let name = options["release"]["name"].as_str().unwrap();
        Ok(format!(
            "---\n# Source: web/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n"
        ))
    }
}

fn built(kustomization: &str) -> (Result<Output, Error>, Vec<(String, Value)>) {
    let files: BTreeMap<String, Vec<u8>> = [
        ("app/kustomization.yaml", kustomization),
        ("app/charts/web/Chart.yaml", "name: web\n"),
        (
            "app/charts/web/values.yaml",
            "a: 1\nb: {c: chart, d: chart}\nlist: [x, y]\n",
        ),
        ("app/prod.yaml", "a: 2\n"),
        ("app/more.yaml", "e: 3\n"),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .collect();
    let recorder = Rc::new(Recorder::default());
    let request = BuildRequest {
        path: "app".to_owned(),
        helm: Helm {
            charts: Some(recorder.clone()),
            kube_version: "1.29.0".to_owned(),
            api_versions: Vec::new(),
        },
        ..BuildRequest::default()
    };
    let result = build(&request, &files);
    let asked = recorder.0.borrow().clone();
    (result, asked)
}

fn values(kustomization: &str) -> String {
    let (result, asked) = built(kustomization);
    result.unwrap();
    asked[0].1["valueFiles"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_chart_is_asked_for_with_all_that_the_kustomization_says() {
    let (result, asked) = built(
        "namespace: shop\nhelmCharts:\n- name: web\n  releaseName: r\n  valuesFile: prod.yaml\n  additionalValuesFiles: [more.yaml]\n  \
         includeCRDs: true\n  skipHooks: true\n  skipTests: true\n  apiVersions: [a/v1]\n",
    );
    let output = result.unwrap();
    assert_eq!(
        output.objects[0].to_yaml(),
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: r\n",
        "the chart's objects have their namespace already"
    );
    assert_eq!(
        output.objects[0].file,
        "app/charts/web/templates/service.yaml"
    );
    assert_eq!(
        asked,
        [(
            "app/charts/web".to_owned(),
            json!({
                "release": { "name": "r", "namespace": "shop" },
                "valueFiles": [{ "name": "values.yaml", "text": "a: 2\n" }, { "name": "more.yaml", "text": "e: 3\n" }],
                "capabilities": { "kubeVersion": "1.29.0", "extraApiVersions": ["a/v1"] },
                "includeCrds": true, "noHooks": true, "skipTests": true, "print": true,
            })
        )]
    );
}

#[test]
fn inline_values_override_complete_or_replace_those_of_the_chart() {
    let chart = |merge: &str| {
        values(&format!(
            "helmCharts:\n- name: web\n  releaseName: r\n  valuesInline: {{b: {{c: inline}}, list: [z], m: 1}}\n{merge}"
        ))
    };
    assert_eq!(
        chart(""),
        "a: 1\nb:\n  c: inline\n  d: chart\nlist:\n- z\nm: 1\n"
    );
    assert_eq!(
        chart("  valuesMerge: merge\n"),
        "a: 1\nb:\n  c: chart\n  d: chart\nlist:\n- x\n- \"y\"\nm: 1\n"
    );
    assert_eq!(
        chart("  valuesMerge: replace\n"),
        "b:\n  c: inline\nlist:\n- z\nm: 1\n"
    );
}

#[test]
fn releases_are_named_by_a_template_or_by_default() {
    let name = |chart: &str| {
        let (result, asked) = built(&format!("helmCharts:\n- name: web\n{chart}"));
        result.unwrap();
        asked.last().unwrap().1["release"]["name"].clone()
    };
    assert_eq!(name("  nameTemplate: '{{ \"x\" }}'\n"), "from-template");
    assert_eq!(name(""), "release-name");
}

#[test]
fn the_old_spelling_and_the_generator_of_its_own_are_understood() {
    let (result, asked) = built(
        "helmChartInflationGenerator:\n- chartName: web\n  releaseName: old\n  values: prod.yaml\n  chartHome: charts\n",
    );
    assert_eq!(names(&result.unwrap()), ["old"]);
    assert_eq!(asked[0].1["valueFiles"][0]["text"], "a: 2\n");
    let (result, _) = built(
        "generators:\n- |\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: x}\n  name: web\n  releaseName: own\n",
    );
    assert_eq!(names(&result.unwrap()), ["own"]);
}

fn names(output: &Output) -> Vec<String> {
    let name = |object: &Object| {
        let json: Value = serde_json::from_str(&object.json).unwrap();
        json["metadata"]["name"].as_str().unwrap().to_owned()
    };
    output.objects.iter().map(name).collect()
}

#[test]
fn what_cannot_be_rendered_is_refused() {
    let message = |chart: &str| {
        let (result, asked) = built(&format!("helmCharts:\n- {chart}\n"));
        assert!(asked.is_empty(), "{asked:?}");
        result.unwrap_err().message
    };
    assert_eq!(
        message("{name: gone}"),
        "no repo specified for pull, no chart found at 'app/charts/gone'"
    );
    assert!(
        message("{name: gone, repo: 'https://x'}").contains("no network to pull it from https://x")
    );
    for (chart, expected) in [
        ("{releaseName: r}", "chart name cannot be empty"),
        (
            "{name: web, releaseName: --x}",
            "releaseName must not start with '-', got \"--x\"",
        ),
        (
            "{name: web, valuesMerge: x}",
            "valuesMerge must be one of [merge override replace]",
        ),
        (
            "{name: web, valuesFile: ../../etc/passwd}",
            "is not in or below 'app'",
        ),
    ] {
        assert!(message(chart).contains(expected), "{}", message(chart));
    }
}

#[test]
fn without_permission_charts_are_refused_as_by_the_command() {
    let files = BTreeMap::from([(
        "kustomization.yaml".to_owned(),
        b"helmCharts: [{name: web}]".to_vec(),
    )]);
    assert_eq!(
        build(&BuildRequest::default(), &files).unwrap_err().message,
        "trouble configuring builtin HelmChartInflationGenerator: must specify --enable-helm"
    );
}
