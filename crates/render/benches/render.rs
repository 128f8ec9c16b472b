//! Prints what a render costs beside the rendering itself, and what a small overlay costs: `cargo bench -p rosin-render`.
//!
//! Figures are medians and 99th percentiles of many renders, one after the other, and renders per second of as many at once as
//! the engine takes.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use rosin_render::{Engine, EngineConfig, Limits, Registry, Renderer, Request, Services, Source};
use support::{good_source, load, source};

#[tokio::main]
async fn main() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    println!(
        "{:28} {:>14} {:>14} {:>14} {:>12}",
        "plugin", "instantiate", "render", "p99", "parallel"
    );

    // One read, one object: all of it is overhead.
    measure(
        "one object",
        &load(&engine, "good"),
        &Request::default(),
        &good_source(),
        5000,
    )
    .await;

    let start = Instant::now();
    let built_in = Registry::built_in(&engine).unwrap();
    let loaded = start.elapsed();
    match built_in.get("kustomize") {
        Err(error) => println!("{error}"),
        Ok(kustomize) => {
            let request = Request {
                path: "overlay".to_owned(),
                ..Request::default()
            };
            measure(
                "kustomize, small overlay",
                kustomize,
                &request,
                &overlay(),
                1000,
            )
            .await;
            println!("built-in renderers loaded in {loaded:.1?}");
        }
    }
}

async fn measure(name: &str, plugin: &Renderer, request: &Request, source: &Source, count: usize) {
    let (services, limits) = (Services::default(), Limits::default());
    let mut instantiate = Vec::with_capacity(count);
    let mut whole = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let rendered = plugin
            .render(request, source, &services, &limits)
            .await
            .unwrap();
        whole.push(start.elapsed());
        instantiate.push(rendered.stats.instantiate);
    }
    let parallel = parallel(plugin, request, source, count).await;
    let [instantiate, median, p99] = [
        at(&mut instantiate, 50),
        at(&mut whole, 50),
        at(&mut whole, 99),
    ];
    println!("{name:28} {instantiate:>14.1?} {median:>14.1?} {p99:>14.1?} {parallel:>10.0}/s");
}

async fn parallel(plugin: &Renderer, request: &Request, source: &Source, count: usize) -> f64 {
    let start = Instant::now();
    let renders = (0..count).map(|_| {
        let (plugin, request, source) = (plugin.clone(), request.clone(), source.clone());
        tokio::spawn(async move {
            plugin
                .render(&request, &source, &Services::default(), &Limits::default())
                .await
                .unwrap();
        })
    });
    for render in renders.collect::<Vec<_>>() {
        render.await.unwrap();
    }
    count as f64 / start.elapsed().as_secs_f64()
}

fn at(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    values[(values.len() - 1) * percent / 100]
}

/// A Deployment, a Service and a generated ConfigMap, with a patch, an image and a prefix.
fn overlay() -> Source {
    source(&[
        (
            "base/kustomization.yaml",
            "resources: [app.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [mode=plain]\n",
        ),
        (
            "base/app.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  selector:\n    matchLabels: {app: app}\n  template:\n    metadata:\n      labels: {app: app}\n    spec:\n      containers:\n      - name: app\n        image: example/app:1\n        envFrom:\n        - configMapRef: {name: settings}\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: app\nspec:\n  selector: {app: app}\n  ports:\n  - port: 80\n",
        ),
        (
            "overlay/kustomization.yaml",
            "resources: [../base]\nnamePrefix: prod-\nnamespace: apps\nimages:\n- name: example/app\n  newTag: \"2\"\npatches:\n- path: replicas.yaml\n",
        ),
        (
            "overlay/replicas.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  replicas: 3\n",
        ),
    ])
}
