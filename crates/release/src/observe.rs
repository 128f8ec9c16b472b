//! Observed releases: the digest by which a HelmRelease knows its release again.

use crate::digest::Algorithm;
use crate::json;
use crate::record::{HookEvent, Release, write_hook, write_info, write_metadata};

/// What is digested of a record: all but its tests, so that `helm test` changes nothing, with the digest of the chart's
/// artifact where it has one.
#[must_use]
pub fn observed_text(release: &Release, oci_digest: &str) -> String {
    let mut out = String::with_capacity(release.manifest.len() * 2 + 1024);
    json::object(&mut out, |object| {
        object.text("name", &release.name);
        object.field("version", |out| out.push_str(&release.version.to_string()));
        object.field("info", |out| write_info(out, &release.info, false));
        object.field("chartMetadata", |out| {
            write_metadata(out, &release.chart.metadata);
        });
        object.field("config", |out| match release.config.is_empty() {
            true => out.push_str("null"),
            false => json::map(out, &release.config),
        });
        object.text("manifest", &release.manifest);
        let hooks: Vec<_> = release
            .hooks
            .iter()
            .filter(|hook| !hook.runs_at(HookEvent::Test))
            .collect();
        object.field("hooks", |out| match hooks.is_empty() {
            true => out.push_str("null"),
            false => json::list(out, &hooks, |out, hook| write_hook(out, hook, false)),
        });
        object.text("namespace", &release.namespace);
        object.some_text("ociDigest", oci_digest);
    });
    out.push('\n');
    out
}

/// `status.history[].digest`
#[must_use]
pub fn digest(algorithm: Algorithm, release: &Release, oci_digest: &str) -> String {
    algorithm.digest(observed_text(release, oci_digest).as_bytes())
}

/// Is this still the release that a snapshot was made of?
#[must_use]
pub fn verifies(digest: &str, release: &Release, oci_digest: &str) -> bool {
    Algorithm::verifies(digest, observed_text(release, oci_digest).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_of_nothing_has_the_known_digest() {
        // parity: HR-HIST-003
        let mut release = Release {
            name: "foo".into(),
            ..Release::default()
        };
        release.info.status = crate::Status::Other(String::new());
        assert_eq!(
            observed_text(&release, ""),
            "{\"name\":\"foo\",\"version\":0,\"info\":{},\"chartMetadata\":{},\"config\":null,\"manifest\":\"\",\"hooks\":null,\"namespace\":\"\"}\n"
        );
        assert_eq!(
            digest(Algorithm::Sha256, &release, ""),
            "sha256:f1498f27a16a09cd7e1ee610d924df065c03d30035638babc95dd9a8d412ce4d"
        );
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            let digest = digest(algorithm, &release, "sha256:abc");
            assert!(verifies(&digest, &release, "sha256:abc"));
            assert!(!verifies(&digest, &release, ""));
        }
        assert!(!verifies("sha1:abc", &release, ""));
    }
}
