//! Signatures that git, gpg and ssh-keygen made (`data/signatures/make`).
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::time::SystemTime;

use rosin_source::git::signature::{PublicKeys, SignatureError, Signed};

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/tests/data/signatures/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn keys(names: &[&str]) -> PublicKeys {
    let entries: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (*name, read(name))).collect();
    PublicKeys::from_secret(
        entries
            .iter()
            .map(|(name, value)| (*name, value.as_slice())),
    )
}

/// As git stores it: the signature of a commit is a header of several lines.
fn commit(name: &str) -> Signed {
    let text = String::from_utf8(read(name)).unwrap();
    let (mut payload, mut signature) = (String::new(), String::new());
    let mut inside = false;
    let mut headers = true;
    for line in text.split_inclusive('\n') {
        headers &= line != "\n";
        inside = headers && (line.starts_with("gpgsig ") || (inside && line.starts_with(' ')));
        if inside {
            signature += line
                .strip_prefix("gpgsig ")
                .or(line.strip_prefix(' '))
                .unwrap();
        } else {
            payload += line;
        }
    }
    Signed {
        payload: payload.into_bytes(),
        signature: (!signature.is_empty()).then_some(signature),
    }
}

fn verify(signed: &Signed, names: &[&str]) -> Result<String, SignatureError> {
    signed.verify(&keys(names), SystemTime::now())
}

// parity: SRC-GIT-032
#[test]
fn commits_and_tags_are_verified_by_the_kind_of_their_signature() {
    for (name, key) in [
        ("rsa", "rsa.asc"),
        ("curve", "curve.asc"),
        ("subkey", "subkey.asc"),
    ] {
        for signed in [
            commit(&format!("{name}.commit")),
            Signed::of_tag(&read(&format!("{name}.tag"))),
        ] {
            let id = verify(&signed, &["ed25519.sshpub", key]).unwrap();
            assert!(
                id.len() == 16
                    && id
                        .bytes()
                        .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_lowercase()),
                "{id}"
            );
        }
    }
    for kind in ["ed25519", "rsa", "ecdsa"] {
        for signed in [
            commit(&format!("ssh-{kind}.commit")),
            Signed::of_tag(&read(&format!("ssh-{kind}.tag"))),
        ] {
            let print = verify(
                &signed,
                &["rsa.asc", "ecdsa.sshpub", "rsa.sshpub", "ed25519.sshpub"],
            )
            .unwrap();
            assert!(print.starts_with("SHA256:") && print.len() == 50, "{print}");
        }
    }
}

// parity: SRC-GIT-032
#[test]
fn entries_of_other_names_are_key_rings() {
    let ring = read("curve.asc");
    let keys = PublicKeys::from_secret([("whatever", ring.as_slice()), ("note", b"no key here")]);
    commit("curve.commit")
        .verify(&keys, SystemTime::now())
        .unwrap();
}

#[test]
fn others_and_changes_are_refused() {
    for (name, key) in [("rsa.commit", "curve.asc"), ("curve.commit", "rsa.asc")] {
        assert_eq!(
            verify(&commit(name), &[key]),
            Err(SignatureError::NoneFits("key rings"))
        );
    }
    assert_eq!(
        verify(&commit("ssh-rsa.commit"), &["ed25519.sshpub"]),
        Err(SignatureError::NoneFits("authorized keys"))
    );
    for (name, key) in [
        ("rsa.commit", "rsa.asc"),
        ("ssh-ed25519.commit", "ed25519.sshpub"),
        ("ssh-rsa.commit", "rsa.sshpub"),
        ("ssh-ecdsa.commit", "ecdsa.sshpub"),
    ] {
        let mut signed = commit(name);
        signed.payload.push(b'!');
        assert!(
            matches!(verify(&signed, &[key]), Err(SignatureError::NoneFits(_))),
            "{name}"
        );
    }
    assert_eq!(
        verify(&commit("unsigned.commit"), &["rsa.asc"]),
        Err(SignatureError::Kind("empty"))
    );
    assert_eq!(
        verify(&commit("rsa.commit"), &["rsa.sshpub"]),
        Err(SignatureError::NoRings)
    );
    assert_eq!(
        verify(&commit("ssh-rsa.commit"), &["rsa.asc"]),
        Err(SignatureError::NoAuthorized)
    );
    assert!(matches!(
        verify(&commit("rsa.commit"), &["unsigned.commit"]),
        Err(SignatureError::Ring(_))
    ));
}

#[test]
fn keys_whose_time_is_over_sign_nothing() {
    assert_eq!(
        verify(&commit("expired.commit"), &["expired.asc"]),
        Err(SignatureError::NoneFits("key rings"))
    );
}
