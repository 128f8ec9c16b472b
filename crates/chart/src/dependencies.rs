//! Which subcharts take part (aliases, tags, conditions), and what values they hand up to their parents.

use rosin_template::sprig::{Constraints, Version};
use rosin_template::{Map, Value, fmt};
use serde_json::Value as Json;

use crate::values::{at_path, coalesce_values, merge_tables, merge_values, table};
use crate::{Chart, Dependency, Error};

/// Does a version satisfy a range? What cannot be parsed does not.
pub fn compatible(range: &str, version: &str) -> bool {
    match (Constraints::parse(range), Version::parse(version)) {
        (Ok(range), Ok(version)) => range.check(&version),
        _ => false,
    }
}

/// Settles the chart's subcharts for the user's values.
pub fn process(chart: &mut Chart, values: &Map) -> Result<(), Error> {
    enable(chart, values, "")?;
    import(chart)
}

/// Helm refuses to render a chart that lacks a subchart it asks for.
pub fn check(chart: &Chart) -> Result<(), Error> {
    let Some(wanted) = &chart.metadata.dependencies else {
        return Ok(());
    };
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|dependency| {
            !chart
                .dependencies
                .iter()
                .any(|present| present.name() == dependency.name)
        })
        .map(|dependency| dependency.name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::MissingDependencies(format!(
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
        missing.join(", ")
    )))
}

/// The subchart that an entry means, under the entry's alias.
fn aliased(charts: &[Chart], entry: &Dependency) -> Option<Chart> {
    let found = charts.iter().find(|chart| {
        chart.name() == entry.name && compatible(&entry.version, &chart.metadata.version)
    })?;
    let mut chart = found.clone();
    if !entry.alias.is_empty() {
        chart.metadata.name.clone_from(&entry.alias);
    }
    Some(chart)
}

fn enable(chart: &mut Chart, values: &Map, path: &str) -> Result<(), Error> {
    let Some(mut entries) = chart.metadata.dependencies.take() else {
        return Ok(());
    };
    let mut present: Vec<Chart> = chart
        .dependencies
        .iter()
        .filter(|chart| {
            !entries.iter().any(|entry| {
                chart.name() == entry.name && compatible(&entry.version, &chart.metadata.version)
            })
        })
        .cloned()
        .collect();
    for entry in &mut entries {
        present.extend(aliased(&chart.dependencies, entry));
        if !entry.alias.is_empty() {
            entry.name.clone_from(&entry.alias);
        }
        entry.enabled = true;
    }
    chart.dependencies = present;
    let coalesced = coalesce_values(chart, values)?;
    for entry in &mut entries {
        tags(entry, &coalesced);
        conditions(entry, &coalesced, path);
    }
    let off = |name: &str| {
        entries
            .iter()
            .any(|entry| !entry.enabled && entry.name == name)
    };
    chart.dependencies.retain(|chart| !off(chart.name()));
    for subchart in &mut chart.dependencies {
        let path = format!("{path}{}.", subchart.name());
        enable(subchart, &coalesced, &path)?;
    }
    let off: Vec<String> = entries
        .iter()
        .filter(|entry| !entry.enabled)
        .map(|entry| entry.name.clone())
        .collect();
    entries.retain(|entry| !off.contains(&entry.name));
    chart.metadata.dependencies = Some(entries).filter(|entries| !entries.is_empty());
    Ok(())
}

fn tags(entry: &mut Dependency, values: &Map) {
    let Some(given) = table(values, "tags") else {
        return;
    };
    let mut seen = [false; 2];
    for tag in &entry.tags {
        if let Some(Value::Bool(on)) = given.get(tag.as_bytes()) {
            seen[usize::from(on)] = true;
        }
    }
    let [off, on] = seen;
    entry.enabled = on || !off;
}

/// The first path of a condition that leads to a bool decides.
fn conditions(entry: &mut Dependency, values: &Map, path: &str) {
    for condition in entry
        .condition
        .trim()
        .split(',')
        .filter(|condition| !condition.is_empty())
    {
        if let Some(Value::Bool(on)) = at_path(values, &format!("{path}{condition}")) {
            entry.enabled = on;
            return;
        }
    }
}

/// Values that a parent takes from its subcharts, innermost first.
fn import(chart: &mut Chart) -> Result<(), Error> {
    for subchart in &mut chart.dependencies {
        import(subchart)?;
    }
    let Some(entries) = &mut chart.metadata.dependencies else {
        return Ok(());
    };
    let entries_seen = std::mem::take(entries);
    let values = merge_values(chart, &Map::default())?;
    let imported = Map::default();
    let mut settled = entries_seen;
    for entry in &mut settled {
        let mut normal = Vec::new();
        for wish in &entry.import_values {
            let (child, parent) = match wish {
                Json::Object(wish) => (shown(wish.get("child")), shown(wish.get("parent"))),
                Json::String(name) => (format!("exports.{name}"), ".".to_owned()),
                _ => continue,
            };
            if let Some(found) = table(&values, &format!("{}.{child}", entry.name)) {
                merge_tables(&imported, &nested(&parent, found));
            }
            normal.push(serde_json::json!({ "child": child, "parent": parent }));
        }
        entry.import_values = normal;
    }
    chart.metadata.dependencies = Some(settled);
    let own = crate::values::copied(&values)?;
    merge_tables(&own, &imported);
    chart.values = own;
    chart.has_values = true;
    Ok(())
}

/// `%v` of what a wish says.
fn shown(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text)) => text.clone(),
        Some(other) => fmt::display(&crate::yaml::from_json(other.clone())).to_string(),
        None => "<nil>".into(),
    }
}

/// `data` under a dotted path.
fn nested(path: &str, data: Map) -> Map {
    if path == "." {
        return data;
    }
    path.split('.').rev().fold(data, |inner, part| {
        Map::from_iter([(part, Value::Map(inner))])
    })
}
