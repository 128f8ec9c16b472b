//! The events of one run.

use std::{collections::BTreeMap, sync::Arc};

use rosin_api::{FluxObject, HelmRelease, Reason, helm_release::ReleaseSnapshot, names};

use crate::controller::{Event, Events, Severity, involved};

pub(super) struct Report<'a> {
    events: &'a Events,
    object: Arc<HelmRelease>,
}

/// Which release an event is about.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub version: String,
    pub config_digest: String,
    pub app_version: String,
    pub oci_digest: String,
}

impl From<&ReleaseSnapshot> for About {
    fn from(snapshot: &ReleaseSnapshot) -> Self {
        Self {
            version: snapshot.chart_version.clone(),
            config_digest: snapshot.config_digest.clone(),
            app_version: snapshot.app_version.clone().unwrap_or_default(),
            oci_digest: snapshot.oci_digest.clone().unwrap_or_default(),
        }
    }
}

impl<'a> Report<'a> {
    pub(super) fn new(events: &'a Events, object: Arc<HelmRelease>) -> Self {
        Self { events, object }
    }

    /// For the Kubernetes event only.
    pub(super) fn trace(&self, reason: Reason, message: &str) {
        self.send(Severity::Trace, reason, message, None);
    }

    /// About no release in particular.
    pub(super) fn plain(&self, severity: Severity, reason: Reason, message: &str) {
        self.send(severity, reason, message, None);
    }

    /// About a release.
    pub(super) fn release(
        &self,
        severity: Severity,
        reason: Reason,
        message: &str,
        about: impl Into<About>,
    ) {
        self.send(severity, reason, message, Some(about.into()));
    }

    fn send(&self, severity: Severity, reason: Reason, message: &str, about: Option<About>) {
        let meta = self.object.meta();
        let mut metadata: BTreeMap<String, String> = BTreeMap::new();
        for (key, value) in meta.annotations.iter().flatten() {
            if let Some(key) = key.strip_prefix(names::EVENT_METADATA_PREFIX) {
                metadata.insert(format!("{}/{key}", names::HELM_GROUP), value.clone());
            }
        }
        let about = about.unwrap_or_default();
        for (key, value) in [
            (names::EVENT_CHART_VERSION, about.version),
            (names::EVENT_CONFIG_DIGEST, about.config_digest),
            (names::EVENT_APP_VERSION, about.app_version),
            (names::EVENT_OCI_DIGEST, about.oci_digest),
        ] {
            if !value.is_empty() {
                metadata.insert(key.to_owned(), value);
            }
        }
        self.events.send(Event {
            object: involved(&*self.object),
            severity,
            reason: reason.as_str().to_owned(),
            message: message.to_owned(),
            metadata,
        });
    }
}
