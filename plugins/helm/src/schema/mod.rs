//! `values.schema.json`: JSON Schema from draft 4 to 2020-12, with the error texts of the library that Helm uses.
//! Nothing is fetched: a reference that leaves the schema is an error.

mod check;
mod compile;
mod format;
mod reference;
mod report;

use rosin_template::{Map, Value};
use serde_json::Value as Json;

use crate::Error;
use crate::chart::Chart;
use rosin_chart::yaml;

/// The editions of the standard that differ in what keywords mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    Four,
    Six,
    Seven,
    Y2019,
    Y2020,
}

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
    let schema: Json = serde_json::from_slice(schema).map_err(|error| unread(schema, &error))?;
    let values = yaml::to_json(&Value::Map(values.clone()))?;
    let draft = match schema.get("$schema").and_then(Json::as_str) {
        None => Draft::Y2020,
        Some(url) => {
            draft(url).ok_or_else(|| format!("failing loading {url:?}: schemas are not fetched"))?
        }
    };
    compile::check(&schema, draft)?;
    let errors = check::Checker::new(&schema, draft).check(&values)?;
    if errors.is_empty() {
        Ok(())
    } else {
        Err(report::text(&errors))
    }
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
