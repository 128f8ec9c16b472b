//! The custom resource definitions of the kinds that Rosin serves, derived from their types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::schema::as_flux;
use crate::{
    Bucket, GitRepository, HelmChart, HelmRelease, HelmRepository, Kustomization, OCIRepository,
};

/// All definitions that an installation needs.
pub fn all() -> Vec<CustomResourceDefinition> {
    [
        Bucket::crd(),
        GitRepository::crd(),
        HelmChart::crd(),
        HelmRelease::crd(),
        HelmRepository::crd(),
        Kustomization::crd(),
        OCIRepository::crd(),
    ]
    .map(as_flux)
    .into()
}
