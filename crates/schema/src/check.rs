//! Values against a schema. References may form cycles and schemas may branch: depth and the number of steps are bounded.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Map, Value as Json};

use crate::Draft;
use crate::format;
use crate::reference::References;
use crate::report::{Violation, all_quoted, display, number, quoted};

pub(crate) const MAX_DEPTH: usize = 200;
const MAX_STEPS: usize = 2_000_000;

/// What of a value some keyword has looked at; `unevaluated*` is about the rest.
#[derive(Default)]
struct Seen {
    properties: BTreeSet<String>,
    items: BTreeSet<usize>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.properties.extend(other.properties);
        self.items.extend(other.items);
    }
}

pub(crate) struct Checker<'s> {
    root: &'s Json,
    draft: Draft,
    references: References<'s>,
    /// Formats are checked in every draft.
    formats: bool,
    patterns: BTreeMap<String, Option<Regex>>,
    depth: usize,
    steps: usize,
    /// What stops the whole check: a reference that leads nowhere, or too much work.
    fault: Option<String>,
}

type Violations = Vec<Violation>;

impl<'s> Checker<'s> {
    pub(crate) fn new(root: &'s Json, draft: Draft) -> Self {
        Self {
            root,
            draft,
            references: References::of(root),
            formats: draft < Draft::Y2019,
            patterns: BTreeMap::new(),
            depth: 0,
            steps: 0,
            fault: None,
        }
    }

    pub(crate) fn with_formats(self) -> Self {
        Self {
            formats: true,
            ..self
        }
    }

    pub(crate) fn check(mut self, value: &Json) -> Result<Violations, String> {
        let (violations, _) = self.schema(self.root, value, &mut Vec::new());
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(violations),
        }
    }

    fn schema(
        &mut self,
        schema: &'s Json,
        value: &Json,
        at: &mut Vec<String>,
    ) -> (Violations, Seen) {
        self.steps += 1;
        if self.depth > MAX_DEPTH || self.steps > MAX_STEPS {
            self.fault
                .get_or_insert_with(|| "the schema is too deep or too costly to check".into());
        }
        if self.fault.is_some() {
            return (Vec::new(), Seen::default());
        }
        let map = match schema {
            Json::Bool(false) => return (vec![violation(at, "false schema")], Seen::default()),
            Json::Object(map) => map,
            _ => return (Vec::new(), Seen::default()),
        };
        self.depth += 1;
        let result = self.object_schema(map, value, at);
        self.depth -= 1;
        result
    }

    fn object_schema(
        &mut self,
        map: &'s Map<String, Json>,
        value: &Json,
        at: &mut Vec<String>,
    ) -> (Violations, Seen) {
        // A reference stands alone in the older drafts.
        if self.draft < Draft::Y2019
            && let Some(Json::String(reference)) = map.get("$ref")
        {
            return self.reference(reference, value, at);
        }
        if let Some(what) = self.first_fault(map, value) {
            return (vec![violation(at, what)], Seen::default());
        }
        let mut found = Vec::new();
        let mut seen = Seen::default();
        if let Some(Json::String(reference)) = map.get("$ref") {
            let (more, looked) = self.reference(reference, value, at);
            found.extend(more);
            seen.add(looked);
        }
        match value {
            Json::Object(object) => self.object(map, object, value, at, &mut found, &mut seen),
            Json::Array(items) => self.array(map, items, at, &mut found, &mut seen),
            Json::String(text) => self.string(map, text, at, &mut found),
            Json::Number(number) => numeric(
                self.draft,
                map,
                number.as_f64().unwrap_or(0.0),
                at,
                &mut found,
            ),
            _ => {}
        }
        for keyword in ["$dynamicRef", "$recursiveRef"] {
            if self.draft >= Draft::Y2019
                && let Some(Json::String(reference)) = map.get(keyword)
            {
                let (more, looked) = self.reference(reference, value, at);
                found.extend(more);
                seen.add(looked);
            }
        }
        self.conditions(map, value, at, &mut found, &mut seen);
        if self.draft >= Draft::Y2019 {
            self.unevaluated(map, value, at, &mut found, &mut seen);
        }
        (found, seen)
    }

    /// Type, const, enum and format: the first that fails is all that is said.
    fn first_fault(&mut self, map: &Map<String, Json>, value: &Json) -> Option<String> {
        let wanted: Vec<&str> = match map.get("type") {
            Some(Json::String(kind)) => vec![kind],
            Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        if !wanted.is_empty() {
            let got = type_of(value);
            let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
            let fits = wanted.contains(&got) || (whole && wanted.contains(&"integer"));
            if !fits {
                let order = [
                    "null", "boolean", "number", "integer", "string", "array", "object",
                ];
                let wanted: Vec<&str> = order
                    .into_iter()
                    .filter(|kind| wanted.contains(kind))
                    .collect();
                return Some(format!("got {got}, want {}", wanted.join(" or ")));
            }
        }
        if let Some(wanted) = map.get("const").filter(|_| self.draft > Draft::Four)
            && !equal(value, wanted)
        {
            return Some(match wanted {
                Json::Array(_) | Json::Object(_) => "'const' failed".into(),
                wanted => format!("value must be {}", display(wanted)),
            });
        }
        if let Some(Json::Array(wanted)) = map.get("enum")
            && !wanted.iter().any(|wanted| equal(value, wanted))
        {
            if wanted
                .iter()
                .any(|wanted| wanted.is_array() || wanted.is_object())
            {
                return Some("'enum' failed".into());
            }
            let shown: Vec<String> = wanted.iter().map(display).collect();
            return Some(match shown.as_slice() {
                [only] => format!("value must be {only}"),
                all => format!("value must be one of {}", all.join(", ")),
            });
        }
        // From 2019 on, formats are remarks.
        if let (true, Some(Json::String(name)), Json::String(text)) =
            (self.formats, map.get("format"), value)
            && let Err(why) = format::check(name, text)
        {
            return Some(format!("{} is not valid {name}: {why}", quoted(text)));
        }
        None
    }

    fn reference(
        &mut self,
        reference: &str,
        value: &Json,
        at: &mut Vec<String>,
    ) -> (Violations, Seen) {
        let schema = match self.references.resolve(reference) {
            Ok(schema) => schema,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                return (Vec::new(), Seen::default());
            }
        };
        let (causes, seen) = self.schema(schema, value, at);
        if causes.is_empty() {
            return (causes, seen);
        }
        let violation = Violation {
            reference: true,
            causes,
            ..violation(at, "validation failed")
        };
        (vec![violation], seen)
    }

    fn pattern(&mut self, pattern: &str) -> Option<Regex> {
        if let Some(known) = self.patterns.get(pattern) {
            return known.clone();
        }
        let compiled = rosin_template::sprig::go_regex(pattern)
            .ok()
            .and_then(|pattern| {
                regex::RegexBuilder::new(&pattern)
                    .size_limit(4 << 20)
                    .build()
                    .ok()
            });
        if compiled.is_none() {
            self.fault
                .get_or_insert_with(|| format!("{} is not valid regex", quoted(pattern)));
        }
        self.patterns.insert(pattern.to_owned(), compiled.clone());
        compiled
    }

    fn inside(
        &mut self,
        schema: &'s Json,
        value: &Json,
        at: &mut Vec<String>,
        step: String,
    ) -> Violations {
        at.push(step);
        let (found, _) = self.schema(schema, value, at);
        at.pop();
        found
    }

    fn object(
        &mut self,
        map: &'s Map<String, Json>,
        object: &Map<String, Json>,
        value: &Json,
        at: &mut Vec<String>,
        found: &mut Violations,
        seen: &mut Seen,
    ) {
        if let Some(least) = count(map, "minProperties").filter(|least| object.len() < *least) {
            found.push(violation(
                at,
                format!("minProperties: got {}, want {least}", object.len()),
            ));
        }
        if let Some(most) = count(map, "maxProperties").filter(|most| object.len() > *most) {
            found.push(violation(
                at,
                format!("maxProperties: got {}, want {most}", object.len()),
            ));
        }
        let missing = |names: Option<&Json>| -> Vec<String> {
            let names = names
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
                .filter_map(Json::as_str);
            names
                .filter(|name| !object.contains_key(*name))
                .map(str::to_owned)
                .collect()
        };
        let absent = missing(map.get("required"));
        match absent.as_slice() {
            [] => {}
            [name] => found.push(violation(at, format!("missing property {}", quoted(name)))),
            names => {
                let names = all_quoted(names.iter().map(String::as_str));
                found.push(violation(at, format!("missing properties {names}")));
            }
        }
        let dependent = |name: &str, absent: &[String]| {
            let absent = all_quoted(absent.iter().map(String::as_str));
            format!("properties {absent} required, if {} exists", quoted(name))
        };
        if let Some(Json::Object(dependencies)) = map.get("dependencies") {
            for (name, dependency) in dependencies
                .iter()
                .filter(|(name, _)| object.contains_key(*name))
            {
                if dependency.is_array() {
                    let absent = missing(Some(dependency));
                    if !absent.is_empty() {
                        found.push(violation(at, dependent(name, &absent)));
                    }
                } else {
                    let (more, looked) = self.schema(dependency, value, at);
                    found.extend(more);
                    seen.add(looked);
                }
            }
        }
        self.properties(map, object, at, found, seen);
        if self.draft > Draft::Four
            && let Some(names) = map.get("propertyNames")
        {
            for name in object.keys() {
                let (causes, _) = self.schema(names, &Json::String(name.clone()), &mut Vec::new());
                if !causes.is_empty() {
                    let what = format!("invalid propertyName {}", quoted(name));
                    found.push(Violation {
                        causes,
                        ..violation(at, what)
                    });
                }
            }
        }
        if self.draft < Draft::Y2019 {
            return;
        }
        if let Some(Json::Object(schemas)) = map.get("dependentSchemas") {
            for (_, schema) in schemas
                .iter()
                .filter(|(name, _)| object.contains_key(*name))
            {
                let (more, looked) = self.schema(schema, value, at);
                found.extend(more);
                seen.add(looked);
            }
        }
        if let Some(Json::Object(required)) = map.get("dependentRequired") {
            for (name, names) in required
                .iter()
                .filter(|(name, _)| object.contains_key(*name))
            {
                let absent = missing(Some(names));
                if !absent.is_empty() {
                    found.push(violation(at, dependent(name, &absent)));
                }
            }
        }
    }

    fn properties(
        &mut self,
        map: &'s Map<String, Json>,
        object: &Map<String, Json>,
        at: &mut Vec<String>,
        found: &mut Violations,
        seen: &mut Seen,
    ) {
        let mut refused = Vec::new();
        for (name, item) in object {
            let mut evaluated = false;
            if let Some(schema) = map
                .get("properties")
                .and_then(|properties| properties.get(name))
            {
                evaluated = true;
                found.extend(self.inside(schema, item, at, name.clone()));
            }
            if let Some(Json::Object(patterns)) = map.get("patternProperties") {
                for (pattern, schema) in patterns {
                    if self
                        .pattern(pattern)
                        .is_some_and(|pattern| pattern.is_match(name))
                    {
                        evaluated = true;
                        found.extend(self.inside(schema, item, at, name.clone()));
                    }
                }
            }
            if !evaluated && let Some(additional) = map.get("additionalProperties") {
                evaluated = true;
                if additional == &Json::Bool(false) {
                    refused.push(name.as_str());
                } else {
                    found.extend(self.inside(additional, item, at, name.clone()));
                }
            }
            if evaluated {
                seen.properties.insert(name.clone());
            }
        }
        if !refused.is_empty() {
            found.push(violation(
                at,
                format!("additional properties {} not allowed", all_quoted(refused)),
            ));
        }
    }

    fn array(
        &mut self,
        map: &'s Map<String, Json>,
        items: &[Json],
        at: &mut Vec<String>,
        found: &mut Violations,
        seen: &mut Seen,
    ) {
        if let Some(least) = count(map, "minItems").filter(|least| items.len() < *least) {
            found.push(violation(
                at,
                format!("minItems: got {}, want {least}", items.len()),
            ));
        }
        if let Some(most) = count(map, "maxItems").filter(|most| items.len() > *most) {
            found.push(violation(
                at,
                format!("maxItems: got {}, want {most}", items.len()),
            ));
        }
        if map.get("uniqueItems") == Some(&Json::Bool(true)) {
            let same = items.iter().enumerate().find_map(|(j, item)| {
                items[..j]
                    .iter()
                    .position(|earlier| equal(earlier, item))
                    .map(|i| (i, j))
            });
            if let Some((i, j)) = same {
                found.push(violation(at, format!("items at {i} and {j} are equal")));
            }
        }
        let (prefix, rest) = match (self.draft >= Draft::Y2020, map.get("items")) {
            (true, rest) => (map.get("prefixItems").and_then(Json::as_array), rest),
            (false, Some(Json::Array(prefix))) => (Some(prefix), map.get("additionalItems")),
            (false, rest) => (None, rest),
        };
        let mut evaluated = 0;
        for (schema, item) in prefix.into_iter().flatten().zip(items) {
            found.extend(self.inside(schema, item, at, evaluated.to_string()));
            evaluated += 1;
        }
        if let Some(schema) = rest {
            let old_tuple = self.draft < Draft::Y2020 && prefix.is_some();
            if old_tuple && schema == &Json::Bool(false) {
                if evaluated != items.len() {
                    let count = items.len() - evaluated;
                    found.push(violation(
                        at,
                        format!("last {count} additionalItem(s) not allowed"),
                    ));
                }
            } else {
                for (index, item) in items.iter().enumerate().skip(evaluated) {
                    found.extend(self.inside(schema, item, at, index.to_string()));
                }
            }
            evaluated = items.len();
        }
        seen.items.extend(0..evaluated);
        self.contains(map, items, at, found, seen);
    }

    fn contains(
        &mut self,
        map: &'s Map<String, Json>,
        items: &[Json],
        at: &mut Vec<String>,
        found: &mut Violations,
        seen: &mut Seen,
    ) {
        let Some(schema) = map.get("contains").filter(|_| self.draft > Draft::Four) else {
            return;
        };
        let (mut matched, mut causes) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let more = self.inside(schema, item, at, index.to_string());
            if more.is_empty() {
                matched.push(index);
            } else {
                causes.extend(more);
            }
        }
        if self.draft >= Draft::Y2020 {
            seen.items.extend(matched.iter().copied());
        }
        let places: Vec<String> = matched.iter().map(usize::to_string).collect();
        let places = places.join(" ");
        let bounds = self.draft >= Draft::Y2019;
        match count(map, "minContains").filter(|_| bounds) {
            Some(least) if matched.len() < least => {
                let but = match matched.len() {
                    0 => "but none matched".into(),
                    count => format!("but matched {count} items at {places}"),
                };
                let what = format!("min {least} items required to match contains schema, {but}");
                found.push(Violation {
                    causes,
                    ..violation(at, what)
                });
            }
            None if matched.is_empty() => {
                found.push(Violation {
                    causes,
                    ..violation(at, "no items match contains schema")
                });
            }
            _ => {}
        }
        if let Some(most) = count(map, "maxContains").filter(|most| bounds && matched.len() > *most)
        {
            let count = matched.len();
            let what = format!(
                "max {most} items required to match contains schema, but matched {count} items at {places}"
            );
            found.push(violation(at, what));
        }
    }

    fn string(
        &mut self,
        map: &Map<String, Json>,
        text: &str,
        at: &[String],
        found: &mut Violations,
    ) {
        let length = text.chars().count();
        if let Some(least) = count(map, "minLength").filter(|least| length < *least) {
            found.push(violation(
                at,
                format!(
                    "minLength: got {}, want {}",
                    number(length as f64),
                    number(least as f64)
                ),
            ));
        }
        if let Some(most) = count(map, "maxLength").filter(|most| length > *most) {
            found.push(violation(
                at,
                format!(
                    "maxLength: got {}, want {}",
                    number(length as f64),
                    number(most as f64)
                ),
            ));
        }
        if let Some(Json::String(pattern)) = map.get("pattern")
            && let Some(regex) = self.pattern(pattern)
            && !regex.is_match(text)
        {
            found.push(violation(
                at,
                format!(
                    "{} does not match pattern {}",
                    quoted(text),
                    quoted(pattern)
                ),
            ));
        }
    }

    fn conditions(
        &mut self,
        map: &'s Map<String, Json>,
        value: &Json,
        at: &mut Vec<String>,
        found: &mut Violations,
        seen: &mut Seen,
    ) {
        if let Some(schema) = map.get("not")
            && self.schema(schema, value, at).0.is_empty()
            && self.fault.is_none()
        {
            found.push(violation(at, "'not' failed"));
        }
        let list = |keyword: &str| map.get(keyword).and_then(Json::as_array);
        if let Some(schemas) = list("allOf") {
            let mut causes = Vec::new();
            for schema in schemas {
                let (more, looked) = self.schema(schema, value, at);
                causes.extend(grouped(more, at));
                seen.add(looked);
            }
            if !causes.is_empty() {
                found.push(Violation {
                    causes,
                    ..violation(at, "'allOf' failed")
                });
            }
        }
        for (keyword, exclusive) in [("anyOf", false), ("oneOf", true)] {
            let Some(schemas) = list(keyword) else {
                continue;
            };
            let (mut matched, mut causes) = (Vec::new(), Vec::new());
            for (index, schema) in schemas.iter().enumerate() {
                let (more, looked) = self.schema(schema, value, at);
                if more.is_empty() {
                    matched.push(index);
                    seen.add(looked);
                } else {
                    causes.extend(grouped(more, at));
                }
            }
            match (matched.as_slice(), exclusive) {
                ([], false) => found.push(Violation {
                    causes,
                    ..violation(at, "'anyOf' failed")
                }),
                ([], true) => found.push(Violation {
                    causes,
                    ..violation(at, "'oneOf' failed, none matched")
                }),
                ([first, second, ..], true) => {
                    found.push(violation(
                        at,
                        format!("'oneOf' failed, subschemas {first}, {second} matched"),
                    ));
                }
                _ => {}
            }
        }
        let Some(condition) = map.get("if").filter(|_| self.draft >= Draft::Seven) else {
            return;
        };
        let (failed, looked) = self.schema(condition, value, at);
        let branch = if failed.is_empty() {
            seen.add(looked);
            map.get("then")
        } else {
            map.get("else")
        };
        if let Some(schema) = branch {
            let (more, looked) = self.schema(schema, value, at);
            found.extend(more);
            seen.add(looked);
        }
    }

    fn unevaluated(
        &mut self,
        map: &'s Map<String, Json>,
        value: &Json,
        at: &mut Vec<String>,
        found: &mut Violations,
        seen: &mut Seen,
    ) {
        if let (Some(schema), Json::Object(object)) = (map.get("unevaluatedProperties"), value) {
            for (name, item) in object {
                if seen.properties.insert(name.clone()) {
                    found.extend(self.inside(schema, item, at, name.clone()));
                }
            }
        }
        if let (Some(schema), Json::Array(items)) = (map.get("unevaluatedItems"), value) {
            for (index, item) in items.iter().enumerate() {
                if seen.items.insert(index) {
                    found.extend(self.inside(schema, item, at, index.to_string()));
                }
            }
        }
    }
}

/// Several violations of one branch stand together.
fn grouped(violations: Violations, at: &[String]) -> Violations {
    if violations.len() < 2 {
        return violations;
    }
    vec![Violation {
        causes: violations,
        ..violation(at, "validation failed")
    }]
}

fn violation(at: &[String], what: impl Into<String>) -> Violation {
    Violation {
        at: at.to_vec(),
        what: what.into(),
        causes: Vec::new(),
        reference: false,
    }
}

fn count(map: &Map<String, Json>, keyword: &str) -> Option<usize> {
    map.get(keyword)?.as_f64().map(|count| count as usize)
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Numbers by their value, whatever they are written as.
fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

fn numeric(
    draft: Draft,
    map: &Map<String, Json>,
    value: f64,
    at: &[String],
    found: &mut Violations,
) {
    let bound = |keyword: &str| map.get(keyword).and_then(Json::as_f64);
    let mut fail = |keyword: &str, wanted: f64| {
        found.push(violation(
            at,
            format!("{keyword}: got {}, want {}", number(value), number(wanted)),
        ));
    };
    // In draft 4 `exclusive…` says how to read `minimum` and `maximum`.
    let strict =
        |keyword: &str| draft == Draft::Four && map.get(keyword) == Some(&Json::Bool(true));
    match bound("minimum") {
        Some(least) if strict("exclusiveMinimum") && value <= least => {
            fail("exclusiveMinimum", least)
        }
        Some(_) if strict("exclusiveMinimum") => {}
        Some(least) if value < least => fail("minimum", least),
        _ => {}
    }
    match bound("maximum") {
        Some(most) if strict("exclusiveMaximum") && value >= most => fail("exclusiveMaximum", most),
        Some(_) if strict("exclusiveMaximum") => {}
        Some(most) if value > most => fail("maximum", most),
        _ => {}
    }
    if let Some(least) = bound("exclusiveMinimum").filter(|least| value <= *least) {
        fail("exclusiveMinimum", least);
    }
    if let Some(most) = bound("exclusiveMaximum").filter(|most| value >= *most) {
        fail("exclusiveMaximum", most);
    }
    if let Some(unit) = bound("multipleOf").filter(|unit| *unit != 0.0) {
        let quotient = value / unit;
        if (quotient - quotient.round()).abs() > 1e-9 * quotient.abs().max(1.0) {
            fail("multipleOf", unit);
        }
    }
}
