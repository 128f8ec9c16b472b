//! Readers meet anything: they answer, and never panic. What is refused is refused without its text.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use proptest::prelude::*;
use rosin_decrypt::{Format, Integrity, Keys, decrypt_file, decrypt_object};

const FORMATS: [Format; 5] = [
    Format::Binary,
    Format::Dotenv,
    Format::Ini,
    Format::Json,
    Format::Yaml,
];

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("sops:\n  mac: ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]\n".to_owned()),
        Just("sops_mac=ENC[AES256_GCM,data:,iv:,tag:,type:]\n".to_owned()),
        Just("sops_age__list_0__map_enc=x\nsops_age__list_0__map_recipient=y\n".to_owned()),
        Just("sops_age__list_9__map_=\nsops___map___list_=z\n".to_owned()),
        Just("[sops]\nage__list_0__map_enc = x\nlastmodified = 2026-01-01T00:00:00Z\n".to_owned()),
        Just("  lastmodified: \"2026-01-01T00:00:00Z\"\n  age: [{enc: x, recipient: y}]\n".to_owned()),
        Just("{\"sops\": {\"mac\": \"ENC[\", \"lastmodified\": \"2026-01-01T00:00:00Z\", \"age\": [{}]}, \"a\": [".to_owned()),
        Just("  shamir_threshold: 255\n  key_groups: [{age: []}, {pgp: [{}]}]\n".to_owned()),
        Just("  encrypted_regex: '('\n".to_owned()),
        Just("a: &a [*a, \"\"\"\n`\\\n".to_owned()),
        "[ -~\\n]{0,40}",
        ".{0,20}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn keys() -> Keys {
    let key = include_bytes!("data/keys/one.agekey");
    Keys::from_secret([("one.agekey", &key[..])]).unwrap()
}

/// What the code of a file seals, line by line: values, and in JSON the names of those that are encrypted (a path is part of what
/// their cipher authenticates). SOPS leaves comments out, names in dotenv files, and what has nothing to encrypt: it may get another
/// name, and in dotenv files disappear behind the value before it, since what follows a cipher text is not looked at.
fn sealed(plain: &[u8], format: Format) -> Vec<Vec<u8>> {
    let without_name = |line: &[u8], separator: &[u8]| {
        let at = line
            .windows(separator.len())
            .position(|here| here == separator);
        line[at.map_or(0, |at| at + separator.len())..].to_vec()
    };
    let lines = plain.split(|byte| *byte == b'\n');
    match format {
        Format::Dotenv => lines
            .filter(|line| !line.starts_with(b"#"))
            .map(|line| without_name(line, b"="))
            .filter(|value| !value.is_empty())
            .collect(),
        Format::Json => lines
            .map(|line| {
                let value = without_name(line, b": ");
                let empty: [&[u8]; 4] = [b"\"\"", b"null", b"{}", b"[]"];
                if empty.contains(&value.strip_suffix(b",").unwrap_or(&value)) {
                    value
                } else {
                    line.to_vec()
                }
            })
            .collect(),
        _ => lines.map(<[u8]>::to_vec).collect(),
    }
}

proptest! {
    #[test]
    fn prop_readers_never_panic(text in pieces()) {
        let keys = keys();
        for format in FORMATS {
            let _ = decrypt_file(text.as_bytes(), format, Format::Yaml, &keys, Integrity::Verify);
        }
    }

    #[test]
    fn prop_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let keys = keys();
        for format in FORMATS {
            prop_assert!(decrypt_file(&bytes, format, format, &keys, Integrity::Verify).is_err());
        }
    }

    /// A byte changed anywhere in an encrypted file: other values never come out.
    #[test]
    fn prop_changed_files_do_not_decrypt_to_something_else(at in any::<prop::sample::Index>(), to in any::<u8>(), which in 0..3usize) {
        let (format, encrypted, expected): (_, &[u8], &[u8]) = [
            (Format::Json, &include_bytes!("data/cases/json/encrypted.json")[..], &include_bytes!("data/cases/json/expected.json")[..]),
            (Format::Dotenv, &include_bytes!("data/cases/dotenv/encrypted.env")[..], &include_bytes!("data/cases/dotenv/expected.env")[..]),
            (Format::Binary, &include_bytes!("data/cases/binary/encrypted.bin")[..], &include_bytes!("data/cases/binary/expected.bin")[..]),
        ][which];
        let mut bytes = encrypted.to_vec();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(plain) = decrypt_file(&bytes, format, format, &keys(), Integrity::Verify) {
            let same = sealed(&plain, format) == sealed(expected, format);
            prop_assert!(same, "{}", String::from_utf8_lossy(&plain));
        }
    }

    #[test]
    fn prop_objects_never_panic(text in pieces(), key in "[a-z.]{0,12}") {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let object = serde_json::json!({
            "kind": "Secret", "apiVersion": "v1", "metadata": { "name": text, "annotations": 3 },
            "data": { key: STANDARD.encode(&text) }, "stringData": [text],
        });
        let _ = decrypt_object(&object, &keys(), Integrity::Verify);
        if let Ok(object) = serde_json::from_str::<serde_json::Value>(&text) {
            let _ = decrypt_object(&object, &keys(), Integrity::Verify);
        }
    }
}
