//! The tree of what is deployed: each Kustomization with the objects of its inventory, and how they are.

use std::collections::BTreeSet;

use anyhow::Result;
use rosin_cluster_tests::Api;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::{Ready, inventory};
use serde_json::Value;

use crate::terminal::Terminal;

pub(crate) async fn print(api: &Api, root: &Ref, terminal: &Terminal) -> Result<()> {
    terminal.line(&format!("{root}  {}", state(&api.read(root).await?)));
    // Depth first without recursion: what is still to print, the next one last, with the lines that lead to it.
    let mut pending = children(api, root, "").await?;
    let mut seen = BTreeSet::from([root.clone()]);
    while let Some(Node { object, lead, last }) = pending.pop() {
        let found = api.get(&object).await?;
        let text = found.as_ref().map_or_else(|| "missing".to_owned(), state);
        terminal.line(&format!(
            "{lead}{} {object}  {text}",
            if last { "└─" } else { "├─" }
        ));
        if ["Kustomization", "HelmRelease"].contains(&&*object.kind) && seen.insert(object.clone())
        {
            let lead = format!("{lead}{}  ", if last { " " } else { "│" });
            pending.extend(children(api, &object, &lead).await?);
        }
    }
    Ok(())
}

struct Node {
    object: Ref,
    lead: String,
    last: bool,
}

/// In reverse, for the stack.
async fn children(api: &Api, kustomization: &Ref, lead: &str) -> Result<Vec<Node>> {
    let objects = inventory(&api.read(kustomization).await?);
    let nodes = objects
        .into_iter()
        .rev()
        .enumerate()
        .map(|(index, object)| Node {
            object,
            lead: lead.to_owned(),
            last: index == 0,
        });
    Ok(nodes.collect())
}

fn state(object: &Value) -> String {
    if let Some(ready) = Ready::of(object) {
        return if ready.is_true() {
            let version = object.pointer("/status/history/0/chartVersion");
            let version = version.and_then(Value::as_str).unwrap_or(&ready.revision);
            format!("Ready, {}", short(version))
        } else {
            ready.to_string()
        };
    }
    match (
        object.pointer("/status/readyReplicas"),
        object.pointer("/spec/replicas"),
    ) {
        (Some(ready), Some(wanted)) => format!("{ready} of {wanted} replicas ready"),
        _ => String::new(),
    }
}

/// `main@sha1:` and eight digits are enough to recognise a commit.
fn short(revision: &str) -> &str {
    let end = revision.find(':').map_or(revision.len(), |colon| colon + 9);
    revision.get(..end).unwrap_or(revision)
}
