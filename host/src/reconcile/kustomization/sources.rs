//! The sources that Kustomizations refer to: which artifact is current, whatever controller made it.

use std::collections::BTreeMap;

use kube::runtime::watcher;
use rosin_api::{
    Artifact, Decode, GitRepository, OCIRepository,
    kustomization::{SourceKind, SourceReference},
    source::{Bucket, ExternalArtifact, Source},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::{Resource, Session},
    controller::{Change, Key, Watched, watch},
};

/// A source, as its readers name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey {
    pub kind: SourceKind,
    pub key: Key,
}

impl SourceKey {
    /// `sourceRef` of an object in `namespace`.
    pub fn of(reference: &SourceReference, namespace: &str) -> Self {
        let namespace = reference
            .namespace
            .as_deref()
            .filter(|ns| !ns.is_empty())
            .unwrap_or(namespace);
        Self {
            kind: reference.kind,
            key: Key::new(namespace, &reference.name),
        }
    }
}

impl std::fmt::Display for SourceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.key)
    }
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceState {
    Missing,
    NoArtifact,
    Artifact(Artifact),
}

/// All source kinds that the cluster serves. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    git: Watched<GitRepository>,
    oci: Watched<OCIRepository>,
    buckets: Watched<Bucket>,
    others: BTreeMap<SourceKind, Watched<Other>>,
}

/// The part of a source that its readers need.
struct Other {
    artifact: Option<Artifact>,
}

impl Sources {
    /// With the kinds that this program serves; others are added by [`Sources::watch_other`].
    pub fn new(
        git: Watched<GitRepository>,
        oci: Watched<OCIRepository>,
        buckets: Watched<Bucket>,
    ) -> Self {
        Self {
            git,
            oci,
            buckets,
            others: BTreeMap::new(),
        }
    }

    pub fn git(&self) -> &Watched<GitRepository> {
        &self.git
    }

    pub fn oci(&self) -> &Watched<OCIRepository> {
        &self.oci
    }

    pub fn get(&self, source: &SourceKey) -> SourceState {
        let artifact = match source.kind {
            SourceKind::GitRepository => {
                self.git.get(&source.key).map(|git| git.artifact().cloned())
            }
            SourceKind::OCIRepository => {
                self.oci.get(&source.key).map(|oci| oci.artifact().cloned())
            }
            SourceKind::Bucket => {
                let bucket = self.buckets.get(&source.key);
                bucket.map(|bucket| bucket.artifact().cloned())
            }
            kind => self
                .others
                .get(&kind)
                .and_then(|kind| kind.get(&source.key))
                .map(|other| other.artifact.clone()),
        };
        match artifact {
            None => SourceState::Missing,
            Some(None) => SourceState::NoArtifact,
            Some(Some(artifact)) => SourceState::Artifact(artifact),
        }
    }

    /// Watches a kind that another controller serves; `on_change` is told when the artifact of one changes.
    pub fn watch_other<F: Fn(SourceKey) + Send + Sync + 'static>(
        &mut self,
        kind: SourceKind,
        session: &Session,
        resource: &Resource,
        namespace: Option<String>,
        on_change: F,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<F> {
        let watched = Watched::default();
        self.others.insert(kind, watched.clone());
        let decode = move |value: serde_json::Value| match kind {
            SourceKind::OCIRepository => OCIRepository::from_value(value).map(read),
            SourceKind::Bucket => Bucket::from_value(value).map(read),
            SourceKind::ExternalArtifact => ExternalArtifact::from_value(value).map(read),
            SourceKind::GitRepository => GitRepository::from_value(value).map(read),
        };
        watched.on_change(move |key: &Key, change: Change<Other>| {
            let differ = |old: &Other, new: &Other| {
                artifact_changed(old.artifact.as_ref(), new.artifact.as_ref())
            };
            if change.brings(differ) {
                on_change(SourceKey {
                    kind,
                    key: key.clone(),
                });
            }
        });
        watch(
            watched,
            session.client().clone(),
            resource.api_resource(),
            namespace,
            watcher::Config::default(),
            decode,
            stop,
        )
    }
}

fn read(source: impl Source) -> Other {
    Other {
        artifact: source.artifact().cloned(),
    }
}

/// A new revision or other content; a new URL or time alone is none.
pub fn artifact_changed(old: Option<&Artifact>, new: Option<&Artifact>) -> bool {
    let identity =
        |artifact: Option<&Artifact>| artifact.map(|a| (a.revision.clone(), a.digest.clone()));
    identity(old) != identity(new)
}
