//! Renderers that ask each other without end are stopped, with the reason: in a circle, and too deep.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;

use rosin_render::{Engine, Grants, Import, Limits, Registry, RenderError, Renderer, Services};
use support::{component_of, engine, good_source, module, request};

const IMPORT: &str = r#"(import "rosin:render/compose@0.1.0" "render"
    (func $compose (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;

/// A plugin that does nothing but to ask another one, for the same path, and to hand on why it failed.
fn asking(engine: &Engine, name: &str, other: &str) -> Renderer {
    let length = other.len();
    let render = format!(
        r#"(data (i32.const 0) "{other}")
        (func $render (param $source i32) (result i32)
          (call $compose (i32.const 0) (i32.const {length}) (i32.const 0) (i32.const 0)
            (i32.const 1212) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 64))
          (if (i32.eqz (i32.load8_u (i32.const 64))) (then (return (call $empty))))
          (drop (call $empty))
          (i32.store8 (i32.const 1024) (i32.const 1))
          (i32.store (i32.const 1032) (i32.load (i32.const 72)))
          (i32.store (i32.const 1036) (i32.load (i32.const 76)))
          (i32.const 1024))"#
    );
    let good = module("good");
    let prelude = good.split_once(";; Not hostile").unwrap().0;
    let (head, rest) = prelude.split_once('\n').unwrap();
    let text = format!("{head}\n{IMPORT}\n{rest}\n{render})");
    let component = component_of(&text, &[], "plugin");
    let grants = Grants::files().and(Import::Compose);
    Renderer::compile(engine, name, &component, &grants).unwrap()
}

/// Renders with the first of plugins that ask each other as `asks` says.
async fn render(asks: &[(&str, &str)]) -> Result<usize, RenderError> {
    let engine = engine(1);
    let mut registry = Registry::built_in(&engine).unwrap();
    for (name, other) in asks {
        registry.add(asking(&engine, name, other));
    }
    let registry = Arc::new(registry);
    let first = registry.get(asks[0].0).unwrap().clone();
    let services = Services {
        renderers: Some(registry),
        ..Services::default()
    };
    let rendered = first
        .render(&request(), &good_source(), &services, &Limits::default())
        .await?;
    Ok(rendered.manifests.len())
}

#[tokio::test]
async fn circles_are_refused() {
    for asks in [&[("a", "a")][..], &[("a", "b"), ("b", "a")]] {
        let error = render(asks).await.unwrap_err();
        assert!(matches!(error, RenderError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("is being asked for"), "{error}");
    }
}

#[tokio::test]
async fn renderers_ask_each_other_a_few_levels_deep_and_no_deeper() {
    let all = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f")];
    let error = render(&all).await.unwrap_err();
    assert!(matches!(error, RenderError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("levels deep"), "{error}");
}

#[tokio::test]
async fn a_renderer_that_is_not_there_is_named() {
    let error = render(&[("a", "nobody")]).await.unwrap_err();
    assert!(error.to_string().contains("nobody"), "{error}");
}
