//! Text into objects, as kustomize reads resources and patches.

use std::collections::VecDeque;

use rosin_manifest::node::{Kind, Node};

use crate::error::{Error, Result, bail};
use crate::kyaml;
use crate::resource::{Resource, Source};

/// All objects of a text; lists are replaced by what they list. Lines are those of the text.
pub(crate) fn objects(content: &[u8]) -> Result<Vec<Node>> {
    let mut documents = crate::yaml::read_resources(content)?;
    if let [only] = documents.as_mut_slice()
        && matches!(only.object_kind(), "List" | "ResourceList")
        && (only.get("items").is_some() || only.get("functionConfig").is_some())
    {
        documents = match only.remove("items").map(|items| items.kind) {
            Some(Kind::Sequence(items)) => items.into_iter().collect(),
            _ => Vec::new(),
        };
    }
    let mut waiting: VecDeque<Node> = checked(documents)?.into();
    let mut result = Vec::with_capacity(waiting.len());
    while let Some(object) = waiting.pop_front() {
        let kind = object.object_kind();
        if !kind.ends_with("List") {
            result.push(object);
            continue;
        }
        match object.get("items").map(|items| &items.kind) {
            None => result.push(object),
            Some(Kind::Sequence(items)) => {
                let items = items.iter().map(json_like).collect::<Result<Vec<_>>>()?;
                waiting.extend(checked(items)?);
            }
            Some(_) if object.get("items").is_some_and(Node::is_null) => {}
            Some(Kind::Mapping(_)) => {
                bail!("expected array in {kind}/items, but found map[string]interface {{}}")
            }
            Some(Kind::Scalar(_)) => bail!("expected array in {kind}/items, but found string"),
        }
    }
    Ok(result)
}

/// Listed objects go through JSON, but keep their lines.
fn json_like(node: &Node) -> Result<Node> {
    let mut copy = Node::from_json(&crate::yaml::node_to_json(node)?);
    copy.line = node.line;
    Ok(copy)
}

fn checked(nodes: Vec<Node>) -> Result<Vec<Node>> {
    let mut good = Vec::with_capacity(nodes.len());
    for node in nodes {
        if !kyaml::is_empty(&node) {
            Resource::validate(&node).map_err(|error| error.at_line(node.line))?;
            good.push(node);
        }
    }
    Ok(good)
}

/// The objects of a file, with the place that each came from.
pub(crate) fn resources(content: &[u8], file: &str) -> Result<Vec<Resource>> {
    let file: std::rc::Rc<str> = file.into();
    let objects = objects(content).map_err(|error| error.in_file(&file))?;
    Ok(objects
        .into_iter()
        .map(|node| {
            let source = Source {
                file: file.clone(),
                line: node.line,
            };
            Resource::new(node, source)
        })
        .collect())
}

/// Adds the name of the file to an error about its syntax.
pub(crate) fn naming_file(error: Error, path: &str) -> Error {
    if error.is_malformed_yaml() {
        return error.map(|message| format!("{message} in File: {path}"));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        objects(text.as_bytes())
            .unwrap()
            .iter()
            .map(|node| node.name().to_owned())
            .collect()
    }

    #[test]
    fn lists_are_unpacked_behind_what_follows_them() {
        let list = "{apiVersion: v1, kind: ServiceList, items: [{apiVersion: v1, kind: Service, metadata: {name: a}}]}";
        let other = "{apiVersion: v1, kind: Service, metadata: {name: b}}";
        assert_eq!(names(&format!("{list}\n---\n{other}\n")), ["b", "a"]);
        assert_eq!(names(&list.replace("ServiceList", "List")), ["a"]);
    }

    #[test]
    fn objects_must_say_what_they_are() {
        let message = |text: &str| objects(text.as_bytes()).unwrap_err().message;
        assert_eq!(message("a: b"), "missing Resource metadata");
        assert_eq!(
            message("{apiVersion: v1, metadata: {name: x, labels: {b: 1, a: 2}}}"),
            "missing kind in object {{v1 } {{x } map[a:2 b:1] map[]}}"
        );
        assert_eq!(
            message("{apiVersion: v1, kind: Pod, metadata: {}}"),
            "missing metadata.name in object {{v1 Pod} {{ } map[] map[]}}"
        );
        assert!(objects(b"# nothing\n---\n").unwrap().is_empty());
    }
}
