use rosin_api::{Condition, KustomizationStatus, Time};

use super::*;

const REVISION: &str = "main@sha1:1111111111111111111111111111111111111111";

fn ready(name: &str, revision: &str) -> Kustomization {
    let mut object = Kustomization::test(name);
    object.status = Some(KustomizationStatus {
        conditions: vec![Condition {
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
            message: String::new(),
            observed_generation: Some(1),
            reason: "ReconciliationSucceeded".into(),
            status: ConditionStatus::True,
            type_: condition_type::READY.into(),
        }],
        last_applied_revision: Some(revision.into()),
        observed_generation: Some(1),
        ..KustomizationStatus::default()
    });
    object
}

fn ask(
    object: &Kustomization,
    dependency: Option<&Kustomization>,
    mode: ReadyExpr,
) -> Result<(), String> {
    let reference = &object.spec.depends_on[0];
    check_with(
        object,
        [(reference, "default/base", dependency)],
        REVISION,
        mode,
    )
    .map_err(|error| error.to_string())
}

fn app() -> Kustomization {
    Kustomization::test("app").depends_on("base")
}

fn app_with(expression: &str) -> Kustomization {
    let mut object = app();
    object.spec.depends_on[0].ready_expr = Some(expression.into());
    object
}

#[test]
fn a_dependency_must_be_there_ready_and_of_this_generation() {
    // parity: KS-DEP-001, KS-DEP-003
    let default = ReadyExpr::default();
    assert_eq!(ask(&app(), Some(&ready("base", REVISION)), default), Ok(()));
    assert_eq!(
        ask(&app(), None, default).unwrap_err(),
        "dependency 'default/base' not found: kustomizations.kustomize.toolkit.fluxcd.io \"base\" not found"
    );
    let not_ready = Err("dependency 'default/base' is not ready".to_owned());
    assert_eq!(
        ask(&app(), Some(&Kustomization::test("base")), default),
        not_ready
    );
    let mut newer = ready("base", REVISION);
    newer.metadata.generation = Some(2);
    assert_eq!(ask(&app(), Some(&newer), default), not_ready);
    let mut failing = ready("base", REVISION);
    failing.status.as_mut().unwrap().conditions[0].status = ConditionStatus::False;
    assert_eq!(ask(&app(), Some(&failing), default), not_ready);
}

#[test]
fn a_dependency_of_the_same_source_must_have_its_revision() {
    // parity: KS-DEP-002
    let mut base = ready("base", "main@sha1:old");
    let outdated = Err("dependency 'default/base' revision is not up to date".to_owned());
    assert_eq!(ask(&app(), Some(&base), ReadyExpr::default()), outdated);
    base.spec.source_ref.namespace = Some("default".into());
    assert_eq!(ask(&app(), Some(&base), ReadyExpr::default()), outdated);
    base.spec.source_ref.name = "another".into();
    assert_eq!(ask(&app(), Some(&base), ReadyExpr::default()), Ok(()));
}

#[test]
fn an_expression_takes_the_place_of_the_check_or_adds_to_it() {
    // parity: KS-DEP-004, KS-DEP-005
    let expression = "dep.status.lastAppliedRevision == 'x' && self.metadata.name == 'app'";
    let object = app_with(expression);
    assert_eq!(
        ask(&object, Some(&ready("base", "x")), ReadyExpr::Replaces),
        Ok(())
    );
    assert_eq!(
        ask(&object, Some(&ready("base", "x")), ReadyExpr::Adds).unwrap_err(),
        "dependency 'default/base' revision is not up to date"
    );
    assert_eq!(
        ask(&object, Some(&ready("base", REVISION)), ReadyExpr::Replaces).unwrap_err(),
        "dependency 'default/base' is not ready according to readyExpr eval"
    );
}

#[test]
fn a_broken_expression_is_terminal_and_a_missing_key_is_not() {
    // parity: KS-DEP-006, KS-DEP-007
    let error = |expression: &str| {
        let object = app_with(expression);
        let base = ready("base", REVISION);
        check(
            &object,
            [(&object.spec.depends_on[0], "default/base", Some(&base))],
            REVISION,
        )
        .unwrap_err()
    };
    assert!(error("dep.status.").is_terminal());
    assert!(
        error("other.status == 1").is_terminal(),
        "an undeclared variable does not compile"
    );
    assert!(!error("dep.status.unknown == 'x'").is_terminal());
}

#[test]
fn objects_are_sorted_by_what_they_depend_on() {
    // parity: KS-SRC-012
    let objects = [
        Kustomization::test("apps")
            .depends_on("infra")
            .depends_on("elsewhere"),
        Kustomization::test("other"),
        Kustomization::test("infra").depends_on("crds"),
        Kustomization::test("crds"),
    ];
    let refs: Vec<&Kustomization> = objects.iter().collect();
    let order: Vec<&str> = sort(&refs)
        .unwrap()
        .iter()
        .map(|object| object.name())
        .collect();
    assert_eq!(order, ["crds", "infra", "apps", "other"]);
}

#[test]
fn a_circle_is_named() {
    // parity: KS-SRC-012, KS-DEP-008
    let objects = [
        Kustomization::test("x").depends_on("a"),
        Kustomization::test("a").depends_on("b"),
        Kustomization::test("b").depends_on("a"),
    ];
    let refs: Vec<&Kustomization> = objects.iter().collect();
    assert_eq!(
        sort(&refs).unwrap_err().to_string(),
        "circular dependencies: default/a -> default/b -> default/a"
    );
    let itself = Kustomization::test("me").depends_on("me");
    assert!(sort(&[&itself]).is_err());
}

#[test]
fn a_long_chain_does_not_overflow() {
    let objects: Vec<Kustomization> = (0..50_000)
        .map(|index| {
            Kustomization::test(&format!("k{index}")).depends_on(&format!("k{}", index + 1))
        })
        .collect();
    let refs: Vec<&Kustomization> = objects.iter().collect();
    assert_eq!(sort(&refs).unwrap()[0].name(), "k49999");
}
