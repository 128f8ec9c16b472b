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
        self.paths.retain(|path| !get(object, path, key).is_empty());
        let changed = self
            .paths
            .iter()
            .flat_map(|path| {
                get(object, path, key)
                    .into_iter()
                    .map(move |node| (path, node))
            })
            .filter(|(_, node)| node.as_text() != Some(value.as_str()))
            .max_by_key(|(path, _)| Rc::clone(path))
            .map(|(_, node)| node.clone());
        if let Some(changed) = changed {
            self.value = changed.as_text().unwrap_or_default().into();
            for path in &self.paths {
                replace(object, path, key, &changed);
            }
        }
        self.paths.len() > 1
    }
}

/// The values of the key in all mappings that the path leads to, through lists, too.
fn get<'n>(object: &'n Node, path: &[String], key: &str) -> Vec<&'n Node> {
    if let Some(items) = object.as_sequence() {
        return items.iter().flat_map(|item| get(item, path, key)).collect();
    }
    match path.split_first() {
        None => object.get(key).into_iter().collect(),
        Some((name, rest)) => object
            .get(field_name(name))
            .map_or_else(Vec::new, |field| get(field, rest, key)),
    }
}

fn replace(object: &mut Node, path: &[String], key: &str, value: &Node) {
    if let Some(items) = object.as_sequence_mut() {
        for item in items {
            replace(item, path, key, value);
        }
        return;
    }
    match path.split_first() {
        None => {
            if let Some(node) = object.get_mut(key) {
                *node = value.clone();
            }
        }
        Some((name, rest)) => {
            if let Some(field) = object.get_mut(field_name(name)) {
                replace(field, rest, key, value);
            }
        }
    }
}

fn field_name(part: &str) -> &str {
    part.strip_suffix("[]").unwrap_or(part)
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
