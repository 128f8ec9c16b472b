//! The keys that a Kustomization has, as Flux reads them from its Secret.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use pgp::composed::SignedSecretKey;
use rosin_manifest::{node::Kind, yaml};
use zeroize::Zeroizing;

use crate::{
    account::Account,
    key::{self, Endpoints, KeyError, age::Identities, aws, azure, gcp},
    metadata::{MasterKey, MasterKeyKind},
    remote::Remote,
};

/// An entry of the Secret that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the entry '{entry}' cannot be used: {cause}")]
pub struct ImportError {
    pub entry: String,
    pub cause: String,
}

/// Keys and credentials, and what they have opened: one master key is asked once in the life of this value. Meant to be
/// dropped when the Kustomization has been built.
#[derive(Default)]
pub struct Keys {
    age: Vec<Identities>,
    pgp: Vec<SignedSecretKey>,
    vault_token: Option<Zeroizing<String>>,
    aws: Option<aws::Credentials>,
    gcp: Option<gcp::Credentials>,
    azure: Option<azure::Credentials>,
    remote: Option<Arc<dyn Remote>>,
    endpoints: Endpoints,
    account: Option<Arc<dyn Account>>,
    names: Vec<String>,
    opened: Mutex<HashMap<MasterKey, Zeroizing<Vec<u8>>>>,
}

impl Keys {
    /// From the entries of the Secret that `spec.decryption.secretRef` names. Entries of other names are not looked at.
    pub fn from_secret<'a>(
        entries: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, ImportError> {
        let mut keys = Self::default();
        for (name, value) in entries {
            keys.import(name, value).map_err(|cause| ImportError {
                entry: name.to_owned(),
                cause,
            })?;
        }
        Ok(keys)
    }

    /// From the Secret of the whole controller, of which only age identities are used.
    pub fn from_shared_secret<'a>(
        entries: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, ImportError> {
        Self::from_secret(
            entries
                .into_iter()
                .filter(|(name, _)| has_ending(name, "agekey")),
        )
    }

    /// How key services are reached. Without it, keys of services are of no use.
    #[must_use]
    pub fn with_remote(mut self, remote: Arc<dyn Remote>, endpoints: Endpoints) -> Self {
        self.remote = Some(remote);
        self.endpoints = endpoints;
        self
    }

    /// Who asks a cloud's key service for which the Secret has no credentials.
    #[must_use]
    pub fn with_account(mut self, account: Arc<dyn Account>) -> Self {
        self.account = Some(account);
        self
    }

    /// The entries that were imported.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn import(&mut self, name: &str, value: &[u8]) -> Result<(), String> {
        match name {
            "sops.vault-token" => {
                let token = std::str::from_utf8(value).map_err(|_| "it is not UTF-8")?;
                self.vault_token = Some(Zeroizing::new(token.trim().to_owned()));
            }
            "sops.aws-kms" => self.aws = Some(aws::Credentials::parse(value)?),
            "sops.azure-kv" => self.azure = Some(azure::Credentials::parse(value)?),
            "sops.gcp-kms" => self.gcp = Some(gcp::Credentials::parse(value)?),
            _ if has_ending(name, "agekey") => self.age.push(key::age::parse(value)?),
            _ if has_ending(name, "asc") => self.pgp.extend(key::pgp::parse(value)?),
            _ => return Ok(()),
        }
        self.names.push(name.to_owned());
        Ok(())
    }

    fn account(&self, missing: KeyError) -> Result<&dyn Account, KeyError> {
        self.account.as_deref().ok_or(missing)
    }

    /// What a master key encrypted.
    pub(crate) fn decrypt(&self, key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let opened = || self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = opened().get(key) {
            return Ok(part.clone());
        }
        let part = self.ask(key)?;
        opened().insert(key.clone(), part.clone());
        Ok(part)
    }

    fn ask(&self, key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let encrypted = key.encrypted.as_str();
        let remote = || {
            self.remote
                .as_deref()
                .ok_or(KeyError::NotGiven("way to key services"))
        };
        match &key.kind {
            MasterKeyKind::Age { .. } => {
                let identities: Vec<_> = self
                    .age
                    .iter()
                    .flatten()
                    .map(|identity| &**identity)
                    .collect();
                key::age::decrypt(encrypted, &identities)
            }
            MasterKeyKind::Pgp { .. } => {
                key::pgp::decrypt(encrypted, &self.pgp.iter().collect::<Vec<_>>())
            }
            MasterKeyKind::Vault {
                address,
                engine,
                key,
            } => {
                let token = self
                    .vault_token
                    .as_ref()
                    .ok_or(KeyError::NotGiven("Vault token"))?;
                key::vault::decrypt(remote()?, token, (address, engine, key), encrypted)
            }
            MasterKeyKind::AwsKms { arn, role, context } => {
                let borrowed = || {
                    let account = self.account(KeyError::NotGiven("AWS credentials"))?;
                    aws::Credentials::of_account(remote()?, account, &self.endpoints, arn)
                };
                let credentials = given_or(self.aws.as_ref(), borrowed)?;
                let credentials = credentials.borrow();
                aws::decrypt(
                    remote()?,
                    credentials,
                    &self.endpoints,
                    (arn, role, context),
                    encrypted,
                )
            }
            MasterKeyKind::GcpKms { resource } => {
                let borrowed = || {
                    let account = self.account(KeyError::NotGiven("GCP credentials"))?;
                    gcp::Credentials::of_account(remote()?, account, &self.endpoints)
                };
                let credentials = given_or(self.gcp.as_ref(), borrowed)?;
                let credentials = credentials.borrow();
                gcp::decrypt(remote()?, credentials, &self.endpoints, resource, encrypted)
            }
            MasterKeyKind::AzureKeyVault { url, name, version } => {
                let borrowed = || {
                    let account = self.account(KeyError::NotGiven("Azure credentials"))?;
                    azure::Credentials::of_account(account)
                };
                let credentials = given_or(self.azure.as_ref(), borrowed)?;
                let credentials = credentials.borrow();
                azure::decrypt(
                    remote()?,
                    credentials,
                    &self.endpoints,
                    (url, name, version),
                    encrypted,
                )
            }
            MasterKeyKind::HuaweiKms { .. } => Err(KeyError::Unsupported("KMS of Huawei Cloud")),
        }
    }
}

/// Credentials of the Secret, or those of an account.
enum Held<'a, C> {
    Given(&'a C),
    Borrowed(C),
}

impl<C> Held<'_, C> {
    fn borrow(&self) -> &C {
        match self {
            Self::Given(given) => given,
            Self::Borrowed(own) => own,
        }
    }
}

fn given_or<C>(
    given: Option<&C>,
    borrowed: impl FnOnce() -> Result<C, KeyError>,
) -> Result<Held<'_, C>, KeyError> {
    match given {
        Some(given) => Ok(Held::Given(given)),
        None => borrowed().map(Held::Borrowed),
    }
}

/// Go's `filepath.Ext`: what stands behind the last dot.
fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, found)| found == ending)
}

/// A mapping of texts, in YAML or JSON, in UTF-8 or UTF-16.
pub(crate) fn flat_yaml(bytes: &[u8]) -> Result<BTreeMap<String, Zeroizing<String>>, String> {
    let node = yaml::read_one(bytes, yaml::Dialect::Sigs)
        .map_err(|_| "it is neither YAML nor JSON".to_owned())?;
    let Kind::Mapping(mapping) = &node.kind else {
        return Err("it is not a mapping".to_owned());
    };
    Ok(mapping
        .iter()
        .filter_map(|(key, node)| {
            let text = node.as_text()?;
            Some((key.to_owned(), Zeroizing::new(text.to_owned())))
        })
        .collect())
}
