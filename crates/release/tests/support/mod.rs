//! HelmReleases and releases for tests.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses some of it, and a failure is a failed test"
)]

use rosin_api::HelmRelease;
use rosin_release::history::{self, Action};
use rosin_release::{Algorithm, Hook, Release, Status, Values};
use serde_json::{Value, json};

/// A HelmRelease `default/app`, generation 1, whose spec has these fields besides what is required.
pub(crate) fn object(spec: Value) -> HelmRelease {
    let mut full = json!({"interval": "10m", "chartRef": {"kind": "OCIRepository", "name": "app"}});
    for (key, value) in spec.as_object().unwrap() {
        full[key] = value.clone();
    }
    let mut object: HelmRelease = serde_json::from_value(json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "app", "namespace": "default", "generation": 1},
        "spec": full,
    }))
    .unwrap();
    object.status = Some(Default::default());
    object
}

pub(crate) fn values(value: Value) -> Values {
    value.as_object().unwrap().clone()
}

/// A revision of `app`, made of chart `app` 1.0.0.
pub(crate) fn release(version: i64, status: Status) -> Release {
    let mut release = Release {
        name: "app".into(),
        namespace: "default".into(),
        version,
        manifest: "---\n# Source: app/templates/a.yaml\nkind: ConfigMap\n".into(),
        config: values(json!({"a": 1})),
        ..Release::default()
    };
    release.info.status = status;
    release.chart.metadata.name = "app".into();
    release.chart.metadata.version = "1.0.0".into();
    release
}

/// A test hook whose last run ended so; empty for none.
pub(crate) fn test_hook(name: &str, phase: &str) -> Hook {
    let mut hook = Hook {
        name: name.into(),
        events: vec!["test".into()],
        ..Hook::default()
    };
    hook.last_run.phase = phase.into();
    hook
}

/// Lets the object remember that it made a release.
pub(crate) fn remember(object: &mut HelmRelease, release: &Release, action: Action) {
    let status = object.status.as_mut().unwrap();
    status.storage_namespace = Some("default".into());
    let entry = history::snapshot(release, None, Some(action.as_str()), Algorithm::Sha256);
    status.history.insert(0, entry);
}
