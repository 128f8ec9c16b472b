use serde_json::json;

use super::*;

fn object() -> Value {
    json!({
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": { "name": "w", "generation": 3, "labels": { "tier": "front" } },
        "spec": { "replicas": 2, "zones": ["a", "b"], "ratio": 0.5 },
        "status": {
            "observedGeneration": 3,
            "phase": "Running",
            "conditions": [
                { "type": "Ready", "status": "True", "reason": "Done" },
                { "type": "Synced", "status": "False", "reason": "Waiting" },
            ],
        },
    })
}

fn eval(expression: &str) -> Result<bool, CelError> {
    Program::parse(expression)?.evaluate_fields(&object())
}

#[test]
fn expressions_see_the_fields_and_flux_libraries() {
    // parity: KS-HEALTH-024
    for (expression, expected) in [
        ("status.phase == 'Running'", true),
        ("metadata.generation == status.observedGeneration", true),
        (
            "status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')",
            true,
        ),
        (
            "status.conditions.exists(e, e.type == 'Synced' && e.status == 'True')",
            false,
        ),
        ("has(status.missing)", false),
        ("has(status.phase) && spec.replicas > 1", true),
        ("spec.replicas + 1 == 3", true),
        ("spec.replicas == 2.0 && spec.ratio < 1", true),
        ("'a' in spec.zones", true),
        ("status.phase.lowerAscii() == 'running'", true),
        ("'a,b'.split(',').size() == 2", true),
        ("sets.contains(spec.zones, ['a'])", true),
        ("sets.contains(spec.zones, ['c'])", false),
        ("sets.equivalent(spec.zones, ['b', 'a', 'a'])", true),
        ("sets.intersects(spec.zones, ['c', 'b'])", true),
        ("base64.encode(b'hi') == 'aGk='", true),
        ("status.?missing.orValue('none') == 'none'", true),
        ("status[?'phase'].orValue('') == 'Running'", true),
        ("metadata.labels['tier'].matches('^fr.*t$')", true),
        ("size(status.conditions) == 2 ? true : false", true),
        ("timestamp('2026-01-01T00:00:00Z').getHours() == 0", true),
    ] {
        assert_eq!(eval(expression), Ok(expected), "{expression}");
    }
}

#[test]
fn errors_say_which_expression() {
    // parity: KS-HEALTH-025
    let error = eval("status.").unwrap_err();
    assert!(
        matches!(error, CelError::Parse { .. }) && error.to_string().contains("'status.'"),
        "{error}"
    );
    let error = eval("status.missing == 1").unwrap_err();
    assert!(matches!(error, CelError::Evaluation { .. }), "{error}");
    assert_eq!(
        eval("status.phase"),
        Err(CelError::Type("status.phase".into()))
    );
}

#[test]
fn declared_expressions_must_be_boolean_and_use_known_variables() {
    // parity: KS-DEP-004, KS-DEP-006
    let compile = |expression| Program::with_variables(expression, &["self", "dep"]).map(|_| ());
    for expression in [
        "dep.metadata.labels['a'] == self.metadata.labels['a']",
        "dep.status.conditions.all(c, c.status == 'True' && self.metadata.name != '')",
        "dep.status.conditions.exists_one(c, c.type == 'Ready')",
        "has(dep.status.x) ? dep.status.x == 1 : false",
        "!(self.spec.suspend == true)",
        "sets.contains(dep.spec.components, self.spec.components)",
        "true",
    ] {
        assert_eq!(compile(expression), Ok(()), "{expression}");
    }
    assert!(matches!(
        compile("other.x == 1"),
        Err(CelError::Parse { .. })
    ));
    assert!(matches!(
        compile("dep.spec.list.all(c, d == 1)"),
        Err(CelError::Parse { .. })
    ));
    assert_eq!(
        compile("dep.status.phase"),
        Err(CelError::NotBoolean("dyn"))
    );
    assert_eq!(compile("1"), Err(CelError::NotBoolean("int")));
}

#[test]
fn expressions_that_could_run_away_are_refused() {
    let doubling = format!("['x']{}.size() > 0", ".map(x, x + x)".repeat(40));
    assert!(matches!(
        Program::parse(&doubling),
        Err(CelError::TooExpensive { .. })
    ));
    assert!(matches!(
        Program::parse(&"(".repeat(5000)),
        Err(CelError::Parse { .. })
    ));
    assert!(matches!(
        Program::parse(&format!("{}1{} == 1", "(".repeat(1000), ")".repeat(1000))),
        Err(CelError::Parse { .. })
    ));
    assert!(matches!(
        Program::parse(&format!("{}true", "!".repeat(4000))),
        Ok(_) | Err(CelError::Parse { .. })
    ));

    let large = json!({ "items": (0..5_000).collect::<Vec<_>>() });
    let cubic = Program::parse("items.all(a, items.all(b, items.all(c, a + b + c >= 0)))").unwrap();
    assert!(matches!(
        cubic.evaluate_fields(&large),
        Err(CelError::TooExpensive { .. })
    ));
    let linear =
        Program::parse("items.all(a, a >= 0) && items.filter(a, a > 10).size() > 5").unwrap();
    assert_eq!(linear.evaluate_fields(&large), Ok(true));
}
