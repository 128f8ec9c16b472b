//! What holds for every document.

use proptest::prelude::*;
use rosin_manifest::schema::Schema;
use rosin_manifest::yaml::{self, Dialect};
use rosin_manifest::{Node, json_patch, merge};
use serde_json::Value;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z:#\\-?&*!|>'\"%@`{}\\[\\],. \\n\\t]{0,16}",
        "\\PC{0,6}",
        Just("yes".to_owned()),
        Just("0x1F".to_owned()),
        Just("2024-01-01".to_owned()),
        Just("a\n\n b\n".to_owned()),
        "[0-9eE.+_:-]{0,8}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Whole floats come back as integers.
        (-1e15..1e15f64)
            .prop_filter("fractional", |float| float.fract() != 0.0)
            .prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_survives_sigs_yaml(value in value()) {
        let text = yaml::to_string_sigs(&value);
        let node = yaml::read_one(text.as_bytes(), Dialect::Sigs).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(node.to_json().unwrap(), value);
        prop_assert_eq!(yaml::node_to_string_sigs(&node).unwrap(), text);
    }

    #[test]
    fn json_survives_nodes_and_json_text(value in value()) {
        let node = Node::from_json(&value);
        prop_assert_eq!(&node.to_json().unwrap(), &value);
        let text = node.to_json_string().unwrap();
        // Not by serde_json, which reads some floats inexactly.
        let parsed = yaml::read_one(text.as_bytes(), Dialect::Sigs);
        prop_assume!(!text.contains("<<"));
        let parsed = parsed.map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(parsed.to_json().unwrap(), value);
    }

    #[test]
    fn trees_survive_kyaml(value in value()) {
        let node = Node::from_json(&value);
        let text = yaml::to_string_kyaml(&node);
        let read = yaml::read_one(text.as_bytes(), Dialect::Kyaml);
        // A key `<<` is a merge, and goes; a tab at the start of a block scalar is written by go-yaml v3 so that nobody can read it.
        prop_assume!(!text.contains("<<") && !text.contains('\t'));
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(read.to_json().unwrap(), value);
        prop_assert_eq!(yaml::to_string_kyaml(&read), text);
    }

    #[test]
    fn readers_never_panic(text in "[a-z0-9 \\n\\t\\r:#\\-?&*!|>'\"%@`{}\\[\\],.~<é\u{feff}\u{85}]{0,60}") {
        for dialect in [Dialect::Kyaml, Dialect::Sigs] {
            if let Ok(documents) = yaml::read(text.as_bytes(), dialect) {
                for node in documents {
                    let _ = node.to_json_string();
                    let _ = yaml::node_to_string_sigs(&node);
                    let _ = yaml::to_string_kyaml(&node);
                }
            }
        }
        let _ = yaml::read_resources(text.as_bytes());
    }

    #[test]
    fn merging_an_object_into_itself_only_drops_nulls(value in value()) {
        let node = Node::from_json(&serde_json::json!({"kind": "A", "x": value}));
        if let Ok(merged) = merge::strategic(node.clone(), &node, &Schema::builtin()) {
            let merged = merged.unwrap();
            let twice = merge::strategic(merged.clone(), &merged, &Schema::builtin()).unwrap().unwrap();
            prop_assert_eq!(twice.to_json().unwrap(), merged.to_json().unwrap());
        }
    }

    #[test]
    fn json_patches_never_panic(document in value(), path in "(/[a-z0-9~-]{0,2}){0,3}", kind in "add|remove|replace|move|copy|test") {
        let patch = serde_json::json!([{"op": kind, "path": path, "from": path, "value": document}]);
        let patch = json_patch::Patch::from_value(&patch).unwrap();
        let _ = patch.apply_to_value(document);
    }
}
