//! Sources that are made to exhaust a renderer end in an error that names the file, within the limits, or are rendered.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::time::{Duration, Instant};

use rosin_render::{Limits, Registry, RenderError, Rendered, Request, Services, Source};
use support::{engine, source};

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hostile\n";

/// Far more than any of these takes, so that one that hangs is found.
const LONGEST: Duration = Duration::from_secs(60);

async fn render(source: &Source, limits: &Limits) -> Result<Rendered, RenderError> {
    let request = Request {
        path: "app".to_owned(),
        ..Request::default()
    };
    Registry::built_in(&engine(1))
        .unwrap()
        .get("kustomize")
        .unwrap()
        .render(&request, source, &Services::default(), limits)
        .await
}

/// A folder whose one resource is this.
fn resource(text: &str) -> Source {
    source(&[
        ("app/kustomization.yaml", "resources: [hostile.yaml]\n"),
        ("app/hostile.yaml", text),
    ])
}

async fn is_refused(source: &Source, file: &str, limits: &Limits) -> String {
    let start = Instant::now();
    let error = render(source, limits).await.unwrap_err();
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    assert!(matches!(error, RenderError::Invalid { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(file), "names no file: {text:.300}");
    assert!(text.len() < 4096, "{} bytes of error", text.len());
    text
}

/// Lists of aliases of lists of aliases: ten to the ninth elements in half a kilobyte.
fn aliases() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    text
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn aliases_that_multiply_are_refused_in_every_file() {
    let limits = Limits::default();
    let bomb = aliases();
    let in_object = resource(&format!("{OBJECT}{bomb}"));
    is_refused(&in_object, "hostile.yaml", &limits).await;
    let in_kustomization = source(&[("app/kustomization.yaml", &bomb)]);
    is_refused(&in_kustomization, "kustomization.yaml", &limits).await;
    let object = format!("{OBJECT}{bomb}");
    let in_patch = source(&[
        (
            "app/kustomization.yaml",
            "resources: [object.yaml]\npatches: [{path: hostile.yaml}]\n",
        ),
        ("app/object.yaml", OBJECT),
        ("app/hostile.yaml", &object),
    ]);
    is_refused(&in_patch, "hostile.yaml", &limits).await;
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn deep_nesting_is_refused() {
    let limits = Limits::default();
    let flow = format!(
        "{OBJECT}data: {}{}\n",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    is_refused(&resource(&flow), "hostile.yaml", &limits).await;
    let block = format!("{OBJECT}data:\n{}x\n", "- ".repeat(20_000));
    is_refused(&resource(&block), "hostile.yaml", &limits).await;
}

#[tokio::test]
#[cfg_attr(not(plugins_built), ignore = "run `cargo xtask plugins` first")]
async fn giant_scalars_are_rendered_or_their_file_is_refused() {
    let giant = format!("{OBJECT}data:\n  k: {}\n", "x".repeat(16 << 20));
    let start = Instant::now();
    let rendered = render(&resource(&giant), &Limits::default()).await.unwrap();
    assert!(start.elapsed() < LONGEST);
    assert!(rendered.manifests[0].json.len() > 16 << 20);
    assert!(rendered.stats.peak_memory < Limits::default().memory);
    let small_files = Limits {
        file: 1 << 20,
        ..Limits::default()
    };
    is_refused(&resource(&giant), "hostile.yaml", &small_files).await;
    // What does not fit into the memory ends the render, and nothing else.
    let small_memory = Limits {
        memory: 24 << 20,
        ..Limits::default()
    };
    let error = render(&resource(&giant), &small_memory).await.unwrap_err();
    assert!(matches!(error, RenderError::Memory { .. }), "{error}");
}
