//! Signatures that cosign made with a key: the bundles of its version 3, and the tags of its version 2. The transparency log is not
//! asked, as Flux does not ask it where there is a key.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;

use super::{OciError, Registry};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// What a bundle must say about the artifact: other statements, such as a list of contents, are no signatures of it.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
const IN_TOTO: &str = "application/vnd.in-toto+json";
/// Signatures that are looked at: anybody who may push may add more.
const MAX_SIGNATURES: usize = 64;

/// A public key of an algorithm that cosign signs with.
pub struct PublicKey {
    algorithms: Vec<&'static dyn VerificationAlgorithm>,
    key: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a PEM public key of a known kind (ECDSA P-256 or P-384, RSA, Ed25519)")]
pub struct InvalidPublicKey;

impl PublicKey {
    /// From a PEM `PUBLIC KEY`.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InvalidPublicKey> {
        let info = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| InvalidPublicKey)?;
        Self::from_der(&info).ok_or(InvalidPublicKey)
    }

    fn from_der(info: &[u8]) -> Option<Self> {
        const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
        const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
        let (info, rest) = der(info, 0x30)?;
        let (algorithm, key) = der(info, 0x30)?;
        let (key, more) = der(key, 0x03)?;
        if !rest.is_empty() || !more.is_empty() {
            return None;
        }
        let key = key.strip_prefix(&[0])?.to_vec();
        let (kind, parameters) = der(algorithm, 0x06)?;
        let algorithms: Vec<&'static dyn VerificationAlgorithm> = match kind {
            EC => match der(parameters, 0x06)?.0 {
                P256 => vec![&algorithms::ECDSA_P256_SHA256_ASN1],
                P384 => vec![
                    &algorithms::ECDSA_P384_SHA256_ASN1,
                    &algorithms::ECDSA_P384_SHA384_ASN1,
                ],
                _ => return None,
            },
            RSA => vec![&algorithms::RSA_PKCS1_2048_8192_SHA256],
            ED25519 => vec![&algorithms::ED25519],
            _ => return None,
        };
        Some(Self { algorithms, key })
    }

    fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.algorithms.iter().any(|algorithm| {
            UnparsedPublicKey::new(*algorithm, &self.key)
                .verify(message, signature)
                .is_ok()
        })
    }
}

/// Content of the first element, which must have this tag, and what follows it.
fn der(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (
            usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])),
            &rest[2..],
        ),
        _ => return None,
    };
    rest.split_at_checked(length)
}

impl Registry {
    /// Whether one of the keys signed the manifest with this digest.
    ///
    /// # Errors
    /// When the registry does not answer. A signature that is malformed or another's is no signature.
    pub async fn is_signed(&self, digest: &str, keys: &[PublicKey]) -> Result<bool, OciError> {
        Ok(self.has_bundle(digest, keys).await? || self.has_tag(digest, keys).await?)
    }

    async fn has_bundle(&self, digest: &str, keys: &[PublicKey]) -> Result<bool, OciError> {
        let index = match self.referrers(digest).await {
            Ok(index) => index,
            Err(error) if no_signature(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_bundle = |kind: Option<&str>| kind.is_some_and(|kind| kind.starts_with(BUNDLE));
        let bundles = index
            .manifests
            .iter()
            .filter(|found| is_bundle(found.artifact_type.as_deref()));
        for bundle in bundles.take(MAX_SIGNATURES) {
            match self.bundle(&bundle.digest).await {
                Ok(content) if bundle_signs(&content, digest, keys) => return Ok(true),
                Ok(_) => {}
                Err(error) if no_signature(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    async fn bundle(&self, digest: &str) -> Result<Vec<u8>, OciError> {
        let manifest = self.manifest(digest).await?;
        self.small_blob(&manifest.layer(None)?.digest).await
    }

    async fn has_tag(&self, digest: &str, keys: &[PublicKey]) -> Result<bool, OciError> {
        let tag = format!("{}.sig", digest.replace(':', "-"));
        let manifest = match self.tagged_manifest(&tag).await {
            Ok(manifest) => manifest,
            Err(error) if no_signature(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        for layer in manifest.layers.iter().take(MAX_SIGNATURES) {
            let Some(signature) = layer.annotations.get(SIGNATURE) else {
                continue;
            };
            let Ok(signature) = BASE64_STANDARD.decode(signature) else {
                continue;
            };
            let payload = match self.small_blob(&layer.digest).await {
                Ok(payload) => payload,
                Err(error) if no_signature(&error) => continue,
                Err(error) => return Err(error),
            };
            let signed = keys.iter().any(|key| key.signed(&payload, &signature));
            if signed && payload_names(&payload, digest) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What is not there, or not what it says, signs nothing.
fn no_signature(error: &OciError) -> bool {
    match error {
        OciError::Unreachable { .. }
        | OciError::Timeout { .. }
        | OciError::Connect(_)
        | OciError::Io(_) => false,
        OciError::Refused { status, .. } => matches!(status, 400 | 404 | 405),
        _ => true,
    }
}

/// The text that version 2 signs names the digest.
fn payload_names(payload: &[u8], digest: &str) -> bool {
    #[derive(Deserialize)]
    struct Payload {
        critical: Critical,
    }
    #[derive(Deserialize)]
    struct Critical {
        image: Image,
    }
    #[derive(Deserialize)]
    struct Image {
        #[serde(rename = "docker-manifest-digest")]
        digest: String,
    }
    serde_json::from_slice::<Payload>(payload)
        .is_ok_and(|payload| payload.critical.image.digest == digest)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: std::collections::BTreeMap<String, String>,
}

fn bundle_signs(bundle: &[u8], digest: &str, keys: &[PublicKey]) -> bool {
    let Ok(Bundle {
        dsse_envelope: envelope,
    }) = serde_json::from_slice(bundle)
    else {
        return false;
    };
    let Ok(payload) = BASE64_STANDARD.decode(&envelope.payload) else {
        return false;
    };
    let kind = &envelope.payload_type;
    let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    message.extend_from_slice(&payload);
    let signed = envelope
        .signatures
        .iter()
        .take(MAX_SIGNATURES)
        .any(|signature| {
            BASE64_STANDARD
                .decode(&signature.sig)
                .is_ok_and(|signature| keys.iter().any(|key| key.signed(&message, &signature)))
        });
    signed && kind == IN_TOTO && statement_names(&payload, digest)
}

fn statement_names(payload: &[u8], digest: &str) -> bool {
    let Some(hex) = digest.strip_prefix("sha256:") else {
        return false;
    };
    serde_json::from_slice::<Statement>(payload).is_ok_and(|statement| {
        let names = |subject: &Subject| {
            subject
                .digest
                .get("sha256")
                .is_some_and(|found| found == hex)
        };
        statement.predicate_type == SIGNED && statement.subject.iter().any(names)
    })
}
