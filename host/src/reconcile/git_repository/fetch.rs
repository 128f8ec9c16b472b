//! The reconcile of a GitRepository: resolve, fetch, store.

use std::{collections::BTreeMap, sync::Arc};

use rosin_api::{
    Artifact, GitRepository, Reason, condition_type,
    source::{GitInclude, GitProvider},
};
use rosin_source::{
    artifact::{ArtifactDigest, StoredFile},
    git::{
        Budget, Checkout, Contents, Credentials, Fetched, GitError, Included as IncludedTree,
        Reference, Remote, RemoteUrl,
    },
    http::Proxy,
};
use tokio_util::sync::CancellationToken;

use super::{
    GitRepositories,
    error::Error,
    verify::{is_verified, verify},
};
use crate::{
    controller::{Key, Progress, Run},
    reconcile::{
        kustomization::chain,
        source::{Outcome, SourceKind, StorageFailed, connect, folder, secrets, storage::New},
    },
};

/// Another repository's artifact, to be put into this one.
struct Included {
    spec: GitInclude,
    artifact: Artifact,
}

impl SourceKind for GitRepositories {
    type Object = GitRepository;
    type Error = Error;
    const KIND: &'static str = "GitRepository";
    const LATEST: Option<&'static str> = None;
    const FAILURES: &'static [&'static str] = &[
        condition_type::STORAGE_OPERATION_FAILED,
        condition_type::FETCH_FAILED,
        condition_type::INCLUDE_UNAVAILABLE,
        condition_type::ARTIFACT_OUTDATED,
    ];

    async fn fetch(
        &self,
        run: &Run,
        stored: Option<&Artifact>,
        progress: &mut Progress<'_, GitRepository>,
    ) -> Result<Outcome, Error> {
        let object = &progress.object.clone();
        supported(object)?;
        if object.spec.verify.is_none() {
            progress.unset(condition_type::SOURCE_VERIFIED);
            progress.status.source_verification_mode = None;
        }
        let url = RemoteUrl::parse(&object.spec.url)
            .map_err(|error| Error::Url(format!("spec.url: {error}")))?;
        let remote = Remote {
            credentials: self.credentials(object, &url).await?,
            url,
            proxy: self.proxy(object).await?,
        };
        let included = self.included(object)?;
        let settled = settings_observed(object, &included) && is_verified(object);
        let known = stored
            .filter(|_| settled)
            .map(|artifact| artifact.revision.clone());
        let checkout = match self
            .checkout(progress.key, object, remote, known.clone(), run)
            .await?
        {
            Fetched::Unchanged(_) => {
                let revision = known.unwrap_or_default();
                progress.in_storage(Reason::Succeeded, &stored_message(&revision));
                let message =
                    format!("no changes since last reconciliation: observed revision '{revision}'");
                return Ok(unchanged(message, &revision));
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
            progress.in_storage(Reason::Succeeded, &stored_message(&revision));
            let message = format!("artifact up-to-date with remote revision: '{revision}'");
            return Ok(unchanged(message, &subject));
        }
        if object
            .artifact()
            .is_some_and(|old| old.revision != revision)
        {
            progress.progressing(&format!(
                "building artifact: new upstream revision '{revision}'"
            ));
        }
        let file = self.store(object, checkout, &included).await?;
        progress.in_storage(Reason::Succeeded, &stored_message(&revision));
        let moved = object.artifact().is_none_or(|old| old.revision != revision);
        let new = New {
            file,
            revision,
            metadata: BTreeMap::new(),
            link: None,
        };
        let changed = self.shared.advertise(new, progress) || moved;
        self.observe(object, included, progress);
        Ok(Outcome::Stored {
            message: format!("stored artifact for commit '{subject}'"),
            reason: None,
            changed,
        })
    }

    fn forget(&self, folder: &str) -> std::io::Result<()> {
        self.git.remove(folder)
    }
}

impl GitRepositories {
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
        let (session, namespace) = (&self.shared.session, object.namespace());
        let data = secrets::named(session, namespace, &reference.name).await;
        let data = data.map_err(Error::Authentication)?;
        Credentials::from_secret(url, &data).map_err(failed)
    }

    async fn proxy(&self, object: &GitRepository) -> Result<Option<Proxy>, Error> {
        let reference = object.spec.proxy_secret_ref.as_ref();
        let proxy = connect::proxy(&self.shared.session, object.namespace(), reference).await;
        proxy.map_err(Error::Authentication)
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
        let recurse = object.spec.recurse_submodules;
        let transfer = tokio::task::spawn_blocking(move || {
            let mut fetched = git.fetch(&remote, &reference, known.as_deref(), &folder, &budget)?;
            if let (true, Fetched::Checkout(checkout)) = (recurse, &mut fetched) {
                git.follow_submodules(checkout, &remote, &budget)?;
            }
            Ok(fetched)
        });
        // The network may be slow; a worker is for those that have work.
        run.rest();
        let fetched = transfer
            .await
            .map_err(|error| Error::Fetch(error.to_string()))?;
        fetched.map_err(|error: GitError| describe(&error))
    }

    async fn store(
        &self,
        object: &Arc<GitRepository>,
        checkout: Checkout,
        included: &[Included],
    ) -> Result<StoredFile, Error> {
        let folder = folder(&**object)?;
        let file = format!("{}.tar.gz", checkout.commit().hash);
        let (store, object) = (self.shared.store.clone(), object.clone());
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
        let stored = stored
            .await
            .map_err(|error| StorageFailed::archive(&error))??;
        Ok(StoredFile {
            path: stored.path,
            digest: stored.digest,
            size: stored.size,
        })
    }

    fn observe(
        &self,
        object: &GitRepository,
        included: Vec<Included>,
        progress: &mut Progress<'_, GitRepository>,
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
    let failed = |message: String| StorageFailed {
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
        Error::Storage(StorageFailed {
            reason: Reason::CopyFailure,
            message: chain(error),
        })
    } else {
        Error::Fetch(chain(error))
    }
}

fn stored_message(revision: &str) -> String {
    format!("stored artifact for revision '{revision}'")
}

/// `commit` as Flux names it: by its subject if it was fetched, else by its revision.
fn unchanged(message: String, commit: &str) -> Outcome {
    Outcome::Unchanged {
        reason: Reason::GitOperationSucceeded,
        recovered: (
            Reason::Succeeded,
            format!("stored artifact for commit '{commit}'"),
        ),
        message,
    }
}
