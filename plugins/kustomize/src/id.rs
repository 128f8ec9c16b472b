//! Group, version and kind, and the identity of an object: what it is, its name and its namespace.

use std::fmt;

use serde_json::Value;

use crate::decode::{At, Fields};

/// Group, version and kind. In selectors and field specifications an empty part matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Gvk {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Gvk {
    pub(crate) fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether this is what the selector asks for.
    pub(crate) fn is_selected_by(&self, selector: &Self) -> bool {
        let fits = |part: &str, wanted: &str| wanted.is_empty() || part == wanted;
        fits(&self.group, &selector.group)
            && fits(&self.version, &selector.version)
            && fits(&self.kind, &selector.kind)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.group.is_empty() && self.version.is_empty() && self.kind.is_empty()
    }

    /// The text by which field specifications and the legacy order are sorted.
    pub(crate) fn sort_key(&self) -> String {
        let or = |part: &str, missing: &str| {
            if part.is_empty() {
                missing.to_owned()
            } else {
                part.to_owned()
            }
        };
        format!(
            "{}_{}_{}",
            or(&self.group, "~G"),
            or(&self.version, "~V"),
            or(&self.kind, "~K")
        )
    }
}

impl Fields for Gvk {
    const TYPE: &'static str = "Gvk";

    fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool {
        match name {
            "group" => self.group = at.string(value),
            "version" => self.version = at.string(value),
            "kind" => self.kind = at.string(value),
            _ => return false,
        }
        true
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            or(&self.kind, "[noKind]"),
            or(&self.version, "[noVer]"),
            or(&self.group, "[noGrp]")
        )
    }
}

pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn or<'a>(part: &'a str, missing: &'a str) -> &'a str {
    if part.is_empty() { missing } else { part }
}

/// The namespace of objects that have none.
pub(crate) const NOT_NAMESPACED: &str = "_non_namespaceable_";
pub(crate) const DEFAULT_NAMESPACE: &str = "default";

fn effective(namespace: &str, cluster_scoped: bool) -> &str {
    if cluster_scoped {
        NOT_NAMESPACED
    } else if namespace.is_empty() {
        DEFAULT_NAMESPACE
    } else {
        namespace
    }
}

/// What identifies an object in a build.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct ResId {
    pub(crate) gvk: Gvk,
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Whether the schema is sure that objects of this kind have no namespace.
    pub(crate) cluster_scoped: bool,
}

/// The part of an identity that two objects of one build must not share: group, version, kind, name and effective namespace, as
/// one text with the places where its parts end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    text: Box<str>,
    ends: [usize; 5],
}

impl Key {
    pub(crate) fn new(
        api_version: &str,
        kind: &str,
        name: &str,
        namespace: &str,
        cluster_scoped: bool,
    ) -> Self {
        let (group, version) = split_api_version(api_version);
        Self::of_parts([
            group,
            version,
            kind,
            name,
            effective(namespace, cluster_scoped),
        ])
    }

    fn of_parts(parts: [&str; 5]) -> Self {
        let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
        let ends = parts.map(|part| {
            text.push_str(part);
            text.len()
        });
        Self {
            text: text.into(),
            ends,
        }
    }
}

impl ResId {
    pub(crate) fn effective_namespace(&self) -> &str {
        effective(&self.namespace, self.cluster_scoped)
    }

    pub(crate) fn key(&self) -> Key {
        let Gvk {
            group,
            version,
            kind,
        } = &self.gvk;
        Key::of_parts([group, version, kind, &self.name, self.effective_namespace()])
    }

    /// Equal as the original counts it: no namespace and `default` are the same.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.same_namespace(other) && self.same_but_namespace(other)
    }

    pub(crate) fn same_namespace(&self, other: &Self) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    pub(crate) fn same_but_namespace(&self, other: &Self) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// Whether a selector without patterns picks this.
    pub(crate) fn is_selected_by(&self, selector: &Self) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.same_namespace(self))
            && self.gvk.is_selected_by(&selector.gvk)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.gvk.is_empty() && self.name.is_empty() && self.namespace.is_empty()
    }

    /// As Go prints the struct with `%#v`; messages about generators contain it.
    pub(crate) fn go_syntax(&self) -> String {
        format!(
            "resid.ResId{{Gvk:resid.Gvk{{Group:{:?}, Version:{:?}, Kind:{:?}, isClusterScoped:{}}}, Name:{:?}, Namespace:{:?}}}",
            self.gvk.group,
            self.gvk.version,
            self.gvk.kind,
            self.cluster_scoped,
            self.name,
            self.namespace
        )
    }
}

impl Fields for ResId {
    const TYPE: &'static str = "ResId";

    fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool {
        match name {
            "name" => self.name = at.string(value),
            "namespace" => self.namespace = at.string(value),
            _ => return at.embedded(&mut self.gvk, name, value),
        }
        true
    }
}

impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}.{}",
            self.gvk,
            or(&self.name, "[noName]"),
            or(&self.namespace, "[noNs]")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(namespace: &str) -> ResId {
        ResId {
            gvk: Gvk::new("apps/v1", "Deployment"),
            name: "web".to_owned(),
            namespace: namespace.to_owned(),
            cluster_scoped: false,
        }
    }

    #[test]
    fn no_namespace_is_the_default_namespace() {
        assert!(id("").same(&id("default")));
        assert!(!id("").same(&id("other")));
        assert_eq!(id("").key(), id("default").key());
    }

    #[test]
    fn ids_are_shown_as_the_original_shows_them() {
        assert_eq!(id("").to_string(), "Deployment.v1.apps/web.[noNs]");
        assert_eq!(
            ResId::default().to_string(),
            "[noKind].[noVer].[noGrp]/[noName].[noNs]"
        );
    }
}
