//! The cluster as templates may ask it: with the identity that the release is made with.

use async_trait::async_trait;
use http::Method;
use rosin_render::{Capabilities, Cluster, LookupError};

use crate::cluster::{ApiError, DiscoveryError, Gvk, Session};

/// Answers of one cluster under one identity.
pub(super) struct Asked(pub Session);

fn failed(error: ApiError) -> LookupError {
    if error.is_transient() {
        LookupError::Unavailable(error.to_string())
    } else {
        LookupError::Refused(error.to_string())
    }
}

#[async_trait]
impl Cluster for Asked {
    async fn discover(&self) -> Result<Capabilities, LookupError> {
        let version = self.0.send(Method::GET, "/version", None, None).await;
        let version = version.map_err(failed)?;
        let resources = self
            .0
            .discovery()
            .all()
            .await
            .map_err(|error| match error {
                DiscoveryError::Api(error) => failed(error),
                other => LookupError::Refused(other.to_string()),
            })?;
        let mut api_versions: Vec<String> = resources
            .iter()
            .flat_map(|resource| {
                let api_version = resource.gvk.api_version();
                let kind = format!("{api_version}/{}", resource.gvk.kind);
                [api_version, kind]
            })
            .collect();
        api_versions.sort();
        api_versions.dedup();
        let kube_version = version["gitVersion"].as_str().unwrap_or_default();
        Ok(Capabilities {
            kube_version: kube_version.to_owned(),
            api_versions,
        })
    }

    async fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<String>, LookupError> {
        let gvk = Gvk::parse(api_version, kind);
        let resource = self.0.resource(&gvk).await.map_err(|error| match error {
            DiscoveryError::Api(error) => failed(error),
            unknown => LookupError::Refused(unknown.to_string()),
        })?;
        let found = self.0.get(&resource, Some(namespace), name).await;
        Ok(found.map_err(failed)?.map(|object| object.to_string()))
    }
}
