//! Patches made from objects: parts left out, changed, added and deleted.

use rosin_manifest::{Kind, Mapping, Node, yaml};

use super::Random;

/// Objects of the seeds that have a kind and a name.
pub(crate) fn objects(seeds: &[String]) -> Vec<Node> {
    let documents = seeds
        .iter()
        .filter(|seed| seed.len() < 20_000)
        .filter_map(|seed| yaml::read_resources(seed.as_bytes()).ok());
    documents
        .flatten()
        .filter(|node| !node.object_kind().is_empty() && !node.name().is_empty())
        .collect()
}

pub(crate) fn patch_of(object: &Node, random: &mut Random) -> Node {
    let mut patch = vary(object, random, 0);
    for key in ["apiVersion", "kind"] {
        patch.insert(key, object.get(key).cloned().unwrap_or_default());
    }
    patch
}

fn vary(node: &Node, random: &mut Random, depth: usize) -> Node {
    match &node.kind {
        Kind::Scalar(scalar) => match random.below(12) {
            0 => Node::null(),
            1 => Node::plain("5"),
            2 => Node::string("5"),
            3 => Node::string("a\nb\n"),
            4 => Node::plain("true"),
            5 => Node::string("changed"),
            6 if depth > 3 => Node::mapping(),
            _ => scalar.clone().into(),
        },
        Kind::Mapping(map) => {
            let mut varied = Mapping::new();
            if depth > 0 && random.below(25) == 0 {
                let directive = ["replace", "delete", "merge", "other"][random.below(4)];
                varied.insert("$patch", Node::string(directive));
            }
            for (key, value) in map.iter() {
                let is_key = matches!(
                    key,
                    "name"
                        | "containerPort"
                        | "protocol"
                        | "mountPath"
                        | "ip"
                        | "port"
                        | "key"
                        | "type"
                );
                match random.below(10) {
                    0..=3 if !is_key => {}
                    4 if !is_key => drop(varied.insert(key, Node::null())),
                    5 => drop(varied.insert(key, vary(value, random, depth + 1))),
                    _ if is_key => drop(varied.insert(key, value.clone())),
                    _ => drop(varied.insert(key, vary(value, random, depth + 1))),
                }
            }
            if random.below(8) == 0 {
                varied.insert(
                    "added",
                    Node::plain(["x", "null", "~", "5", "yes"][random.below(5)]),
                );
            }
            varied.into()
        }
        Kind::Sequence(items) => {
            let mut varied: Vec<Node> = items
                .iter()
                .filter_map(|item| {
                    if random.below(3) > 0 {
                        Some(vary(item, random, depth + 1))
                    } else {
                        None
                    }
                })
                .collect();
            if random.below(4) == 0 {
                varied.reverse();
            }
            match random.below(12) {
                0 => varied.push(Node::from_json(
                    &serde_json::json!({"name": "new", "value": "x"}),
                )),
                1 => varied.insert(
                    0,
                    Node::from_json(&serde_json::json!({"$patch": "replace"})),
                ),
                2 => varied.push(Node::string("item")),
                3 => varied.push(Node::from_json(
                    &serde_json::json!({"$patch": "delete", "name": "new"}),
                )),
                4 => varied.extend(varied.first().cloned()),
                _ => {}
            }
            varied.into()
        }
    }
}
