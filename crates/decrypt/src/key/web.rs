//! Requests to key services, and what their answers say.

use http::{Method, Request, Response, Uri};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::KeyError;
use crate::remote::Remote;

const SHOWN: usize = 200;

/// Text from a file or a server, fit for a message: one line, not too long.
pub(super) fn shown(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN)
        .collect();
    if clean.len() < text.len() {
        clean + "…"
    } else {
        clean
    }
}

pub(super) fn request(
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<Request<Vec<u8>>, KeyError> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
        .body(body)
        .map_err(|_| KeyError::Address(shown(uri)))
}

pub(super) fn host(uri: &str) -> Result<String, KeyError> {
    let parsed: Uri = uri.parse().map_err(|_| KeyError::Address(shown(uri)))?;
    let authority = parsed
        .authority()
        .ok_or_else(|| KeyError::Address(shown(uri)))?;
    // Credentials in an address would end up in messages.
    if authority.as_str().contains('@') {
        return Err(KeyError::Address(shown(authority.host())));
    }
    Ok(authority.as_str().to_owned())
}

/// Sends, and takes every answer but success for a refusal.
pub(super) fn send(
    remote: &dyn Remote,
    service: &'static str,
    request: Request<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let response: Response<Vec<u8>> =
        remote
            .send(request)
            .map_err(|error| KeyError::Unreachable {
                service,
                cause: shown(&error.0),
            })?;
    let status = response.status();
    let body = Zeroizing::new(response.into_body());
    if status.is_success() {
        return Ok(body);
    }
    Err(KeyError::Refused {
        service,
        status: status.as_u16(),
        text: reason(&body),
    })
}

pub(super) fn send_json(
    remote: &dyn Remote,
    service: &'static str,
    request: Request<Vec<u8>>,
) -> Result<Json, KeyError> {
    let body = send(remote, service, request)?;
    serde_json::from_slice(&body).map_err(|_| KeyError::Answer(service))
}

/// What the services write into their errors, where it is found; the rest of a body is not shown to tenants.
fn reason(body: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<Json>(body) else {
        return xml_text(body, "Code").map_or_else(|| "no reason".to_owned(), |code| shown(&code));
    };
    let texts = [
        "/error/message",
        "/message",
        "/Message",
        "/error_description",
        "/__type",
        "/error",
        "/errors/0",
    ];
    texts
        .iter()
        .find_map(|path| json.pointer(path)?.as_str())
        .map_or_else(|| "no reason".to_owned(), shown)
}

/// The text of the first element of a name, in the plain XML that AWS's older services answer with.
pub(super) fn xml_text(body: &[u8], element: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let start = text.find(&format!("<{element}>"))? + element.len() + 2;
    let end = start + text[start..].find(&format!("</{element}>"))?;
    let text = &text[start..end];
    Some(
        text.replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

/// A body of a form.
pub(super) fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value, false)))
        .collect();
    pairs.join("&").into_bytes()
}

/// Percent-encoded but for what no URL needs encoded, and slashes where they part a path.
pub(super) fn escaped(text: &str, path: bool) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (path && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
        out
    })
}
