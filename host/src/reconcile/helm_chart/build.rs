//! What a reconcile made, and the rules that all sources of charts share.

use rosin_api::{HelmChart, Reason};
use rosin_source::semver::Version;

use super::error::Error;

/// A chart that was built, or found to be the stored one.
pub(super) struct Build {
    pub name: String,
    pub version: String,
    /// Packed by us, not only passed on.
    pub packaged: bool,
    /// The files that became its values, if any did.
    pub values_files: Vec<String>,
    /// Charts that were added.
    pub dependencies: usize,
    pub verified: bool,
    /// `None`: the stored chart is this one.
    pub content: Option<Vec<u8>>,
}

impl Build {
    /// What the object says of it.
    pub(super) fn summary(&self) -> String {
        let action = if self.packaged { "packaged" } else { "pulled" };
        let mut summary = format!(
            "{action} '{}' chart with version '{}'",
            self.name, self.version
        );
        if !self.values_files.is_empty() {
            let files = self.values_files.join(" ");
            summary.push_str(&format!(" and merged values files [{files}]"));
        }
        summary
    }

    pub(super) fn reason(&self) -> Reason {
        if self.packaged {
            Reason::ChartPackageSucceeded
        } else {
            Reason::ChartPullSucceeded
        }
    }
}

/// What the object asks for beyond the chart itself, with what is stored for it.
#[derive(Clone)]
pub(super) struct Wishes {
    values_files: Vec<String>,
    pub ignore_missing: bool,
    /// Goes to the version, so that readers notice a change of what the version does not tell.
    pub build_metadata: String,
    stored: Option<Stored>,
}

#[derive(Clone)]
struct Stored {
    name: String,
    version: String,
    values_files: Vec<String>,
}

impl Wishes {
    /// `revision` is the shortened hash of the source, where a change of it alone makes a new version.
    pub(super) fn of(object: &HelmChart, stored: bool, revision: Option<&str>) -> Self {
        let mut build_metadata = revision.unwrap_or_default().to_owned();
        let values_files = object.spec.values_files.clone();
        let status = object.status.as_ref();
        // Another spec builds again, even when name and version are the same.
        let current = status
            .filter(|status| stored && status.observed_generation == object.metadata.generation);
        let stored = current.and_then(|status| {
            Some(Stored {
                name: status.observed_chart_name.clone()?,
                version: status.artifact.as_ref()?.revision.clone(),
                values_files: status.observed_values_files.clone(),
            })
        });
        let wishes = Self {
            values_files,
            ignore_missing: object.spec.ignore_missing_values_files,
            build_metadata: String::new(),
            stored,
        };
        if !wishes.values_files().is_empty() {
            if !build_metadata.is_empty() {
                build_metadata.push('.');
            }
            let generation = object.metadata.generation.unwrap_or_default();
            build_metadata.push_str(&generation.to_string());
        }
        Self {
            build_metadata,
            ..wishes
        }
    }

    /// The files to merge. The chart's own values alone are no wish.
    pub(super) fn values_files(&self) -> &[String] {
        match self.values_files.as_slice() {
            [only] if clean(only) == "values.yaml" => &[],
            files => files,
        }
    }

    /// The files in full, for those who merge.
    pub(super) fn all_values_files(&self) -> &[String] {
        &self.values_files
    }

    pub(super) fn changes_chart(&self) -> bool {
        !self.values_files().is_empty() || !self.build_metadata.is_empty()
    }

    /// The version that the built chart gets.
    pub(super) fn version(&self, version: &str) -> Result<String, Error> {
        if self.build_metadata.is_empty() {
            return Ok(version.to_owned());
        }
        let parsed = Version::parse(version).ok_or_else(|| {
            Error::Metadata(format!(
                "failed to parse version from chart metadata as SemVer: '{version}' is none"
            ))
        })?;
        parsed.with_build(&self.build_metadata).ok_or_else(|| {
            Error::Metadata(format!(
                "failed to set SemVer metadata on chart version: '{}' is none",
                self.build_metadata
            ))
        })
    }

    /// The stored chart, if it is of this name and version.
    pub(super) fn stored(&self, name: &str, version: &str, packaged: bool) -> Option<Build> {
        let stored = self.stored.as_ref()?;
        if stored.name != name || stored.version != version {
            return None;
        }
        let values_files = match stored.values_files.is_empty() {
            true => self.values_files().to_vec(),
            false => stored.values_files.clone(),
        };
        Some(Build {
            name: name.to_owned(),
            version: version.to_owned(),
            packaged,
            values_files,
            dependencies: 0,
            verified: false,
            content: None,
        })
    }
}

/// A path below a root that it cannot leave: `..` at the root stays there.
pub(super) fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use rosin_api::{
        Duration,
        source::{HelmChartSourceKind, HelmChartSpec, LocalHelmChartSourceReference},
    };

    use super::*;

    fn chart(values_files: &[&str]) -> HelmChart {
        let source = LocalHelmChartSourceReference {
            api_version: None,
            kind: HelmChartSourceKind::GitRepository,
            name: "fleet".into(),
        };
        let spec = HelmChartSpec::new("./app", source, Duration::from_secs(60));
        let mut chart = HelmChart::new("app", spec);
        chart.metadata.generation = Some(3);
        chart.spec.values_files = values_files.iter().map(|file| (*file).into()).collect();
        chart
    }

    // parity: SRC-HC-004, SRC-HC-005
    #[test]
    fn versions_tell_of_values_and_revisions() {
        let version = |files: &[&str], revision: Option<&str>| {
            Wishes::of(&chart(files), false, revision).version("v1.0.0-rc.1+old")
        };
        let plain = "v1.0.0-rc.1+old";
        assert_eq!(version(&[], None).unwrap(), plain);
        assert_eq!(version(&["./values.yaml"], None).unwrap(), plain);
        assert_eq!(version(&["a.yaml"], None).unwrap(), "1.0.0-rc.1+3");
        assert_eq!(
            version(&[], Some("0123456789ab")).unwrap(),
            "1.0.0-rc.1+0123456789ab"
        );
        let both = version(&["a", "b"], Some("0123456789ab"));
        assert_eq!(both.unwrap(), "1.0.0-rc.1+0123456789ab.3");
    }

    // parity: SRC-HC-011
    #[test]
    fn summaries_are_those_that_people_know() {
        let mut build = Build {
            name: "app".into(),
            version: "1.0.0".into(),
            packaged: false,
            values_files: Vec::new(),
            dependencies: 0,
            verified: false,
            content: None,
        };
        assert_eq!(build.summary(), "pulled 'app' chart with version '1.0.0'");
        build.packaged = true;
        build.values_files = vec!["a.yaml".into(), "b.yaml".into()];
        assert_eq!(
            build.summary(),
            "packaged 'app' chart with version '1.0.0' and merged values files [a.yaml b.yaml]"
        );
    }

    #[test]
    fn paths_stay_below_their_root() {
        assert_eq!(clean("./charts/../../../app/"), "app");
        assert_eq!(clean("/etc/../.."), "");
    }
}
