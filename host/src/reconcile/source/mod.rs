//! What reconciles of all source kinds share: their course from the watch to status, events and the next run, the Secrets that they read,
//! and the care of what they stored. A kind adds how it is fetched, and the words for it.

pub(super) mod connect;
mod course;
mod files;
mod progress;
pub(super) mod secrets;
pub(super) mod storage;
pub(super) mod verify;

use std::sync::Arc;

use rosin_api::{
    Artifact, Decode, FluxObject, Reason, condition_type, names, source::StoredStatus,
};
use rosin_source::{
    artifact::{ObjectKey, Store},
    http::HttpClients,
};

pub use self::course::Course;
pub(super) use self::files::Files;
use crate::{
    cluster::Session,
    config::Config,
    controller::{Event, Events, Progress, Run, Severity, annotated, involved},
    metrics::Metrics,
};

/// Parts of the process that all source kinds use.
pub struct Shared {
    pub config: Arc<Config>,
    pub session: Session,
    pub events: Events,
    pub store: Arc<Store>,
    pub clients: Arc<HttpClients>,
    pub metrics: Metrics,
}

impl Shared {
    /// Good news carry the revision and the digest of the artifact.
    pub(in crate::reconcile) fn tell<K: SourceObject>(
        &self,
        object: &K,
        severity: Severity,
        reason: Reason,
        message: &str,
    ) {
        let mut metadata = annotated(FluxObject::meta(object), names::SOURCE_GROUP);
        let artifact = object.status().and_then(StoredStatus::artifact);
        if let Some(artifact) = artifact.filter(|_| severity == Severity::Info) {
            let revision = names::EVENT_SOURCE_REVISION.to_owned();
            metadata.insert(revision, artifact.revision.clone());
            let digest = names::EVENT_SOURCE_DIGEST.to_owned();
            metadata.insert(digest, artifact.digest.clone());
        }
        self.events.send(Event {
            object: involved(object),
            severity,
            reason: reason.as_str().to_owned(),
            message: message.to_owned(),
            metadata,
        });
    }
}

/// An object that artifacts are stored for.
pub trait SourceObject:
    FluxObject<Status: StoredStatus> + Decode + kube::Resource<DynamicType = ()> + Send + Sync + 'static
{
}

impl<K> SourceObject for K where
    K: FluxObject<Status: StoredStatus>
        + Decode
        + kube::Resource<DynamicType = ()>
        + Send
        + Sync
        + 'static
{
}

/// One kind of source.
pub trait SourceKind: Send + Sync + 'static {
    type Object: SourceObject;
    type Error: Failure;
    const KIND: &'static str;
    /// The link that leads to the newest artifact, for kinds that have one.
    const LATEST: Option<&'static str>;
    /// Conditions that are there only while they are true, and that a run finds out anew.
    const FAILURES: &'static [&'static str];

    /// Brings the artifact up to date. `stored` is the current one, when it is there and sound.
    fn fetch(
        &self,
        run: &Run,
        stored: Option<&Artifact>,
        progress: &mut Progress<'_, Self::Object>,
    ) -> impl Future<Output = Result<Outcome, Self::Error>> + Send;

    /// Has an object nothing to be reconciled, nor any status?
    fn is_static(_object: &Self::Object) -> bool {
        false
    }

    /// Called when an object is deleted; may block.
    fn forget(&self, _folder: &str) -> std::io::Result<()> {
        Ok(())
    }
}

/// How a run ended when nothing failed.
pub enum Outcome {
    Stored {
        /// Has it another content than what was there?
        changed: bool,
        /// For events of new artifacts and of recoveries; `None`: those that most kinds use.
        reason: Option<Reason>,
        message: String,
    },
    Unchanged {
        reason: Reason,
        message: String,
        /// What is told beside it when the last run was a failure.
        recovered: (Reason, String),
    },
}

/// Why there is no new artifact.
pub trait Failure: std::error::Error + From<StorageFailed> + Send + Sync + 'static {
    fn reason(&self) -> Reason;
    /// The condition that turns True; `SourceVerified`, alone, turns False.
    fn condition(&self) -> &'static str;
    fn retry(&self) -> Retry;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    Backoff,
    /// Something else has to be there first.
    Dependency,
    /// Stalled: only another spec can help.
    OnChange,
}

/// The storage could not do its part.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StorageFailed {
    pub reason: Reason,
    pub message: String,
}

impl StorageFailed {
    pub(super) const CONDITION: &'static str = condition_type::STORAGE_OPERATION_FAILED;

    pub(super) fn archive(error: &dyn std::error::Error) -> Self {
        Self {
            reason: Reason::ArchiveOperationFailed,
            message: super::kustomization::chain(error),
        }
    }
}

/// Where the artifacts of an object lie.
pub(super) fn folder<K: SourceObject>(object: &K) -> Result<ObjectKey, StorageFailed> {
    let meta = FluxObject::meta(object);
    let (namespace, name) = (meta.namespace.as_deref(), meta.name.as_deref());
    ObjectKey::new(
        &K::kind(&()),
        namespace.unwrap_or_default(),
        name.unwrap_or_default(),
    )
    .map_err(|error| StorageFailed {
        reason: Reason::InvalidPath,
        message: error.to_string(),
    })
}
