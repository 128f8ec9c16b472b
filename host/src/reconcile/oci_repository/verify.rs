//! `spec.verify`: whether the artifact is signed by somebody who may.

use rosin_api::source::{OCIRepository, OCIVerification, OCIVerificationProvider};
use rosin_source::oci::{Registry, signature::PublicKey};

use super::{OciRepositories, error::Error};
use crate::reconcile::{kustomization::chain, source::secrets};

impl OciRepositories {
    /// Nothing is stored that fails here. `name` is the manifest, for messages.
    pub(super) async fn verify(
        &self,
        object: &OCIRepository,
        verification: &OCIVerification,
        registry: &Registry,
        digest: &str,
    ) -> Result<(), Error> {
        let provider = verification.provider.as_str();
        let failed = |message: String| Error::Verification { provider, message };
        let Some(secret) = supported(verification)? else {
            return Err(failed("spec.verify.secretRef is missing".to_owned()));
        };
        let secret = secrets::read(&self.shared.session, object.namespace(), secret)
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
}

/// The Secret with the keys. What this version does not have is refused by name, never passed over.
fn supported(verification: &OCIVerification) -> Result<Option<&str>, Error> {
    let refuse = |provider, message| Err(Error::UnsupportedVerification { provider, message });
    if verification.provider == OCIVerificationProvider::Notation {
        return refuse(
            "notation",
            "spec.verify.provider: notation is not supported yet",
        );
    }
    match &verification.secret_ref {
        Some(secret) => Ok(Some(&secret.name)),
        None => refuse(
            "cosign keyless",
            "signatures without keys are not supported yet; name a Secret with public keys in spec.verify.secretRef",
        ),
    }
}
