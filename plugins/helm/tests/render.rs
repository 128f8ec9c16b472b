//! Charts to documents.

mod support;

use serde_json::json;
use support::{rendered, text, try_render};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: {{ include \"web.name\" . }}
  labels:
    {{- include \"web.labels\" . | nindent 4 }}
spec:
  ports:
    {{- toYaml .Values.ports | nindent 4 }}
";
const HELPERS: &str =
    "{{- define \"web.name\" -}}{{ .Release.Name }}-{{ .Chart.Name | trunc 63 }}{{- end }}
{{- define \"web.labels\" -}}
app: {{ include \"web.name\" . }}
version: {{ .Chart.AppVersion | default .Chart.Version | quote }}
{{- end }}
";

#[test]
fn a_simple_chart_prints_what_helm_prints() {
    let files = [
        ("values.yaml", "ports:\n  - port: 80\n    name: http\n"),
        ("templates/_helpers.tpl", HELPERS),
        ("templates/service.yaml", SERVICE),
        ("templates/NOTES.txt", "Hello {{ .Release.Name }}"),
    ];
    let rendered = rendered(
        &files,
        json!({"release": {"name": "a", "namespace": "ns"}, "values": {"extra": null}}),
    );
    let expected = "---
# Source: web/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: a-web
  labels:
    app: a-web
    version: \"1.0.0\"
spec:
  ports:
    - name: http
      port: 80
";
    assert_eq!(rendered.text(), expected);
    assert_eq!(rendered.notes, "Hello a");
}

#[test]
fn documents_know_their_template_and_line() {
    let template = "{{- if true }}\n# first\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n{{- range until 3 }}\n  k{{ . }}: {{ . | quote }}\n{{- end }}\n---\nkind: Pod\napiVersion: v1\nmetadata: {name: b}\n{{- end }}\n";
    let rendered = rendered(&[("templates/x.yaml", template)], json!({}));
    let places: Vec<_> = rendered
        .manifests
        .iter()
        .map(|m| (m.kind.as_str(), m.source.as_str(), m.line))
        .collect();
    assert_eq!(
        places,
        [
            ("ConfigMap", "web/templates/x.yaml", 4),
            ("Pod", "web/templates/x.yaml", 12),
            ("", "web/templates/x.yaml", 2)
        ]
    );
    assert_eq!(rendered.manifests[2].json, None);
}

#[test]
fn documents_are_sorted_by_kind_and_hooks_stand_apart() {
    let object = |kind: &str, name: &str, more: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{more}")
    };
    let all = [
        object("Deployment", "d", ""),
        object("Zebra", "z", ""),
        object("Apple", "p", ""),
        object("Service", "s", ""),
        object("Job", "h", "  annotations:\n    helm.sh/hook: pre-install, test\n    helm.sh/hook-weight: \"-5\"\n"),
        object("Job", "u", "  annotations:\n    helm.sh/hook: no-such-event\n"),
    ]
    .join("---\n");
    let rendered = rendered(&[("templates/all.yaml", &all)], json!({}));
    let kinds: Vec<_> = rendered.manifests.iter().map(|m| m.kind.as_str()).collect();
    assert_eq!(kinds, ["Service", "Deployment", "Apple", "Zebra"]);
    assert_eq!(rendered.hooks.len(), 1);
    assert_eq!(rendered.hooks[0].events, ["pre-install", "test"]);
    assert_eq!(rendered.hooks[0].weight, -5);
    let without = support::rendered(&[("templates/all.yaml", &all)], json!({"skipTests": true}));
    assert!(without.hooks.is_empty());
}

#[test]
fn values_are_coalesced_and_null_deletes() {
    let files = [
        (
            "values.yaml",
            "a: {x: 1, w: 2, gone: null}\nb: default\nlist: [1, 2]\n",
        ),
        ("templates/x.yaml", "v: {{ toJson .Values }}"),
    ];
    let rendered = rendered(
        &files,
        json!({"values": {"a": {"w": null, "z": 3}, "list": [9]}}),
    );
    assert!(
        rendered
            .text()
            .contains(r#"v: {"a":{"x":1,"z":3},"b":"default","list":[9]}"#),
        "{}",
        rendered.text()
    );
}

#[test]
fn subcharts_have_conditions_tags_aliases_globals_and_exports() {
    // parity: HR-TPL-010
    let parent = "apiVersion: v2
name: web
version: 1.0.0
dependencies:
  - {name: db, version: 1.x, condition: db.enabled, import-values: [{child: exported, parent: from.db}]}
  - {name: db, version: ~1.0, alias: cache, tags: [extra]}
  - {name: unused, version: '*', condition: unused.enabled}
";
    let files = [
        ("Chart.yaml", parent),
        (
            "values.yaml",
            "global: {region: eu}\ncache: {size: 7}\nunused: {enabled: false}\ndb: {enabled: true}\n",
        ),
        (
            "templates/p.yaml",
            "parent: {{ .Values.from.db.port }} {{ keys .Subcharts | sortAlpha | join \",\" }}",
        ),
        (
            "charts/db/Chart.yaml",
            "apiVersion: v2\nname: db\nversion: 1.0.3\n",
        ),
        ("charts/db/values.yaml", "size: 1\nexported: {port: 5432}\n"),
        (
            "charts/db/templates/d.yaml",
            "{{ .Chart.Name }}: {{ .Values.size }} {{ .Values.global.region }} {{ .Template.Name }}",
        ),
        (
            "charts/unused/Chart.yaml",
            "apiVersion: v2\nname: unused\nversion: 0.1.0\n",
        ),
        ("charts/unused/templates/x.yaml", "never: true"),
    ];
    let text = text(&files);
    assert!(text.contains("parent: 5432 cache,db"), "{text}");
    assert!(
        text.contains("db: 1 eu web/charts/db/templates/d.yaml"),
        "{text}"
    );
    assert!(
        text.contains("cache: 7 eu web/charts/cache/templates/d.yaml"),
        "{text}"
    );
    assert!(!text.contains("never"));
    let off = rendered(&files, json!({"values": {"tags": {"extra": false}}})).text();
    assert!(!off.contains("cache:"), "{off}");
}

#[test]
fn tpl_sees_partials_and_keeps_its_own_definitions() {
    let files = [
        (
            "values.yaml",
            "text: '{{ include \"web.name\" . }}-{{ define \"own\" }}o{{ end }}{{ include \"own\" . }}'\n",
        ),
        ("templates/_helpers.tpl", HELPERS),
        (
            "templates/x.yaml",
            "a: {{ tpl .Values.text . }}{{ .Values.none }}",
        ),
    ];
    assert!(text(&files).contains("a: release-name-web-o"));
    let leaks = [
        files[0],
        files[1],
        (
            "templates/x.yaml",
            "a: {{ tpl .Values.text . }}{{ include \"own\" . }}",
        ),
    ];
    let error = try_render(&leaks, json!({})).unwrap_err().to_string();
    assert!(error.contains("no template \"own\""), "{error}");
}

#[test]
fn files_are_those_of_the_chart() {
    // parity: SEC-TPL-07
    let files = [
        ("conf/a.txt", "one\ntwo\n"),
        ("conf/b.bin", "\u{0}x"),
        (".helmignore", "*.secret\n"),
        ("conf/c.secret", "hidden"),
        (
            "templates/x.yaml",
            "l: {{ .Files.Lines \"conf/a.txt\" | toJson }}\nout: {{ .Files.Get \"../../etc/passwd\" | quote }}\nhidden: {{ .Files.Get \"conf/c.secret\" | quote }}\nglob: {{ range $p, $_ := .Files.Glob \"conf/*\" }}{{ $p }} {{ end }}\nall: {{ (.Files.Glob \"/**\").AsConfig | quote }}\n{{ (.Files.Glob \"conf/a*\").AsConfig }}\n{{ (.Files.Glob \"conf/b*\").AsSecrets }}",
        ),
    ];
    let text = text(&files);
    for expected in [
        "l: [\"one\",\"two\"]",
        "out: \"\"",
        "hidden: \"\"",
        "glob: conf/a.txt conf/b.bin ",
        "a.txt: |\n  one\n  two",
        "b.bin: AHg=",
        "all: \"{}\"",
    ] {
        assert!(text.contains(expected), "{expected:?} in {text}");
    }
}

#[test]
fn capabilities_are_those_given() {
    // parity: HR-TPL-011
    let template = "v: {{ .Capabilities.KubeVersion }} {{ .Capabilities.KubeVersion.Minor }} {{ .Capabilities.APIVersions.Has \"x/v1\" }} {{ semverCompare \">=1.29-0\" .Capabilities.KubeVersion.Version }}";
    let files = [("templates/x.yaml", template)];
    let text = rendered(
        &files,
        json!({"capabilities": {"kubeVersion": "v1.30.2-eks-1", "extraApiVersions": ["x/v1"]}}),
    )
    .text();
    assert!(text.contains("v: v1.30.2 30 true true"), "{text}");
    let chart = "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: '>=1.99'\n";
    let error = try_render(&[("Chart.yaml", chart)], json!({}))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("chart requires kubeVersion: >=1.99"),
        "{error}"
    );
}

#[test]
fn crds_are_given_apart() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n";
    let files = [
        ("crds/x.yaml", crd),
        ("crds/README.md", "no"),
        ("templates/a.yaml", "a: 1"),
    ];
    assert!(rendered(&files, json!({})).definitions.is_empty());
    let rendered = rendered(&files, json!({"includeCrds": true}));
    assert_eq!(rendered.definitions.len(), 1);
    assert_eq!(rendered.definitions[0].0, "web/crds/x.yaml");
}

#[test]
fn archives_are_charts_too() {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in [
        (
            "web/Chart.yaml",
            "apiVersion: v1\nname: web\nversion: 0.1.0\n",
        ),
        ("web/templates/a.yaml", "a: {{ .Release.Name }}"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &builder.into_inner().unwrap()).unwrap();
    let packed = gzip.finish().unwrap();
    let files = rosin_plugin::MemoryFiles::from([
        ("web-0.1.0.tgz", packed.clone()),
        ("big.tgz", packed[..packed.len() / 2].to_vec()),
    ]);
    let chart = rosin_helm::chart::load(&files, "web-0.1.0.tgz").unwrap();
    let scene = rosin_helm::Scene::new(std::rc::Rc::new(rosin_template::Still));
    let rendered = rosin_helm::render(chart, &rosin_helm::Options::default(), &scene).unwrap();
    assert_eq!(
        rendered.text(),
        "---\n# Source: web/templates/a.yaml\na: release-name\n"
    );
    assert!(rosin_helm::chart::load(&files, "big.tgz").is_err());
}
