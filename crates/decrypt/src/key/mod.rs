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

use crate::metadata::MasterKeyKind;

/// Where services are, if not at their usual addresses: tests, private clouds, proxies. An address replaces scheme, host and port.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    pub aws_kms: Option<String>,
    pub aws_sts: Option<String>,
    pub gcp_kms: Option<String>,
    pub azure_login: Option<String>,
    pub azure_identity: Option<String>,
    pub azure_vault: Option<String>,
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
