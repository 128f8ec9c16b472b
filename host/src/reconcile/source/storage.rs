//! The care of stored artifacts: is the advertised one sound, where is it served, and what may go?

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use rosin_api::{Artifact, source::StoredStatus};
use rosin_source::artifact::{
    ArtifactDigest, Condition, ObjectKey, Retention, Store, StoreError, StoredFile,
};

use super::{Shared, SourceObject};
use crate::{
    config::Config,
    controller::{Progress, now},
};

/// What a run stored, and what it is.
pub(in crate::reconcile) struct New {
    pub file: StoredFile,
    pub revision: String,
    pub metadata: BTreeMap<String, String>,
    /// The path of the link to the newest artifact, where there is one.
    pub link: Option<String>,
}

impl Shared {
    /// Puts what was stored into the status. Has it another content than what was there when the run began?
    pub(in crate::reconcile) fn advertise<K: SourceObject>(
        &self,
        new: New,
        progress: &mut Progress<'_, K>,
    ) -> bool {
        let artifact = Artifact {
            digest: new.file.digest.to_string(),
            last_update_time: now(),
            metadata: new.metadata,
            url: url(&self.config, &new.file.path),
            path: new.file.path,
            revision: new.revision,
            size: i64::try_from(new.file.size).ok(),
        };
        let old = progress.object.status().and_then(StoredStatus::artifact);
        let changed = old.is_none_or(|old| old.digest != artifact.digest);
        progress.advertise(artifact, new.link.map(|path| url(&self.config, &path)));
        changed
    }
}

/// Makes the link to the newest artifact. Readers of the artifact itself can do without.
pub(in crate::reconcile) fn link(
    store: &Store,
    folder: &ObjectKey,
    latest: &str,
    file: &str,
) -> Option<String> {
    store
        .link(folder, latest, file)
        .inspect_err(
            |error| tracing::warn!(%error, "the link to the newest artifact could not be set"),
        )
        .ok()
}

/// The path of another file of the same object.
pub(super) fn beside(path: &str, file: Option<&str>) -> Option<String> {
    let (folder, _) = path.rsplit_once('/')?;
    Some(format!("{folder}/{}", file?))
}

/// How the artifact of a status is found.
pub(in crate::reconcile) enum Advertised {
    /// There is none.
    Nothing,
    /// Here, with the content that it should have.
    Sound,
    Gone,
    /// Removed, because its content was another.
    Damaged,
}

pub(in crate::reconcile) async fn check(
    store: &Arc<Store>,
    artifact: Option<&Artifact>,
) -> Result<Advertised, StoreError> {
    let Some(artifact) = artifact else {
        return Ok(Advertised::Nothing);
    };
    let Ok(digest) = artifact.digest.parse::<ArtifactDigest>() else {
        return Ok(Advertised::Gone);
    };
    let (store, path) = (store.clone(), artifact.path.clone());
    match tokio::task::spawn_blocking(move || store.check(&path, &digest)).await {
        Ok(Ok(Condition::Sound)) => Ok(Advertised::Sound),
        Ok(Ok(Condition::Missing)) => Ok(Advertised::Gone),
        Ok(Ok(Condition::Damaged)) => Ok(Advertised::Damaged),
        Ok(Err(error)) => Err(error),
        Err(error) => Err(std::io::Error::other(error).into()),
    }
}

/// `--storage-adv-addr` may be a host or a whole URL.
pub(in crate::reconcile) fn url(config: &Config, path: &str) -> String {
    let address = config.storage_adv_addr.trim_end_matches('/');
    if address.contains("://") {
        format!("{address}/{path}")
    } else {
        format!("http://{address}/{path}")
    }
}

/// Removes what nobody asks for any more; how much went. It is a matter of disk space alone: failing to do it is no failure of a run.
pub(in crate::reconcile) async fn collect(
    store: &Arc<Store>,
    config: &Config,
    folder: ObjectKey,
    current: &Artifact,
) -> usize {
    let retention = Retention {
        age: config.artifact_retention_ttl,
        records: config.artifact_retention_records,
    };
    let (store, current) = (store.clone(), current.path.clone());
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
