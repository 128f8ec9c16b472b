//! `spec.verify`: whether commit and tag are signed by somebody who may.

use rosin_api::{
    ConditionStatus, GitRepository, Reason, condition_type,
    source::{GitVerification, GitVerifyMode},
};
use rosin_source::git::{
    Checkout,
    signature::{PublicKeys, Signed},
};

use super::{GitRepositories, error::Error};
use crate::{
    controller::Progress,
    reconcile::{kustomization::chain, source::secrets},
};

impl GitRepositories {
    /// Read with the controller's own rights, as Flux does.
    pub(super) async fn public_keys(
        &self,
        object: &GitRepository,
        verification: &GitVerification,
    ) -> Result<PublicKeys, Error> {
        let (namespace, name) = (object.namespace(), &verification.secret_ref.name);
        let secret = secrets::read(&self.shared.session, namespace, name).await;
        let entries = secret.map_err(|error| Error::Verification {
            reason: Reason::VerificationError,
            message: format!("public keys secret error: {error}"),
        })?;
        Ok(PublicKeys::from_secret(
            entries
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice())),
        ))
    }
}

/// Nothing is stored that fails here.
pub(super) fn verify(
    verification: &GitVerification,
    checkout: &Checkout,
    keys: &PublicKeys,
    progress: &mut Progress<'_, GitRepository>,
) -> Result<(), Error> {
    let mode = verification.mode;
    let mut verified = Vec::new();
    if matches!(mode, GitVerifyMode::Tag | GitVerifyMode::TagAndHead) {
        let (name, tag) = tag(checkout)?;
        let key = by(&tag, keys, Reason::InvalidTagSignature, || {
            format!("tag '{name}'")
        })?;
        verified.push(format!("tag '{name}' with key '{key}'"));
    }
    if mode != GitVerifyMode::Tag {
        let commit = checkout
            .signed_commit()
            .map_err(|error| Error::Fetch(chain(&error)))?;
        let hash = &checkout.commit().hash;
        let key = by(&commit, keys, Reason::InvalidCommitSignature, || {
            format!("commit '{hash}'")
        })?;
        verified.push(format!("commit '{hash}' with key '{key}'"));
    }
    progress.verified(&format!(
        "verified signature of\n\t- {}",
        verified.join("\n\t- ")
    ));
    progress.status.source_verification_mode = Some(name_of(mode).to_owned());
    Ok(())
}

/// Whether the artifact was verified in the way that the spec asks for.
pub(super) fn is_verified(object: &GitRepository) -> bool {
    let Some(verification) = &object.spec.verify else {
        return true;
    };
    let Some(status) = &object.status else {
        return false;
    };
    let mode = verification.mode;
    status.source_verification_mode.as_deref() == Some(name_of(mode))
        && status.conditions.iter().any(|condition| {
            condition.type_ == condition_type::SOURCE_VERIFIED
                && condition.status == ConditionStatus::True
        })
}

fn name_of(mode: GitVerifyMode) -> &'static str {
    match mode {
        GitVerifyMode::LegacyHead | GitVerifyMode::Head => "HEAD",
        GitVerifyMode::Tag => "Tag",
        GitVerifyMode::TagAndHead => "TagAndHEAD",
    }
}

fn tag(checkout: &Checkout) -> Result<(String, Signed), Error> {
    let found = checkout
        .signed_tag()
        .map_err(|error| Error::Fetch(chain(&error)))?;
    let Some((name, tag)) = found else {
        return Err(Error::Verification {
            reason: Reason::InvalidVerificationMode,
            message: "cannot verify tag object's signature if a tag reference is not specified"
                .to_owned(),
        });
    };
    if tag.signature.is_none() {
        return Err(Error::Verification {
            reason: Reason::InvalidGitObject,
            message: format!("cannot verify signature of tag '{name}' since it is not signed"),
        });
    }
    Ok((name, tag))
}

fn by(
    signed: &Signed,
    keys: &PublicKeys,
    reason: Reason,
    what: impl Fn() -> String,
) -> Result<String, Error> {
    signed
        .verify(keys, std::time::SystemTime::now())
        .map_err(|error| Error::Verification {
            reason,
            message: format!("signature verification of {} failed: {error}", what()),
        })
}
