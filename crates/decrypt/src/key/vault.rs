//! HashiCorp Vault and OpenBao: the transit engine.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::json;
use zeroize::Zeroizing;

use super::{KeyError, web};
use crate::remote::Remote;

const SERVICE: &str = "Vault";

pub(crate) fn decrypt(
    remote: &dyn Remote,
    token: &str,
    (address, engine, key): (&str, &str, &str),
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let uri = uri(address, &format!("{engine}/decrypt/{key}"))?;
    let body = json!({ "ciphertext": encrypted }).to_string().into_bytes();
    let headers = [
        ("content-type", "application/json"),
        ("x-vault-request", "true"),
        ("x-vault-token", token),
    ];
    let answer = web::send_json(
        remote,
        SERVICE,
        web::request(Method::PUT, &uri, &headers, body)?,
    )?;
    let plain = answer
        .pointer("/data/plaintext")
        .and_then(|text| text.as_str());
    plain
        .and_then(|text| STANDARD.decode(text).ok())
        .map(Zeroizing::new)
        .ok_or(KeyError::Answer(SERVICE))
}

/// A path below an address of the file. Parts that would lead elsewhere are refused.
fn uri(address: &str, path: &str) -> Result<String, KeyError> {
    let address = address.trim_end_matches('/');
    let plain = ["https://", "http://"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    let odd = |part: &str| part.is_empty() || part == "." || part == "..";
    let path = path.trim_matches('/');
    if !plain || address.contains(['?', '#', '@']) || path.split('/').any(odd) {
        return Err(KeyError::Address(web::shown(address)));
    }
    web::host(address)?;
    Ok(format!("{address}/v1/{}", web::escaped(path, true)))
}
