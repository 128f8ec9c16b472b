//! The Secret around a record.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Release;

/// The type of the Secrets that hold records.
pub const SECRET_TYPE: &str = "helm.sh/release.v1";

/// Labels that Helm sets itself.
const OWN: [&str; 6] = [
    "name",
    "owner",
    "status",
    "version",
    "createdAt",
    "modifiedAt",
];

/// `sh.helm.release.v1.app.v3`
#[must_use]
pub fn secret_name(release: &str, version: i64) -> String {
    format!("sh.helm.release.v1.{release}.v{version}")
}

/// The labels of a record's Secret, when it is created or when it is changed. Labels that somebody added stay, and those of
/// Helm stay current.
#[must_use]
pub fn labels(release: &Release, created: bool, now: Timestamp) -> BTreeMap<String, String> {
    let mut labels = release.labels.clone();
    let stamp = if created { "createdAt" } else { "modifiedAt" };
    for (name, value) in [
        (stamp, now.as_second().to_string()),
        ("name", release.name.clone()),
        ("owner", "helm".to_owned()),
        ("status", release.info.status.to_string()),
        ("version", release.version.to_string()),
    ] {
        labels.insert(name.to_owned(), value);
    }
    labels
}

impl Release {
    /// Takes over the labels of the Secret that it was read from, but for Helm's own.
    #[must_use]
    pub fn with_labels(mut self, labels: &BTreeMap<String, String>) -> Self {
        self.labels = labels
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self
    }
}
