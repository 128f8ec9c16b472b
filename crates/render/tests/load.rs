//! What is refused before it runs: things that are no components, and components that want more than they were granted.

mod support;

use rosin_render::{Engine, EngineConfig, Grants, Import, LoadError, Registry, Renderer, Services};
use support::{compile, component, component_of, engine, good_source, module, request};

fn refused(bytes: &[u8]) -> String {
    match compile(&engine(1), "stranger", bytes) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error.to_string(),
    }
}

/// A component with a `run` of its own, which imports these.
fn with_imports(wit: &str, imports: &str) -> Vec<u8> {
    component_of(
        &format!("(module {imports} (memory (export \"memory\") 1) (func (export \"run\")))"),
        &[wit],
        "stranger",
    )
}

#[test]
fn what_is_no_component_is_refused() {
    // parity: SEC-WASM-08
    let core = wat::parse_str(module("good")).unwrap();
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\x7fELF\x02\x01\x01",
        b"not a component",
        &[0xff; 64],
        &core,
    ] {
        let error = refused(bytes);
        assert!(
            error.starts_with("not a WebAssembly component that this host can run: "),
            "{error}"
        );
        assert!(
            !error.contains("/home") && !error.contains("/root"),
            "{error}"
        );
    }
}

#[test]
fn no_part_of_a_component_is_one() {
    // parity: SEC-WASM-08
    let whole = component("good");
    for length in (0..whole.len()).step_by(97) {
        let error = refused(&whole[..length]);
        // Cut between sections, what is left is a component that exports nothing.
        assert!(
            error.starts_with("not a WebAssembly component")
                || error.ends_with("it exports nothing"),
            "{error}"
        );
    }
}

#[test]
fn text_is_no_component() {
    // parity: SEC-WASM-08
    assert!(refused(b"(component)").starts_with("not a WebAssembly component"));
}

#[test]
fn imports_of_others_are_refused_by_name() {
    // parity: SEC-WASM-07, SEC-WASM-15
    let wit = "package wasi:sockets@0.2.0; interface network { open: func(); } world stranger { import network; export run: func(); }";
    let bytes = with_imports(
        wit,
        r#"(import "wasi:sockets/network@0.2.0" "open" (func))"#,
    );
    assert_eq!(
        refused(&bytes),
        "plugin stranger imports wasi:sockets/network@0.2.0: it is not part of the contract for renderers, rosin:render"
    );
}

#[test]
fn imports_of_another_version_are_refused_by_name() {
    // parity: SEC-WASM-08
    let wit = "package rosin:render@0.2.0; interface source { open: func(); } world stranger { import source; export run: func(); }";
    let bytes = with_imports(wit, r#"(import "rosin:render/source@0.2.0" "open" (func))"#);
    assert_eq!(
        refused(&bytes),
        "plugin stranger imports rosin:render/source@0.2.0: this host offers version 0.1.0 of it"
    );
}

#[test]
fn imports_that_were_not_granted_are_refused_by_name() {
    let wit = "package test:test; world stranger { import rosin:render/ambient@0.1.0; export run: func(); }";
    let bytes = with_imports(
        wit,
        r#"(import "rosin:render/ambient@0.1.0" "now" (func (result i64)))"#,
    );
    assert_eq!(
        refused(&bytes),
        "plugin stranger imports rosin:render/ambient@0.1.0: it was not granted to this plugin"
    );
    // Granted, it still is no renderer.
    let grants = Grants::files().and(Import::Ambient);
    let error = Renderer::compile(&engine(1), "stranger", &bytes, &grants)
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "plugin stranger does not export rosin:render/renderer@0.1.0; it exports run"
    );
}

#[test]
fn exports_of_another_shape_are_refused() {
    // parity: SEC-WASM-08
    let wit = "package rosin:render@0.1.0; interface renderer { render: func(); } world stranger { export renderer; }";
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("stranger")).unwrap();
    let mut bytes =
        wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "rosin:render/renderer@0.1.0#render")))"#).unwrap();
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut bytes, &resolve, world, encoding).unwrap();
    let bytes = wit_component::ComponentEncoder::default()
        .module(&bytes)
        .unwrap()
        .encode()
        .unwrap();
    let error = refused(&bytes);
    assert!(
        error.starts_with("plugin stranger does not fit the contract rosin:render@0.1.0: "),
        "{error}"
    );
}

#[test]
fn proposals_that_nobody_needs_are_off() {
    // parity: SEC-WASM-02, SEC-WASM-15, SEC-WASM-22
    for module in [
        "(module (memory i64 1))",
        "(module (memory 1 1 shared))",
        "(module (func (result f32) (f32.const 0)) (func (return_call 0)))",
        "(module (func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0))))",
    ] {
        let bytes = wat::parse_str(format!("(component (core {}", &module[1..]) + ")").unwrap();
        let error = refused(&bytes);
        assert!(
            error.starts_with("not a WebAssembly component"),
            "{module}: {error}"
        );
    }
}

#[test]
fn large_components_are_refused_before_they_are_compiled() {
    // parity: SEC-WASM-09
    let engine = Engine::new(EngineConfig {
        component_size: 1000,
        ..EngineConfig::default()
    })
    .unwrap();
    let error = compile(&engine, "large", &component("good")).err().unwrap();
    assert!(
        matches!(error, LoadError::TooLarge { limit: 1000, .. }),
        "{error}"
    );
}

#[test]
fn unknown_renderers_are_named() {
    let mut registry = Registry::default();
    assert_eq!(
        registry.get("kustomize").err().unwrap().to_string(),
        "the renderer \"kustomize\" was not built into this program: its plugins are not built, run `make build`"
    );
    registry.add(compile(&engine(1), "good", &component("good")).unwrap());
    assert!(registry.get("good").is_ok());
    assert_eq!(
        registry.get("jsonnet").err().unwrap().to_string(),
        "there is no renderer \"jsonnet\"; there are: good"
    );
}

#[test]
fn components_of_a_folder_are_added_by_name() {
    let folder = tempfile::tempdir().unwrap();
    rosin_hostile::write(&["good", "loop"], folder.path()).unwrap();
    std::fs::write(folder.path().join("README.md"), "not a plugin").unwrap();
    let mut registry = Registry::default();
    registry.add_folder(&engine(1), folder.path()).unwrap();
    assert_eq!(registry.names().collect::<Vec<_>>(), ["good", "loop"]);
    std::fs::write(folder.path().join("broken.wasm"), "not a plugin either").unwrap();
    assert!(registry.add_folder(&engine(1), folder.path()).is_err());
}

#[tokio::test]
async fn code_compiled_ahead_of_time_runs() {
    let engine = engine(1);
    let compiled = rosin_render::precompile(&component("good")).unwrap();
    #[expect(unsafe_code, reason = "the code was compiled the line above")]
    // SAFETY: unchanged result of `precompile`.
    let plugin = unsafe { Renderer::load(&engine, "good", &compiled, &Grants::files()) }.unwrap();
    assert_eq!(plugin.imports(), [Import::Source, Import::Diagnostics]);
    assert_eq!(plugin.digest(), compiled.digest);
    let rendered = plugin
        .render(
            &request(),
            &good_source(),
            &Services::default(),
            &Default::default(),
        )
        .await
        .unwrap();
    assert_eq!(rendered.manifests.len(), 1);
}
