//! The Secrets that sources name, in the keys that Flux reads.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use rosin_source::http::Connect;
use serde_json::Value;

use crate::cluster::{ApiError, Session};

/// Decoded values by key.
pub(in crate::reconcile) type Data = BTreeMap<String, Vec<u8>>;

pub(in crate::reconcile) async fn read(
    session: &Session,
    namespace: &str,
    name: &str,
) -> Result<Data, ApiError> {
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    let secret = session.send(Method::GET, &path, None, None).await?;
    let data = secret.get("data").and_then(Value::as_object);
    let decoded = data.into_iter().flatten().filter_map(|(key, value)| {
        Some((key.clone(), BASE64_STANDARD.decode(value.as_str()?).ok()?))
    });
    Ok(decoded.collect())
}

/// As [`read`], with the name in the message of a failure.
pub(in crate::reconcile) async fn named(
    session: &Session,
    namespace: &str,
    name: &str,
) -> Result<Data, String> {
    read(session, namespace, name)
        .await
        .map_err(|error| format!("failed to get secret '{namespace}/{name}': {error}"))
}

/// The Secrets with which the pods of a service account pull images.
pub(in crate::reconcile) async fn pull_secrets(
    session: &Session,
    namespace: &str,
    account: &str,
) -> Result<Vec<String>, ApiError> {
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}");
    let account = session.send(Method::GET, &path, None, None).await?;
    let secrets = account.get("imagePullSecrets").and_then(Value::as_array);
    let names = secrets.into_iter().flatten();
    Ok(names
        .filter_map(|secret| Some(secret.get("name")?.as_str()?.to_owned()))
        .collect())
}

/// `ca.crt`, and `tls.crt` with `tls.key`; the older names count where the newer are absent.
pub(in crate::reconcile) fn certificates(name: &str, secret: &Data) -> Result<Connect, String> {
    let value = |key: &str, older: &str| {
        let value = secret.get(key).or_else(|| secret.get(older));
        value.filter(|value| !value.is_empty()).cloned()
    };
    let ca = value("ca.crt", "caFile");
    let identity = match (value("tls.crt", "certFile"), value("tls.key", "keyFile")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(format!(
                "secret '{name}' must have both 'tls.crt' and 'tls.key', or neither"
            ));
        }
    };
    if ca.is_none() && identity.is_none() {
        return Err(format!(
            "secret '{name}' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'"
        ));
    }
    Ok(Connect {
        ca,
        identity,
        ..Connect::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(keys: &[(&str, &str)]) -> Data {
        let pairs = keys
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()));
        pairs.collect()
    }

    #[test]
    fn newer_names_of_certificates_win_and_pairs_stay_together() {
        // parity: SRC-GEN-033
        let both = secret(&[
            ("ca.crt", "new"),
            ("caFile", "old"),
            ("certFile", "c"),
            ("keyFile", "k"),
        ]);
        let connect = certificates("s", &both).unwrap();
        assert_eq!(connect.ca.as_deref(), Some(b"new".as_slice()));
        assert_eq!(connect.identity, Some((b"c".to_vec(), b"k".to_vec())));
        assert!(!connect.unverified);
        assert!(certificates("s", &secret(&[("tls.crt", "c")])).is_err());
        assert!(certificates("s", &secret(&[("other", "x")])).is_err());
    }
}
