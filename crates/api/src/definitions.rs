//! The custom resource definitions of the kinds that Rosin serves, derived from their types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::schema::as_flux;
use crate::{GitRepository, HelmRelease, Kustomization, OCIRepository};

/// All definitions that an installation needs.
pub fn all() -> Vec<CustomResourceDefinition> {
    [
        GitRepository::crd(),
        HelmRelease::crd(),
        Kustomization::crd(),
        OCIRepository::crd(),
    ]
    .map(as_flux)
    .into()
}
