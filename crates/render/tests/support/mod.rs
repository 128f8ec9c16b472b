//! Makes components of WebAssembly text, and engines for tests.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test file uses some of it"
)]

use std::path::{Path, PathBuf};

use rosin_render::{Engine, EngineConfig, Grants, LoadError, Renderer, Request, Source};
use rosin_tree::Tree;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub const OBJECT: &str = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"apps"}}"#;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Makes a core module a component of `world`, as `wit` describes it; of the imports, those stay that the module has.
pub fn component_of(module: &str, wit: &[&str], world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(module).unwrap();
    let mut resolve = Resolve::default();
    let (mut package, _) = resolve.push_dir(repository().join("wit")).unwrap();
    for text in wit {
        package = resolve.push_str("test.wit", text).unwrap();
    }
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

fn hostile(file: &str) -> String {
    std::fs::read_to_string(repository().join("tests/hostile").join(file)).unwrap()
}

/// The text of a plugin in `tests/hostile`, as a core module.
pub fn module(name: &str) -> String {
    format!(
        "(module\n{}\n{})",
        hostile("prelude.wat"),
        hostile(&format!("{name}.wat"))
    )
}

pub fn component(name: &str) -> Vec<u8> {
    component_of(&module(name), &[], "plugin")
}

/// An engine with room for one guest at a time unless a test wants more.
pub fn engine(concurrency: usize) -> Engine {
    Engine::new(EngineConfig {
        concurrency,
        threads: 2,
        ..EngineConfig::default()
    })
    .unwrap()
}

pub fn load(engine: &Engine, name: &str) -> Renderer {
    compile(engine, name, &component(name)).unwrap()
}

pub fn compile(engine: &Engine, name: &str, component: &[u8]) -> Result<Renderer, LoadError> {
    Renderer::compile(engine, name, component, &Grants::files())
}

pub fn source(files: &[(&str, &str)]) -> Source {
    Tree::from_files(
        files
            .iter()
            .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec())),
    )
    .into()
}

pub fn good_source() -> Source {
    source(&[("object.json", OBJECT), ("apps/other.json", "{}")])
}

pub fn request() -> Request {
    Request::default()
}
