//! Which objects are created without a dry run, and how a stage is all or nothing nevertheless.
//!
//! A dry run doubles what a rollout asks of the API server. It is needed where an apply cannot be taken back: changes of what is
//! there, and whatever sets something going. A new ConfigMap does neither. If the server refuses one of several such objects, the
//! others are deleted again, and the stage takes the course with dry runs. One object that does set something going may go without
//! as well, if it comes last: when it is sent, nothing of its stage can fail any more but itself.

use crate::object::Object;

/// What is known of an object before anything was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// There is no object of its name.
    Absent,
    /// It is as it was last applied.
    AsWanted,
    Nothing,
}

/// How an object is made sure of before its stage changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    DryRun,
    /// Created before all others of its stage, and taken back if one of its like is refused.
    Revocable,
    /// Created when all others of its stage are in place.
    Last,
}

/// Kinds of the API server itself that do nothing by being there: others have to refer to them first.
const REVOCABLE: [(&str, &str); 6] = [
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("policy", "PodDisruptionBudget"),
];

/// Kinds that one may come last of. Not those of definitions (their number has no bound, and each costs a watch), nor those of which
/// clusters have very many.
const LAST: [(&str, &str); 7] = [
    ("", "Service"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "CronJob"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "NetworkPolicy"),
];

/// Whether it is worth to know that an object is absent.
pub fn may_go_unchecked(object: &Object) -> bool {
    is_revocable(object) || is_one_of(object, &LAST)
}

/// How each object of a stage is made sure of.
pub fn checks(stage: &[(&Object, Known)]) -> Vec<Check> {
    let of = |object: &Object, known| match known {
        Known::Absent if is_revocable(object) => Some(Check::Revocable),
        Known::Absent if is_one_of(object, &LAST) => Some(Check::Last),
        _ => None,
    };
    let others = |(object, known): &&(&Object, Known)| {
        *known != Known::AsWanted && of(object, *known) != Some(Check::Revocable)
    };
    let one_last = stage.iter().filter(others).count() == 1;
    stage
        .iter()
        .map(|(object, known)| match of(object, *known) {
            Some(Check::Revocable) => Check::Revocable,
            Some(Check::Last) if one_last => Check::Last,
            _ => Check::DryRun,
        })
        .collect()
}

fn is_one_of(object: &Object, kinds: &[(&str, &str)]) -> bool {
    kinds.contains(&(object.group(), object.kind()))
}

fn is_revocable(object: &Object) -> bool {
    if is_one_of(object, &REVOCABLE) {
        return true;
    }
    // A Service inside of the cluster is a name; others make clouds build something.
    object.group().is_empty()
        && object.kind() == "Service"
        && object
            .get("spec")
            .and_then(|spec| spec.get("type"))
            .is_none_or(|type_| type_ == "ClusterIP")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Check::*, *};

    fn object(api_version: &str, kind: &str) -> Object {
        let text = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "app"}, "spec": {}});
        Object::new(text).unwrap()
    }

    fn of(stage: &[(Object, Known)]) -> Vec<Check> {
        let stage: Vec<_> = stage.iter().map(|(o, known)| (o, *known)).collect();
        checks(&stage)
    }

    #[test]
    fn a_new_app_needs_no_dry_run() {
        use Known::Absent;
        let app = [
            (object("v1", "ServiceAccount"), Absent),
            (object("v1", "ConfigMap"), Absent),
            (object("v1", "Service"), Absent),
            (object("apps/v1", "Deployment"), Absent),
        ];
        assert_eq!(of(&app), [Revocable, Revocable, Revocable, Last]);
    }

    #[test]
    fn what_cannot_be_taken_back_comes_last_and_alone_or_is_checked() {
        use Known::{Absent, AsWanted, Nothing};
        let config = || object("v1", "ConfigMap");
        let deployment = || object("apps/v1", "Deployment");
        let two = [(deployment(), Absent), (deployment(), Absent)];
        assert_eq!(of(&two), [DryRun, DryRun]);
        // A change of what is there cannot be taken back either.
        let change = [(config(), Nothing), (deployment(), Absent)];
        assert_eq!(of(&change), [DryRun, DryRun]);
        let added = [(config(), AsWanted), (deployment(), Absent)];
        assert_eq!(of(&added), [DryRun, Last]);
        let beside = [(config(), Absent), (object("x.io/v1", "Thing"), Absent)];
        assert_eq!(of(&beside), [Revocable, DryRun]);
    }

    #[test]
    fn a_service_that_makes_a_cloud_build_something_is_checked_beside_a_deployment() {
        let text = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app"}, "spec": {"type": "LoadBalancer"}});
        let service = Object::new(text).unwrap();
        let stage = [
            (service, Known::Absent),
            (object("apps/v1", "Deployment"), Known::Absent),
        ];
        assert_eq!(of(&stage), [DryRun, DryRun]);
    }
}
