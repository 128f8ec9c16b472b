//! Builders for tests of every crate: an object with what is required, changed step by step.

use kube::core::ObjectMeta;

use crate::kustomization::{DependencyReference, SourceKind, SourceReference};
use crate::{Duration, GitRepository, GitRepositorySpec, Kustomization, KustomizationSpec};

impl Kustomization {
    /// A Kustomization `default/<name>` of the GitRepository `fleet` that prunes, with an interval of ten minutes.
    pub fn test(name: &str) -> Self {
        let source = SourceReference {
            api_version: None,
            kind: SourceKind::GitRepository,
            name: "fleet".into(),
            namespace: None,
        };
        let mut object = Self::new(
            name,
            KustomizationSpec::new(source, Duration::from_secs(600), true),
        );
        object.metadata = meta(name);
        object
    }

    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.spec.path = Some(path.into());
        self
    }

    #[must_use]
    pub fn depends_on(mut self, name: &str) -> Self {
        self.spec.depends_on.push(DependencyReference {
            name: name.into(),
            namespace: None,
            ready_expr: None,
        });
        self
    }
}

impl GitRepository {
    /// A GitRepository `default/<name>` with an interval of one minute.
    pub fn test(name: &str) -> Self {
        let spec = GitRepositorySpec::new(
            format!("https://git.example.com/{name}"),
            Duration::from_secs(60),
        );
        let mut object = Self::new(name, spec);
        object.metadata = meta(name);
        object
    }
}

fn meta(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some("default".into()),
        generation: Some(1),
        ..ObjectMeta::default()
    }
}
