//! Decryption: the keys of a Kustomization, and what they open before and after a build.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, Request, Response};
use rosin_api::Kustomization;
use rosin_decrypt::{Endpoints, Integrity, Keys, Remote, RemoteError};
use rosin_domain::{Object, substitution};
use rosin_tree::Tree;
use serde_json::Value;

use super::{Kustomizations, artifact::chain, error::Error};
use crate::cluster::Session;

/// A key service that does not answer in this time is taken for broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers of key services are small; more than this is not read.
const MAX_ANSWER: usize = 1 << 20;

/// The way to key services. Cheap to clone.
#[derive(Clone)]
pub struct KeyServices {
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

impl KeyServices {
    /// Must be called within the runtime that is to carry the requests.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            client,
            runtime: tokio::runtime::Handle::current(),
        })
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, reqwest::Error> {
        let mut response = self.client.execute(request.try_into()?).await?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await? {
            body.extend(part);
            if body.len() > MAX_ANSWER {
                break;
            }
        }
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        Ok(answer)
    }
}

/// Called where blocking is allowed.
impl Remote for KeyServices {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, RemoteError> {
        self.runtime
            .block_on(self.answer(request))
            .map_err(|error| RemoteError(chain(&error.without_url())))
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

impl Kustomizations {
    /// What `spec.decryption` gives, read with the controller's own rights, as Flux does. None where it is not set.
    pub(super) async fn keys(&self, object: &Kustomization) -> Result<Option<Arc<Keys>>, Error> {
        let Some(decryption) = &object.spec.decryption else {
            return Ok(None);
        };
        let keys = match &decryption.secret_ref {
            None => Keys::default(),
            Some(secret) => {
                let entries = entries(&self.session, object.namespace(), &secret.name).await?;
                let entries = entries
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_slice()));
                Keys::from_secret(entries).map_err(|error| {
                    Error::Build(format!(
                        "sops decryption Secret '{}/{}': {error}",
                        object.namespace(),
                        secret.name
                    ))
                })?
            }
        };
        let services = Arc::new(self.key_services.clone());
        Ok(Some(Arc::new(
            keys.with_remote(services, Endpoints::default()),
        )))
    }

    /// The files as the build is to see them, where that is not as they are.
    pub(super) async fn decrypt_sources(
        &self,
        object: &Kustomization,
        tree: &Tree,
        path: &str,
        keys: &Arc<Keys>,
    ) -> Result<Option<Tree>, Error> {
        let (tree, path, keys) = (tree.clone(), path.to_owned(), keys.clone());
        let components = object.spec.components.clone();
        let work = move || {
            rosin_decrypt::decrypt_tree(&tree, &path, &components, &keys, Integrity::Verify)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::Build(error.to_string()))?
            .map_err(|error| Error::Build(format!("error decrypting sources: {}", chain(&error))))
    }

    /// The objects that came out of the build, decrypted. All that cannot be are told at once.
    pub(super) async fn decrypt_objects(
        &self,
        manifests: Vec<rosin_render::Manifest>,
        keys: &Arc<Keys>,
    ) -> Result<Vec<rosin_render::Manifest>, Error> {
        let keys = keys.clone();
        tokio::task::spawn_blocking(move || decrypted(manifests, &keys))
            .await
            .map_err(|error| Error::Build(error.to_string()))?
    }
}

/// Cloud identities of service accounts are not used: refused as Flux refuses them where the operator has not switched them on.
pub(super) fn guard_identity(object: &Kustomization) -> Result<(), Error> {
    let account = object
        .spec
        .decryption
        .as_ref()
        .and_then(|d| d.service_account_name.as_deref());
    match account {
        None | Some("") => Ok(()),
        Some(_) => Err(Error::FeatureGate(
            "to use spec.decryption.serviceAccountName for decryption authentication please enable the \
             ObjectLevelWorkloadIdentity feature gate in the controller"
                .to_owned(),
        )),
    }
}

/// Refuses to put into the cluster what only looks like a secret.
pub(super) fn guard_encrypted(objects: &[Object]) -> Result<(), Error> {
    let encrypted: Vec<String> = objects
        .iter()
        .filter(|object| object.kind() == "Secret")
        .filter(|object| {
            let value = object.to_value();
            rosin_decrypt::is_encrypted_secret(&value) && !rosin_decrypt::is_opted_out(&value)
        })
        .map(|object| {
            format!(
                "{} is SOPS encrypted, configuring decryption is required for this secret to be reconciled",
                object.id()
            )
        })
        .collect();
    if encrypted.is_empty() {
        return Ok(());
    }
    Err(Error::Apply(encrypted.join("\n")))
}

fn decrypted(
    mut manifests: Vec<rosin_render::Manifest>,
    keys: &Keys,
) -> Result<Vec<rosin_render::Manifest>, Error> {
    let mut errors = Vec::new();
    for manifest in &mut manifests {
        // Others can have nothing to decrypt, and most are others.
        if !manifest.json.contains("\"sops\"") && !manifest.json.contains("\"Secret\"") {
            continue;
        }
        let value: Value = serde_json::from_str(&manifest.json)
            .map_err(|error| Error::Build(error.to_string()))?;
        match rosin_decrypt::decrypt_object(&value, keys, Integrity::Verify) {
            Ok(None) => {}
            Ok(Some(plain)) => manifest.json = plain.to_string(),
            Err(error) => {
                let name = Object::new(value)
                    .map_or_else(|_| String::new(), |object| substitution::described(&object));
                let place = match manifest.origin.path.as_str() {
                    "" => String::new(),
                    _ => format!(" ({})", manifest.origin),
                };
                errors.push(format!(
                    "decryption failed for '{name}': {}{place}",
                    chain(&error)
                ));
            }
        }
    }
    if errors.is_empty() {
        return Ok(manifests);
    }
    Err(Error::Build(errors.join("\n")))
}

/// The entries of a Secret.
async fn entries(
    session: &Session,
    namespace: &str,
    name: &str,
) -> Result<Vec<(String, zeroize::Zeroizing<Vec<u8>>)>, Error> {
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    let secret = session
        .send(Method::GET, &path, None, None)
        .await
        .map_err(|error| {
            if error.is_not_found() {
                Error::Build(error.to_string())
            } else {
                Error::Build(format!(
                    "cannot get sops decryption Secret '{namespace}/{name}': {error}"
                ))
            }
        })?;
    let data = secret
        .get("data")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    Ok(data
        .filter_map(|(key, value)| {
            let bytes = BASE64_STANDARD.decode(value.as_str()?).ok()?;
            Some((key.clone(), zeroize::Zeroizing::new(bytes)))
        })
        .collect())
}
