//! How a server is reached: certificates and proxy from the Secrets that a source names.

use rosin_api::LocalObjectReference;
use rosin_source::http::{Connect, Proxy};

use super::secrets;
use crate::cluster::Session;

/// The certificates of `spec.certSecretRef`, if it is given.
pub(in crate::reconcile) async fn certificates(
    session: &Session,
    namespace: &str,
    reference: Option<&LocalObjectReference>,
) -> Result<Option<Connect>, String> {
    let Some(reference) = reference.filter(|reference| !reference.name.is_empty()) else {
        return Ok(None);
    };
    let secret = secrets::named(session, namespace, &reference.name).await?;
    secrets::certificates(&format!("{namespace}/{}", reference.name), &secret).map(Some)
}

/// The proxy of `spec.proxySecretRef`, which wins over that of the environment.
pub(in crate::reconcile) async fn proxy(
    session: &Session,
    namespace: &str,
    reference: Option<&LocalObjectReference>,
) -> Result<Option<Proxy>, String> {
    let Some(reference) = reference else {
        return Ok(None);
    };
    let mut secret = secrets::named(session, namespace, &reference.name).await?;
    Proxy::from_secret(&mut secret)
        .map(Some)
        .map_err(|error| format!("secret '{namespace}/{}': {error}", reference.name))
}
