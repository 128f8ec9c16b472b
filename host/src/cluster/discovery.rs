//! Which resource serves a kind. Read with two aggregated discovery requests and read again when a kind is unknown.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{ApiError, Gvk};

/// How soon an unknown kind may cause the next full read. A tenant's typo must not become a discovery request each time.
const REFRESH_AT_MOST_EVERY: Duration = Duration::from_millis(500);

/// The REST resource of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    pub gvk: Gvk,
    pub plural: String,
    pub namespaced: bool,
    /// Can it be watched? Some aggregated APIs cannot.
    pub watchable: bool,
}

impl Resource {
    /// `/api/v1/namespaces/x/configmaps/y`. `name` empty: the collection.
    pub fn path(&self, namespace: Option<&str>, name: &str) -> String {
        let mut path = match self.gvk.group.as_str() {
            "" => format!("/api/{}", self.gvk.version),
            group => format!("/apis/{group}/{}", self.gvk.version),
        };
        if let (true, Some(namespace)) = (self.namespaced, namespace.filter(|n| !n.is_empty())) {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        if !name.is_empty() {
            path.push('/');
            // Names may hold what a URL may not (RBAC allows `system:x`, others more).
            for byte in name.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                        path.push(byte as char)
                    }
                    _ => path.push_str(&format!("%{byte:02X}")),
                }
            }
        }
        path
    }

    pub fn api_resource(&self) -> kube::core::ApiResource {
        kube::core::ApiResource {
            group: self.gvk.group.to_string(),
            version: self.gvk.version.to_string(),
            api_version: self.gvk.api_version().to_string(),
            kind: self.gvk.kind.to_string(),
            plural: self.plural.clone(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    #[error("no matches for kind \"{}\" in version \"{}\"", .0.kind, .0.api_version())]
    UnknownKind(Gvk),
    #[error("reading the API server's resources failed")]
    Api(#[from] ApiError),
}

/// Kinds by group, version and kind. Cheap to clone.
#[derive(Clone)]
pub struct Discovery {
    client: kube::Client,
    known: Arc<RwLock<HashMap<Gvk, Resource>>>,
    last_read: Arc<Mutex<Option<Instant>>>,
}

impl Discovery {
    pub fn new(client: kube::Client) -> Self {
        Self {
            client,
            known: Arc::default(),
            last_read: Arc::default(),
        }
    }

    /// The resource of a kind; asks the server when it is not known yet.
    pub async fn resource(&self, gvk: &Gvk) -> Result<Resource, DiscoveryError> {
        if let Some(resource) = self.cached(gvk) {
            return Ok(resource);
        }
        self.refresh().await?;
        self.cached(gvk)
            .ok_or_else(|| DiscoveryError::UnknownKind(gvk.clone()))
    }

    /// Any served version of a kind: for the objects of an inventory whose version is gone.
    pub fn any_version(&self, gvk: &Gvk) -> Option<Resource> {
        let known = self.known.read().ok()?;
        known
            .values()
            .find(|r| r.gvk.group == gvk.group && r.gvk.kind == gvk.kind)
            .cloned()
    }

    /// All that the server serves.
    pub async fn all(&self) -> Result<Vec<Resource>, DiscoveryError> {
        let read = || -> Vec<Resource> {
            let known = self.known.read();
            known.map_or_else(|_| Vec::new(), |known| known.values().cloned().collect())
        };
        let known = read();
        if !known.is_empty() {
            return Ok(known);
        }
        self.refresh().await?;
        Ok(read())
    }

    fn cached(&self, gvk: &Gvk) -> Option<Resource> {
        self.known.read().ok()?.get(gvk).cloned()
    }

    /// Reads all groups again, unless somebody just did.
    pub async fn refresh(&self) -> Result<(), DiscoveryError> {
        let mut last = self.last_read.lock().await;
        if last.is_some_and(|at| at.elapsed() < REFRESH_AT_MOST_EVERY) {
            return Ok(());
        }
        let (core, groups) = futures::future::try_join(
            self.client.list_core_api_versions_aggregated(),
            self.client.list_api_groups_aggregated(),
        )
        .await
        .map_err(ApiError::from)?;
        let mut found = HashMap::new();
        for group in core.items.into_iter().chain(groups.items) {
            let name = group.metadata.and_then(|m| m.name).unwrap_or_default();
            for version in group.versions {
                let version_name = version.version.unwrap_or_default();
                for resource in version.resources {
                    let (Some(plural), Some(kind)) = (resource.resource, resource.response_kind)
                    else {
                        continue;
                    };
                    let gvk = Gvk::new(&name, &version_name, &kind.kind.unwrap_or_default());
                    let resource = Resource {
                        gvk: gvk.clone(),
                        plural,
                        namespaced: resource.scope.as_deref() == Some("Namespaced"),
                        watchable: resource.verbs.iter().any(|v| v == "watch"),
                    };
                    found.insert(gvk, resource);
                }
            }
        }
        if let Ok(mut known) = self.known.write() {
            *known = found;
        }
        *last = Some(Instant::now());
        Ok(())
    }
}
