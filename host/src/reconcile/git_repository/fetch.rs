//! The reconcile of a GitRepository: resolve, fetch, store.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD};
use rosin_api::{
    Artifact, GitRepository, Reason,
    source::{GitInclude, GitProvider},
};
use rosin_source::{
    artifact::{ArtifactDigest, Condition, ObjectKey, Retention, Stored},
    git::{
        Budget, Checkout, Contents, Credentials, Fetched, GitError, Included as IncludedTree,
        Reference, Remote, RemoteUrl,
    },
    http::Proxy,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    GitRepositories,
    error::Error,
    progress::Progress,
    verify::{is_verified, verify},
};
use crate::{
    controller::{Key, Run, now},
    reconcile::kustomization::chain,
};

/// How a run ended when nothing failed.
pub(super) enum Outcome {
    Stored { message: String, changed: bool },
    Unchanged { message: String },
}

/// Another repository's artifact, to be put into this one.
struct Included {
    spec: GitInclude,
    artifact: Artifact,
}

impl GitRepositories {
    pub(super) async fn fetch(
        &self,
        key: &Key,
        object: &Arc<GitRepository>,
        run: &Run,
        progress: &mut Progress<'_>,
    ) -> Result<Outcome, Error> {
        supported(object)?;
        let sound = self.check_storage(object, progress).await?;
        progress.reconciling();
        let url = RemoteUrl::parse(&object.spec.url)
            .map_err(|error| Error::Url(format!("spec.url: {error}")))?;
        let remote = Remote {
            credentials: self.credentials(object, &url).await?,
            url,
            proxy: self.proxy(object).await?,
        };
        let included = self.included(object)?;
        let settled = sound && settings_observed(object, &included) && is_verified(object);
        let known = object
            .artifact()
            .filter(|_| settled)
            .map(|artifact| artifact.revision.clone());
        let checkout = match self
            .checkout(key, object, remote, known.clone(), run)
            .await?
        {
            Fetched::Unchanged(_) => {
                let revision = known.unwrap_or_default();
                return Ok(Outcome::Unchanged {
                    message: format!(
                        "no changes since last reconciliation: observed revision '{revision}'"
                    ),
                });
            }
            Fetched::Checkout(checkout) => checkout,
        };
        if let Some(verification) = &object.spec.verify {
            let keys = self.public_keys(object, verification).await?;
            verify(verification, &checkout, &keys, progress)?;
        }
        let (revision, subject) = (
            checkout.revision().to_string(),
            checkout.commit().short_message(),
        );
        if known
            .as_deref()
            .is_some_and(|known| checkout.revision().is(known))
        {
            let message = format!("artifact up-to-date with remote revision: '{revision}'");
            return Ok(Outcome::Unchanged { message });
        }
        if object
            .artifact()
            .is_some_and(|old| old.revision != revision)
        {
            progress.new_revision(&revision);
        }
        let stored = self.store(key, object, checkout, &included).await?;
        let changed = object
            .artifact()
            .is_none_or(|old| old.digest != stored.digest.to_string() || old.revision != revision);
        progress.stored(self.artifact(&stored, revision));
        self.observe(object, included, progress);
        Ok(Outcome::Stored {
            message: format!("stored artifact for commit '{subject}'"),
            changed,
        })
    }

    /// Is the artifact of the status in the store, with the content that it should have?
    async fn check_storage(
        &self,
        object: &GitRepository,
        progress: &mut Progress<'_>,
    ) -> Result<bool, Error> {
        let Some(artifact) = object.artifact() else {
            return Ok(false);
        };
        let Ok(digest) = artifact.digest.parse::<ArtifactDigest>() else {
            return Ok(false);
        };
        let (store, path) = (self.store.clone(), artifact.path.clone());
        let condition = tokio::task::spawn_blocking(move || store.check(&path, &digest)).await;
        match condition
            .map_err(|error| storage(&error))?
            .map_err(|error| storage(&error))?
        {
            Condition::Sound => {
                // The address under which we are reached may have changed since.
                let url = self.url(&artifact.path);
                if artifact.url != url {
                    progress.status.artifact = Some(Artifact {
                        url,
                        ..artifact.clone()
                    });
                }
                Ok(true)
            }
            Condition::Missing | Condition::Damaged => {
                progress.lost_artifact();
                Ok(false)
            }
        }
    }

    async fn credentials(
        &self,
        object: &GitRepository,
        url: &RemoteUrl,
    ) -> Result<Credentials, Error> {
        let failed =
            |error: rosin_source::git::InvalidCredentials| Error::Authentication(error.to_string());
        let Some(reference) = &object.spec.secret_ref else {
            return Credentials::from_secret(url, &BTreeMap::new()).map_err(failed);
        };
        let data = self.secret(object, &reference.name).await?;
        Credentials::from_secret(url, &data).map_err(failed)
    }

    /// The proxy of `spec.proxySecretRef`, which wins over that of the environment.
    async fn proxy(&self, object: &GitRepository) -> Result<Option<Proxy>, Error> {
        let Some(reference) = &object.spec.proxy_secret_ref else {
            return Ok(None);
        };
        let mut data = self.secret(object, &reference.name).await?;
        let name = format!("{}/{}", object.namespace(), reference.name);
        Proxy::from_secret(&mut data)
            .map(Some)
            .map_err(|error| Error::Authentication(format!("secret '{name}': {error}")))
    }

    /// The entries of a Secret, read with the controller's own rights, as Flux does.
    async fn secret(
        &self,
        object: &GitRepository,
        name: &str,
    ) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let namespace = object.namespace();
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        let secret = self
            .session
            .send(http::Method::GET, &path, None, None)
            .await
            .map_err(|error| {
                Error::Authentication(format!(
                    "failed to get secret '{namespace}/{name}': {error}"
                ))
            })?;
        let data = secret
            .get("data")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        Ok(data
            .filter_map(|(key, value)| {
                Some((key.clone(), BASE64_STANDARD.decode(value.as_str()?).ok()?))
            })
            .collect())
    }

    /// The artifacts that `spec.include` names; one that is not there yet is waited for.
    fn included(&self, object: &GitRepository) -> Result<Vec<Included>, Error> {
        let unavailable = |reason, message| Error::Include { reason, message };
        object
            .spec
            .include
            .iter()
            .map(|spec| {
                let name = &spec.repository.name;
                let key = Key::new(object.namespace(), name);
                let repository = self.watched.get(&key).ok_or_else(|| {
                    unavailable(
                        Reason::NotFound,
                        format!("could not get resource for include '{name}': GitRepository.source.toolkit.fluxcd.io \"{name}\" not found"),
                    )
                })?;
                let artifact = repository
                    .artifact()
                    .cloned()
                    .ok_or_else(|| unavailable(Reason::NoArtifact, format!("no artifact available for include '{name}'")))?;
                Ok(Included { spec: spec.clone(), artifact })
            })
            .collect()
    }

    async fn checkout(
        &self,
        key: &Key,
        object: &GitRepository,
        remote: Remote,
        known: Option<String>,
        run: &Run,
    ) -> Result<Fetched, Error> {
        let timeout = object.spec.timeout.map_or(
            std::time::Duration::from_secs(60),
            rosin_api::Duration::to_std,
        );
        let reference = reference(object);
        let cancelled = CancellationToken::new();
        // Whatever ends this future, a deletion or the end of the process, ends the transfer too.
        let _guard = cancelled.clone().drop_guard();
        let (git, budget, folder) = (
            self.git.clone(),
            Budget::new(timeout, cancelled),
            format!("{}/{}", key.namespace, key.name),
        );
        let transfer = tokio::task::spawn_blocking(move || {
            git.fetch(&remote, &reference, known.as_deref(), &folder, &budget)
        });
        // The network may be slow; a worker is for those that have work.
        run.rest();
        let fetched = transfer
            .await
            .map_err(|error| Error::Fetch(error.to_string()))?;
        fetched.map_err(|error| describe(&error))
    }

    async fn store(
        &self,
        key: &Key,
        object: &Arc<GitRepository>,
        checkout: Checkout,
        included: &[Included],
    ) -> Result<Stored, Error> {
        let folder = ObjectKey::new("GitRepository", &key.namespace, &key.name)
            .map_err(|error| storage_key(&error))?;
        let file = format!("{}.tar.gz", checkout.commit().hash);
        let (store, object) = (self.store.clone(), object.clone());
        let includes: Vec<(GitInclude, Artifact)> = included
            .iter()
            .map(|i| (i.spec.clone(), i.artifact.clone()))
            .collect();
        let stored = tokio::task::spawn_blocking(move || {
            let trees = includes
                .into_iter()
                .map(|(spec, artifact)| include_tree(&store, &spec, &artifact))
                .collect::<Result<Vec<_>, _>>()?;
            store
                .write(&folder, &file, |writer| {
                    let contents = Contents {
                        ignore: object.spec.ignore.as_deref(),
                        sparse: &object.spec.sparse_checkout,
                        includes: &trees,
                    };
                    checkout.write(&contents, store.limits(), writer)
                })
                .map_err(|error| describe(&error))
        });
        stored.await.map_err(|error| storage(&error))?
    }

    /// Removes what this and earlier processes stored and nobody asks for any more, as each run begins; how many went. It is a matter
    /// of disk space alone: failing to do it is no failure of the run.
    pub(super) async fn collect(&self, key: &Key, object: &GitRepository) -> usize {
        let (Some(artifact), Ok(folder)) = (
            object.artifact(),
            ObjectKey::new("GitRepository", &key.namespace, &key.name),
        ) else {
            return 0;
        };
        let retention = Retention {
            age: self.config.artifact_retention_ttl,
            records: self.config.artifact_retention_records,
        };
        let (store, current) = (self.store.clone(), artifact.path.clone());
        let collected = tokio::task::spawn_blocking(move || {
            store.collect(&folder, &current, retention, SystemTime::now())
        });
        match collected.await {
            Ok(Ok(collected)) => collected,
            Ok(Err(error)) => {
                tracing::warn!(%error, "old artifacts could not be removed");
                0
            }
            Err(_) => 0,
        }
    }

    fn artifact(&self, stored: &Stored, revision: String) -> Artifact {
        Artifact {
            digest: stored.digest.to_string(),
            last_update_time: now(),
            metadata: BTreeMap::new(),
            url: self.url(&stored.path),
            path: stored.path.clone(),
            revision,
            size: i64::try_from(stored.size).ok(),
        }
    }

    /// `--storage-adv-addr` may be a host or a whole URL.
    fn url(&self, path: &str) -> String {
        let address = self.config.storage_adv_addr.trim_end_matches('/');
        if address.contains("://") {
            format!("{address}/{path}")
        } else {
            format!("http://{address}/{path}")
        }
    }

    fn observe(
        &self,
        object: &GitRepository,
        included: Vec<Included>,
        progress: &mut Progress<'_>,
    ) {
        let status = &mut progress.status;
        status.observed_ignore.clone_from(&object.spec.ignore);
        status.observed_recurse_submodules = object.spec.recurse_submodules;
        status.observed_sparse_checkout = object.spec.sparse_checkout.clone();
        status.observed_include = object.spec.include.clone();
        status.included_artifacts = included
            .into_iter()
            .map(|included| included.artifact)
            .collect();
    }
}

/// What the spec asks for and this version does not have is refused by name, never passed over.
fn supported(object: &GitRepository) -> Result<(), Error> {
    let spec = &object.spec;
    let provider = spec.provider.unwrap_or_default();
    if provider != GitProvider::Generic {
        return Err(Error::Provider(
            "spec.provider: only the generic provider is supported yet".to_owned(),
        ));
    }
    if spec.url.starts_with("ssh://") {
        return Err(Error::Url(
            "spec.url: ssh is not supported yet; use an https address".to_owned(),
        ));
    }
    if spec.recurse_submodules {
        return Err(Error::Fetch(
            "spec.recurseSubmodules: submodules are not supported yet".to_owned(),
        ));
    }
    Ok(())
}

/// Was the stored artifact made with the settings that the spec has now?
fn settings_observed(object: &GitRepository, included: &[Included]) -> bool {
    let Some(status) = &object.status else {
        return false;
    };
    let identity = |artifact: &Artifact| (artifact.revision.clone(), artifact.digest.clone());
    status.observed_ignore == object.spec.ignore
        && status.observed_recurse_submodules == object.spec.recurse_submodules
        && status.observed_sparse_checkout == object.spec.sparse_checkout
        && status.observed_include == object.spec.include
        && status
            .included_artifacts
            .iter()
            .map(identity)
            .eq(included.iter().map(|i| identity(&i.artifact)))
}

/// commit > name > tag > semver > branch > `master`, as Flux's Git client decides.
fn reference(object: &GitRepository) -> Reference {
    let Some(r) = &object.spec.reference else {
        return Reference::choose(None, None, None, None, None);
    };
    Reference::choose(
        r.commit.as_deref(),
        r.name.as_deref(),
        r.tag.as_deref(),
        r.semver.as_deref(),
        r.branch.as_deref(),
    )
}

/// Another artifact, and where in this one it goes.
fn include_tree(
    store: &rosin_source::artifact::Store,
    spec: &GitInclude,
    artifact: &Artifact,
) -> Result<IncludedTree, Error> {
    let failed = |message: String| Error::Storage {
        reason: Reason::CopyFailure,
        message,
    };
    let digest = artifact
        .digest
        .parse::<ArtifactDigest>()
        .map_err(|error| failed(error.to_string()))?;
    let tree = store
        .tree(&artifact.path, &digest)
        .map_err(|error| failed(chain(&error)))?;
    Ok(IncludedTree {
        name: spec.repository.name.clone(),
        tree,
        from_path: spec.from_path.clone().unwrap_or_default(),
        to_path: spec.to_path.clone().unwrap_or_default(),
    })
}

fn describe(error: &GitError) -> Error {
    if error.is_empty_repository() {
        Error::Empty
    } else if error.is_sparse() {
        Error::Sparse(error.to_string())
    } else if error.is_include() {
        Error::Storage {
            reason: Reason::CopyFailure,
            message: chain(error),
        }
    } else {
        Error::Fetch(chain(error))
    }
}

fn storage(error: &dyn std::error::Error) -> Error {
    Error::Storage {
        reason: Reason::ArchiveOperationFailed,
        message: chain(error),
    }
}

fn storage_key(error: &dyn std::error::Error) -> Error {
    Error::Storage {
        reason: Reason::InvalidPath,
        message: chain(error),
    }
}
