//! Health of a whole Kustomization: what is looked at, by which rules, and what it comes to.

use rosin_api::KustomizationSpec;
use rosin_api::kustomization::{CustomHealthCheck, HealthCheckReference};
use serde_json::Value;

use crate::cel::{CelError, Program};
use crate::identity::ObjectId;
use crate::object::{Object, split_api_version};
use crate::readiness::{Readiness, assess};

/// An object that is looked at, and the version to read it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub id: ObjectId,
    pub version: String,
}

/// `healthChecks` and `healthCheckExprs`, checked.
#[derive(Debug)]
pub struct Checks {
    references: Vec<HealthCheckReference>,
    expressions: Vec<Expressions>,
}

/// The expressions for a kind, or for all kinds of a group that have none.
#[derive(Debug)]
struct Expressions {
    group: String,
    kind: Option<String>,
    in_progress: Option<Program>,
    failed: Option<Program>,
    current: Program,
}

/// `spec.healthCheckExprs` is wrong; only a change of the spec helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChecksError {
    #[error("spec.healthCheckExprs[{index}]: failed to parse the expression {field}: {error}")]
    Expression {
        index: usize,
        field: &'static str,
        error: CelError,
    },
    #[error("spec.healthCheckExprs[{index}]: a custom health check for {what} already exists")]
    Duplicate { index: usize, what: String },
}

impl Checks {
    pub fn new(spec: &KustomizationSpec) -> Result<Self, ChecksError> {
        Ok(Self {
            references: spec.health_checks.clone(),
            ..Self::of_expressions(&spec.health_check_exprs)?
        })
    }

    /// The expressions alone.
    pub fn of_expressions(checks: &[CustomHealthCheck]) -> Result<Self, ChecksError> {
        let mut expressions: Vec<Expressions> = Vec::new();
        for (index, check) in checks.iter().enumerate() {
            let compiled = Expressions::new(index, check)?;
            if expressions
                .iter()
                .any(|other| other.group == compiled.group && other.kind == compiled.kind)
            {
                let what = format!(
                    "{}/{}",
                    compiled.group,
                    compiled.kind.as_deref().unwrap_or("*")
                );
                return Err(ChecksError::Duplicate { index, what });
            }
            expressions.push(compiled);
        }
        Ok(Self {
            references: Vec::new(),
            expressions,
        })
    }

    /// The objects of `healthChecks`. Without a version they are workloads, and workloads without a namespace are in this one.
    pub fn references(&self, namespace: &str) -> Vec<Target> {
        let targets = self.references.iter().map(|reference| {
            let api_version = reference
                .api_version
                .as_deref()
                .filter(|text| !text.is_empty())
                .unwrap_or("apps/v1");
            let (group, version) = split_api_version(api_version);
            let given = reference
                .namespace
                .as_deref()
                .filter(|text| !text.is_empty());
            let namespace = given.unwrap_or(if matches!(group, "apps" | "batch") {
                namespace
            } else {
                ""
            });
            let id = ObjectId {
                namespace: namespace.to_owned(),
                name: reference.name.clone(),
                group: group.to_owned(),
                kind: reference.kind.clone(),
            };
            Target {
                id,
                version: version.to_owned(),
            }
        });
        targets.collect()
    }

    /// Whether an expression, and not the rule of its kind, judges an object: then a summary of it does not do.
    pub fn has_expression(&self, target: &Target) -> bool {
        self.expressions_for(&target.id.group, &target.id.kind)
            .is_some()
    }

    /// Judges a live object.
    pub fn assess(&self, object: &Value) -> Readiness {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        match self.expressions_for(split_api_version(text("apiVersion")).0, text("kind")) {
            Some(expressions) => expressions.assess(object),
            None => assess(object),
        }
    }

    fn expressions_for(&self, group: &str, kind: &str) -> Option<&Expressions> {
        let of = |wanted: Option<&str>| {
            self.expressions.iter().find(|expressions| {
                expressions.group == group && expressions.kind.as_deref() == wanted
            })
        };
        of(Some(kind)).or_else(|| of(None))
    }
}

impl Expressions {
    fn new(index: usize, check: &CustomHealthCheck) -> Result<Self, ChecksError> {
        let parse = |field: &'static str, text: &str| {
            Program::parse(text).map_err(|error| ChecksError::Expression {
                index,
                field,
                error,
            })
        };
        let optional = |field, text: &Option<String>| {
            text.as_deref()
                .filter(|text| !text.is_empty())
                .map(|text| parse(field, text))
                .transpose()
        };
        Ok(Self {
            group: split_api_version(&check.api_version).0.to_owned(),
            kind: check.kind.clone().filter(|kind| !kind.is_empty()),
            in_progress: optional("InProgress", &check.in_progress)?,
            failed: optional("Failed", &check.failed)?,
            current: parse("Current", &check.current)?,
        })
    }

    fn assess(&self, object: &Value) -> Readiness {
        let int = |path: &str| object.pointer(path).and_then(Value::as_i64);
        if let (Some(observed), Some(generation)) = (
            int("/status/observedGeneration"),
            int("/metadata/generation"),
        ) && observed != generation
        {
            return Readiness::InProgress(String::new());
        }
        let in_order = [
            (
                self.in_progress.as_ref(),
                Readiness::InProgress(String::new()),
            ),
            (self.failed.as_ref(), Readiness::Failed(String::new())),
            (Some(&self.current), Readiness::Current),
        ];
        for (program, readiness) in in_order {
            match program.map(|program| program.evaluate_fields(object)) {
                Some(Ok(true)) => return readiness,
                Some(Err(error)) => return Readiness::Unknown(error.to_string()),
                Some(Ok(false)) | None => {}
            }
        }
        Readiness::InProgress(String::new())
    }
}

/// Whether a Job removes itself when it is done: if it is gone, it is done.
pub fn is_job_with_ttl(object: &Object) -> bool {
    object.group() == "batch"
        && object.kind() == "Job"
        && object
            .get("spec")
            .and_then(|spec| spec.get("ttlSecondsAfterFinished"))
            .is_some_and(Value::is_number)
}

/// What all objects together come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Healthy,
    Waiting,
    /// Why not, in Flux's words.
    Failed(String),
}

/// When objects that failed end the wait for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// With the first that failed.
    FailFast,
    /// When nothing is left that may become ready.
    ForAll,
}

/// Judges the states of all objects; an absent one is not found.
pub fn judge<'a>(
    states: impl IntoIterator<Item = (&'a ObjectId, Option<&'a Readiness>)>,
    expired: bool,
    patience: Patience,
) -> Verdict {
    let states: Vec<(&ObjectId, &Readiness)> = states
        .into_iter()
        .map(|(id, readiness)| (id, readiness.unwrap_or(&Readiness::NotFound)))
        .collect();
    if states
        .iter()
        .all(|(_, readiness)| **readiness == Readiness::Current)
    {
        return Verdict::Healthy;
    }
    let open =
        |readiness: &Readiness| !matches!(readiness, Readiness::Failed(_) | Readiness::Current);
    let others = states.iter().any(|(_, readiness)| open(readiness));
    if patience == Patience::ForAll && others && !expired {
        return Verdict::Waiting;
    }
    let counts = |readiness: &Readiness| {
        matches!(readiness, Readiness::Failed(_)) || (expired && *readiness != Readiness::Current)
    };
    let culprits: Vec<String> = states
        .iter()
        .filter(|(_, readiness)| counts(readiness))
        .map(|(id, readiness)| {
            let cause = match readiness {
                Readiness::Unknown(error) if !error.is_empty() => format!(": {error}"),
                _ => String::new(),
            };
            format!("{id} status: '{}'{cause}", readiness.as_str())
        })
        .collect();
    if culprits.is_empty() {
        return Verdict::Waiting;
    }
    let what = if expired {
        "timeout waiting for"
    } else {
        "failed early due to stalled resources"
    };
    Verdict::Failed(format!("{what}: [{}]", culprits.join(", ")))
}

#[cfg(test)]
mod tests {
    use rosin_api::Kustomization;
    use serde_json::json;

    use super::*;

    fn id(kind: &str, name: &str) -> ObjectId {
        ObjectId {
            namespace: "apps".into(),
            name: name.into(),
            group: "apps".into(),
            kind: kind.into(),
        }
    }

    #[test]
    fn the_verdict_is_in_the_words_of_flux() {
        // parity: KS-HEALTH-005, KS-HEALTH-006, KS-HEALTH-009
        let (a, b, c) = (
            id("Deployment", "a"),
            id("Deployment", "b"),
            id("Deployment", "c"),
        );
        let failed = Readiness::Failed("x".into());
        let waiting = Readiness::InProgress("x".into());
        let judge = |states: Vec<(&ObjectId, Option<&Readiness>)>, expired| {
            judge(states, expired, Patience::FailFast)
        };
        assert_eq!(judge(vec![], false), Verdict::Healthy);
        assert_eq!(
            judge(vec![(&a, Some(&Readiness::Current))], true),
            Verdict::Healthy
        );
        assert_eq!(
            judge(vec![(&a, Some(&Readiness::Current)), (&b, None)], false),
            Verdict::Waiting
        );
        assert_eq!(
            judge(vec![(&a, Some(&failed)), (&b, Some(&waiting))], false),
            Verdict::Failed(
                "failed early due to stalled resources: [Deployment/apps/a status: 'Failed']"
                    .into()
            )
        );
        assert_eq!(
            judge(vec![(&a, Some(&Readiness::Current)), (&b, Some(&waiting)), (&c, None)], true),
            Verdict::Failed(
                "timeout waiting for: [Deployment/apps/b status: 'InProgress', Deployment/apps/c status: 'NotFound']".into()
            )
        );
    }

    #[test]
    fn without_fail_fast_it_ends_when_nothing_can_get_better() {
        // parity: KS-HEALTH-006
        let (a, b) = (id("Deployment", "a"), id("Deployment", "b"));
        let failed = Readiness::Failed("x".into());
        let waiting = Readiness::InProgress("x".into());
        let judge = |b_is: &Readiness| {
            judge(
                [(&a, Some(&failed)), (&b, Some(b_is))],
                false,
                Patience::ForAll,
            )
        };
        assert_eq!(judge(&waiting), Verdict::Waiting);
        assert_eq!(
            judge(&Readiness::Current),
            Verdict::Failed(
                "failed early due to stalled resources: [Deployment/apps/a status: 'Failed']"
                    .into()
            )
        );
    }

    #[test]
    fn references_default_to_workloads() {
        // parity: KS-API-015
        let mut spec = Kustomization::test("app").spec;
        let reference =
            |api_version: Option<&str>, kind: &str, namespace: Option<&str>| HealthCheckReference {
                api_version: api_version.map(Into::into),
                kind: kind.into(),
                name: "x".into(),
                namespace: namespace.map(Into::into),
            };
        spec.health_checks = vec![
            reference(None, "Deployment", None),
            reference(Some("v1"), "Namespace", None),
            reference(Some("a.b/v2"), "W", Some("n")),
        ];
        let targets = Checks::new(&spec).unwrap().references("own");
        let shown: Vec<String> = targets
            .iter()
            .map(|target| format!("{} {} {}", target.id.group, target.version, target.id))
            .collect();
        assert_eq!(
            shown,
            [
                "apps v1 Deployment/own/x",
                " v1 Namespace/x",
                "a.b v2 W/n/x"
            ]
        );
    }

    fn check(
        kind: Option<&str>,
        current: &str,
        failed: Option<&str>,
        in_progress: Option<&str>,
    ) -> CustomHealthCheck {
        CustomHealthCheck {
            api_version: "example.com/v1".into(),
            kind: kind.map(Into::into),
            current: current.into(),
            in_progress: in_progress.map(Into::into),
            failed: failed.map(Into::into),
        }
    }

    fn checks(list: Vec<CustomHealthCheck>) -> Result<Checks, ChecksError> {
        let mut spec = Kustomization::test("app").spec;
        spec.health_check_exprs = list;
        Checks::new(&spec)
    }

    fn widget(status: Value) -> Value {
        json!({ "apiVersion": "example.com/v2", "kind": "Widget", "metadata": { "generation": 2 }, "status": status })
    }

    #[test]
    fn expressions_are_tried_in_order_and_the_exact_kind_wins() {
        // parity: KS-HEALTH-022, KS-HEALTH-023
        let checks = checks(vec![
            check(None, "true", None, None),
            check(
                Some("Widget"),
                "status.phase == 'Done'",
                Some("status.phase == 'Broken' || status.phase == 'Both'"),
                Some("status.phase == 'Busy' || status.phase == 'Both'"),
            ),
        ])
        .unwrap();
        let state = |status: Value| checks.assess(&widget(status)).as_str();
        assert_eq!(state(json!({ "phase": "Done" })), "Current");
        assert_eq!(state(json!({ "phase": "Broken" })), "Failed");
        assert_eq!(state(json!({ "phase": "Both" })), "InProgress");
        assert_eq!(state(json!({ "phase": "Else" })), "InProgress");
        assert_eq!(
            state(json!({ "phase": "Done", "observedGeneration": 1 })),
            "InProgress"
        );
        assert_eq!(
            state(json!({ "phase": "Done", "observedGeneration": "1" })),
            "Current"
        );
        assert_eq!(state(json!({})), "Unknown");
        let other = json!({ "apiVersion": "example.com/v1", "kind": "Gadget", "status": { "conditions": [{ "type": "Ready", "status": "False" }] } });
        assert_eq!(checks.assess(&other).as_str(), "Current");
        let foreign = json!({ "apiVersion": "else.com/v1", "kind": "Widget", "status": { "conditions": [{ "type": "Ready", "status": "False" }] } });
        assert_eq!(checks.assess(&foreign).as_str(), "InProgress");
    }

    #[test]
    fn wrong_expressions_are_refused_with_their_place() {
        // parity: KS-HEALTH-022, KS-HEALTH-025
        let error = checks(vec![check(None, "status.", None, None)])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("spec.healthCheckExprs[0]: failed to parse the expression Current: "),
            "{error}"
        );
        let error = checks(vec![
            check(Some("W"), "true", None, None),
            check(Some("W"), "true", None, None),
        ])
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "spec.healthCheckExprs[1]: a custom health check for example.com/W already exists"
        );
    }

    #[test]
    fn a_job_that_removes_itself_is_known() {
        // parity: KS-HEALTH-017
        let job = |spec: Value| {
            Object::new(json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "j" }, "spec": spec })).unwrap()
        };
        assert!(is_job_with_ttl(&job(
            json!({ "ttlSecondsAfterFinished": 0 })
        )));
        assert!(!is_job_with_ttl(&job(json!({}))));
    }
}
