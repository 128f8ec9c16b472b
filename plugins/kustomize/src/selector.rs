//! Selectors with patterns: which objects a patch or a replacement is meant for.

use regex::Regex;
use rosin_manifest::labels;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::id::{Gvk, ResId};
use crate::kustomization::Selector;
use crate::kyaml;
use crate::resmap::ResMap;
use crate::resource::Resource;

/// A pattern for a whole text. Most are plain names, which need no machine.
enum Pattern {
    Any,
    Text(String),
    Regex(Regex),
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self> {
        if pattern.is_empty() {
            return Ok(Self::Any);
        }
        if pattern
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_' || c == '/')
        {
            return Ok(Self::Text(pattern.to_owned()));
        }
        crate::pattern::compile(&format!("^(?:{pattern})$")).map(Self::Regex)
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Text(wanted) => wanted == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

fn requirements(selector: &str) -> Result<labels::Selector> {
    labels::Selector::parse(selector).map_err(|error| Error::new(error.to_string()))
}

/// A selector whose patterns are compiled.
pub(crate) struct Matcher {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: labels::Selector,
    annotations: labels::Selector,
    says_nothing_of_identity: bool,
    has_label_selectors: bool,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Result<Self> {
        let ResId {
            gvk:
                Gvk {
                    group,
                    version,
                    kind,
                },
            name,
            namespace,
            ..
        } = &selector.id;
        Ok(Self {
            group: Pattern::new(group)?,
            version: Pattern::new(version)?,
            kind: Pattern::new(kind)?,
            name: Pattern::new(name)?,
            namespace: Pattern::new(namespace)?,
            labels: requirements(&selector.label_selector)?,
            annotations: requirements(&selector.annotation_selector)?,
            says_nothing_of_identity: selector.id.is_empty(),
            has_label_selectors: !selector.label_selector.is_empty()
                || !selector.annotation_selector.is_empty(),
        })
    }

    fn matches_gvk(&self, gvk: &Gvk) -> bool {
        self.group.matches(&gvk.group)
            && self.version.matches(&gvk.version)
            && self.kind.matches(&gvk.kind)
    }

    /// Whether an identity fits, as replacements ask: with the namespace as it is written.
    pub(crate) fn matches_id(&self, id: &ResId) -> bool {
        self.matches_gvk(&id.gvk)
            && self.name.matches(&id.name)
            && self.namespace.matches(&id.namespace)
    }

    pub(crate) fn says_nothing_of_identity(&self) -> bool {
        self.says_nothing_of_identity
    }

    pub(crate) fn has_label_selectors(&self) -> bool {
        self.has_label_selectors
    }

    pub(crate) fn matches_labels(&self, resource: &Resource) -> bool {
        let get = |field: &'static str| {
            move |key: &str| {
                resource
                    .node
                    .lookup(&["metadata", field, key])
                    .map(kyaml::text)
            }
        };
        self.labels.matches(get("labels")) && self.annotations.matches(get("annotations"))
    }

    /// Whether an object fits by what it is now, or was called first.
    fn matches(&self, resource: &Resource, context: &Context) -> bool {
        // Many patches meet many objects here: what needs no copies comes first.
        let (group, version) = crate::id::split_api_version(resource.node.api_version());
        self.kind.matches(resource.kind())
            && (self.name.matches(resource.original_name()) || self.name.matches(resource.name()))
            && self.group.matches(group)
            && self.version.matches(version)
            && self.matches_namespace(resource, context)
            && self.matches_labels(resource)
    }

    fn matches_namespace(&self, resource: &Resource, context: &Context) -> bool {
        matches!(self.namespace, Pattern::Any)
            || self
                .namespace
                .matches(resource.original_id(context).effective_namespace())
            || self
                .namespace
                .matches(resource.current_id(context).effective_namespace())
    }
}

/// Where the objects are that the selector picks.
pub(crate) fn select(
    resources: &ResMap,
    selector: &Selector,
    context: &Context,
) -> Result<Vec<usize>> {
    let matcher = Matcher::new(selector)?;
    Ok(resources
        .iter()
        .enumerate()
        .filter(|(_, resource)| matcher.matches(resource, context))
        .map(|(at, _)| at)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        assert!(Pattern::new("web").unwrap().matches("web"));
        assert!(!Pattern::new("web").unwrap().matches("web-2"));
        assert!(Pattern::new("web.*").unwrap().matches("web-2"));
        assert!(Pattern::new("a|b").unwrap().matches("b"));
        assert!(!Pattern::new("a|b").unwrap().matches("bc"));
        let error = Pattern::new("web[").err().unwrap();
        assert_eq!(
            error.message,
            "error parsing regexp: missing closing ]: `[)$`"
        );
    }
}
