//! Finds all fields that a path with patterns names, and creates them on demand: `spec.containers.[name=web].env.*.value`.

use rosin_manifest::node::Node;

use super::{NodeKind, demand, element, integer, is_list_index, kind_before, split_element, text};
use crate::error::{Result, bail};

/// How a path is matched.
pub(crate) struct PathMatch<'a> {
    /// What the last part is created as where it is missing.
    pub(crate) create: Option<NodeKind>,
    /// Gets each field, and whether it was created just now: such a scalar has no type yet.
    pub(crate) visit: &'a mut dyn FnMut(&mut Node, bool) -> Result<()>,
}

/// Calls `visit` with every field that the path names, and says how many there were.
pub(crate) fn match_path(
    node: &mut Node,
    path: &[String],
    matching: &mut PathMatch<'_>,
) -> Result<usize> {
    match_below(node, path, false, matching)
}

fn match_below(
    node: &mut Node,
    path: &[String],
    created: bool,
    matching: &mut PathMatch<'_>,
) -> Result<usize> {
    let Some((first, rest)) = path.split_first() else {
        (matching.visit)(node, created)?;
        return Ok(1);
    };
    if integer(first).is_some_and(|index| index >= 0) {
        return index(node, first, rest, matching);
    }
    if is_list_index(first) {
        return elements(node, first, rest, matching);
    }
    if first == "*" {
        demand(node, NodeKind::Sequence)?;
        let mut count = 0;
        for item in node.as_sequence_mut().into_iter().flatten() {
            count += match_path(item, rest, matching)?;
        }
        return Ok(count);
    }
    field(node, first, rest, matching)
}

fn field(
    node: &mut Node,
    name: &str,
    rest: &[String],
    matching: &mut PathMatch<'_>,
) -> Result<usize> {
    if !node.is_null() {
        demand(node, NodeKind::Mapping)?;
    }
    let is_new = node.get(name).is_none();
    if is_new {
        let Some(leaf) = matching.create else {
            return Ok(0);
        };
        let created = kind_before(rest.first().map(String::as_str), leaf).empty();
        match node.make_mapping() {
            Some(mapping) => super::put(mapping, name, created),
            None => bail!("cannot create field {name}"),
        }
    }
    let Some(field) = node.get_mut(name) else {
        return Ok(0);
    };
    if field.is_scalar() && !rest.is_empty() && !(field.is_null() && matching.create.is_some()) {
        return inside_text(field, rest, matching);
    }
    match_below(field, rest, is_new, matching)
}

/// The path goes on inside of a text. What is found there is a copy: setting it has no effect on the object, which is what the
/// original does with texts that it could not handle as structured data.
fn inside_text(field: &Node, rest: &[String], matching: &mut PathMatch<'_>) -> Result<usize> {
    if field.is_null() {
        return Ok(0);
    }
    let mut parsed = crate::yaml::parse_one(text(field).as_bytes())?;
    match_path(&mut parsed, rest, matching)
}

fn index(
    node: &mut Node,
    first: &str,
    rest: &[String],
    matching: &mut PathMatch<'_>,
) -> Result<usize> {
    demand(node, NodeKind::Sequence)?;
    let index = integer(first)
        .and_then(|index| usize::try_from(index).ok())
        .unwrap_or(usize::MAX);
    let Some(items) = node.as_sequence_mut() else {
        bail!("index {first} specified but only 0 elements found");
    };
    let mut is_new = false;
    if let (true, Some(leaf)) = (items.len() == index, matching.create) {
        is_new = true;
        items.push(kind_before(rest.first().map(String::as_str), leaf).empty());
    }
    let length = items.len();
    match items.get_mut(index) {
        Some(item) => match_below(item, rest, is_new, matching),
        None => bail!("index {first} specified but only {length} elements found"),
    }
}

fn elements(
    node: &mut Node,
    first: &str,
    rest: &[String],
    matching: &mut PathMatch<'_>,
) -> Result<usize> {
    let (name, pattern) = split_element(first)?;
    demand(node, NodeKind::Sequence)?;
    let has_items = node.as_sequence().is_some_and(|items| !items.is_empty());
    let mut count = 0;
    if has_items {
        let regex = crate::pattern::compile(pattern)?;
        for item in node.as_sequence_mut().into_iter().flatten() {
            if name.is_empty() {
                if regex.is_match(crate::yaml::node_text(item).trim()) {
                    (matching.visit)(item, false)?;
                    count += 1;
                }
                continue;
            }
            let matches = item
                .get(name)
                .is_some_and(|value| regex.is_match(crate::yaml::node_text(value).trim()));
            if matches {
                count += match_path(item, rest, matching)?;
            }
        }
    }
    if count > 0 || matching.create.is_none() {
        return Ok(count);
    }
    let mut created = element(name, pattern);
    let count = if name.is_empty() {
        (matching.visit)(&mut created, true)?;
        1
    } else {
        match_path(&mut created, rest, matching)?
    };
    match node.as_sequence_mut() {
        Some(items) => items.push(created),
        None => bail!("failed to create element for {first:?}"),
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kyaml::{set_scalar, split_bracketed};
    use crate::yaml::tests_node;

    fn replaced(source: &str, path: &str, create: bool) -> (usize, String) {
        let mut node = tests_node(source);
        let mut set = |node: &mut Node, _| set_scalar(node, "new", None);
        let mut matching = PathMatch {
            create: create.then_some(NodeKind::Scalar),
            visit: &mut set,
        };
        let count = match_path(&mut node, &split_bracketed(path, '.'), &mut matching).unwrap();
        (count, node.to_json().unwrap().to_string())
    }

    #[test]
    fn every_element_that_matches_is_visited() {
        let source = "c: [{name: a1, v: x}, {name: b, v: x}, {name: a2, v: x}]";
        let (count, json) = replaced(source, "c.[name=a.].v", false);
        assert_eq!(count, 2);
        assert_eq!(
            json,
            r#"{"c":[{"name":"a1","v":"new"},{"name":"b","v":"x"},{"name":"a2","v":"new"}]}"#
        );
        assert_eq!(replaced(source, "c.*.v", false).0, 3);
        assert_eq!(replaced(source, "c.1.v", false).0, 1);
        assert_eq!(replaced(source, "c.*.nope", false).0, 0);
    }

    #[test]
    fn missing_elements_are_created_on_demand() {
        let (count, json) = replaced("c: []", "c.[name=a].v", true);
        assert_eq!(
            (count, json.as_str()),
            (1, r#"{"c":[{"name":"a","v":"new"}]}"#)
        );
        let (count, json) = replaced("{}", "c.0.v", true);
        assert_eq!((count, json.as_str()), (1, r#"{"c":[{"v":"new"}]}"#));
    }
}
