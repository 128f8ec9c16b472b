//! A text alone, without a chart: the language by itself, for `--name-template` and for whoever wants to try something.

use std::collections::BTreeMap;
use std::rc::Rc;

use rosin_template::{
    Ambient, Env, Functions, Map, MissingKey, Str, Templates, Value, parse, sprig,
};

use crate::options::{FunctionSet, MissingKeys, TextOptions};

/// What the text gives, or Go's error.
pub fn render_alone(options: &TextOptions, ambient: Rc<dyn Ambient>) -> Result<String, String> {
    let functions = match options.functions {
        FunctionSet::Go => Functions::builtin(),
        FunctionSet::Sprig => sprig::functions(),
    };
    let name = options.name.as_str();
    let mut templates = Templates::default();
    let trees = parse(name, options.template.as_str(), &functions);
    templates.add(trees.map_err(|error| error.to_string())?);
    let mut env = Env::new(Rc::new(functions), Rc::new(templates), ambient);
    env.missing_key = match options.missing_key {
        MissingKeys::Default => MissingKey::Invalid,
        MissingKeys::Zero => MissingKey::Zero,
        MissingKeys::Error => MissingKey::Error,
    };
    let data = value(&options.data, options.integers);
    let output = env
        .execute(name.as_bytes(), data)
        .map_err(|error| error.text)?;
    Ok(Str::from(output).to_text().into_owned())
}

/// Data as a file of values gives them (every number is a float64), or as `--set` does (whole ones are int64).
fn value(json: &serde_json::Value, integers: bool) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) if integers => Value::int64(int),
            _ => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => {
            let items = items.iter().map(|item| value(item, integers));
            Value::from(items.collect::<Vec<_>>())
        }
        serde_json::Value::Object(entries) => {
            let entries: BTreeMap<Str, Value> = entries
                .iter()
                .map(|(key, item)| (Str::from(key.as_str()), value(item, integers)))
                .collect();
            Value::Map(Map::new(entries))
        }
    }
}
