//! `urlParse` and `urlJoin`, by the rules of Go's `net/url`.

use super::args::{map, text};
use crate::error::CallError;
use crate::func::{Functions, Param};
use crate::strconv::quote;
use crate::value::{Map, Value, lossy};

pub(super) fn register(functions: &mut Functions) {
    functions.add("urlParse", &[Param::String], |_, a| {
        let source = lossy(text(a, 0)).into_owned();
        let url = Url::parse(&source).map_err(|why| {
            format!(
                "unable to parse url: parse {}: {why}",
                quote(source.as_bytes())
            )
        })?;
        Ok(Value::Map(url.parts()))
    });
    functions.add("urlJoin", &[Param::Map], |_, a| join(&map(a, 0)));
}

#[derive(Default)]
struct Url {
    scheme: String,
    opaque: String,
    user: Option<(String, Option<String>)>,
    host: String,
    path: Vec<u8>,
    raw_path: String,
    omit_host: bool,
    force_query: bool,
    query: String,
    fragment: Vec<u8>,
    raw_fragment: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    User,
    Fragment,
}

fn must_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    if part == Part::Host && b"!$&'()*+,;=:[]<>\"".contains(&byte) {
        return false;
    }
    match byte {
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match part {
            Part::Path => byte == b'?',
            Part::User => matches!(byte, b'@' | b'/' | b'?' | b':'),
            Part::Fragment => false,
            _ => true,
        },
        b'!' | b'(' | b')' | b'*' => part != Part::Fragment,
        _ => true,
    }
}

fn escape(bytes: &[u8], part: Part) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if must_escape(*byte, part) {
            out.push_str(&format!("%{byte:02X}"));
        } else {
            out.push(char::from(*byte));
        }
    }
    out
}

fn unescape(text: &str, part: Part) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            let byte = bytes[at];
            if part == Part::Host && byte < 0x80 && must_escape(byte, part) {
                let shown = quote(&bytes[at..=at]);
                return Err(format!("invalid character {shown} in host name"));
            }
            out.push(byte);
            at += 1;
            continue;
        }
        let digits = text
            .get(at + 1..at + 3)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(value) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            let end = (at + 3).min(bytes.len());
            return Err(format!("invalid URL escape {}", quote(&bytes[at..end])));
        };
        if part == Part::Host && value < 0x80 && &text[at..at + 3] != "%25" {
            return Err(format!("invalid URL escape {}", quote(&bytes[at..at + 3])));
        }
        out.push(value);
        at += 3;
    }
    Ok(out)
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((&text[..index], &text[index + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

impl Url {
    fn parse(source: &str) -> Result<Self, String> {
        let (body, fragment) = source.split_once('#').unwrap_or((source, ""));
        let mut url = Self::parse_body(body)?;
        if !fragment.is_empty() {
            url.fragment = unescape(fragment, Part::Fragment)?;
            if escape(&url.fragment, Part::Fragment) != fragment {
                url.raw_fragment = fragment.to_owned();
            }
        }
        Ok(url)
    }

    fn parse_body(source: &str) -> Result<Self, String> {
        if source.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".into());
        }
        let mut url = Self::default();
        if source == "*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, mut rest) = scheme(source)?;
        url.scheme = scheme.to_ascii_lowercase();
        if rest.ends_with('?') && rest.matches('?').count() == 1 {
            url.force_query = true;
            rest = &rest[..rest.len() - 1];
        } else if let Some((path, query)) = rest.split_once('?') {
            rest = path;
            url.query = query.to_owned();
        }
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_owned();
                return Ok(url);
            }
            let segment = rest.split('/').next().unwrap_or_default();
            if segment.contains(':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        if (!url.scheme.is_empty() || !rest.starts_with("///")) && rest.starts_with("//") {
            let authority = &rest[2..];
            let end = authority.find('/').unwrap_or(authority.len());
            url.authority(&authority[..end])?;
            rest = &authority[end..];
        } else if !url.scheme.is_empty() && rest.starts_with('/') {
            url.omit_host = true;
        }
        url.path = unescape(rest, Part::Path)?;
        if escape(&url.path, Part::Path) != rest {
            url.raw_path = rest.to_owned();
        }
        Ok(url)
    }

    fn authority(&mut self, authority: &str) -> Result<(), String> {
        let host = match authority.rsplit_once('@') {
            None => authority,
            Some((user, host)) => {
                let allowed =
                    |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
                if !user.chars().all(allowed) {
                    return Err("net/url: invalid userinfo".into());
                }
                let text =
                    |part: &str| unescape(part, Part::User).map(|bytes| lossy(&bytes).into_owned());
                self.user = Some(match user.split_once(':') {
                    Some((name, password)) => (text(name)?, Some(text(password)?)),
                    None => (text(user)?, None),
                });
                host
            }
        };
        let port = if let Some(end) = host.rfind(']').filter(|_| host.starts_with('[')) {
            &host[end + 1..]
        } else if host.starts_with('[') {
            return Err("missing ']' in host".into());
        } else {
            host.rfind(':').map_or("", |at| &host[at..])
        };
        let digits = port.strip_prefix(':');
        if !port.is_empty()
            && !digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(format!(
                "invalid port {} after host",
                quote(port.as_bytes())
            ));
        }
        self.host = lossy(&unescape(host, Part::Host)?).into_owned();
        Ok(())
    }

    fn hostname(&self) -> &str {
        let host = match self.host.rfind(':') {
            Some(at)
                if self.host[at + 1..]
                    .bytes()
                    .all(|byte| byte.is_ascii_digit()) =>
            {
                &self.host[..at]
            }
            _ => &self.host,
        };
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    fn userinfo(&self) -> String {
        match &self.user {
            None => String::new(),
            Some((name, None)) => escape(name.as_bytes(), Part::User),
            Some((name, Some(password))) => {
                format!(
                    "{}:{}",
                    escape(name.as_bytes(), Part::User),
                    escape(password.as_bytes(), Part::User)
                )
            }
        }
    }

    fn parts(&self) -> Map {
        Map::from_iter([
            ("scheme", Value::from(self.scheme.as_str())),
            ("host", Value::from(self.host.as_str())),
            ("hostname", Value::from(self.hostname())),
            ("path", Value::string(self.path.clone())),
            ("query", Value::from(self.query.as_str())),
            ("opaque", Value::from(self.opaque.as_str())),
            ("fragment", Value::string(self.fragment.clone())),
            ("userinfo", Value::from(self.userinfo())),
        ])
    }

    fn text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if !self.opaque.is_empty() {
            out.push_str(&self.opaque);
        } else {
            if !self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some() {
                let bare = self.host.is_empty() && self.user.is_none();
                if !bare || (!self.omit_host && !self.path.is_empty()) {
                    out.push_str("//");
                }
                if self.user.is_some() {
                    out.push_str(&self.userinfo());
                    out.push('@');
                }
                out.push_str(&escape(self.host.as_bytes(), Part::Host));
            }
            let path = escape(&self.path, Part::Path);
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty()
                && path
                    .split('/')
                    .next()
                    .is_some_and(|segment| segment.contains(':'))
            {
                out.push_str("./");
            }
            out.push_str(&path);
        }
        if self.force_query || !self.query.is_empty() {
            out.push('?');
            out.push_str(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&escape(&self.fragment, Part::Fragment));
        }
        out
    }
}

fn join(parts: &Map) -> Result<Value, CallError> {
    let part = |key: &str| -> Result<String, CallError> {
        match parts.get(key.as_bytes()) {
            None => Ok(String::new()),
            Some(Value::Str(text)) => Ok(text.to_string()),
            Some(Value::Nil) => {
                Err("runtime error: invalid memory address or nil pointer dereference".into())
            }
            Some(other) => {
                let kind = other.kind();
                Err(
                    format!("unable to parse {key} key, must be of type string, but {kind} found")
                        .into(),
                )
            }
        }
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?.into_bytes(),
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?.into_bytes(),
        ..Url::default()
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let source = format!("proto://{user}@host");
        let parsed = Url::parse(&source).map_err(|why| {
            format!(
                "unable to parse userinfo in dict: parse {}: {why}",
                quote(source.as_bytes())
            )
        })?;
        url.user = parsed.user;
    }
    Ok(Value::from(url.text()))
}
