//! The custom resource definitions of the kinds that Rosin serves, derived from their types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::schema::without_null;
use crate::{GitRepository, Kustomization};

/// All definitions that an installation needs.
pub fn all() -> Vec<CustomResourceDefinition> {
    [GitRepository::crd(), Kustomization::crd()]
        .map(without_null)
        .into()
}
