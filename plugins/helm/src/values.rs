//! What a user gives over a chart's defaults: values, files of values, and set flags, in Helm's order.

use rosin_chart::values::strvals::{self, Mode};
use rosin_chart::{merge_maps, read_values};
use rosin_template::{Map, Value, json};

use crate::options::{Set, SetMode};
use crate::{Error, Options};

/// The user's values of a request.
pub fn user_values(options: &Options) -> Result<Map, Error> {
    let given = serde_json::Value::Object(options.values.clone());
    let mut values = match rosin_chart::yaml::from_json(given) {
        Value::Map(values) => values,
        _ => Map::default(),
    };
    for file in &options.value_files {
        let more = read_values(file.text.as_bytes())
            .map_err(|error| Error::Values(format!("failed to parse {}: {error}", file.name)))?;
        values = merge_maps(&values, &more);
    }
    for set in &options.set {
        values = apply(set, values, options).map_err(Error::Values)?;
    }
    Ok(values)
}

fn apply(set: &Set, values: Map, options: &Options) -> Result<Map, String> {
    let Set { mode, text } = set;
    let failed = |flag: &str| {
        let start = format!("failed parsing --{flag} data: ");
        move |error: String| start + &error
    };
    match mode {
        SetMode::Json if text.trim().starts_with('{') => {
            let more = json::decode_map(text.trim().as_bytes())
                .map_err(|_| format!("failed parsing --set-json data JSON: {text}"))?;
            return Ok(merge_maps(&values, &more));
        }
        SetMode::Json => strvals::set(text, &values, Mode::Json)
            .map_err(|_| format!("failed parsing --set-json data {text}"))?,
        SetMode::Typed => strvals::set(text, &values, Mode::Typed).map_err(failed("set"))?,
        SetMode::String => strvals::set(text, &values, Mode::Text).map_err(failed("set-string"))?,
        SetMode::File => {
            let read = |path: &str| {
                let missing = || format!("open {path}: no such file or directory");
                options.files.get(path).cloned().ok_or_else(missing)
            };
            strvals::set(text, &values, Mode::File(&read)).map_err(failed("set-file"))?;
        }
        SetMode::Literal => {
            strvals::set_literal(text, &values).map_err(failed("set-literal"))?;
        }
    }
    Ok(values)
}
