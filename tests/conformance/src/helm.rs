//! The template and function cases of the Helm corpus (`conformance/helm/README.md` describes them).

use std::collections::BTreeMap;
use std::rc::Rc;

use rosin_template::{Env, Functions, Map, MissingKey, Still, Str, Templates, Value, parse};
use serde::Deserialize;

/// One case, without what is expected of it.
#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    template: String,
    #[serde(default)]
    data: serde_json::Value,
    #[serde(default)]
    numbers: String,
    #[serde(default)]
    missingkey: String,
}

/// Answers one line of the protocol.
#[must_use]
pub fn answer(line: &str) -> String {
    let case: Case = match serde_json::from_str(line) {
        Ok(case) => case,
        Err(error) => {
            return serde_json::json!({ "id": "", "error": error.to_string() }).to_string();
        }
    };
    let result = match case.kind.as_str() {
        "template" => template(&case),
        kind => Err(format!("unknown kind {kind}")),
    };
    match result {
        Ok(output) => serde_json::json!({ "id": case.id, "output": output }),
        Err(error) => serde_json::json!({ "id": case.id, "error": error }),
    }
    .to_string()
}

/// The bare language: Go's own functions, the data as dot.
fn template(case: &Case) -> Result<String, String> {
    let functions = Functions::builtin();
    let mut templates = Templates::default();
    templates
        .add(parse("case", case.template.as_str(), &functions).map_err(|error| error.to_string())?);
    let mut env = Env::new(Rc::new(functions), Rc::new(templates), Rc::new(Still));
    env.missing_key = match case.missingkey.as_str() {
        "error" => MissingKey::Error,
        "zero" => MissingKey::Zero,
        _ => MissingKey::Invalid,
    };
    let data = value(&case.data, case.numbers == "int64");
    let output = env.execute(b"case", data).map_err(|error| error.text)?;
    Ok(Str::from(output).to_text().into_owned())
}

/// Data as a values file gives it (every number a float64), or as `--set` does (whole numbers are int64).
fn value(json: &serde_json::Value, ints: bool) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) if ints => Value::int64(int),
            _ => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::from(
            items
                .iter()
                .map(|item| value(item, ints))
                .collect::<Vec<_>>(),
        ),
        serde_json::Value::Object(entries) => {
            let entries: BTreeMap<Str, Value> = entries
                .iter()
                .map(|(key, item)| (Str::from(key.as_str()), value(item, ints)))
                .collect();
            Value::Map(Map::new(entries))
        }
    }
}
