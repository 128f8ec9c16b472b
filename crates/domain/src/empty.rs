//! The guard against a mistake that costs everything: a render that had objects and now has none.

use rosin_api::Kustomization;
use rosin_api::names::CONFIRM_EMPTY_ANNOTATION;

use crate::plan::{ApplyPlan, objects};

/// Pruning would delete all that the Kustomization ever applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the source renders to no objects, so all {count} applied ones would be deleted; nothing was pruned. \
     If that is wanted, annotate the Kustomization with {annotation}: \"true\"",
    annotation = CONFIRM_EMPTY_ANNOTATION
)]
pub struct EmptyRender {
    pub count: usize,
}

/// Refuses to go on where a render that had objects has none, unless the annotation confirms it. Flux prunes everything; the host has
/// a flag for that and then does not ask here.
pub fn guard(object: &Kustomization, plan: &ApplyPlan) -> Result<(), EmptyRender> {
    let count = objects(plan.previous()).len();
    let confirmed = object
        .metadata
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(CONFIRM_EMPTY_ANNOTATION))
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if plan.is_empty() && count > 0 && object.spec.prune && !confirmed {
        return Err(EmptyRender { count });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rosin_api::kustomization::{Inventory, InventoryEntry};

    use super::*;
    use crate::plan::StageKinds;

    fn empty_plan(previous: usize) -> ApplyPlan {
        let entry = |index| InventoryEntry {
            id: format!("apps_{index}__ConfigMap"),
            v: "v1".into(),
        };
        let previous = Inventory {
            entries: (0..previous).map(entry).collect(),
        };
        ApplyPlan::new(Vec::new(), previous, &StageKinds::default())
    }

    #[test]
    fn an_empty_render_is_refused_until_it_is_confirmed() {
        let mut object = Kustomization::test("app");
        let error = guard(&object, &empty_plan(3)).unwrap_err().to_string();
        assert!(
            error.contains("all 3 applied ones") && error.contains("rosin.dev/confirm-empty"),
            "{error}"
        );
        assert_eq!(guard(&object, &empty_plan(0)), Ok(()), "nothing is lost");

        object.metadata.annotations =
            Some([(CONFIRM_EMPTY_ANNOTATION.to_owned(), "true".to_owned())].into());
        assert_eq!(guard(&object, &empty_plan(3)), Ok(()));

        let mut object = Kustomization::test("app");
        object.spec.prune = false;
        assert_eq!(
            guard(&object, &empty_plan(3)),
            Ok(()),
            "nothing would be pruned"
        );
    }
}
