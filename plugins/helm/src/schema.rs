//! `values.schema.json`: the values of a chart and of its subcharts against their schemas.

use rosin_template::{Map, Value};

use crate::Error;
use crate::chart::Chart;
use rosin_chart::yaml;

/// Checks the values of a chart and of its subcharts.
pub(crate) fn validate(chart: &Chart, values: &Map) -> Result<(), Error> {
    let mut found = String::new();
    collect(chart, values, &mut found);
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::Schema(found))
    }
}

fn collect(chart: &Chart, values: &Map, found: &mut String) {
    if let Some(schema) = &chart.schema
        && let Err(error) = one(&schema.data, values)
    {
        found.push_str(&format!("{}:\n{error}", chart.name()));
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name().as_bytes()) {
            None | Some(Value::Nil) => {}
            Some(Value::Map(own)) => collect(subchart, &own, found),
            Some(other) => {
                let got = other.type_name();
                let name = subchart.name();
                found.push_str(&format!(
                    "{name}:\ninvalid type for values: expected object (map), got {got}\n"
                ));
            }
        }
    }
}

fn one(schema: &[u8], values: &Map) -> Result<(), String> {
    let schema = serde_json::from_slice(schema).map_err(|error| unread(schema, &error))?;
    let values = yaml::to_json(&Value::Map(values.clone()))?;
    rosin_schema::check(&schema, &values)
}

/// What Go's decoder says of a text that is no JSON.
fn unread(text: &[u8], error: &serde_json::Error) -> String {
    match rosin_template::json::decode(text) {
        Err(error) if error.ends_with("after top-level value") => {
            "invalid character after top-level value".into()
        }
        Err(error) if error == "unexpected end of JSON input" => {
            let empty = text.trim_ascii().is_empty();
            if empty { "EOF" } else { "unexpected EOF" }.into()
        }
        Err(error) => error,
        Ok(_) => error.to_string(),
    }
}
