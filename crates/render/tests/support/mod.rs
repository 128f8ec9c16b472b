//! Hostile plugins, and engines to run them in.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test file uses some of it"
)]

use rosin_render::{Engine, EngineConfig, Grants, LoadError, Renderer, Request, Source};
use rosin_tree::Tree;

pub const OBJECT: &str = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"apps"}}"#;

pub fn component_of(module: &str, wit: &[&str], world: &str) -> Vec<u8> {
    rosin_hostile::component_of(module, wit, world).unwrap()
}

pub fn module(name: &str) -> String {
    rosin_hostile::module(name).unwrap()
}

pub fn component(name: &str) -> Vec<u8> {
    rosin_hostile::component(name).unwrap()
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
