//! Renders charts that are written down in the test.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses some of it, and a failure is a failed test"
)]

use std::rc::Rc;

use rosin_helm::chart::load;
use rosin_helm::{Error, Options, Rendered, Scene, render};
use rosin_plugin::MemoryFiles;
use rosin_template::Still;

/// A chart of these files; `Chart.yaml` is added if there is none.
pub(crate) fn chart(files: &[(&str, &str)]) -> MemoryFiles {
    let mut chart =
        MemoryFiles::from([("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")]);
    for (path, text) in files {
        chart.insert(*path, *text);
    }
    chart
}

pub(crate) fn try_render(
    files: &[(&str, &str)],
    options: serde_json::Value,
) -> Result<Rendered, Error> {
    let options: Options = serde_json::from_value(options).unwrap();
    render(
        load(&chart(files), "")?,
        &options,
        &Scene::new(Rc::new(Still)),
    )
}

pub(crate) fn rendered(files: &[(&str, &str)], options: serde_json::Value) -> Rendered {
    try_render(files, options).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn text(files: &[(&str, &str)]) -> String {
    rendered(files, serde_json::json!({})).text()
}
