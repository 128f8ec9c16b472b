//! Flux's kinds as types: spec, status, condition types, reasons, labels and annotations.
//!
//! Data only: nothing here talks to a cluster, reads a clock or decides anything. Field and reason names are those that the `flux`
//! command, dashboards and alerts read, so they are a public promise. The custom resource definitions that a cluster installs are
//! derived from these types (see [`definitions`]); what Rosin adds to Flux's shapes is optional and documented where it stands.
//!
//! Objects that come from a watch are decoded one by one with [`Decode::from_value`]: an object that does not decode is that
//! object's error, never the end of a watch.

mod condition;
mod decode;
pub mod definitions;
mod duration;
mod fixtures;
pub mod helm_release;
pub mod kustomization;
pub mod names;
mod object;
mod reason;
mod reference;
mod schema;
pub mod source;

pub use condition::{Condition, ConditionStatus, condition_type};
pub use decode::{Decode, DecodeError};
pub use duration::{Duration, ParseDurationError};
pub use helm_release::{HelmRelease, HelmReleaseSpec, HelmReleaseStatus};
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
pub use kustomization::{Kustomization, KustomizationSpec, KustomizationStatus};
pub use object::{FluxObject, FluxStatus};
pub use reason::Reason;
pub use reference::{LocalObjectReference, NamespacedName, SecretKeyReference};
pub use source::{
    Artifact, Bucket, GitRepository, GitRepositorySpec, GitRepositoryStatus, HelmChart,
    HelmRepository, OCIRepository,
};
