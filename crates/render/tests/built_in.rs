//! The built-in plugins as the program has them: compiled, embedded, in the sandbox. Built by `cargo xtask plugins`.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::time::{Duration, Instant};

use rosin_render::{
    Import, Limits, Registry, RenderError, Rendered, Renderer, Request, Services, Source,
};
use support::{engine, source};

fn built_in(name: &str) -> Renderer {
    Registry::built_in(&engine(2))
        .unwrap()
        .get(name)
        .unwrap()
        .clone()
}

async fn render(
    name: &str,
    options: &str,
    path: &str,
    source: &Source,
) -> Result<Rendered, RenderError> {
    let request = Request {
        path: path.to_owned(),
        options: options.to_owned(),
        ..Request::default()
    };
    built_in(name)
        .render(&request, source, &Services::default(), &Limits::default())
        .await
}

fn overlay() -> Source {
    source(&[
        ("base/kustomization.yaml", "resources: [app.yaml]\n"),
        (
            "base/app.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  port: \"80\"\n",
        ),
        (
            "overlay/kustomization.yaml",
            "namePrefix: prod-\nresources: [../base]\n",
        ),
        ("unrelated/file.yaml", "x: 1\n"),
    ])
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn kustomize_renders_an_overlay_and_reads_only_what_it_needs() {
    let rendered = render("kustomize", "", "overlay", &overlay())
        .await
        .unwrap();
    let [manifest] = &rendered.manifests[..] else {
        panic!("{:?}", rendered.manifests)
    };
    assert_eq!(
        manifest.json,
        r#"{"apiVersion":"v1","data":{"port":"80"},"kind":"ConfigMap","metadata":{"name":"prod-app"}}"#
    );
    assert_eq!(manifest.origin.path, "base/app.yaml");
    assert!(rendered.reads.is_reusable());
    let read: Vec<&str> = rendered.reads.files().collect();
    assert_eq!(
        read,
        [
            "base/app.yaml",
            "base/kustomization.yaml",
            "overlay/kustomization.yaml"
        ]
    );
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn kustomize_names_the_file_of_an_error() {
    let broken = source(&[
        ("app/kustomization.yaml", "resources: [app.yaml]\n"),
        (
            "app/app.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n  labels: [unclosed\n",
        ),
    ]);
    let error = render("kustomize", "", "app", &broken).await.unwrap_err();
    assert!(matches!(error, RenderError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("app.yaml"), "{error}");
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn kustomize_does_not_leave_the_source() {
    // parity: SEC-WASM-16
    let outside = source(&[(
        "app/kustomization.yaml",
        "resources: [../../../etc/passwd]\n",
    )]);
    let error = render("kustomize", r#"{"loadRestrictor":"none"}"#, "app", &outside)
        .await
        .unwrap_err();
    assert!(matches!(error, RenderError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("etc/passwd"), "{error}");
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn aliases_that_multiply_end_within_the_limits() {
    let mut bomb = String::from(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n",
    );
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let source = source(&[
        ("app/kustomization.yaml", "resources: [bomb.yaml]\n"),
        ("app/bomb.yaml", &bomb),
    ]);
    let start = Instant::now();
    let error = render("kustomize", "", "app", &source).await.unwrap_err();
    assert!(
        matches!(
            error,
            RenderError::Invalid { .. } | RenderError::Memory { .. }
        ),
        "{error}, after {:?}",
        start.elapsed()
    );
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn built_in_plugins_import_what_their_work_needs() {
    // parity: SEC-WASM-07
    assert_eq!(
        built_in("kustomize").imports(),
        [Import::Source, Import::Diagnostics, Import::Compose]
    );
    let helm = built_in("helm");
    assert!(helm.imports().contains(&Import::Source));
    for name in ["kustomize", "helm"] {
        let descriptor = built_in(name).describe(&Limits::default()).await.unwrap();
        assert_eq!(descriptor.name, name);
        let schema: serde_json::Value = serde_json::from_str(&descriptor.options_schema).unwrap();
        assert_eq!(schema["type"], "object", "{name}");
    }
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn helm_renders_a_chart() {
    let chart = source(&[
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        ("values.yaml", "port: 80\n"),
        (
            "templates/config.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  port: {{ .Values.port | quote }}\n",
        ),
    ]);
    let options = r#"{"release":{"name":"web","namespace":"apps"}}"#;
    let rendered = render("helm", options, "", &chart).await.unwrap();
    let [manifest] = &rendered.manifests[..] else {
        panic!("{:?}", rendered.manifests)
    };
    let json =
        r#"{"apiVersion":"v1","data":{"port":"80"},"kind":"ConfigMap","metadata":{"name":"web"}}"#;
    assert_eq!(manifest.json, json);
    let text = manifest.text.as_deref().unwrap();
    assert!(
        text.contains("metadata:\n  name: web\ndata:\n  port: \"80\"\n"),
        "{text}"
    );
    assert_eq!(manifest.origin.path, "templates/config.yaml");
}

fn with_chart() -> Source {
    source(&[
        (
            "app/kustomization.yaml",
            "namePrefix: x-\nhelmCharts: [{name: web, releaseName: r, valuesInline: {port: 81}}]\n",
        ),
        (
            "app/charts/web/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        ),
        ("app/charts/web/values.yaml", "port: 80\n"),
        (
            "app/charts/web/templates/service.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Release.Name }}}\nspec: {ports: [{port: {{ .Values.port }}}]}\n",
        ),
        ("other/file.yaml", "x: 1\n"),
    ])
}

async fn composed(source: &Source) -> Result<Rendered, RenderError> {
    let registry = std::sync::Arc::new(Registry::built_in(&engine(1)).unwrap());
    let request = Request {
        path: "app".to_owned(),
        ..Request::default()
    };
    let services = Services {
        renderers: Some(registry.clone()),
        ..Services::default()
    };
    registry
        .get("kustomize")
        .unwrap()
        .render(&request, source, &services, &Limits::default())
        .await
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn a_kustomization_has_its_chart_rendered_and_depends_on_what_that_read() {
    let source = with_chart();
    let rendered = composed(&source).await.unwrap();
    assert_eq!(
        rendered.manifests[0].json,
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"x-r"},"spec":{"ports":[{"port":81}]}}"#
    );
    assert_eq!(
        rendered.manifests[0].origin.path,
        "app/charts/web/templates/service.yaml"
    );
    let read: Vec<&str> = rendered.reads.files().collect();
    assert!(
        read.contains(&"app/charts/web/templates/service.yaml"),
        "{read:?}"
    );
    assert!(rendered.reads.unchanged(&source));
    let changed = |path: &str, text: &str| Source {
        tree: source
            .tree
            .overlay([(path.to_owned(), text.as_bytes().to_vec())].into()),
        ..source.clone()
    };
    assert!(
        rendered
            .reads
            .unchanged(&changed("other/file.yaml", "x: 2\n"))
    );
    assert!(
        !rendered
            .reads
            .unchanged(&changed("app/charts/web/templates/service.yaml", "")),
        "a template changed"
    );
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn the_error_of_a_chart_is_the_kustomizations_error() {
    let source = Source {
        tree: with_chart().tree.overlay(
            [(
                "app/charts/web/templates/service.yaml".to_owned(),
                b"{{ fail \"no port\" }}".to_vec(),
            )]
            .into(),
        ),
        revision: String::new(),
    };
    let error = composed(&source).await.unwrap_err().to_string();
    assert!(
        error.contains("web/templates/service.yaml:1") && error.contains("no port"),
        "{error}"
    );
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn without_other_renderers_a_chart_is_refused() {
    let error = render("kustomize", "", "app", &with_chart())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("not offered here"), "{error}");
}
