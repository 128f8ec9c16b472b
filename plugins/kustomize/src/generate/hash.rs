//! The hash of an object's content that is appended to its name.

use rosin_manifest::node::Node;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::Result;

/// Ten characters that look like no word: hexadecimal digits, of which five are replaced.
pub(crate) fn hash(object: &Node) -> Result<String> {
    let kind = object.object_kind();
    let mut content = Map::new();
    let fields: &[&str] = match kind {
        "ConfigMap" => &["data", "binaryData"],
        "Secret" => &["type", "data", "stringData"],
        // The original hashes its own tree, comments and positions included; any stable text serves the purpose.
        _ => return Ok(encode(&crate::yaml::json_text(object))),
    };
    content.insert("kind".to_owned(), kind.into());
    // The original looks for a field called `metadata/name`, finds none, and so hashes an empty name.
    content.insert("name".to_owned(), "".into());
    for field in fields {
        let value = match object.get(field) {
            None => Value::from(""),
            Some(node) => match node.as_text() {
                Some(text) => text.into(),
                None => crate::yaml::node_to_json(node)?,
            },
        };
        let optional = matches!(*field, "binaryData" | "stringData");
        if !optional || value.is_object() {
            content.insert((*field).to_owned(), value);
        }
    }
    Ok(encode(&crate::yaml::go_json(&Value::Object(content))))
}

fn encode(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest
        .iter()
        .take(5)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    hex.chars()
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tests_node;

    #[test]
    fn hashes_are_those_of_kubectl() {
        // From Kubernetes' documentation of its hash.
        assert_eq!(
            hash(&tests_node("{kind: ConfigMap, data: {}}")).unwrap(),
            "42745tchd9"
        );
        assert_eq!(
            hash(&tests_node("{kind: ConfigMap, data: {one: ''}}")).unwrap(),
            "9g67k2htb6"
        );
        assert_eq!(
            hash(&tests_node(
                "{kind: ConfigMap, data: {two: '2', one: '', three: '3'}}"
            ))
            .unwrap(),
            "f5h7t85m9b"
        );
    }
}
