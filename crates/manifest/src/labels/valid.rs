//! What label keys and values may look like, and what Kubernetes says when they do not.

const MAX_NAME: usize = 63;
const MAX_PREFIX: usize = 253;
const NAME_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/// A name with an optional DNS subdomain and `/` in front: keys of labels and annotations.
#[must_use]
pub fn is_qualified_name(text: &str) -> bool {
    key_errors(text).is_empty()
}

#[must_use]
pub fn is_label_value(text: &str) -> bool {
    value_errors(text).is_empty()
}

pub(super) fn label_key_error(key: &str) -> Option<String> {
    let errors = key_errors(key);
    (!errors.is_empty()).then(|| format!("invalid label key {key:?}: {}", errors.join("; ")))
}

pub(super) fn label_value_error(key: &str, value: &str) -> Option<String> {
    let errors = value_errors(value);
    (!errors.is_empty()).then(|| {
        format!(
            "invalid label value: {value:?}: at key: {key:?}: {}",
            errors.join("; ")
        )
    })
}

fn key_errors(key: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((prefix, name)) => (Some(prefix), name),
    };
    if name.contains('/') {
        let rule = name_rule();
        return vec![format!(
            "a qualified name {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )];
    }
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            errors.push("prefix part must be non-empty".to_owned());
        }
        if prefix.len() > MAX_PREFIX {
            errors.push(format!(
                "prefix part must be no more than {MAX_PREFIX} characters"
            ));
        }
        if !prefix.is_empty() && !prefix.split('.').all(is_dns_label) {
            errors.push(format!(
                "prefix part a DNS-1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and \
                 end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN_FORMAT}')"
            ));
        }
    }
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > MAX_NAME {
        errors.push(format!(
            "name part must be no more than {MAX_NAME} characters"
        ));
    }
    if !is_name(name) {
        errors.push(format!("name part {}", name_rule()));
    }
    errors
}

fn value_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > MAX_NAME {
        errors.push(format!("must be no more than {MAX_NAME} characters"));
    }
    if !value.is_empty() && !is_name(value) {
        errors.push(format!(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
             an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({NAME_FORMAT})?')"
        ));
    }
    errors
}

fn name_rule() -> String {
    format!(
        "{NAME_RULE} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{NAME_FORMAT}')"
    )
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    ends(bytes.first())
        && ends(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

fn is_dns_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| plain(*byte))
        && bytes.last().is_some_and(|byte| plain(*byte))
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
}
