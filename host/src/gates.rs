//! Feature gates of Flux's controllers: those that change something here, and those that an installation may name although they do not.

/// What `--feature-gates` switches, with Flux's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gates {
    /// Undefined variables fail a substitution.
    pub strict_post_build_substitutions: bool,
    /// `readyExpr` comes besides the usual check of a dependency, not in its place.
    pub additive_cel_dependency_check: bool,
    /// `ExternalArtifact` may be a source.
    pub external_artifact: bool,
    /// Labelled ConfigMaps and Secrets start no reconcile.
    pub disable_config_watchers: bool,
    /// A health check goes on although an object failed, as long as others may become ready.
    pub disable_fail_fast_behavior: bool,
    /// Objects may name service accounts whose cloud identity is used.
    pub object_level_workload_identity: bool,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            strict_post_build_substitutions: true,
            additive_cel_dependency_check: false,
            external_artifact: false,
            disable_config_watchers: false,
            disable_fail_fast_behavior: false,
            object_level_workload_identity: false,
        }
    }
}

/// Gates that are known and change nothing: what they switch on is always so here, or concerns how Flux's own controllers work.
const WITHOUT_EFFECT: [&str; 14] = [
    // A new revision always ends the wait for the health of the old one.
    "CancelHealthCheckOnNewRevision",
    // Sources are read from a watch that is never behind our own writes.
    "DirectSourceFetch",
    "CacheSecretsAndConfigMaps",
    "DisableStatusPollerCache",
    "GroupChangeLog",
    "MigrateAPIVersion",
    // Of the Helm controller.
    "DetectDrift",
    "CorrectDrift",
    "AllowDNSLookups",
    "OOMWatch",
    "AdoptLegacyReleases",
    "DisableChartDigestTracking",
    "UseHelm3Defaults",
    "DefaultToRetryOnFailure",
];

impl Gates {
    /// From `Name=true` or `Name=false`. A name that nobody knows is more likely a mistake than a wish for nothing.
    pub fn parse(given: &[String]) -> Result<Self, String> {
        let mut gates = Self::default();
        for entry in given.iter().map(|entry| entry.trim()) {
            if entry.is_empty() {
                continue;
            }
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("missing bool value for {entry}"))?;
            let on = match value.trim() {
                "true" | "True" | "TRUE" | "t" | "T" | "1" => true,
                "false" | "False" | "FALSE" | "f" | "F" | "0" => false,
                other => return Err(format!("invalid value {other:?} for {name}, it is a bool")),
            };
            match name.trim() {
                "StrictPostBuildSubstitutions" => gates.strict_post_build_substitutions = on,
                "AdditiveCELDependencyCheck" => gates.additive_cel_dependency_check = on,
                "ExternalArtifact" => gates.external_artifact = on,
                "DisableConfigWatchers" => gates.disable_config_watchers = on,
                "DisableFailFastBehavior" => gates.disable_fail_fast_behavior = on,
                "ObjectLevelWorkloadIdentity" => gates.object_level_workload_identity = on,
                other if WITHOUT_EFFECT.contains(&other) => {}
                other => return Err(format!("feature-gate '{other}' not supported")),
            }
        }
        Ok(gates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Gates, String> {
        Gates::parse(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    // parity: KS-FLAG-006
    #[test]
    fn gates_of_flux_are_known_and_others_are_refused() {
        assert_eq!(parse(""), Ok(Gates::default()));
        let gates =
            parse("StrictPostBuildSubstitutions=false, ExternalArtifact=true,OOMWatch=true")
                .unwrap();
        assert!(gates.external_artifact && !gates.strict_post_build_substitutions);
        assert!(!gates.additive_cel_dependency_check);
        assert_eq!(
            parse("Nonsense=true").unwrap_err(),
            "feature-gate 'Nonsense' not supported"
        );
        assert!(parse("ExternalArtifact").is_err() && parse("ExternalArtifact=perhaps").is_err());
    }
}
