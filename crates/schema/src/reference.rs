//! `$ref`: where in a schema a reference leads. Nothing is fetched.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::check::MAX_DEPTH;

/// The address that Helm gives the schema of a chart.
pub(crate) const ADDRESS: &str = "file:///values.schema.json";

/// What names are known and where they lead.
pub(crate) struct References<'s> {
    root: &'s Json,
    anchors: BTreeMap<String, &'s Json>,
}

/// What a name without a resolver stands for: Helm lets it pass.
static ANYTHING: Json = Json::Bool(true);

impl<'s> References<'s> {
    pub(crate) fn of(root: &'s Json) -> Self {
        let mut anchors = BTreeMap::new();
        gather(root, &mut anchors, 0);
        Self { root, anchors }
    }

    /// The schema at a reference, or why there is none.
    pub(crate) fn resolve(&self, reference: &str) -> Result<&'s Json, String> {
        if let Some(found) = self.anchors.get(reference) {
            return Ok(found);
        }
        if reference.starts_with("urn:") {
            return Ok(&ANYTHING);
        }
        let own = self
            .root
            .get("$id")
            .or_else(|| self.root.get("id"))
            .and_then(Json::as_str)
            .unwrap_or_default();
        let own = own.trim_end_matches('#');
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if !(base.is_empty() || base == own || base == ADDRESS) {
            return Err(crate::not_fetched(base));
        }
        if fragment.is_empty() {
            return Ok(self.root);
        }
        if let Some(found) = self.anchors.get(&format!("#{fragment}")) {
            return Ok(found);
        }
        if !fragment.starts_with('/') {
            let base = if own.is_empty() { ADDRESS } else { own };
            return Err(format!(
                "anchor in \"{base}#{fragment}\" not found in schema \"{ADDRESS}\""
            ));
        }
        let decoded = percent_decoded(fragment);
        self.root
            .pointer(&decoded)
            .ok_or_else(|| format!("json-pointer in \"{ADDRESS}#{fragment}\" not found"))
    }
}

/// Schemas with names of their own.
fn gather<'s>(schema: &'s Json, anchors: &mut BTreeMap<String, &'s Json>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match schema {
        Json::Object(map) => {
            for keyword in ["$anchor", "$dynamicAnchor"] {
                if let Some(Json::String(name)) = map.get(keyword) {
                    anchors.entry(format!("#{name}")).or_insert(schema);
                }
            }
            for keyword in ["$id", "id"] {
                if let Some(Json::String(name)) = map.get(keyword) {
                    anchors.entry(name.clone()).or_insert(schema);
                }
            }
            map.values()
                .for_each(|inner| gather(inner, anchors, depth + 1));
        }
        Json::Array(items) => items
            .iter()
            .for_each(|inner| gather(inner, anchors, depth + 1)),
        _ => {}
    }
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let rest = bytes.clone().take(2).collect::<Vec<u8>>();
        let code = std::str::from_utf8(&rest).ok();
        match code
            .and_then(|code| u8::from_str_radix(code, 16).ok())
            .filter(|_| byte == b'%' && rest.len() == 2)
        {
            Some(decoded) => {
                out.push(decoded);
                bytes.nth(1);
            }
            None => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
