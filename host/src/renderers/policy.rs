//! Who may use renderers from registries, and how much of the host: the operator's rules. Only decisions; the file is read elsewhere.
//!
//! The first rule that names the object's namespace and the source's address decides. Without a file there is one rule for everybody
//! that grants nothing: components must be signed, named by digest, and get files only.

use std::time::Duration;

use rosin_api::{
    ConditionStatus, FluxObject, OCIRepository, condition_type, kustomization::RendererLimits,
    source::OCILayerOperation,
};
use rosin_render::{Grants, Import, Limits};
use serde::Deserialize;

/// The operator's rules, in order.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Policy {
    rules: Vec<Rule>,
}

/// Whom a rule is about, and what it lets them do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Rule {
    /// Namespaces of the objects that are rendered; `*` stands for any text. Empty: all.
    namespaces: Vec<String>,
    /// Addresses of the sources, as `oci://registry.example.com/renderers/*`. Empty: all.
    sources: Vec<String>,
    /// Public keys (PEM), one of which must have signed the component, whatever the source verifies. Empty: the source's own
    /// verification counts.
    pub(super) signers: Vec<String>,
    /// Components without a signature are used, too.
    unsigned: bool,
    /// Sources may follow tags and ranges of versions.
    unpinned: bool,
    /// What components may ask for beside files.
    grant: Vec<Capability>,
    /// Limits of objects that ask for none.
    limits: Option<RendererLimits>,
    /// The most that objects may ask for.
    maximum: Option<RendererLimits>,
}

/// An interface of the contract that rules may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Capability {
    Ambient,
    Compose,
    Crypto,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: vec![Rule::default()],
        }
    }
}

impl Policy {
    /// From YAML.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let node =
            rosin_manifest::yaml::read_one(text.as_bytes(), rosin_manifest::yaml::Dialect::Kyaml)
                .map_err(|error| error.to_string())?;
        let json = node.to_json_string().map_err(|error| error.to_string())?;
        let policy: Self = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        for limits in policy
            .rules
            .iter()
            .flat_map(|rule| [&rule.limits, &rule.maximum])
        {
            bounds(limits.as_ref(), &Limits::default())?;
        }
        Ok(policy)
    }

    /// The rule for objects of a namespace and components of an address.
    pub(super) fn rule(&self, namespace: &str, url: &str) -> Result<&Rule, String> {
        let found = self
            .rules
            .iter()
            .find(|rule| fits_any(&rule.namespaces, namespace) && fits_any(&rule.sources, url));
        found.ok_or_else(|| {
            format!("no rule of the operator lets objects in namespace {namespace:?} use renderers from {url}")
        })
    }
}

impl Rule {
    /// Whether the source is one that may be believed, as far as its own words tell.
    pub(super) fn admit(&self, source: &OCIRepository) -> Result<(), String> {
        let spec = &source.spec;
        if spec.layer_operation() != OCILayerOperation::Copy {
            return Err("a renderer is taken as it is in the registry: spec.layerSelector of its source must be {mediaType: application/wasm, operation: copy}".to_owned());
        }
        let digest = spec.reference.as_ref().and_then(|r| r.digest.as_deref());
        if !self.unpinned && digest.is_none_or(str::is_empty) {
            return Err(
                "its source is not pinned: name the artifact in spec.ref.digest".to_owned(),
            );
        }
        // Where the rule names signers, they are asked for themselves.
        if self.unsigned || !self.signers.is_empty() {
            return Ok(());
        }
        if spec.verify.is_none() {
            return Err("it is not signed: its source has no spec.verify".to_owned());
        }
        let verified = source
            .condition(condition_type::SOURCE_VERIFIED)
            .filter(|condition| condition.observed_generation == source.metadata.generation);
        match verified {
            Some(condition) if condition.status == ConditionStatus::True => Ok(()),
            Some(condition) => Err(format!(
                "its signature is not verified: {}",
                condition.message
            )),
            None => Err("its signature is not verified".to_owned()),
        }
    }

    pub(super) fn grants(&self) -> Grants {
        self.grant
            .iter()
            .fold(Grants::files(), |grants, capability| {
                grants.and(match capability {
                    Capability::Ambient => Import::Ambient,
                    Capability::Compose => Import::Compose,
                    Capability::Crypto => Import::Crypto,
                })
            })
    }

    /// The limits of a render that asks for these, where the process allows `most`.
    pub(super) fn limits(
        &self,
        asked: Option<&RendererLimits>,
        most: &Limits,
    ) -> Result<Limits, String> {
        let maximum = bounds(self.maximum.as_ref(), most)?;
        let maximum = least(&maximum, most);
        let default = least(&bounds(self.limits.as_ref(), &maximum)?, &maximum);
        limits(asked, &default, &maximum)
    }
}

/// What an object asks for, `default` where it asks for nothing. More than `most` is refused, so that nobody is surprised later.
pub(crate) fn limits(
    asked: Option<&RendererLimits>,
    default: &Limits,
    most: &Limits,
) -> Result<Limits, String> {
    let limits = bounds(asked, default)?;
    let too_much = |field: &str, asked: String, most: String| {
        Err(format!(
            "spec.renderer.limits.{field}: {asked} is more than the {most} that the operator allows"
        ))
    };
    if limits.memory > most.memory {
        return too_much("memory", mebibytes(limits.memory), mebibytes(most.memory));
    }
    if limits.output > most.output {
        return too_much("output", mebibytes(limits.output), mebibytes(most.output));
    }
    if limits.deadline > most.deadline {
        let text = |duration: Duration| rosin_api::Duration::from(duration).to_string();
        return too_much("timeout", text(limits.deadline), text(most.deadline));
    }
    Ok(limits)
}

fn bounds(asked: Option<&RendererLimits>, default: &Limits) -> Result<Limits, String> {
    let mut limits = default.clone();
    let Some(asked) = asked else {
        return Ok(limits);
    };
    let size = |field: &str, text: &Option<String>, bytes: Option<u64>, default: usize| match text {
        None => Ok(default),
        Some(text) => bytes
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(|| format!("limits.{field}: {text:?} is no size in bytes, Ki, Mi or Gi")),
    };
    limits.memory = size("memory", &asked.memory, asked.memory_bytes(), limits.memory)?;
    limits.output = size("output", &asked.output, asked.output_bytes(), limits.output)?;
    if let Some(timeout) = asked.timeout {
        limits.deadline = timeout.to_std();
    }
    Ok(limits)
}

fn least(one: &Limits, other: &Limits) -> Limits {
    Limits {
        memory: one.memory.min(other.memory),
        output: one.output.min(other.output),
        deadline: one.deadline.min(other.deadline),
        ..one.clone()
    }
}

fn mebibytes(bytes: usize) -> String {
    format!("{}Mi", bytes >> 20)
}

fn fits_any(patterns: &[String], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, text))
}

/// `*` stands for any text, the empty one too.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use rosin_api::Decode;
    use serde_json::{Value, json};

    use super::*;

    fn source(spec: &Value, verified: Option<i64>) -> OCIRepository {
        let mut full = json!({
            "interval": "1m", "url": "oci://registry.example.com/renderers/one",
            "layerSelector": {"operation": "copy"},
        });
        let (Some(full_map), Some(spec)) = (full.as_object_mut(), spec.as_object()) else {
            panic!("objects")
        };
        full_map.extend(spec.clone());
        let conditions: Vec<Value> = verified
            .iter()
            .map(|generation| {
                json!({"type": "SourceVerified", "status": "True", "reason": "Succeeded", "message": "",
                    "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation})
            })
            .collect();
        OCIRepository::from_value(json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
            "metadata": {"name": "one", "namespace": "apps", "generation": 2},
            "spec": full, "status": {"conditions": conditions},
        }))
        .unwrap()
    }

    fn digest() -> Value {
        json!({"digest": format!("sha256:{}", "0".repeat(64))})
    }

    #[test]
    fn unsigned_and_unpinned_are_refused_unless_a_rule_says_otherwise() {
        let verify = json!({"provider": "cosign", "secretRef": {"name": "keys"}});
        let policy = Policy::default();
        let rule = policy.rule("apps", "oci://anywhere").unwrap();
        let signed = json!({"ref": digest(), "verify": verify});
        assert_eq!(rule.admit(&source(&signed, Some(2))), Ok(()));
        for (spec, verified, words) in [
            (json!({"ref": digest()}), Some(2), "not signed"),
            (signed.clone(), None, "not verified"),
            // A verification of an older spec, which may have named other keys.
            (signed.clone(), Some(1), "not verified"),
            (
                json!({"ref": {"tag": "v1"}, "verify": verify}),
                Some(2),
                "not pinned",
            ),
            (json!({"verify": verify}), Some(2), "not pinned"),
            (
                json!({"ref": digest(), "verify": verify, "layerSelector": {"operation": "extract"}}),
                Some(2),
                "taken as it is",
            ),
        ] {
            let refused = rule.admit(&source(&spec, verified)).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
        let policy = Policy::parse("rules: [{unsigned: true, unpinned: true}]").unwrap();
        let rule = policy.rule("apps", "oci://anywhere").unwrap();
        assert_eq!(
            rule.admit(&source(&json!({"ref": {"tag": "v1"}}), None)),
            Ok(())
        );
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy = Policy::parse(
            "rules:\n- namespaces: [team-*]\n  sources: ['oci://registry.example.com/renderers/*']\n  unsigned: true\n- namespaces: [platform]\n",
        )
        .unwrap();
        let registry = "oci://registry.example.com/renderers/one";
        assert!(policy.rule("team-a", registry).unwrap().unsigned);
        assert!(!policy.rule("platform", "oci://elsewhere").unwrap().unsigned);
        for (namespace, url) in [
            ("apps", registry),
            ("my-team-a", registry),
            ("team-a", "oci://registry.example.com.evil/renderers/one"),
            (
                "team-a",
                "oci://evil/oci://registry.example.com/renderers/one",
            ),
        ] {
            let refused = policy.rule(namespace, url).unwrap_err();
            assert!(
                refused.contains(namespace) && refused.contains(url),
                "{refused}"
            );
        }
    }

    #[test]
    fn limits_stay_within_the_rules() {
        let policy = Policy::parse(
            "rules: [{limits: {memory: 64Mi}, maximum: {memory: 128Mi, timeout: 5s}}]",
        )
        .unwrap();
        let rule = policy.rule("apps", "oci://anywhere").unwrap();
        let most = Limits::default();
        let asked = |memory: &str, timeout: &str| RendererLimits {
            memory: Some(memory.to_owned()),
            output: None,
            timeout: Some(timeout.parse().unwrap()),
        };
        let limits = rule.limits(None, &most).unwrap();
        assert_eq!(
            (limits.memory, limits.deadline),
            (64 << 20, Duration::from_secs(5))
        );
        assert_eq!(limits.output, most.output);
        let limits = rule.limits(Some(&asked("100Mi", "1s")), &most).unwrap();
        assert_eq!(
            (limits.memory, limits.deadline),
            (100 << 20, Duration::from_secs(1))
        );
        assert_eq!(
            rule.limits(Some(&asked("129Mi", "1s")), &most).unwrap_err(),
            "spec.renderer.limits.memory: 129Mi is more than the 128Mi that the operator allows"
        );
        assert_eq!(
            rule.limits(Some(&asked("1Mi", "6s")), &most).unwrap_err(),
            "spec.renderer.limits.timeout: 6s is more than the 5s that the operator allows"
        );
        assert!(
            rule.limits(Some(&asked("many", "1s")), &most)
                .unwrap_err()
                .contains("no size")
        );
        // The process's own limits hold for generous rules, too.
        let policy = Policy::parse("rules: [{maximum: {memory: 100Gi}}]").unwrap();
        let rule = policy.rule("apps", "oci://anywhere").unwrap();
        assert!(rule.limits(Some(&asked("2Gi", "1s")), &most).is_err());
    }

    #[test]
    fn what_a_policy_does_not_know_is_refused() {
        for (text, words) in [
            ("rules: [{unsinged: true}]", "unsinged"),
            ("rules: [{grant: [cluster]}]", "cluster"),
            ("{}", "rules"),
            ("rules: [{maximum: {memory: lots}}]", "lots"),
        ] {
            let error = Policy::parse(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, wanted) in [
            ("team-*", "team-", true),
            ("*-a", "team-a", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "ace", true),
            ("ab*ba", "aba", false),
            ("team", "team-a", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
