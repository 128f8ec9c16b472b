//! Key services: each turns what one master key encrypted into a part of the data key.

pub(crate) mod age;
mod age_hybrid;
pub(crate) mod aws;
pub(crate) mod azure;
pub(crate) mod gcp;
mod jwt;
pub(crate) mod pgp;
mod sigv4;
pub(crate) mod vault;
mod web;

use std::fmt;

use zeroize::Zeroizing;

use crate::{account::Account, metadata::MasterKeyKind};

/// Where services are, if not at their usual addresses: tests, private clouds, proxies. An address replaces scheme, host and port.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    pub aws_kms: Option<String>,
    pub aws_sts: Option<String>,
    pub gcp_kms: Option<String>,
    pub gcp_sts: Option<String>,
    pub gcp_iam: Option<String>,
    pub gcp_metadata: Option<String>,
    pub azure_login: Option<String>,
    pub azure_identity: Option<String>,
    pub azure_vault: Option<String>,
}

impl Endpoints {
    /// Sets the address of a service by its name, as `--sops-key-service` has it. Says whether there is such a service.
    pub fn set(&mut self, service: &str, address: &str) -> bool {
        let place = match service {
            "aws-kms" => &mut self.aws_kms,
            "aws-sts" => &mut self.aws_sts,
            "gcp-kms" => &mut self.gcp_kms,
            "gcp-sts" => &mut self.gcp_sts,
            "gcp-iam" => &mut self.gcp_iam,
            "gcp-metadata" => &mut self.gcp_metadata,
            "azure-login" => &mut self.azure_login,
            "azure-identity" => &mut self.azure_identity,
            "azure-vault" => &mut self.azure_vault,
            _ => return false,
        };
        *place = Some(address.trim_end_matches('/').to_owned());
        true
    }
}

/// A token of the account for a cloud, or why there is none.
fn token_for(account: &dyn Account, audience: &str) -> Result<Zeroizing<String>, KeyError> {
    account
        .token(audience)
        .map_err(|error| KeyError::Account(web::shown(&error.0)))
}

/// An annotation that the account has to have.
fn annotation(account: &dyn Account, name: &'static str) -> Result<String, KeyError> {
    account
        .annotation(name)
        .filter(|value| !value.is_empty())
        .ok_or(KeyError::Annotation(name))
}

/// Why one key could not be used. Texts of services are cut and have no control characters.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    #[error("no {0} was given")]
    NotGiven(&'static str),
    #[error("none of the given {0} fits")]
    NoneFits(&'static str),
    #[error("what it encrypted is malformed: {0}")]
    Malformed(String),
    #[error("'{0}' is not an address of such a key")]
    Address(String),
    #[error("the server {0} is not one that may be asked")]
    Server(String),
    #[error("{service} cannot be asked: {cause}")]
    Unreachable {
        service: &'static str,
        cause: String,
    },
    #[error("{service} answered {status}: {text}")]
    Refused {
        service: &'static str,
        status: u16,
        text: String,
    },
    #[error("{0} answered with something else than a data key")]
    Answer(&'static str),
    #[error("the credentials are of no use: {0}")]
    Credentials(String),
    #[error("the account of spec.decryption gets no token: {0}")]
    Account(String),
    #[error("the account of spec.decryption has no annotation {0}")]
    Annotation(&'static str),
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

impl fmt::Display for MasterKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { recipient } => write!(f, "age recipient {}", web::shown(recipient)),
            Self::Pgp { fingerprint } => write!(f, "OpenPGP key {}", web::shown(fingerprint)),
            Self::AwsKms { arn, .. } => write!(f, "AWS KMS key {}", web::shown(arn)),
            Self::GcpKms { resource } => write!(f, "GCP KMS key {}", web::shown(resource)),
            Self::AzureKeyVault { url, name, .. } => {
                write!(
                    f,
                    "Azure Key Vault key {}/keys/{}",
                    web::shown(url),
                    web::shown(name)
                )
            }
            Self::Vault {
                address,
                engine,
                key,
            } => {
                write!(
                    f,
                    "Vault key {}/v1/{}/keys/{}",
                    web::shown(address),
                    web::shown(engine),
                    web::shown(key)
                )
            }
            Self::HuaweiKms { id } => write!(f, "Huawei Cloud KMS key {}", web::shown(id)),
        }
    }
}
