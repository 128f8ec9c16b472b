//! AWS Signature Version 4.

use http::{HeaderName, HeaderValue, Request};
use jiff::Timestamp;
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::KeyError;

pub(super) struct Signer<'a> {
    pub(super) access_key: &'a str,
    pub(super) secret_key: &'a str,
    pub(super) session_token: Option<&'a str>,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Signer<'_> {
    /// Adds the headers that prove who sends. Host and content are signed; the query, which we do not use, is taken to be empty.
    pub(super) fn sign(
        &self,
        request: &mut Request<Vec<u8>>,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        let wrong =
            |_| KeyError::Credentials("they have characters that no header may carry".to_owned());
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let host = request
            .uri()
            .authority()
            .map_or("", |authority| authority.as_str())
            .to_owned();
        let mut added = vec![("host", host), ("x-amz-date", time.clone())];
        if let Some(token) = self.session_token {
            added.push(("x-amz-security-token", token.to_owned()));
        }
        for (name, value) in added {
            let value = HeaderValue::from_str(&value).map_err(wrong)?;
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        let mut names: Vec<&HeaderName> = request.headers().keys().collect();
        names.sort_by_key(|name| name.as_str());
        let signed_names = names
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join(";");
        let lines: String = names
            .iter()
            .map(|name| {
                let value = request.headers()[*name].to_str().unwrap_or_default();
                format!("{name}:{}\n", value.trim())
            })
            .collect();
        let canonical = format!(
            "{}\n{}\n\n{lines}\n{signed_names}\n{}",
            request.method(),
            request.uri().path(),
            hash(request.body())
        );
        let scope = format!(
            "{}/{}/{}/aws4_request",
            &time[..8],
            self.region,
            self.service
        );
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
            hash(canonical.as_bytes())
        );
        let signature = hex::encode(mac(&self.key(&time[..8]), to_sign.as_bytes()));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed_names}, Signature={signature}",
            self.access_key
        );
        let authorization = HeaderValue::from_str(&authorization).map_err(wrong)?;
        request
            .headers_mut()
            .insert(http::header::AUTHORIZATION, authorization);
        Ok(())
    }

    fn key(&self, day: &str) -> Zeroizing<Vec<u8>> {
        let start = Zeroizing::new(format!("AWS4{}", self.secret_key).into_bytes());
        [day, self.region, self.service, "aws4_request"]
            .iter()
            .fold(start, |key, part| {
                Zeroizing::new(mac(&key, part.as_bytes()).as_ref().to_vec())
            })
    }
}

fn mac(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

fn hash(text: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "get-vanilla" and "post-vanilla" of AWS's own test suite for signatures.
    #[test]
    fn signatures_are_those_of_the_published_suite() {
        let signer = Signer {
            access_key: "AKIDEXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session_token: None,
            region: "us-east-1",
            service: "service",
        };
        let now: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
        for (method, signature) in [
            (
                "GET",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
        ] {
            let mut request = Request::builder()
                .method(method)
                .uri("https://example.amazonaws.com/")
                .body(Vec::new())
                .unwrap();
            signer.sign(&mut request, now).unwrap();
            let authorization = request.headers()["authorization"].to_str().unwrap();
            assert!(authorization.ends_with(signature), "{authorization}");
        }
    }
}
