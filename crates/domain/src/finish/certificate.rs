//! Whether a text is base64 of PEM certificates, as far as their frames tell.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// ASN.1: every certificate is a sequence, and large enough for a long length.
const SEQUENCE: [u8; 2] = [0x30, 0x82];

pub(super) fn is_certificate(bundle: &str) -> bool {
    let Some(text) = BASE64_STANDARD
        .decode(bundle)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
    else {
        return false;
    };
    let mut rest = text.as_str();
    let mut found = false;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let Some((body, after)) = after.split_once(END) else {
            return false;
        };
        let body: String = body.split_whitespace().collect();
        if !BASE64_STANDARD
            .decode(body)
            .is_ok_and(|der| der.starts_with(&SEQUENCE))
        {
            return false;
        }
        found = true;
        rest = after;
    }
    found
}
