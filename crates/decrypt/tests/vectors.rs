//! Files that the real sops made (`data/make`): each decrypts to the bytes that `sops decrypt` printed.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::{fs, path::Path};

use rosin_decrypt::{CipherError, FileError, Format, Integrity, Keys, decrypt_file};

fn data() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
}

fn keys(names: &[&str]) -> Keys {
    let entries: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(|name| {
            let bytes = fs::read(data().join("keys").join(name)).unwrap();
            (
                if *name == "id_ed25519" {
                    "ssh.agekey"
                } else {
                    *name
                },
                bytes,
            )
        })
        .collect();
    Keys::from_secret(
        entries
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice())),
    )
    .unwrap()
}

struct Case {
    encrypted: Vec<u8>,
    expected: Vec<u8>,
    format: Format,
}

fn case(name: &str) -> Case {
    let folder = data().join("cases").join(name);
    let file = |start: &str| {
        fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_stem().unwrap() == start)
            .unwrap()
    };
    let encrypted = file("encrypted");
    Case {
        format: Format::of_path(encrypted.to_str().unwrap()),
        encrypted: fs::read(encrypted).unwrap(),
        expected: fs::read(file("expected")).unwrap(),
    }
}

#[track_caller]
fn decrypts(name: &str, keys: &Keys) {
    let case = case(name);
    let plain = decrypt_file(
        &case.encrypted,
        case.format,
        case.format,
        keys,
        Integrity::Verify,
    )
    .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(
        String::from_utf8_lossy(&plain),
        String::from_utf8_lossy(&case.expected),
        "{name}"
    );
}

// parity: KS-DEC-003, KS-DEC-027
#[test]
fn formats_decrypt_to_what_sops_prints() {
    let keys = keys(&["one.agekey"]);
    for name in ["json", "dotenv", "ini", "binary", "binary-text"] {
        decrypts(name, &keys);
    }
}

// parity: KS-DEC-027
#[test]
fn yaml_decrypts_to_what_sops_prints() {
    let keys = keys(&["one.agekey"]);
    for name in [
        "yaml",
        "yaml-documents",
        "yaml-encrypted-regex",
        "yaml-unencrypted-regex",
        "yaml-encrypted-suffix",
        "yaml-unencrypted-suffix",
        "yaml-mac-only-encrypted",
        "yaml-encrypted-comment-regex",
        "yaml-unencrypted-comment-regex",
    ] {
        decrypts(name, &keys);
    }
}

// parity: KS-DEC-003
#[test]
fn age_identities_of_all_kinds_open_files() {
    decrypts("age-hybrid", &keys(&["hybrid.agekey"]));
    decrypts("age-ssh", &keys(&["id_ed25519"]));
    decrypts("age-several", &keys(&["two.agekey"]));
    decrypts(
        "age-several",
        &keys(&["one.agekey", "other.agekey", "hybrid.agekey"]),
    );
}

// parity: KS-DEC-004
#[test]
fn openpgp_keys_open_files() {
    decrypts("pgp-rsa", &keys(&["rsa.asc"]));
    decrypts("pgp-curve", &keys(&["curve.asc", "rsa.asc"]));
    decrypts("pgp-dotenv", &keys(&["rsa.asc", "one.agekey"]));
}

// parity: KS-DEC-026
#[test]
fn enough_key_groups_open_a_file() {
    for format in ["yaml", "json", "env", "ini"] {
        let name = format!("groups-{format}");
        decrypts(&name, &keys(&["one.agekey", "two.agekey"]));
        decrypts(&name, &keys(&["two.agekey", "rsa.asc"]));
        decrypts(&name, &keys(&["one.agekey", "two.agekey", "rsa.asc"]));
    }
}

fn error(name: &str, keys: &Keys) -> FileError {
    let case = case(name);
    decrypt_file(
        &case.encrypted,
        case.format,
        case.format,
        keys,
        Integrity::Verify,
    )
    .unwrap_err()
}

#[test]
fn a_missing_key_is_named_with_the_keys_that_were_given() {
    let told = |name: &str, given: &[&str]| {
        let error = error(name, &keys(given));
        std::error::Error::source(&error).unwrap().to_string()
    };
    let text = told("age-several", &["one.agekey", "rsa.asc"]);
    assert_eq!(text.matches("age recipient age1").count(), 2, "{text}");
    assert!(
        text.contains("none of the given age identities fits"),
        "{text}"
    );
    assert!(text.ends_with("Keys given: one.agekey, rsa.asc"), "{text}");
    let text = told("pgp-rsa", &["one.agekey"]);
    assert!(
        text.contains("OpenPGP key ") && text.contains("no OpenPGP key was given"),
        "{text}"
    );
    let text = told("pgp-rsa", &["curve.asc"]);
    assert!(
        text.contains("none of the given OpenPGP keys fits"),
        "{text}"
    );
    let text = told("groups-yaml", &["two.agekey"]);
    assert!(
        text.starts_with("2 of its key groups could not be opened, 2 have to be"),
        "{text}"
    );
}

#[test]
fn keys_that_need_somebody_to_ask_are_refused() {
    let locked = fs::read(data().join("keys/locked.asc")).unwrap();
    let refused = |name: &str, value: &[u8]| {
        Keys::from_secret([(name, value)])
            .err()
            .unwrap()
            .to_string()
    };
    assert!(refused("a.asc", &locked).contains("passphrase"));
    assert_eq!(
        refused("a.agekey", b"# plugin\nAGE-PLUGIN-YUBIKEY-1QQQ\n"),
        "the entry 'a.agekey' cannot be used: line 2 is the identity of a plugin, and plugins are not run"
    );
    assert!(
        refused("a.agekey", b"AGE-SECRET-KEY-1NONSENSE")
            .contains("line 1 is not a valid X25519 identity")
    );
}

/// Changes a case's bytes and says how it failed.
fn changed(name: &str, change: impl Fn(&str) -> String) -> Result<Vec<u8>, FileError> {
    let case = case(name);
    let text = String::from_utf8(case.encrypted).unwrap();
    let text = change(&text);
    decrypt_file(
        text.as_bytes(),
        case.format,
        case.format,
        &keys(&["one.agekey"]),
        Integrity::Verify,
    )
}

// parity: SEC-SOPS-01
#[test]
fn changes_of_encrypted_files_are_found() {
    let value = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line[key.len()..].to_owned()
    };
    let moved = changed("dotenv", |text| {
        let (user, url) = (value(text, "USER="), value(text, "URL="));
        text.replace(&user, "\0")
            .replace(&url, &user)
            .replace('\0', &url)
    });
    assert!(
        matches!(moved, Err(FileError::Value { ref path, .. }) if path == "USER"),
        "{moved:?}"
    );
    let comment = changed("dotenv", |text| text.replacen("#ENC", "=ENC", 1));
    assert!(
        matches!(
            comment,
            Err(FileError::Value {
                error: CipherError::Comment,
                ..
            })
        ),
        "{comment:?}"
    );
    let truncated = changed("json", |text| text.replacen(",iv:", "AAAA,iv:", 1));
    assert!(
        matches!(truncated, Err(FileError::Value { .. })),
        "{truncated:?}"
    );
    let plain_value = changed("yaml-encrypted-regex", |text| {
        text.replace("tier: \"1\"", "tier: \"2\"")
    });
    assert!(
        matches!(plain_value, Err(FileError::MacMismatch)),
        "{plain_value:?}"
    );
    let dropped = changed("dotenv", |text| {
        let line = text.lines().find(|line| line.starts_with("USER=")).unwrap();
        text.replace(line, "")
    });
    assert!(
        matches!(dropped, Err(FileError::MacMismatch)),
        "{dropped:?}"
    );
    let without = changed("dotenv", |text| {
        let line = text
            .lines()
            .find(|line| line.starts_with("sops_mac="))
            .unwrap();
        text.replace(line, "")
    });
    assert!(matches!(without, Err(FileError::NoMac)), "{without:?}");
}

#[test]
fn only_encrypted_values_count_where_the_file_says_so() {
    changed("yaml-mac-only-encrypted", |text| {
        text.replace("tier: \"1\"", "tier: \"2\"")
    })
    .unwrap();
}

// parity: SEC-SOPS-04
#[test]
fn a_format_that_lies_is_refused() {
    let case = case("yaml");
    for format in [Format::Json, Format::Dotenv, Format::Ini, Format::Binary] {
        let error = decrypt_file(
            &case.encrypted,
            format,
            format,
            &keys(&["one.agekey"]),
            Integrity::Verify,
        );
        assert!(error.is_err(), "{format}");
    }
}
