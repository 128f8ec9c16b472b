//! Where charts come from: the object that holds one, whether it is ready, and the chart in its artifact.

use rosin_api::{
    Artifact, Condition, ConditionStatus, FluxObject, HelmRelease, OCIRepository, condition_type,
    helm_release::{ChartReference, ChartReferenceKind},
    source::{ExternalArtifact, HelmChart, Source},
};

use super::{HelmReleases, error::Error};
use crate::controller::{Key, Watched};

/// An object that holds a chart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChartKey {
    pub kind: ChartReferenceKind,
    pub key: Key,
}

impl ChartKey {
    /// `chartRef` of an object in `namespace`.
    pub fn of(reference: &ChartReference, namespace: &str) -> Self {
        let given = reference.namespace.as_deref().filter(|ns| !ns.is_empty());
        Self {
            kind: reference.kind,
            key: Key::new(given.unwrap_or(namespace), &*reference.name),
        }
    }
}

/// The kinds that hold charts. Cheap to clone.
#[derive(Clone)]
pub struct ChartSources {
    pub charts: Watched<HelmChart>,
    pub oci: Watched<OCIRepository>,
    pub external: Watched<ExternalArtifact>,
}

/// What a run needs to know of a source.
struct Seen {
    artifact: Option<Artifact>,
    generation: i64,
    observed: Option<i64>,
    conditions: Vec<Condition>,
}

impl Seen {
    fn of(object: &impl FluxObject, artifact: Option<&Artifact>) -> Self {
        Self {
            artifact: artifact.cloned(),
            generation: object.generation(),
            observed: object.observed_generation(),
            conditions: object.conditions().to_vec(),
        }
    }

    /// Why there is nothing to take from it yet.
    fn unready(&self) -> Option<String> {
        let condition = |type_: &str, status| {
            self.conditions
                .iter()
                .find(|c| c.type_ == type_ && c.status == status)
        };
        if self.observed != Some(self.generation) {
            let failed = condition(condition_type::READY, ConditionStatus::False);
            let message = failed.map_or(
                "latest generation of object has not been reconciled",
                |ready| &ready.message,
            );
            return Some(message.to_owned());
        }
        if let Some(stalled) = condition(condition_type::STALLED, ConditionStatus::True) {
            return Some(stalled.message.clone());
        }
        self.artifact
            .is_none()
            .then(|| "does not have an artifact".to_owned())
    }
}

impl ChartSources {
    fn get(&self, source: &ChartKey) -> Option<Seen> {
        match source.kind {
            ChartReferenceKind::HelmChart => {
                let chart = self.charts.get(&source.key)?;
                let artifact = chart.status.as_ref().and_then(|s| s.artifact.as_ref());
                Some(Seen::of(&*chart, artifact))
            }
            ChartReferenceKind::OCIRepository => {
                let oci = self.oci.get(&source.key)?;
                Some(Seen::of(&*oci, oci.artifact()))
            }
            ChartReferenceKind::ExternalArtifact => {
                let external = self.external.get(&source.key)?;
                // Whoever makes these says nothing of generations.
                Some(Seen {
                    artifact: external.artifact().cloned(),
                    generation: 0,
                    observed: Some(0),
                    conditions: Vec::new(),
                })
            }
        }
    }
}

impl HelmReleases {
    /// The source of the chart, and its artifact.
    pub(super) fn artifact_of(&self, object: &HelmRelease) -> Result<(ChartKey, Artifact), Error> {
        let source = match (&object.spec.chart_ref, object.chart_object()) {
            (Some(reference), _) => ChartKey::of(reference, object.namespace()),
            (None, Some(chart)) => ChartKey {
                kind: ChartReferenceKind::HelmChart,
                key: Key::new(chart.namespace, chart.name),
            },
            (None, None) => return Err(Error::NoChart),
        };
        self.allow(object, source.kind.as_str(), &source.key)?;
        let seen = self.sources.get(&source).ok_or_else(|| {
            let plural = match source.kind {
                ChartReferenceKind::HelmChart => "helmcharts",
                ChartReferenceKind::OCIRepository => "ocirepositories",
                ChartReferenceKind::ExternalArtifact => "externalartifacts",
            };
            Error::SourceMissing(format!(
                "{plural}.source.toolkit.fluxcd.io {:?} not found",
                source.key.name
            ))
        })?;
        match (seen.unready(), seen.artifact) {
            (None, Some(artifact)) => Ok((source, artifact)),
            (message, _) => Err(Error::SourceNotReady {
                message: format!(
                    "{} '{}' is not ready: {}",
                    source.kind.as_str(),
                    source.key,
                    message.unwrap_or_default()
                ),
                retry: self.config.requeue_dependency,
            }),
        }
    }

    /// References to other namespaces, where the operator forbids them.
    pub(super) fn allow(&self, object: &HelmRelease, kind: &str, key: &Key) -> Result<(), Error> {
        if self.config.no_cross_namespace_refs && key.namespace != object.namespace() {
            return Err(Error::AccessDenied(format!("{kind} {key}")));
        }
        Ok(())
    }
}
