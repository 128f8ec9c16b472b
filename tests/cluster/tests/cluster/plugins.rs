//! A plugin that misbehaves ends in an error of its own in the status of the Kustomization that named it, and the neighbours go
//! on.

use anyhow::Result;
use serde_json::json;

use crate::case::{Case, config_map};

/// Plugins of `tests/hostile`, and what the status says of each.
pub(crate) const HOSTILE: [(&str, &str); 7] = [
    ("trap", "renderer trap crashed: it gave up"),
    (
        "recursion",
        "renderer recursion crashed: it ran out of stack",
    ),
    (
        "loop",
        "renderer loop was stopped: it did not end within its deadline of",
    ),
    (
        "grow",
        "renderer grow was stopped: it needs more memory than its limit of",
    ),
    (
        "large_object",
        "renderer large_object was stopped: its output is larger than its limit of",
    ),
    (
        "path_above",
        "renderer path_above asked for \"../../etc/passwd\", which is not a path inside the source",
    ),
    (
        "json_broken",
        "renderer json_broken returned an object that is not valid",
    ),
];

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn hostile_plugins_fail_alone() -> Result<()> {
    // Attacks SEC-WASM-01 to SEC-WASM-04.
    // parity: KS-RENDER-003, KS-RENDER-004
    let case = Case::new("plugins").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let mut hostile = Vec::new();
    for (name, words) in HOSTILE {
        let renderer = json!({ "renderer": { "name": name } });
        let object = case
            .add_kustomization(&name.replace('_', "-"), "./app", renderer)
            .await?;
        hostile.push((object, words));
    }
    let good = case.add_kustomization("good", "./app", json!({})).await?;
    case.ready(&good, &commit).await?;
    for (object, words) in &hostile {
        case.fails(object, "BuildFailed", words).await?;
    }
    // And when all of them have failed, the next commit is live.
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "later"))?;
    let commit = case.push("second").await?;
    case.ready(&good, &commit).await.map(drop)
}
