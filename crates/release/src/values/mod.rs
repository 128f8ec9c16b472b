//! A release's values: what users gave over the chart's defaults, and the digest that tells whether they changed.
//!
//! Values are JSON. Whatever was read from a text has floats for numbers, as Go's decoder makes them; only a target path of a
//! reference makes integers, as `--set` does. The difference is seen by templates (`1e+06`, `1000000`) and hardly by the digest.

mod compose;
mod convert;

use rosin_manifest::yaml;
use serde_json::{Map, Value};

pub use compose::{Data, Reason, Reference, ValuesError, compose};
pub use convert::{decoded, from_template, integers, parse, to_template};

use crate::digest::Algorithm;

/// A map of values.
pub type Values = Map<String, Value>;

/// `over` over `under`: maps are merged, all else is replaced.
#[must_use]
pub fn merge(mut under: Values, over: Values) -> Values {
    for (key, value) in over {
        let value = match (value, under.remove(&key)) {
            (Value::Object(over), Some(Value::Object(under))) => Value::Object(merge(under, over)),
            (value, _) => value,
        };
        under.insert(key, value);
    }
    under
}

/// Values of a YAML text, such as a key of a ConfigMap.
pub fn read(text: &[u8]) -> Result<Values, String> {
    use rosin_template::Value as Read;
    let unfit = |what: &str| {
        Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {what} into Go value of type common.Values"
        ))
    };
    match rosin_chart::yaml::read(text)? {
        Read::Nil => Ok(Values::new()),
        Read::Map(map) => match from_template(&Read::Map(map)) {
            Value::Object(values) => Ok(values),
            _ => Ok(Values::new()),
        },
        Read::Str(_) => unfit("string"),
        Read::Bool(_) => unfit("bool"),
        Read::List(_) => unfit("array"),
        _ => unfit("number"),
    }
}

/// The text that is digested: YAML of go-yaml v2 with the keys in the order of their bytes; nothing for no values.
#[must_use]
pub fn digested_text(values: &Values) -> String {
    if values.is_empty() {
        return String::new();
    }
    yaml::to_string_sigs_by_bytes(&convert::for_yaml(&Value::Object(values.clone())))
}

/// `status.lastAttemptedConfigDigest` and the snapshots' `configDigest`.
#[must_use]
pub fn digest(algorithm: Algorithm, values: &Values) -> String {
    algorithm.digest(digested_text(values).as_bytes())
}

/// Does a digest, of whichever algorithm, belong to these values?
#[must_use]
pub fn verifies(digest: &str, values: &Values) -> bool {
    Algorithm::verifies(digest, digested_text(values).as_bytes())
}
