//! postBuild: variables from the object, from ConfigMaps and from Secrets.

use anyhow::Result;
use serde_json::json;

use crate::case::{Case, config_map};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn later_sources_win_and_inline_wins_over_all() -> Result<()> {
    // parity: KS-VAR-001, KS-VAR-002, KS-VAR-003, KS-VAR-004, KS-VAR-012, KS-VAR-013
    let case = Case::new("substitute").await?;
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: ${a}\n  b: ${b}\n  c: ${c}\n  d: ${d:=fallback}\n  e: $${a}\n  f: ${f}\n  g: ${g}\n";
    case.repository.write("app/one.yaml", text)?;
    let commit = case.push("first").await?;
    let ns = case.namespace.as_str();
    let values = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: values, namespace: {ns}}}\ndata: {{a: from-map, b: from-map, c: from-map, f: \"two\\nlines\\n\"}}\n---\n\
        apiVersion: v1\nkind: Secret\nmetadata: {{name: values, namespace: {ns}}}\nstringData: {{b: from-secret, c: from-secret}}\n"
    );
    case.api.apply_yaml(&values).await?;
    case.add_source().await?;
    let substitution = json!({
        "substitute": { "c": "inline", "g": "in\nline" },
        "substituteFrom": [
            { "kind": "ConfigMap", "name": "values" },
            { "kind": "Secret", "name": "values" },
            { "kind": "ConfigMap", "name": "absent", "optional": true },
        ],
    });
    let app = case
        .add_kustomization("app", "./app", json!({ "postBuild": substitution }))
        .await?;
    case.ready(&app, &commit).await?;
    for (key, wanted) in [
        ("a", "from-map"),
        ("b", "from-secret"),
        ("c", "inline"),
        ("d", "fallback"),
        ("e", "${a}"),
        ("f", "twolines"),
        ("g", "inline"),
    ] {
        assert_eq!(
            case.value("one", key).await?.as_deref(),
            Some(wanted),
            "{key}"
        );
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_missing_value_fails_the_build_and_says_which() -> Result<()> {
    // parity: KS-VAR-007, KS-VAR-020
    let case = Case::new("substitute-missing").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "${nowhere}"))?;
    case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization(
            "app",
            "./app",
            json!({ "postBuild": { "substitute": { "a": "b" } } }),
        )
        .await?;
    case.fails(
        &app,
        "BuildFailed",
        "variable not set (strict mode): \"nowhere\"",
    )
    .await?;
    assert_eq!(case.api.get(&case.config_map("one")).await?, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_missing_configmap_is_named_and_may_appear_later() -> Result<()> {
    // parity: KS-VAR-003
    let case = Case::new("substitute-from-missing").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "${a}"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let from = json!({ "substituteFrom": [{ "kind": "ConfigMap", "name": "values" }] });
    let app = case
        .add_kustomization("app", "./app", json!({ "postBuild": from }))
        .await?;
    case.fails(
        &app,
        "BuildFailed",
        "substitute from 'ConfigMap/values' error",
    )
    .await?;
    let values = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: values, namespace: {}}}\ndata: {{a: here}}\n",
        case.namespace
    );
    case.api.apply_yaml(&values).await?;
    case.ready(&app, &commit).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("here"));
    Ok(())
}
