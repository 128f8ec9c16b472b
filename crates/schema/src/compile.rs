//! What is refused of a schema before any value is looked at: a schema that is not one by the standard's own schema,
//! references that lead nowhere, and patterns that are none, in whatever part of it can be reached.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::Draft;
use crate::check::Checker;
use crate::reference::{ADDRESS, References};
use crate::report;

/// The standard's schemas of schemas, without remarks and with their parts in one document.
fn metaschema(draft: Draft) -> (&'static str, &'static str) {
    match draft {
        Draft::Four => (
            "http://json-schema.org/draft-04/schema",
            include_str!("metaschema/draft-04.json"),
        ),
        Draft::Six => (
            "http://json-schema.org/draft-06/schema",
            include_str!("metaschema/draft-06.json"),
        ),
        Draft::Seven => (
            "http://json-schema.org/draft-07/schema",
            include_str!("metaschema/draft-07.json"),
        ),
        Draft::Y2019 => (
            "https://json-schema.org/draft/2019-09/schema",
            include_str!("metaschema/draft-2019-09.json"),
        ),
        Draft::Y2020 => (
            "https://json-schema.org/draft/2020-12/schema",
            include_str!("metaschema/draft-2020-12.json"),
        ),
    }
}

/// Keywords whose value is a schema, a list of schemas, or a map of schemas, and the first draft that knows them.
const SCHEMAS: &[(&str, Draft)] = &[
    ("not", Draft::Four),
    ("additionalProperties", Draft::Four),
    ("items", Draft::Four),
    ("additionalItems", Draft::Four),
    ("propertyNames", Draft::Six),
    ("contains", Draft::Six),
    ("if", Draft::Seven),
    ("then", Draft::Seven),
    ("else", Draft::Seven),
    ("unevaluatedProperties", Draft::Y2019),
    ("unevaluatedItems", Draft::Y2019),
];
const LISTS: &[(&str, Draft)] = &[
    ("allOf", Draft::Four),
    ("anyOf", Draft::Four),
    ("oneOf", Draft::Four),
    ("items", Draft::Four),
    ("prefixItems", Draft::Y2020),
];
const MAPS: &[(&str, Draft)] = &[
    ("properties", Draft::Four),
    ("patternProperties", Draft::Four),
    ("dependencies", Draft::Four),
    ("dependentSchemas", Draft::Y2019),
];
/// Maps of schemas that only references reach.
const DEFINITIONS: &[(&str, Draft)] = &[("definitions", Draft::Four), ("$defs", Draft::Y2019)];
const REFERENCES: &[(&str, Draft)] = &[
    ("$ref", Draft::Four),
    ("$recursiveRef", Draft::Y2019),
    ("$dynamicRef", Draft::Y2020),
];

/// Refuses what no value could be checked against.
pub(crate) fn check(schema: &Json, draft: Draft) -> Result<(), String> {
    let standard = Standard::of(draft)?;
    standard.check(schema, "")?;
    let mut known = BTreeSet::new();
    standard.mark(schema, &mut known);
    let references = References::of(schema);
    let mut reached = BTreeSet::from([std::ptr::from_ref(schema)]);
    let mut queue = vec![(schema, String::new())];
    while let Some((schema, at)) = queue.pop() {
        if known.insert(std::ptr::from_ref(schema)) {
            standard.check(schema, &at)?;
            standard.mark(schema, &mut known);
        }
        let Json::Object(map) = schema else { continue };
        let mut next = Vec::new();
        for (keyword, _) in REFERENCES.iter().filter(|(_, from)| *from <= draft) {
            if let Some(Json::String(reference)) = map.get(*keyword) {
                let fragment = reference.split_once('#').map_or("", |(_, rest)| rest);
                next.push((references.resolve(reference)?, fragment.to_owned()));
            }
        }
        if draft >= Draft::Y2019 || next.is_empty() {
            patterns(map, &at)?;
            next.extend(
                standard
                    .inner(map, false)
                    .map(|(inner, step)| (inner, format!("{at}/{step}"))),
            );
        }
        next.retain(|(inner, _)| reached.insert(std::ptr::from_ref(*inner)));
        queue.extend(next);
    }
    Ok(())
}

fn patterns(map: &Map<String, Json>, at: &str) -> Result<(), String> {
    let single = map.get("pattern").and_then(Json::as_str);
    let many = map.get("patternProperties").and_then(Json::as_object);
    let single = single.map(|pattern| ("pattern", pattern));
    let many = many.into_iter().flat_map(Map::keys);
    let many = many.map(|pattern| ("patternProperties", pattern.as_str()));
    for (keyword, pattern) in single.into_iter().chain(many) {
        rosin_template::sprig::go_regex(pattern).map_err(|error| {
            format!("invalid regex {pattern:?} at \"{ADDRESS}#{at}/{keyword}\": error parsing regexp: {error}")
        })?;
    }
    Ok(())
}

struct Standard {
    draft: Draft,
    address: &'static str,
    schema: Json,
}

impl Standard {
    fn of(draft: Draft) -> Result<Self, String> {
        let (address, text) = metaschema(draft);
        Ok(Self {
            draft,
            address,
            schema: serde_json::from_str(text).map_err(|error| error.to_string())?,
        })
    }

    fn check(&self, schema: &Json, at: &str) -> Result<(), String> {
        let checker = Checker::new(&self.schema, self.draft).with_formats();
        let found = checker.check(schema)?;
        if found.is_empty() {
            return Ok(());
        }
        let found = report::text(&found);
        Err(format!(
            "\"{ADDRESS}#{at}\" is not valid against metaschema: jsonschema validation failed with '{}#'\n{}",
            self.address,
            found.trim_end_matches('\n')
        ))
    }

    /// The schemas directly in a schema.
    fn inner<'s>(
        &self,
        map: &'s Map<String, Json>,
        definitions: bool,
    ) -> impl Iterator<Item = (&'s Json, String)> {
        let draft = self.draft;
        let value = move |(keyword, from): &(&'static str, Draft)| {
            let value = map.get(*keyword).filter(|_| *from <= draft)?;
            Some((*keyword, value))
        };
        let single = SCHEMAS.iter().filter_map(value);
        let single = single.filter(|(_, value)| value.is_object());
        let single = single.map(|(keyword, value)| (value, keyword.to_owned()));
        let lists = LISTS.iter().filter_map(value).flat_map(|(keyword, value)| {
            let items = value.as_array().into_iter().flatten().enumerate();
            items.map(move |(index, item)| (item, format!("{keyword}/{index}")))
        });
        let defined = DEFINITIONS.iter().filter(move |_| definitions);
        let maps = MAPS.iter().chain(defined).filter_map(value);
        let maps = maps.flat_map(|(keyword, value)| {
            let items = value.as_object().into_iter().flatten();
            items.map(move |(name, item)| (item, format!("{keyword}/{name}")))
        });
        single.chain(lists).chain(maps)
    }

    /// Notes what the check of a schema has checked with it.
    fn mark(&self, schema: &Json, known: &mut BTreeSet<*const Json>) {
        known.insert(std::ptr::from_ref(schema));
        if let Json::Object(map) = schema {
            for (inner, _) in self.inner(map, true) {
                self.mark(inner, known);
            }
        }
    }
}
