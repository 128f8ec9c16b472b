//! What the host does for guests beyond files. Both traits act as the object that is rendered, so a set of services belongs to
//! one render.

use std::sync::Arc;

use async_trait::async_trait;
use rosin_tree::Tree;

use crate::Registry;

/// What a cluster offers, as `wit/cluster.wit` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    pub kube_version: String,
    pub api_versions: Vec<String>,
}

/// The cluster, with the identity of the object that is rendered.
#[async_trait]
pub trait Cluster: Send + Sync {
    async fn discover(&self) -> Result<Capabilities, LookupError>;

    /// JSON of an object, or of a `List` where `name` is empty; see `wit/cluster.wit`.
    async fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<String>, LookupError>;
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum LookupError {
    /// Goes to the guest, which may go on: no access, unknown kind.
    #[error("{0}")]
    Refused(String),
    /// Ends the render: the cluster does not answer.
    #[error("{0}")]
    Unavailable(String),
}

/// Fetches what remote addresses name. Policy and credentials are the implementation's; that the address occurs in the source
/// was checked.
#[async_trait]
pub trait Fetch: Send + Sync {
    async fn fetch(&self, url: &str) -> Result<Tree, FetchError>;
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Unavailable(String),
}

/// The services of one render. Without a cluster, lookups find nothing; without a fetcher, every address is denied;
/// without renderers, none can be asked for.
#[derive(Clone, Default)]
pub struct Services {
    pub cluster: Option<Arc<dyn Cluster>>,
    pub remote: Option<Arc<dyn Fetch>>,
    /// Renderers that this one may ask for; see `wit/compose.wit`.
    pub renderers: Option<Arc<Registry>>,
}
