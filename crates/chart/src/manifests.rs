//! Rendered files to documents: cut, sorted by kind, hooks apart, each with the template and line it comes from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rosin_manifest::Node;
use rosin_manifest::yaml::{self, Dialect};

use crate::Error;

/// Kinds in the order in which Helm installs them; others follow, by name.
const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

const HOOK: &str = "helm.sh/hook";
const HOOK_WEIGHT: &str = "helm.sh/hook-weight";
const HOOK_DELETE: &str = "helm.sh/hook-delete-policy";
const HOOK_LOG: &str = "helm.sh/hook-output-log-policy";
const EVENTS: [&str; 10] = [
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
    "test-success",
];

/// One document of a rendered template.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The template's path from the root chart.
    pub source: String,
    /// The line of the template that the document's first line comes from.
    pub line: u32,
    pub text: String,
    pub kind: String,
    /// The object; none where a document has comments only.
    pub json: Option<String>,
}

/// A document that is run at a moment of a release's life.
#[derive(Clone, Debug)]
pub struct Hook {
    pub manifest: Manifest,
    pub name: String,
    pub events: Vec<String>,
    pub weight: i64,
    pub delete_policies: Vec<String>,
    pub output_log_policies: Vec<String>,
}

impl Hook {
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.events.iter().any(|event| event == "test")
    }
}

/// Cuts a text at its separators, as Helm does: `---` at the beginning of a line, with spaces behind it. Blank documents
/// vanish, and documents begin with their first character that is no space. With each document goes its offset.
pub fn split(text: &str) -> Vec<(usize, &str)> {
    let mut documents = Vec::new();
    let mut start = text.len() - text.trim_start_matches(is_space).len();
    let base = start;
    let mut push = |from: usize, to: usize| {
        let document = &text[from..to];
        let trimmed = document.trim_start_matches(is_space);
        if !trimmed.is_empty() {
            let begin = to - trimmed.len();
            documents.push((begin, trimmed));
        }
    };
    let mut at = base;
    while let Some(found) = memchr::memmem::find(&text.as_bytes()[at..], b"---") {
        let separator = at + found;
        if separator == base || text.as_bytes()[separator - 1] == b'\n' {
            push(start, separator);
            let tail = &text[separator + 3..];
            start = separator + 3 + (tail.len() - tail.trim_start_matches([' ', '\t']).len());
            at = start;
        } else {
            at = separator + 1;
        }
    }
    push(start, text.len());
    documents
}

fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Kind, name and annotations, which is all that sorting needs.
struct Head {
    kind: String,
    name: String,
    annotations: BTreeMap<String, String>,
}

fn head(node: &Node) -> Result<Head, String> {
    let unexpected = |what: &str, field: &str, kind: &str| {
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {what} into Go struct field {field} of type {kind}"
        )
    };
    let mut head = Head {
        kind: String::new(),
        name: String::new(),
        annotations: BTreeMap::new(),
    };
    let Some(map) = node.as_mapping() else {
        if node.is_null() {
            return Ok(head);
        }
        let what = describe(node);
        return Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {what} into Go value of type util.SimpleHead"
        ));
    };
    for (field, name) in [
        ("apiVersion", "SimpleHead.apiVersion"),
        ("kind", "SimpleHead.kind"),
    ] {
        if let Some(value) = map.get(field).filter(|value| !value.is_null()) {
            match scalar_text(value) {
                Some(text) if field == "kind" => head.kind = text,
                Some(_) => {}
                None => return Err(unexpected(describe(value), name, "string")),
            }
        }
    }
    let Some(metadata) = map.get("metadata").filter(|value| !value.is_null()) else {
        return Ok(head);
    };
    let Some(metadata) = metadata.as_mapping() else {
        return Err(unexpected(
            describe(metadata),
            "SimpleHead.metadata",
            "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }",
        ));
    };
    if let Some(name) = metadata.get("name").filter(|value| !value.is_null()) {
        let wrong = || unexpected(describe(name), ".metadata.name", "string");
        head.name = scalar_text(name).ok_or_else(wrong)?;
    }
    if let Some(annotations) = metadata.get("annotations").filter(|value| !value.is_null()) {
        let Some(annotations) = annotations.as_mapping() else {
            return Err(unexpected(
                describe(annotations),
                ".metadata.annotations",
                "map[string]string",
            ));
        };
        for (key, value) in annotations.iter() {
            match scalar_text(value) {
                Some(text) => {
                    head.annotations.insert(key.to_owned(), text);
                }
                None if value.is_null() => {
                    head.annotations.insert(key.to_owned(), String::new());
                }
                None => {
                    return Err(unexpected(
                        describe(value),
                        ".metadata.annotations",
                        "string",
                    ));
                }
            }
        }
    }
    Ok(head)
}

/// A scalar as a text field takes it: Go writes numbers and booleans out.
fn scalar_text(node: &Node) -> Option<String> {
    match node.to_json().ok()? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Bool(value) => Some(value.to_string()),
        serde_json::Value::Number(number) => Some(match number.as_i64() {
            Some(int) => int.to_string(),
            None => {
                rosin_template::strconv::format_float(number.as_f64().unwrap_or_default(), b'g', -1)
            }
        }),
        _ => None,
    }
}

fn describe(node: &Node) -> &'static str {
    if node.is_mapping() {
        "object"
    } else if node.is_sequence() {
        "array"
    } else if node.as_bool().is_some() {
        "bool"
    } else if node.as_string().is_some() {
        "string"
    } else {
        "number"
    }
}

/// Where a kind comes in the order of installation.
#[must_use]
pub fn rank(kind: &str) -> (usize, &str) {
    match INSTALL_ORDER.iter().position(|known| *known == kind) {
        Some(position) => (position, ""),
        None => (INSTALL_ORDER.len(), kind),
    }
}

/// Where a kind comes in the order of uninstalling: the other way round, but with Services before what serves. Unknown kinds are
/// last here as well.
#[must_use]
pub fn uninstall_rank(kind: &str) -> (usize, &str) {
    let last = INSTALL_ORDER.len();
    match rank(kind) {
        (position, name) if position == last => (2 * last, name),
        // Right behind IngressClasses.
        _ if kind == "Service" => (2 * (last - rank("IngressClass").0) + 1, ""),
        (position, _) => (2 * (last - position), ""),
    }
}

/// Does a document ask to be a hook?
#[must_use]
pub fn is_hook(document: &Node) -> bool {
    head(document).is_ok_and(|head| head.annotations.contains_key(HOOK))
}

/// Texts between commas, in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(',')
        .map(|word| word.trim().to_lowercase())
        .collect()
}

/// Documents in the order of installation, hooks apart. `files` are in the order of their names; `line` tells the line of a
/// template that a place in its text comes from.
pub fn sort<'f>(
    files: impl IntoIterator<Item = (&'f str, Cow<'f, str>)>,
    line: impl Fn(&str, usize) -> u32,
) -> Result<(Vec<Hook>, Vec<Manifest>), Error> {
    let (mut hooks, mut manifests) = (Vec::new(), Vec::new());
    for (source, text) in files {
        if text.trim().is_empty() {
            continue;
        }
        for (offset, document) in split(&text) {
            let failed = |cause: String| Error::Manifest {
                file: source.to_owned(),
                cause,
            };
            let node = yaml::read_one(document.as_bytes(), Dialect::Sigs)
                .map_err(|error| failed(format!("error converting YAML to JSON: {error}")))?;
            let head = head(&node).map_err(failed)?;
            let json = match node.is_mapping() {
                true => Some(
                    node.to_json_string()
                        .map_err(|error| failed(error.to_string()))?,
                ),
                false => None,
            };
            let line = line(source, offset);
            let manifest = Manifest {
                source: source.to_owned(),
                line,
                text: document.to_owned(),
                kind: head.kind,
                json,
            };
            let Some(hook) = head.annotations.get(HOOK) else {
                manifests.push(manifest);
                continue;
            };
            let events = words(hook);
            // A hook for an event that does not exist is dropped altogether.
            if !events.iter().all(|event| EVENTS.contains(&event.as_str())) {
                continue;
            }
            let events = events.into_iter().map(|event| {
                if event == "test-success" {
                    "test".into()
                } else {
                    event
                }
            });
            let weight = head
                .annotations
                .get(HOOK_WEIGHT)
                .and_then(|weight| weight.parse().ok())
                .unwrap_or(0);
            let policies = |name: &str| {
                let given = head.annotations.get(name);
                given.map(|text| words(text)).unwrap_or_default()
            };
            hooks.push(Hook {
                manifest,
                name: head.name.clone(),
                events: events.collect(),
                weight,
                delete_policies: policies(HOOK_DELETE),
                output_log_policies: policies(HOOK_LOG),
            });
        }
    }
    manifests.sort_by(|a, b| rank(&a.kind).cmp(&rank(&b.kind)));
    hooks.sort_by(|a, b| rank(&a.manifest.kind).cmp(&rank(&b.manifest.kind)));
    Ok((hooks, manifests))
}

/// A document as JSON.
pub fn document_json(text: &str) -> Result<String, String> {
    let node = yaml::read_one(text.as_bytes(), Dialect::Sigs).map_err(|error| error.to_string())?;
    if !node.is_mapping() {
        return Err("no object".into());
    }
    node.to_json_string().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_in_helms_order() {
        // parity: HR-TPL-013, HR-TPL-014
        let mut kinds = [
            "Zebra",
            "Deployment",
            "Namespace",
            "ValidatingWebhookConfiguration",
            "Apple",
            "Service",
            "Ingress",
            "Pod",
            "MutatingWebhookConfiguration",
            "IngressClass",
            "CronJob",
            "APIService",
            "PriorityClass",
            "StorageClass",
            "RoleList",
            "Role",
        ];
        kinds.sort_by_key(|kind| rank(kind));
        assert_eq!(
            kinds,
            [
                "PriorityClass",
                "Namespace",
                "StorageClass",
                "Role",
                "RoleList",
                "Service",
                "Pod",
                "Deployment",
                "CronJob",
                "IngressClass",
                "Ingress",
                "APIService",
                "MutatingWebhookConfiguration",
                "ValidatingWebhookConfiguration",
                "Apple",
                "Zebra",
            ]
        );
        kinds.sort_by_key(|kind| uninstall_rank(kind));
        assert_eq!(
            kinds,
            [
                "ValidatingWebhookConfiguration",
                "MutatingWebhookConfiguration",
                "APIService",
                "Ingress",
                "IngressClass",
                "Service",
                "CronJob",
                "Deployment",
                "Pod",
                "RoleList",
                "Role",
                "StorageClass",
                "Namespace",
                "PriorityClass",
                "Apple",
                "Zebra",
            ]
        );
    }
}
