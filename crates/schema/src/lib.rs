//! JSON Schema from draft 4 to 2020-12, with the error texts of the library that Helm uses. Nothing is fetched: a reference that leaves
//! the schema is an error. Neither schemas nor values are trusted: depth and work are bounded, and patterns take linear time.

mod check;
mod compile;
mod format;
mod reference;
mod report;

use serde_json::Value as Json;

/// The editions of the standard that differ in what keywords mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    Four,
    Six,
    Seven,
    Y2019,
    Y2020,
}

/// Checks a value. The error is a text of several lines, one for each fault; a fault of the schema comes first.
pub fn check(schema: &Json, value: &Json) -> Result<(), String> {
    let draft = match schema.get("$schema").and_then(Json::as_str) {
        None => Draft::Y2020,
        Some(url) => draft(url).ok_or_else(|| not_fetched(url))?,
    };
    compile::check(schema, draft)?;
    let errors = check::Checker::new(schema, draft).check(value)?;
    if errors.is_empty() {
        Ok(())
    } else {
        Err(report::text(&errors))
    }
}

/// As the original words a request that failed.
fn not_fetched(url: &str) -> String {
    let request = if url.starts_with("http://") || url.starts_with("https://") {
        format!("HTTP request failed for {url}: Get {url:?}: ")
    } else {
        String::new()
    };
    format!("failing loading {url:?}: {request}schemas are not fetched")
}

fn draft(url: &str) -> Option<Draft> {
    let url = url.trim_end_matches('#');
    let path = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    Some(match path {
        "json-schema.org/draft-04/schema" => Draft::Four,
        "json-schema.org/draft-06/schema" => Draft::Six,
        "json-schema.org/draft-07/schema" | "json-schema.org/schema" => Draft::Seven,
        "json-schema.org/draft/2019-09/schema" => Draft::Y2019,
        "json-schema.org/draft/2020-12/schema" => Draft::Y2020,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn schemas_that_never_end_are_refused() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
            json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
        ] {
            assert!(check(&schema, &json!({})).is_err(), "{schema}");
        }
        let slow = json!({"pattern": "^(a+)+$"});
        assert!(check(&slow, &json!("a".repeat(100_000) + "b")).is_err());
    }

    #[test]
    fn a_fault_names_its_place() {
        let schema =
            json!({"properties": {"replicas": {"type": "integer"}}, "additionalProperties": false});
        assert_eq!(check(&schema, &json!({"replicas": 2})), Ok(()));
        let error = check(&schema, &json!({"replicas": "two", "other": 1})).unwrap_err();
        assert!(
            error.contains("/replicas") && error.contains("other"),
            "{error}"
        );
    }
}
