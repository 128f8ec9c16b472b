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

/// JSON patches with paths that mostly exist.
pub(crate) fn operations(object: &Node, random: &mut Random) -> String {
    let mut paths = vec![
        String::new(),
        "/nope".to_owned(),
        "/nope/deeper".to_owned(),
        "metadata".to_owned(),
    ];
    collect(object, "", &mut paths);
    let pick = |random: &mut Random| {
        let path = paths[random.below(paths.len())].clone();
        match random.below(12) {
            0 => path + "/-",
            1 => path + "/0",
            2 => path + "/-1",
            3 => path + "/new~1key",
            4 => path + "/99",
            _ => path,
        }
    };
    let values = [
        serde_json::json!(5),
        serde_json::json!("5"),
        serde_json::json!(null),
        serde_json::json!({"a": [1, 2.5]}),
        serde_json::json!([]),
        serde_json::json!("a\nb"),
        serde_json::json!(1_234_567_890),
        serde_json::json!(true),
        serde_json::json!("yes"),
    ];
    let operations: Vec<serde_json::Value> = (0..=random.below(4))
        .map(|_| {
            let kind = [
                "add", "remove", "replace", "move", "copy", "test", "add", "replace", "bad",
            ][random.below(9)];
            let mut operation = serde_json::json!({"op": kind, "path": pick(random)});
            if matches!(kind, "move" | "copy") {
                operation["from"] = pick(random).into();
            }
            if random.below(10) > 0 {
                operation["value"] = values[random.below(values.len())].clone();
            }
            operation
        })
        .collect();
    if random.below(2) == 0 {
        return serde_json::Value::from(operations).to_string();
    }
    yaml::to_string_sigs(&operations.into())
}

fn collect(node: &Node, path: &str, paths: &mut Vec<String>) {
    if !path.is_empty() {
        paths.push(path.to_owned());
    }
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::Sequence(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, &format!("{path}/{at}"), paths);
            }
        }
        Kind::Mapping(map) => {
            for (key, value) in map.iter() {
                collect(
                    value,
                    &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                    paths,
                );
            }
        }
    }
}
