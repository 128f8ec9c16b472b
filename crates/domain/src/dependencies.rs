//! Which Kustomizations must be ready first, and whether they are; and the order that follows from it.

use std::collections::HashMap;

use rosin_api::kustomization::DependencyReference;
use rosin_api::{
    ConditionStatus, FluxObject, HelmRelease, Kustomization, NamespacedName, condition_type,
};
use serde::Serialize;
use serde_json::Value;

use crate::cel::{CelError, Program};

/// Why a Kustomization has to wait. The texts are Flux's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DependencyError {
    #[error("dependency '{0}' not found: kustomizations.kustomize.toolkit.fluxcd.io {name:?} not found", name = name_of(.0))]
    NotFound(String),
    #[error("unable to get '{0}' dependency: helmreleases.helm.toolkit.fluxcd.io {name:?} not found", name = name_of(.0))]
    ReleaseNotFound(String),
    #[error("dependency '{0}' is not ready")]
    NotReady(String),
    #[error("dependency '{0}' is not ready according to readyExpr eval")]
    ExpressionFalse(String),
    #[error("dependency '{0}' revision is not up to date")]
    Outdated(String),
    #[error("failed to evaluate dependency {name}: {error}", name = name_of(.dependency))]
    Invalid { dependency: String, error: CelError },
    #[error("{0}")]
    Evaluation(CelError),
}

impl DependencyError {
    /// Only a change of the spec can help.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Invalid { .. })
    }
}

fn name_of(dependency: &str) -> &str {
    dependency.rsplit('/').next().unwrap_or(dependency)
}

/// What `readyExpr` does beside the built-in check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadyExpr {
    /// It takes the place of the built-in check.
    #[default]
    Replaces,
    /// Both must hold: feature gate `AdditiveCELDependencyCheck`.
    Adds,
}

/// Whether all dependencies are ready; the first that is not is named. `found` has for each reference the dependency's
/// `namespace/name` and the object, if it exists; `revision` is that of the artifact at hand.
pub fn check<'a>(
    object: &Kustomization,
    found: impl IntoIterator<Item = (&'a DependencyReference, &'a str, Option<&'a Kustomization>)>,
    revision: &str,
) -> Result<(), DependencyError> {
    check_with(object, found, revision, ReadyExpr::default())
}

/// As [`check`], with a choice.
pub fn check_with<'a>(
    object: &Kustomization,
    found: impl IntoIterator<Item = (&'a DependencyReference, &'a str, Option<&'a Kustomization>)>,
    revision: &str,
    ready_expr: ReadyExpr,
) -> Result<(), DependencyError> {
    for (reference, name, dependency) in found {
        let expression = reference
            .ready_expr
            .as_deref()
            .filter(|text| !text.is_empty());
        let dependency = dependency.ok_or_else(|| DependencyError::NotFound(name.to_owned()))?;
        if let Some(expression) = expression {
            if !evaluate(expression, object, dependency, name)? {
                return Err(DependencyError::ExpressionFalse(name.to_owned()));
            }
            if ready_expr == ReadyExpr::Replaces {
                continue;
            }
        }
        built_in(object, dependency, name, revision)?;
    }
    Ok(())
}

/// As [`check`], for HelmReleases, which have no sources in common.
pub fn check_releases<'a>(
    object: &HelmRelease,
    found: impl IntoIterator<Item = (&'a DependencyReference, &'a str, Option<&'a HelmRelease>)>,
) -> Result<(), DependencyError> {
    for (reference, name, dependency) in found {
        let dependency =
            dependency.ok_or_else(|| DependencyError::ReleaseNotFound(name.to_owned()))?;
        let expression = reference.ready_expr.as_deref();
        match expression.filter(|text| !text.is_empty()) {
            Some(expression) if !evaluate(expression, object, dependency, name)? => {
                return Err(DependencyError::ExpressionFalse(name.to_owned()));
            }
            Some(_) => {}
            None if !is_ready(dependency) => {
                return Err(DependencyError::NotReady(name.to_owned()));
            }
            None => {}
        }
    }
    Ok(())
}

/// Is it ready, and does that say something of its current generation?
fn is_ready(dependency: &impl FluxObject) -> bool {
    let ready = dependency.condition(condition_type::READY);
    ready.is_some_and(|condition| condition.status == ConditionStatus::True)
        && dependency.observed_generation() == dependency.meta().generation
}

fn built_in(
    object: &Kustomization,
    dependency: &Kustomization,
    name: &str,
    revision: &str,
) -> Result<(), DependencyError> {
    if !is_ready(dependency) {
        return Err(DependencyError::NotReady(name.to_owned()));
    }
    let applied = dependency
        .status
        .as_ref()
        .and_then(|status| status.last_applied_revision.as_deref());
    if same_source(object, dependency) && applied != Some(revision) {
        return Err(DependencyError::Outdated(name.to_owned()));
    }
    Ok(())
}

fn same_source(a: &Kustomization, b: &Kustomization) -> bool {
    let source = |object: &Kustomization| {
        let reference = &object.spec.source_ref;
        let namespace = reference
            .namespace
            .clone()
            .filter(|namespace| !namespace.is_empty());
        (
            reference.kind,
            reference.name.clone(),
            namespace.unwrap_or_else(|| object.namespace().to_owned()),
        )
    };
    source(a) == source(b)
}

fn evaluate<K: Serialize>(
    expression: &str,
    object: &K,
    dependency: &K,
    name: &str,
) -> Result<bool, DependencyError> {
    let program = Program::with_variables(expression, &["self", "dep"]).map_err(|error| {
        DependencyError::Invalid {
            dependency: name.to_owned(),
            error,
        }
    })?;
    let value = |object: &K| serde_json::to_value(object).unwrap_or(Value::Null);
    let variables = [("self", value(object)), ("dep", value(dependency))];
    program
        .evaluate(variables.iter().map(|(name, value)| (*name, value)))
        .map_err(DependencyError::Evaluation)
}

/// The Kustomization that a reference in `namespace` means.
pub fn target(reference: &DependencyReference, namespace: &str) -> NamespacedName {
    let own = reference
        .namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty());
    NamespacedName::new(own.unwrap_or(namespace), reference.name.as_str())
}

/// Kustomizations depend on each other in a circle: none of them will ever be ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("circular dependencies: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> "))]
pub struct Cycle(pub Vec<NamespacedName>);

/// The objects in an order in which each comes after those of them that it depends on; else as they were.
pub fn sort<'a>(objects: &[&'a Kustomization]) -> Result<Vec<&'a Kustomization>, Cycle> {
    let name = |object: &Kustomization| NamespacedName::new(object.namespace(), object.name());
    let index: HashMap<NamespacedName, usize> = objects
        .iter()
        .enumerate()
        .map(|(index, object)| (name(object), index))
        .collect();
    let edges: Vec<Vec<usize>> = objects
        .iter()
        .map(|object| {
            let targets = object
                .spec
                .depends_on
                .iter()
                .map(|reference| target(reference, object.namespace()));
            targets
                .filter_map(|target| index.get(&target).copied())
                .collect()
        })
        .collect();

    let mut state = vec![Visit::Not; objects.len()];
    let mut order = Vec::with_capacity(objects.len());
    for start in 0..objects.len() {
        // Depth first without recursion: a chain may be as long as the cluster has objects.
        let mut stack = vec![(start, 0)];
        while let Some((node, next)) = stack.pop() {
            match (state[node], edges[node].get(next)) {
                (Visit::Done, _) => {}
                (_, Some(&dependency)) => {
                    state[node] = Visit::Open;
                    stack.push((node, next + 1));
                    match state[dependency] {
                        Visit::Open => {
                            let path = stack
                                .iter()
                                .map(|(node, _)| *node)
                                .skip_while(|node| *node != dependency);
                            return Err(Cycle(
                                path.chain([dependency])
                                    .map(|node| name(objects[node]))
                                    .collect(),
                            ));
                        }
                        Visit::Not => stack.push((dependency, 0)),
                        Visit::Done => {}
                    }
                }
                (_, None) => {
                    state[node] = Visit::Done;
                    order.push(objects[node]);
                }
            }
        }
    }
    Ok(order)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    Open,
    Done,
}

#[cfg(test)]
mod tests;
