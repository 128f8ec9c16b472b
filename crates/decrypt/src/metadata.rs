//! What SOPS says of a file in the file: keys, rules, integrity code.

use serde_json::{Map, Value as Json};

use crate::{
    error::FileError,
    rules::Rule,
    value::{Field, Fields, Item, Value},
};

/// A file with more keys than this is refused: each may cost a request to a service.
const MAX_KEYS: usize = 1000;

#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) groups: Vec<Vec<MasterKey>>,
    /// How many groups are needed, where there are several.
    pub(crate) threshold: usize,
    pub(crate) rule: Rule,
    pub(crate) mac: String,
    pub(crate) mac_only_encrypted: bool,
    /// As the integrity code is bound to it: RFC 3339 in whole seconds.
    pub(crate) last_modified: String,
}

/// One key that the data key, or a share of it, was encrypted with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MasterKey {
    pub(crate) kind: MasterKeyKind,
    pub(crate) encrypted: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum MasterKeyKind {
    Age {
        recipient: String,
    },
    Pgp {
        fingerprint: String,
    },
    AwsKms {
        arn: String,
        role: String,
        context: Vec<(String, String)>,
    },
    GcpKms {
        resource: String,
    },
    AzureKeyVault {
        url: String,
        name: String,
        version: String,
    },
    Vault {
        address: String,
        engine: String,
        key: String,
    },
    HuaweiKms {
        id: String,
    },
}

impl Metadata {
    pub(crate) fn from_fields(fields: &Fields) -> Result<Self, FileError> {
        let map = to_json_map(fields);
        let groups = groups(&map)?;
        if groups.iter().map(Vec::len).sum::<usize>() > MAX_KEYS {
            return Err(FileError::Metadata(format!(
                "it names more than {MAX_KEYS} keys"
            )));
        }
        let threshold = match map.get("shamir_threshold") {
            None => 0,
            Some(value) => number(value).ok_or_else(|| {
                FileError::Metadata("'shamir_threshold' is not a number".to_owned())
            })?,
        };
        Ok(Self {
            groups,
            threshold,
            rule: rule(&map)?,
            mac: text(&map, "mac"),
            mac_only_encrypted: map.get("mac_only_encrypted").is_some_and(truth),
            last_modified: whole_seconds(&text(&map, "lastmodified"))?,
        })
    }
}

fn groups(map: &Map<String, Json>) -> Result<Vec<Vec<MasterKey>>, FileError> {
    let own = group(map);
    if !own.is_empty() {
        return Ok(vec![own]);
    }
    let groups: Vec<_> = objects(map, "key_groups").map(group).collect();
    if groups.is_empty() {
        return Err(FileError::Metadata("it names no keys".to_owned()));
    }
    Ok(groups)
}

/// Keys in the order in which they are tried: those that need no service first.
fn group(map: &Map<String, Json>) -> Vec<MasterKey> {
    type Kind = fn(&Map<String, Json>) -> MasterKeyKind;
    let kinds: [(&str, Kind); 7] = [
        ("age", |key| MasterKeyKind::Age {
            recipient: text(key, "recipient"),
        }),
        ("pgp", |key| MasterKeyKind::Pgp {
            fingerprint: text(key, "fp"),
        }),
        ("kms", |key| MasterKeyKind::AwsKms {
            arn: text(key, "arn"),
            role: text(key, "role"),
            context: context(key),
        }),
        ("gcp_kms", |key| MasterKeyKind::GcpKms {
            resource: text(key, "resource_id"),
        }),
        ("hckms", |key| MasterKeyKind::HuaweiKms {
            id: text(key, "key_id"),
        }),
        ("azure_kv", |key| MasterKeyKind::AzureKeyVault {
            url: text(key, "vault_url"),
            name: text(key, "name"),
            version: text(key, "version"),
        }),
        ("hc_vault", |key| MasterKeyKind::Vault {
            address: text(key, "vault_address"),
            engine: text(key, "engine_path"),
            key: text(key, "key_name"),
        }),
    ];
    kinds
        .iter()
        .flat_map(|(field, kind)| {
            objects(map, field).map(move |key| MasterKey {
                kind: kind(key),
                encrypted: text(key, "enc"),
            })
        })
        .collect()
}

fn context(key: &Map<String, Json>) -> Vec<(String, String)> {
    let Some(Json::Object(context)) = key.get("context") else {
        return Vec::new();
    };
    let mut pairs: Vec<_> = context
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, _)| (name.clone(), text(context, name)))
        .collect();
    pairs.sort();
    pairs
}

fn rule(map: &Map<String, Json>) -> Result<Rule, FileError> {
    let given = |field| Some(text(map, field)).filter(|text| !text.is_empty());
    let mut rules = Vec::new();
    rules.extend(given("unencrypted_suffix").map(Rule::UnencryptedSuffix));
    rules.extend(given("encrypted_suffix").map(Rule::EncryptedSuffix));
    for (field, rule) in [
        ("unencrypted_regex", Rule::UnencryptedRegex as fn(_) -> _),
        ("encrypted_regex", Rule::EncryptedRegex),
        ("unencrypted_comment_regex", Rule::UnencryptedCommentRegex),
        ("encrypted_comment_regex", Rule::EncryptedCommentRegex),
    ] {
        if let Some(pattern) = given(field) {
            rules.push(rule(Rule::regex(field, &pattern)?));
        }
    }
    match (rules.pop(), rules.is_empty()) {
        (None, _) => Ok(Rule::UnencryptedSuffix("_unencrypted".to_owned())),
        (Some(rule), true) => Ok(rule),
        (Some(_), false) => Err(FileError::Metadata(
            "it has more than one rule for what is encrypted".to_owned(),
        )),
    }
}

/// RFC 3339 without the fraction of a second, as the integrity code is bound to it.
fn whole_seconds(time: &str) -> Result<String, FileError> {
    if time.parse::<jiff::Timestamp>().is_err() {
        return Err(FileError::Metadata(
            "'lastmodified' is not a time".to_owned(),
        ));
    }
    let Some((seconds, rest)) = time.split_once('.') else {
        return Ok(time.to_owned());
    };
    Ok(seconds.to_owned() + rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The objects of a list, or the one object that stands for a list of one.
fn objects<'a>(
    map: &'a Map<String, Json>,
    field: &str,
) -> impl Iterator<Item = &'a Map<String, Json>> {
    let items = match map.get(field) {
        Some(Json::Array(items)) => items.as_slice(),
        Some(one @ Json::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    items.iter().filter_map(Json::as_object)
}

/// Formats without types have text for everything; those with types have been written by hand, too.
fn text(map: &Map<String, Json>, field: &str) -> String {
    match map.get(field) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(true)) => "1".to_owned(),
        Some(Json::Bool(false)) => "0".to_owned(),
        _ => String::new(),
    }
}

fn number(value: &Json) -> Option<usize> {
    match value {
        Json::String(text) if text.is_empty() => Some(0),
        Json::String(text) => text.parse().ok(),
        Json::Null => Some(0),
        other => other.as_u64()?.try_into().ok(),
    }
}

fn truth(value: &Json) -> bool {
    match value {
        Json::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "TRUE" | "true" | "True"),
        Json::Number(number) => number.as_f64() != Some(0.0),
        other => other.as_bool().unwrap_or(false),
    }
}

fn to_json_map(fields: &Fields) -> Map<String, Json> {
    fields
        .iter()
        .filter_map(|field| match field {
            Field::Comment(_) => None,
            Field::Value(key, value) => Some((key.clone(), to_json(value))),
        })
        .collect()
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        Value::Time(time) => time.clone().into(),
        Value::List(items) => items
            .iter()
            .filter_map(|item| match item {
                Item::Comment(_) => None,
                Item::Value(value) => Some(to_json(value)),
            })
            .collect(),
        Value::Map(fields) => Json::Object(to_json_map(fields)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lose_their_fraction_only() {
        assert_eq!(
            whole_seconds("2026-11-21T10:08:14Z").unwrap(),
            "2026-11-21T10:08:14Z"
        );
        assert_eq!(
            whole_seconds("2026-11-21T10:08:14.25+02:00").unwrap(),
            "2026-11-21T10:08:14+02:00"
        );
        assert!(whole_seconds("yesterday").is_err());
    }
}
