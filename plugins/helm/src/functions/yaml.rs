//! YAML and JSON. Functions without `must` give an empty text, or a map with `Error`, where those with it fail.

use rosin_template::{Functions, List, Map, Param, Str, Value, json};

use rosin_chart::yaml;

fn text(args: &[Value]) -> Str {
    args.first()
        .and_then(Value::as_str)
        .cloned()
        .unwrap_or_else(|| Str::from(""))
}

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("toYaml", &[Any], |_, a| {
        Ok(Value::from(yaml::write(&a[0]).unwrap_or_default()))
    });
    add("mustToYaml", &[Any], |_, a| {
        Ok(Value::from(yaml::write(&a[0])?))
    });
    add("toYamlPretty", &[Any], |_, a| {
        Ok(Value::from(yaml::write_pretty(&a[0]).unwrap_or_default()))
    });
    add("fromYaml", &[Text], |_, a| {
        Ok(Value::Map(match yaml::read(&text(a)) {
            Ok(Value::Map(map)) => map,
            Ok(Value::Nil) => Map::default(),
            Ok(other) => failed(&decoding(&other, "map[string]interface {}")),
            Err(error) => failed(&error),
        }))
    });
    add("fromYamlArray", &[Text], |_, a| {
        Ok(Value::List(match yaml::read(&text(a)) {
            Ok(Value::List(list)) => list,
            Ok(Value::Nil) => List::new(Vec::new()),
            Ok(other) => List::new(vec![Value::from(decoding(&other, "[]interface {}"))]),
            Err(error) => List::new(vec![Value::from(error)]),
        }))
    });
    add("toJson", &[Any], |_, a| {
        Ok(Value::from(json::encode(&a[0]).unwrap_or_default()))
    });
    add("mustToJson", &[Any], |_, a| {
        Ok(Value::from(json::encode(&a[0])?))
    });
    add("fromJson", &[Text], |_, a| {
        Ok(Value::Map(
            json::decode_map(&text(a)).unwrap_or_else(|error| failed(&error)),
        ))
    });
    add("fromJsonArray", &[Text], |_, a| {
        Ok(Value::List(json::decode_list(&text(a)).unwrap_or_else(
            |error| List::new(vec![Value::from(error)]),
        )))
    });
}

fn failed(error: &str) -> Map {
    Map::from_iter([("Error", error)])
}

/// What Go says of a document of the wrong kind.
fn decoding(value: &Value, target: &str) -> String {
    let what = match value {
        Value::Bool(_) => "bool",
        Value::Str(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    };
    format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {what} into Go value of type {target}"
    )
}
