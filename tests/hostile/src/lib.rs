//! Plugins that misbehave, each in its own way. They are WebAssembly text, so that tests need no toolchain; see `README.md`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn text(name: &str) -> Result<String> {
    let path = here().join("plugins").join(format!("{name}.wat"));
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// A plugin of this folder as a core module, in WebAssembly text.
pub fn module(name: &str) -> Result<String> {
    Ok(format!("(module\n{}\n{})", text("prelude")?, text(name)?))
}

/// A plugin of this folder.
pub fn component(name: &str) -> Result<Vec<u8>> {
    component_of(&module(name)?, &[], "plugin")
}

/// Makes a core module a component of `world`, as the contract and `wit` describe it; of the imports, those stay that the
/// module has.
pub fn component_of(module: &str, wit: &[&str], world: &str) -> Result<Vec<u8>> {
    let mut module = wat::parse_str(module)?;
    let mut resolve = Resolve::default();
    let (mut package, _) = resolve.push_dir(here().join("../../wit"))?;
    for text in wit {
        package = resolve.push_str("test.wit", text)?;
    }
    let world = resolve.select_world(&[package], Some(world))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .encode()
}

/// Writes plugins of this folder as components into another one: `<name>.wasm`.
pub fn write(names: &[&str], folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for name in names {
        std::fs::write(folder.join(format!("{name}.wasm")), component(name)?)?;
    }
    Ok(())
}
