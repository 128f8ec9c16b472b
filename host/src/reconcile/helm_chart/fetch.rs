//! The reconcile of a HelmChart: find its source, get or make the chart, store it when it is another one.

use std::collections::BTreeMap;

use rosin_api::{
    Artifact, ConditionStatus, HelmChart, Reason, condition_type,
    source::{HelmChartSourceKind, ReconcileStrategy},
};
use rosin_source::artifact::{ArtifactDigest, StoreError, StoredFile};

use super::{
    HelmCharts,
    build::{Build, Wishes},
    error::Error,
};
use crate::{
    controller::{Key, Progress, Run, Severity},
    reconcile::{
        kustomization::chain,
        source::{
            Outcome, SourceKind, StorageFailed, folder,
            storage::{self, New},
        },
    },
};

/// Leads to the newest chart.
const LATEST: &str = "latest.tar.gz";
/// Of the source's hash, in versions: they end up in labels, which are short.
const SHORT_HASH: usize = 12;

impl SourceKind for HelmCharts {
    type Object = HelmChart;
    type Error = Error;
    const KIND: &'static str = "HelmChart";
    const LATEST: Option<&'static str> = Some(LATEST);
    const FAILURES: &'static [&'static str] = &[
        condition_type::STORAGE_OPERATION_FAILED,
        condition_type::FETCH_FAILED,
        condition_type::BUILD_FAILED,
    ];

    async fn fetch(
        &self,
        run: &Run,
        stored: Option<&Artifact>,
        progress: &mut Progress<'_, HelmChart>,
    ) -> Result<Outcome, Error> {
        let object = &progress.object.clone();
        if object.spec.verify.is_none() {
            progress.unset(condition_type::SOURCE_VERIFIED);
        }
        let built = self.build(run, object, stored, progress).await;
        let build = built.map_err(Error::recognized).inspect_err(|error| {
            if let Error::Verification(_) = error {
                progress.set(
                    condition_type::SOURCE_VERIFIED,
                    ConditionStatus::False,
                    Reason::VerificationError.as_str(),
                    &error.to_string(),
                );
            }
        })?;
        let (reason, summary) = (build.reason(), build.summary());
        if build.verified {
            let message = format!("verified signature of version {}", build.version);
            progress.verified(&message);
        }
        let Some(content) = build.content else {
            progress.in_storage(reason, &summary);
            let revision = build.version;
            return Ok(Outcome::Unchanged {
                reason: Reason::ArtifactUpToDate,
                message: format!("artifact up-to-date with remote revision: '{revision}'"),
                recovered: (reason, summary),
            });
        };
        progress.outdated(Reason::NewChart, &summary);
        let file = format!("{}-{}.tgz", build.name, build.version);
        let (file, link) = self.store(object, file, content).await?;
        if build.dependencies > 0 {
            let message = format!("resolved {} chart dependencies", build.dependencies);
            let reason = Reason::ResolvedDependencies;
            self.shared
                .tell(&**object, Severity::Trace, reason, &message);
        }
        progress.status.observed_chart_name = Some(build.name);
        progress.status.observed_values_files = match object.spec.ignore_missing_values_files {
            true => build.values_files,
            false => Vec::new(),
        };
        progress.in_storage(reason, &summary);
        let new = New {
            file,
            revision: build.version,
            metadata: BTreeMap::new(),
            link,
        };
        Ok(Outcome::Stored {
            changed: self.shared.advertise(new, progress),
            reason: Some(reason),
            message: summary,
        })
    }
}

impl HelmCharts {
    async fn build(
        &self,
        run: &Run,
        object: &HelmChart,
        stored: Option<&Artifact>,
        progress: &mut Progress<'_, HelmChart>,
    ) -> Result<Build, Error> {
        let source = &object.spec.source_ref;
        let key = Key::new(object.namespace(), &source.name);
        let missing = || {
            let (kind, name) = (source.kind.as_str(), &source.name);
            Error::Source(format!(
                "{kind}.source.toolkit.fluxcd.io \"{name}\" not found"
            ))
        };
        let (artifact, repository) = match source.kind {
            HelmChartSourceKind::HelmRepository => {
                let repository = self.repositories.get(&key).ok_or_else(missing)?;
                (repository.artifact().cloned(), Some(repository))
            }
            HelmChartSourceKind::GitRepository => {
                let source = self.git.get(&key).ok_or_else(missing)?;
                (source.artifact().cloned(), None)
            }
            HelmChartSourceKind::Bucket => {
                let source = self.buckets.get(&key).ok_or_else(missing)?;
                (source.artifact().cloned(), None)
            }
        };
        let is_oci = repository.as_ref().is_some_and(|r| r.spec.is_oci());
        if artifact.is_none() && !is_oci {
            return Err(Error::NoArtifact {
                kind: source.kind.as_str(),
                name: source.name.clone(),
            });
        }
        let artifact = artifact.filter(|_| !is_oci);
        if let Some(artifact) = &artifact {
            let revision = artifact.revision.clone();
            progress.status.observed_source_artifact_revision = Some(revision);
        }
        // Others may be slow; a worker is for those that have work.
        run.rest();
        let spec = &object.spec;
        match (repository, artifact) {
            (Some(repository), _) => {
                let wishes = Wishes::of(object, stored.is_some(), None);
                let (chart, range) = (&spec.chart, &spec.version);
                let verification = spec.verify.as_ref();
                self.repository_chart(chart, range, &repository, verification, &wishes)
                    .await
            }
            (None, Some(artifact)) => {
                let hash = match spec.reconcile_strategy {
                    ReconcileStrategy::Revision => Some(short_hash(&artifact.revision)),
                    ReconcileStrategy::ChartVersion => None,
                };
                let wishes = Wishes::of(object, stored.is_some(), hash);
                let tree = self.tree(artifact).await?;
                self.local_chart(object.namespace(), &spec.chart, tree, &wishes)
                    .await
            }
            (None, None) => Err(missing()),
        }
    }

    async fn tree(&self, artifact: Artifact) -> Result<rosin_tree::Tree, Error> {
        let store = self.shared.store.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let digest = artifact.digest.parse::<ArtifactDigest>();
            let digest = digest.map_err(|error| Error::Pull(error.to_string()))?;
            store
                .tree(&artifact.path, &digest)
                .map_err(|error| match error {
                    StoreError::Missing => Error::Pull("the source's artifact is gone".to_owned()),
                    error => Error::Pull(format!("artifact untar error: {}", chain(&error))),
                })
        });
        opened
            .await
            .map_err(|error| Error::Pull(error.to_string()))?
    }

    async fn store(
        &self,
        object: &HelmChart,
        file: String,
        content: Vec<u8>,
    ) -> Result<(StoredFile, Option<String>), Error> {
        let folder = folder(object)?;
        let store = self.shared.store.clone();
        let stored = tokio::task::spawn_blocking(move || {
            let failed = |error: StoreError| StorageFailed::archive(&error);
            let stored = store.put(&folder, &file, &content).map_err(failed)?;
            Ok((stored, storage::link(&store, &folder, LATEST, &file)))
        });
        stored
            .await
            .map_err(|error| StorageFailed::archive(&error))?
    }
}

/// `main@sha1:<hex>`, `sha256:<hex>` or a bare hash: the first digits of the hash.
fn short_hash(revision: &str) -> &str {
    let hash = revision.rsplit([':', '@', '/']).next().unwrap_or(revision);
    hash.get(..SHORT_HASH).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: SRC-HC-004
    #[test]
    fn hashes_are_shortened() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        for revision in [
            format!("main@sha1:{hash}"),
            format!("sha1:{hash}"),
            format!("feature/x@sha1:{hash}"),
            format!("main/{hash}"),
            hash.to_owned(),
        ] {
            assert_eq!(short_hash(&revision), "0123456789ab", "{revision}");
        }
    }
}
