//! Proxies of their own that sources name.

use std::collections::BTreeMap;

use crate::http::Proxy;

const MAX_ADDRESS: usize = 2048;

/// A Secret that names no usable proxy. Never says what it holds: addresses may carry passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxy {
    #[error("key 'address' not found")]
    Missing,
    #[error("proxy address is empty")]
    Empty,
    #[error("proxy URL exceeds maximum length of {MAX_ADDRESS} characters")]
    TooLong,
    #[error("the proxy address is not a URL of http, https or socks5 with a host")]
    Address,
    #[error("the key '{0}' is not UTF-8")]
    Encoding(&'static str),
}

impl Proxy {
    /// From the entries `address`, `username` and `password`. A password without a user is not used.
    ///
    /// # Errors
    /// When there is no address, or none of a proxy that we can speak to.
    pub fn from_secret(data: &mut BTreeMap<String, Vec<u8>>) -> Result<Self, InvalidProxy> {
        let mut text = |key: &'static str| {
            data.remove(key)
                .map(|value| String::from_utf8(value).map_err(|_| InvalidProxy::Encoding(key)))
                .transpose()
        };
        let address = text("address")?.ok_or(InvalidProxy::Missing)?;
        if address.is_empty() {
            return Err(InvalidProxy::Empty);
        }
        if address.len() > MAX_ADDRESS {
            return Err(InvalidProxy::TooLong);
        }
        let uri: http::Uri = address.parse().map_err(|_| InvalidProxy::Address)?;
        let spoken = matches!(uri.scheme_str(), Some("http" | "https" | "socks5"));
        if !spoken || uri.host().is_none_or(str::is_empty) {
            return Err(InvalidProxy::Address);
        }
        let username = text("username")?;
        let password = text("password")?.filter(|_| username.is_some());
        Ok(Self {
            address,
            username,
            password,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(
        entries: &[(&str, &str)],
    ) -> Result<(String, Option<String>, Option<String>), InvalidProxy> {
        let mut data = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect();
        Proxy::from_secret(&mut data).map(|proxy| (proxy.address, proxy.username, proxy.password))
    }

    // parity: SRC-GEN-032
    #[test]
    fn secrets_name_proxies() {
        let own = |text: &str| Some(text.to_owned());
        for address in [
            "http://proxy:3128",
            "https://proxy",
            "socks5://10.0.0.1:1080",
        ] {
            assert_eq!(
                proxy(&[("address", address)]),
                Ok((address.to_owned(), None, None))
            );
        }
        let whole = [
            ("address", "http://p"),
            ("username", "u"),
            ("password", "s3cret"),
        ];
        assert_eq!(
            proxy(&whole),
            Ok(("http://p".to_owned(), own("u"), own("s3cret")))
        );
        let nobody = [("address", "http://p"), ("password", "s3cret")];
        assert_eq!(proxy(&nobody), Ok(("http://p".to_owned(), None, None)));
        assert_eq!(proxy(&[("username", "u")]), Err(InvalidProxy::Missing));
        assert_eq!(proxy(&[("address", "")]), Err(InvalidProxy::Empty));
        assert_eq!(
            proxy(&[("address", &"h".repeat(2049))]),
            Err(InvalidProxy::TooLong)
        );
        for address in ["proxy:3128", "ftp://proxy", "http://", "not a url"] {
            assert_eq!(
                proxy(&[("address", address)]),
                Err(InvalidProxy::Address),
                "{address}"
            );
        }
    }
}
