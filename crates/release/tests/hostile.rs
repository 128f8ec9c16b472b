//! Records that are none: whoever may write Secrets may write anything into them.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rosin_release::Release;
use rosin_release::record::{RecordError, decode, encode};

const SMALL: &str = r#"{"name":"a","info":{"status":"deployed","new":1},"chart":{"metadata":null,"values":{"n":1}},"version":1,"hooks":[{"name":"h","last_run":{"phase":""},"later":[]}],"newer":{"b":[1.50]}}"#;

#[test]
fn fields_of_newer_versions_are_kept() {
    // parity: HR-STORAGE-012
    let release = Release::from_json(SMALL).unwrap();
    let text = decode(encode(&release).as_bytes()).unwrap().to_json();
    for kept in [r#""newer":{"b":[1.50]}"#, r#""new":1"#, r#""later":[]"#] {
        assert!(text.contains(kept), "{text}");
    }
    // Digests leave them out.
    assert!(!rosin_release::observe::observed_text(&release, "").contains("newer"));
    assert!(!rosin_release::observe::observed_text(&release, "").contains("later"));
}

#[test]
fn records_of_before_compression_are_read() {
    // parity: HR-STORAGE-004
    let release = Release::from_json(SMALL).unwrap();
    assert_eq!(decode(STANDARD.encode(SMALL).as_bytes()).unwrap(), release);
}

#[test]
fn a_bomb_is_refused() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..65 {
        packed.write_all(&spaces).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 100_000);
    let result = decode(STANDARD.encode(packed).as_bytes());
    assert!(matches!(result, Err(RecordError::TooLarge)), "{result:?}");
}

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in [
        ("{}", "the record has no info"),
        (r#"{"info":{}}"#, "the record has no chart"),
        (
            r#"{"info":{"deleted":"yesterday"},"chart":{}}"#,
            "the record's info has a deleted that is no time",
        ),
        (
            r#"{"info":{},"chart":{"values":[]}}"#,
            "the record's chart has values that are no map",
        ),
        (
            r#"{"info":{},"chart":{"files":[{"data":"?"}]}}"#,
            "a file in the record's chart is not base 64",
        ),
        (
            r#"{"info":{},"chart":{},"version":"1"}"#,
            "the record's release is not as Helm writes it",
        ),
    ] {
        assert_eq!(Release::from_json(text).unwrap_err().to_string(), expected);
    }
    assert!(matches!(decode(b"?"), Err(RecordError::Base64(_))));
    let broken = STANDARD.encode([0x1f, 0x8b, 0x08, 0, 1, 2]);
    assert!(matches!(
        decode(broken.as_bytes()),
        Err(RecordError::Gzip(_))
    ));
    assert!(matches!(
        decode(STANDARD.encode([b'"', 0xff]).as_bytes()),
        Err(RecordError::Text)
    ));
    let deep = format!(
        r#"{{"info":{{}},"chart":{{"values":{{"a":{}}}}}}}"#,
        "[".repeat(100_000)
    );
    assert!(Release::from_json(&deep).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_read_is_a_surprise(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6)) {
        let mut bytes = SMALL.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        let plain = decode(STANDARD.encode(&bytes).as_bytes());
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&bytes).unwrap();
        let packed = decode(STANDARD.encode(packed.finish().unwrap()).as_bytes());
        prop_assert_eq!(plain.is_ok(), packed.is_ok());
        // What can be read can be written and read again.
        if let Ok(release) = plain {
            prop_assert_eq!(decode(encode(&release).as_bytes()).unwrap(), release);
        }
    }

    #[test]
    fn noise_is_no_record(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
        prop_assert!(decode(STANDARD.encode(&bytes).as_bytes()).is_err());
    }
}
