//! What the controller loop needs to know of every kind that it reconciles.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::names::RECONCILE_REQUEST;
use crate::{Condition, Duration, GitRepository, HelmRelease, Kustomization, OCIRepository};

/// A kind that a controller of Rosin reconciles.
pub trait FluxObject {
    fn meta(&self) -> &ObjectMeta;
    fn interval(&self) -> Duration;
    fn suspended(&self) -> bool;
    fn conditions(&self) -> &[Condition];
    fn observed_generation(&self) -> Option<i64>;
    fn last_handled_reconcile_at(&self) -> Option<&str>;

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
    ($($kind:ty),*) => {$(
        impl FluxObject for $kind {
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn interval(&self) -> Duration {
                self.spec.interval
            }

            fn suspended(&self) -> bool {
                self.spec.suspend
            }

            fn conditions(&self) -> &[Condition] {
                self.status.as_ref().map_or(&[], |status| &status.conditions)
            }

            fn observed_generation(&self) -> Option<i64> {
                self.status.as_ref()?.observed_generation
            }

            fn last_handled_reconcile_at(&self) -> Option<&str> {
                self.status.as_ref()?.last_handled_reconcile_at.as_deref()
            }
        }
    )*};
}

flux_object!(Kustomization, GitRepository, HelmRelease, OCIRepository);
