//! What the controller loop needs to know of every kind that it reconciles.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::names::RECONCILE_REQUEST;
use crate::source::{Bucket, HelmChart, HelmRepository};
use crate::source::{
    BucketStatus, GitRepositoryStatus, HelmChartStatus, HelmRepositoryStatus, OCIRepositoryStatus,
};
use crate::{
    Condition, Duration, GitRepository, HelmRelease, HelmReleaseStatus, Kustomization,
    KustomizationStatus, OCIRepository,
};

/// What the statuses of all our kinds have.
pub trait FluxStatus: Clone + Default + Serialize + Send + Sync {
    fn conditions(&self) -> &[Condition];
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;
    fn observed_generation(&self) -> Option<i64>;
    fn set_observed_generation(&mut self, generation: Option<i64>);
    fn last_handled_reconcile_at(&self) -> Option<&str>;
    fn set_last_handled_reconcile_at(&mut self, request: String);
}

/// A kind that a controller of Rosin reconciles.
pub trait FluxObject {
    type Status: FluxStatus;

    fn status(&self) -> Option<&Self::Status>;
    fn meta(&self) -> &ObjectMeta;
    fn interval(&self) -> Duration;
    fn suspended(&self) -> bool;

    fn conditions(&self) -> &[Condition] {
        self.status().map_or(&[], FluxStatus::conditions)
    }

    fn observed_generation(&self) -> Option<i64> {
        self.status()?.observed_generation()
    }

    fn last_handled_reconcile_at(&self) -> Option<&str> {
        self.status()?.last_handled_reconcile_at()
    }

    fn generation(&self) -> i64 {
        self.meta().generation.unwrap_or_default()
    }

    /// The value of the annotation that asks for a reconcile.
    fn reconcile_request(&self) -> Option<&str> {
        self.meta()
            .annotations
            .as_ref()?
            .get(RECONCILE_REQUEST)
            .map(String::as_str)
    }

    fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions()
            .iter()
            .find(|condition| condition.type_ == type_)
    }
}

macro_rules! flux_object {
    ($($kind:ty, $status:ty, |$spec:ident| $interval:expr;)*) => {$(
        impl FluxStatus for $status {
            fn conditions(&self) -> &[Condition] {
                &self.conditions
            }

            fn conditions_mut(&mut self) -> &mut Vec<Condition> {
                &mut self.conditions
            }

            fn observed_generation(&self) -> Option<i64> {
                self.observed_generation
            }

            fn set_observed_generation(&mut self, generation: Option<i64>) {
                self.observed_generation = generation;
            }

            fn last_handled_reconcile_at(&self) -> Option<&str> {
                self.last_handled_reconcile_at.as_deref()
            }

            fn set_last_handled_reconcile_at(&mut self, request: String) {
                self.last_handled_reconcile_at = Some(request);
            }
        }

        impl FluxObject for $kind {
            type Status = $status;

            fn status(&self) -> Option<&$status> {
                self.status.as_ref()
            }

            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn interval(&self) -> Duration {
                let $spec = &self.spec;
                $interval
            }

            fn suspended(&self) -> bool {
                self.spec.suspend
            }
        }
    )*};
}

flux_object! {
    Bucket, BucketStatus, |spec| spec.interval;
    GitRepository, GitRepositoryStatus, |spec| spec.interval;
    HelmChart, HelmChartStatus, |spec| spec.interval;
    HelmRelease, HelmReleaseStatus, |spec| spec.interval;
    HelmRepository, HelmRepositoryStatus, |spec| spec.interval();
    Kustomization, KustomizationStatus, |spec| spec.interval;
    OCIRepository, OCIRepositoryStatus, |spec| spec.interval;
}
