//! Decryption: the keys of a Kustomization, and what they open before and after a build.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, Request, Response};
use rosin_api::Kustomization;
use rosin_decrypt::{Account, ImportError, Integrity, Keys, Remote, RemoteError};
use rosin_domain::{Object, substitution};
use rosin_tree::Tree;
use serde_json::Value;

use super::{Kustomizations, accounts::ClusterAccount, artifact::chain, error::Error};
use crate::{cluster::Session, controller::Key, gates::Gates};

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
        let (config, own) = (&self.config, decryption.secret_ref.as_ref());
        let keys = match (own, &config.sops_age_secret) {
            (Some(secret), _) => {
                let namespace = object.namespace();
                let entries = entries(&self.session, namespace, &secret.name).await?;
                Keys::from_secret(borrowed(&entries))
                    .map_err(|error| unusable(namespace, &secret.name, &error))?
            }
            (None, Some(shared)) => {
                let namespace = &config.runtime_namespace;
                let entries = entries(&self.session, namespace, shared).await?;
                Keys::from_shared_secret(borrowed(&entries))
                    .map_err(|error| unusable(namespace, shared, &error))?
            }
            (None, None) => Keys::default(),
        };
        let services = Arc::new(self.key_services.clone());
        let keys = keys
            .with_remote(services, config.key_services.clone())
            .with_account(self.account(object).await?);
        Ok(Some(Arc::new(keys)))
    }

    /// Who asks key services for which the Secret has no credentials.
    async fn account(&self, object: &Kustomization) -> Result<Arc<dyn Account>, Error> {
        let (config, decryption) = (&self.config, object.spec.decryption.as_ref());
        let named = decryption
            .and_then(|decryption| decryption.service_account_name.as_deref())
            .filter(|name| !name.is_empty());
        match named.or(config.default_decryption_service_account.as_deref()) {
            None => Ok(Arc::new(config.own_identity.clone())),
            Some(name) => {
                let key = Key::new(object.namespace(), name);
                let account = ClusterAccount::read(&self.session, self.tokens.clone(), key).await?;
                Ok(Arc::new(account))
            }
        }
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
        let (components, integrity) = (object.spec.components.clone(), self.integrity());
        let work = move || rosin_decrypt::decrypt_tree(&tree, &path, &components, &keys, integrity);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::Build(error.to_string()))?
            .map_err(|error| Error::Build(format!("error decrypting sources: {}", chain(&error))))
    }

    fn integrity(&self) -> Integrity {
        if self.config.sops_check_mac {
            Integrity::Verify
        } else {
            Integrity::Ignore
        }
    }

    /// The objects that came out of the build, decrypted. All that cannot be are told at once.
    pub(super) async fn decrypt_objects(
        &self,
        manifests: Vec<rosin_render::Manifest>,
        keys: &Arc<Keys>,
    ) -> Result<Vec<rosin_render::Manifest>, Error> {
        let (keys, integrity) = (keys.clone(), self.integrity());
        tokio::task::spawn_blocking(move || decrypted(manifests, &keys, integrity))
            .await
            .map_err(|error| Error::Build(error.to_string()))?
    }
}

/// Cloud identities of service accounts are for the operator to switch on.
pub(super) fn guard_identity(object: &Kustomization, gates: &Gates) -> Result<(), Error> {
    let account = object
        .spec
        .decryption
        .as_ref()
        .and_then(|d| d.service_account_name.as_deref());
    match account {
        None | Some("") => Ok(()),
        Some(_) if gates.object_level_workload_identity => Ok(()),
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
    integrity: Integrity,
) -> Result<Vec<rosin_render::Manifest>, Error> {
    let mut errors = Vec::new();
    for manifest in &mut manifests {
        // Others can have nothing to decrypt, and most are others.
        if !manifest.json.contains("\"sops\"") && !manifest.json.contains("\"Secret\"") {
            continue;
        }
        let value: Value = serde_json::from_str(&manifest.json)
            .map_err(|error| Error::Build(error.to_string()))?;
        match rosin_decrypt::decrypt_object(&value, keys, integrity) {
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

fn unusable(namespace: &str, name: &str, error: &ImportError) -> Error {
    Error::Build(format!(
        "sops decryption Secret '{namespace}/{name}': {error}"
    ))
}

fn borrowed(
    entries: &[(String, zeroize::Zeroizing<Vec<u8>>)],
) -> impl Iterator<Item = (&str, &[u8])> {
    entries
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
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

#[cfg(test)]
mod tests {
    use rosin_render::{Location, Manifest};
    use serde_json::json;

    use super::*;

    fn encrypted(kind: &str, name: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "namespace": "apps" },
            "data": { "key": "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]" },
            "sops": {
                "age": [{ "recipient": "age1recipient", "enc": "-----BEGIN AGE ENCRYPTED FILE-----\n" }],
                "lastmodified": "2026-01-01T00:00:00Z", "mac": "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]",
            },
        })
    }

    fn manifest(object: &Value, line: u32) -> Manifest {
        Manifest {
            origin: Location {
                path: "apps/secrets.yaml".to_owned(),
                line,
                column: 1,
            },
            json: object.to_string(),
            text: None,
        }
    }

    // parity: KS-DEC-025
    #[test]
    fn all_objects_that_cannot_be_decrypted_are_told_with_their_places() {
        let manifests = vec![
            manifest(&encrypted("Secret", "one"), 1),
            manifest(
                &json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "plain" } }),
                9,
            ),
            manifest(&encrypted("ConfigMap", "two"), 17),
        ];
        let error = decrypted(manifests, &Keys::default(), Integrity::Verify).unwrap_err();
        assert_eq!(error.reason(), rosin_api::Reason::BuildFailed);
        let text = error.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].starts_with("decryption failed for 'Secret.v1.[noGrp]/one': "),
            "{text}"
        );
        assert!(
            lines[1].starts_with("decryption failed for 'ConfigMap.v1.[noGrp]/two': "),
            "{text}"
        );
        assert!(
            lines[0].contains("age recipient age1recipient")
                && lines[0].contains("(apps/secrets.yaml:1"),
            "{text}"
        );
    }

    // parity: KS-DEC-023, KS-DEC-024
    #[test]
    fn secrets_that_are_still_encrypted_are_not_applied() {
        let object = |value| Object::new(value).unwrap();
        let error = guard_encrypted(&[
            object(encrypted("Secret", "one")),
            object(encrypted("ConfigMap", "two")),
        ])
        .unwrap_err();
        assert_eq!(error.reason(), rosin_api::Reason::ReconciliationFailed);
        assert_eq!(
            error.to_string(),
            "Secret/apps/one is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
        );
        let mut left_alone = encrypted("Secret", "three");
        left_alone["metadata"]["annotations"] =
            json!({ "kustomize.toolkit.fluxcd.io/decrypt": "Disabled" });
        guard_encrypted(&[object(left_alone)]).unwrap();
    }

    // parity: KS-DEC-011
    #[test]
    fn identities_of_clouds_are_refused_as_without_the_gate() {
        let with_account = |account: &str, on: bool| {
            let spec = json!({
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": { "name": "a", "namespace": "b" },
                "spec": {
                    "interval": "1m", "prune": true, "sourceRef": { "kind": "GitRepository", "name": "a" },
                    "decryption": { "provider": "sops", "serviceAccountName": account },
                },
            });
            let object: Kustomization = rosin_api::Decode::from_value(spec).unwrap();
            let gates = Gates {
                object_level_workload_identity: on,
                ..Gates::default()
            };
            guard_identity(&object, &gates)
        };
        with_account("", false).unwrap();
        with_account("reader", true).unwrap();
        let error = with_account("reader", false).unwrap_err();
        assert_eq!(error.reason(), rosin_api::Reason::FeatureGateDisabled);
        assert_eq!(error.retry(), super::super::error::Retry::OnChange);
    }
}
