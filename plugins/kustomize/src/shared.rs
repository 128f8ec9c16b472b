//! Values that the original writes into several fields as one node.
//!
//! Where a label transformer creates a label in several fields of an object, the original puts the same node into all of them. A
//! later change of one, say by a patch of `metadata.labels`, changes the others too, selectors among them. What is applied to
//! clusters depends on it, so it is done here as well: by noting the fields, and comparing them after each change.

use std::rc::Rc;

use rosin_manifest::node::{Node, SmolStr};

/// The way to a mapping.
pub(crate) type Path = Rc<[String]>;

#[derive(Debug, Clone)]
pub(crate) struct Shared {
    key: Rc<str>,
    value: SmolStr,
    paths: Vec<Path>,
}

impl Shared {
    /// The mappings in which `key` was created with the value.
    pub(crate) fn new(key: &Rc<str>, value: &str, paths: Vec<Path>) -> Self {
        Self {
            key: Rc::clone(key),
            value: value.into(),
            paths,
        }
    }

    /// If one of the fields was changed, changes the others. False once there is nothing left to share.
    pub(crate) fn settle(&mut self, object: &mut Node) -> bool {
        let (key, value) = (&self.key, &self.value);
        self.paths.retain(|path| get(object, path, key).is_some());
        let changed = self
            .paths
            .iter()
            .filter_map(|path| get(object, path, key).map(|node| (path, node)))
            .filter(|(_, node)| node.as_text() != Some(value.as_str()))
            .max_by_key(|(path, _)| Rc::clone(path))
            .map(|(_, node)| node.clone());
        if let Some(changed) = changed {
            self.value = changed.as_text().unwrap_or_default().into();
            for path in &self.paths {
                if let Some(node) = get_mut(object, path, key) {
                    *node = changed.clone();
                }
            }
        }
        self.paths.len() > 1
    }
}

fn get<'n>(object: &'n Node, path: &Path, key: &str) -> Option<&'n Node> {
    path.iter()
        .try_fold(object, |node, name| node.get(name))?
        .get(key)
}

fn get_mut<'n>(object: &'n mut Node, path: &Path, key: &str) -> Option<&'n mut Node> {
    path.iter()
        .try_fold(object, |node, name| node.get_mut(name))?
        .get_mut(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tests_node;

    #[test]
    fn a_change_of_one_field_is_a_change_of_all() {
        let mut object =
            tests_node("{metadata: {labels: {app: new}}, spec: {selector: {app: old}}}");
        let paths = [["metadata", "labels"], ["spec", "selector"]];
        let paths = paths
            .iter()
            .map(|path| path.iter().map(|name| (*name).to_owned()).collect())
            .collect();
        let mut shared = Shared::new(&"app".into(), "old", paths);
        assert!(shared.settle(&mut object));
        assert_eq!(object.text_at(&["spec", "selector", "app"]), Some("new"));
        object.remove_at(&["spec", "selector"]);
        assert!(!shared.settle(&mut object));
    }
}
