//! Checks of what a guest returned. Nothing in it is trusted: paths, texts and JSON are whatever the guest liked.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::bindings::exports::rosin::render::renderer as wit;
use crate::rendered::{Manifest, Rendered};
use crate::run::Done;
use crate::{RenderError, guest_text};

pub(crate) fn check(
    plugin: &str,
    done: Done,
    result: Result<wit::Output, wit::Failure>,
) -> Result<Rendered, RenderError> {
    let Done {
        reads,
        diagnostics,
        stats,
        invalid_path,
    } = done;
    let plugin = plugin.to_owned();
    let output = match result {
        // The plugin knows better than the host where an invalid path was written.
        Err(wit::Failure::Invalid(message)) => {
            let message = guest_text::clean(&message, guest_text::FAILURE);
            return Err(RenderError::Invalid {
                plugin,
                message,
                diagnostics: diagnostics.kept,
            });
        }
        Err(wit::Failure::Unavailable(message)) => {
            return Err(RenderError::Unavailable {
                plugin,
                message: guest_text::clean(&message, guest_text::FAILURE),
            });
        }
        Ok(output) => output,
    };
    if let Some(path) = invalid_path {
        return Err(RenderError::InvalidPath { plugin, path });
    }
    Ok(Rendered {
        definitions: manifests(&plugin, output.definitions)?,
        manifests: manifests(&plugin, output.manifests)?,
        notes: output.notes,
        diagnostics: diagnostics.kept,
        diagnostics_dropped: diagnostics.dropped,
        reads,
        stats,
    })
}

fn manifests(plugin: &str, manifests: Vec<wit::Manifest>) -> Result<Vec<Manifest>, RenderError> {
    let check = |(index, wit::Manifest { origin, json, text }): (usize, wit::Manifest)| {
        let origin = origin.into();
        match serde_json::from_str::<Object>(&json) {
            Ok(Object) => Ok(Manifest { origin, json, text }),
            Err(error) => Err(RenderError::Malformed {
                plugin: plugin.to_owned(),
                index: index + 1,
                origin,
                reason: guest_text::clean(&error.to_string(), guest_text::PATH),
            }),
        }
    };
    manifests.into_iter().enumerate().map(check).collect()
}

/// A JSON object, nested no deeper than the parser goes; checked without building it.
struct Object;

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(Check { only_objects: true })
            .map(|()| Self)
    }
}

struct Any;

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Check {
                only_objects: false,
            })
            .map(|()| Self)
    }
}

struct Check {
    only_objects: bool,
}

impl Check {
    fn scalar<E: Error>(&self) -> Result<(), E> {
        if self.only_objects {
            Err(E::custom("it is not a JSON object"))
        } else {
            Ok(())
        }
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.only_objects {
            "a JSON object"
        } else {
            "JSON"
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<Any, Any>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.only_objects {
            return Err(A::Error::custom("it is not a JSON object"));
        }
        while list.next_element::<Any>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_objects_pass() {
        for json in [
            r#"{}"#,
            r#"{"a": [1, -2, 3.5, "x", true, null, {"b": []}]}"#,
            "{\"a\": 1e30}",
        ] {
            assert!(serde_json::from_str::<Object>(json).is_ok(), "{json}");
        }
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(200), "]".repeat(200));
        for json in [
            "",
            "null",
            "[]",
            "1",
            "\"x\"",
            "{",
            "{} {}",
            "{\"a\": NaN}",
            "{\"a\": \"\u{1}\"}",
            "{a: 1}",
            &deep,
        ] {
            assert!(serde_json::from_str::<Object>(json).is_err(), "{json}");
        }
    }
}
