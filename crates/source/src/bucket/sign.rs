//! Signatures of requests, version 4: what is signed is the request without a body.

use std::time::SystemTime;

use ring::hmac;
use sha2::{Digest as _, Sha256};

use super::Keys;

/// The SHA-256 of nothing.
pub(super) const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What a request says of itself, in the spelling that is sent.
pub(super) struct Request<'a> {
    pub method: &'a str,
    pub host: &'a str,
    pub path: &'a str,
    /// Sorted.
    pub query: &'a str,
}

/// `20260102T030405Z`.
pub(super) fn time(now: SystemTime) -> String {
    let now = jiff::Timestamp::try_from(now).unwrap_or_default();
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The header `Authorization`.
pub(super) fn authorization(
    request: &Request<'_>,
    keys: &Keys,
    region: &str,
    time: &str,
) -> String {
    const HEADERS: &str = "host;x-amz-content-sha256;x-amz-date";
    let Request {
        method,
        host,
        path,
        query,
    } = request;
    let canonical = format!(
        "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{EMPTY}\nx-amz-date:{time}\n\n{HEADERS}\n{EMPTY}"
    );
    let day = time.get(..8).unwrap_or(time);
    let scope = format!("{day}/{region}/s3/aws4_request");
    let digest = hex::encode(Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let first = format!("AWS4{}", keys.secret);
    let steps = [day, region, "s3", "aws4_request", &text];
    let signature = steps.iter().fold(first.into_bytes(), |key, step| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        hmac::sign(&key, step.as_bytes()).as_ref().to_vec()
    });
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={HEADERS}, Signature={}",
        keys.access,
        hex::encode(signature)
    )
}

/// Everything but letters, digits and `-_.~` is written as `%XX`; slashes stay where a path has them.
pub(super) fn encode(text: &str, keep_slash: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (keep_slash && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: SRC-BKT-002
    #[test]
    fn a_request_is_signed_as_amazon_documents_it() {
        // The example "GET Bucket (List Objects)" of Amazon's reference of the S3 API.
        let keys = Keys {
            access: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        };
        let request = Request {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/",
            query: "max-keys=2&prefix=J",
        };
        let header = authorization(&request, &keys, "us-east-1", "20130524T000000Z");
        assert!(
            header.ends_with(
                "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
            "{header}"
        );
    }

    #[test]
    fn names_are_written_in_the_one_way_that_is_signed() {
        assert_eq!(encode("a b/ä+~", true), "a%20b/%C3%A4%2B~");
        assert_eq!(encode("a/b", false), "a%2Fb");
    }
}
