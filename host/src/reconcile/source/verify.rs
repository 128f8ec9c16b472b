//! `spec.verify` of what comes from a registry: whether it is signed by somebody who may.

use rosin_api::{LocalObjectReference, source::OCIVerificationProvider};
use rosin_source::oci::{Registry, signature::PublicKey};

use super::secrets;
use crate::{cluster::Session, reconcile::kustomization::chain};

/// Why something is not taken as signed. `Display` names the way of verifying.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    #[error("failed to verify the signature using provider '{provider}': {message}")]
    Failed {
        provider: &'static str,
        message: String,
    },
    /// A way of verifying that this version does not have.
    #[error("failed to verify the signature using provider '{provider}': {message}")]
    Unsupported {
        provider: &'static str,
        message: &'static str,
    },
}

/// Nothing is stored that fails here.
pub(in crate::reconcile) async fn verify(
    session: &Session,
    namespace: &str,
    provider: OCIVerificationProvider,
    keys: Option<&LocalObjectReference>,
    registry: &Registry,
    digest: &str,
) -> Result<(), Unverified> {
    let secret = supported(provider, keys)?;
    let provider = provider.as_str();
    let failed = |message: String| Unverified::Failed { provider, message };
    let secret = secrets::read(session, namespace, secret)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let mut keys = Vec::new();
    for (name, value) in secret.iter().filter(|(name, _)| name.ends_with(".pub")) {
        let key = PublicKey::from_pem(value)
            .map_err(|error| failed(format!("key '{name}' of the secret: {error}")))?;
        keys.push(key);
    }
    let signed = registry
        .is_signed(digest, &keys)
        .await
        .map_err(|error| failed(chain(&error)))?;
    if signed {
        return Ok(());
    }
    let name = format!("{}@{digest}", registry.repository());
    Err(failed(format!(
        "no matching signatures were found for '{name}'"
    )))
}

/// The Secret with the keys. What this version does not have is refused by name, never passed over.
fn supported(
    provider: OCIVerificationProvider,
    keys: Option<&LocalObjectReference>,
) -> Result<&str, Unverified> {
    let refuse = |provider, message| Err(Unverified::Unsupported { provider, message });
    if provider == OCIVerificationProvider::Notation {
        return refuse(
            "notation",
            "spec.verify.provider: notation is not supported yet",
        );
    }
    match keys {
        Some(secret) => Ok(&secret.name),
        None => refuse(
            "cosign keyless",
            "signatures without keys are not supported yet; name a Secret with public keys in spec.verify.secretRef",
        ),
    }
}
