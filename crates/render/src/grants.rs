//! What a plugin may import. The component's import list is its request for capabilities, and is compared here, once.

use std::collections::BTreeSet;
use std::fmt;

use wasmtime::component::Component;

use crate::LoadError;

const PACKAGE: &str = "rosin:render";
/// Components of the same minor line fit; see the stability promise in `wit/source.wit`.
const LINE: &str = "0.1.";
const VERSION: &str = "0.1.0";
const EXPORT: &str = "renderer";

/// An interface of `wit/` that the host can offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Import {
    Source,
    Diagnostics,
    Remote,
    Cluster,
    Ambient,
    Crypto,
    Compose,
}

impl Import {
    const ALL: [Self; 7] = [
        Self::Source,
        Self::Diagnostics,
        Self::Remote,
        Self::Cluster,
        Self::Ambient,
        Self::Crypto,
        Self::Compose,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Diagnostics => "diagnostics",
            Self::Remote => "remote",
            Self::Cluster => "cluster",
            Self::Ambient => "ambient",
            Self::Crypto => "crypto",
            Self::Compose => "compose",
        }
    }
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PACKAGE}/{}", self.name())
    }
}

/// The imports that one plugin may have. Files and diagnostics need no grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grants(BTreeSet<Import>);

impl Grants {
    /// Files and diagnostics: output is a function of the files.
    pub fn files() -> Self {
        Self(BTreeSet::from([Import::Source, Import::Diagnostics]))
    }

    #[must_use]
    pub fn and(mut self, import: Import) -> Self {
        self.0.insert(import);
        self
    }
}

/// Compares what a component imports with what it was granted, and what it exports with what a renderer is.
pub(crate) fn check(
    plugin: &str,
    component: &Component,
    grants: &Grants,
) -> Result<BTreeSet<Import>, LoadError> {
    let engine = component.engine();
    let ty = component.component_type();
    let mut wanted = BTreeSet::new();
    for (name, _) in ty.imports(engine) {
        let refuse = |reason| LoadError::MissingImport {
            plugin: plugin.to_owned(),
            import: name.to_owned(),
            reason,
        };
        let import = parse(name).map_err(refuse)?;
        if !grants.0.contains(&import) {
            return Err(refuse("it was not granted to this plugin"));
        }
        wanted.insert(import);
    }
    let is_renderer = |name: &str| {
        split(name).is_some_and(|(interface, version)| interface == EXPORT && fits(version))
    };
    if ty.exports(engine).any(|(name, _)| is_renderer(name)) {
        Ok(wanted)
    } else {
        let exports: Vec<&str> = ty.exports(engine).map(|(name, _)| name).take(8).collect();
        Err(LoadError::NotRenderer {
            plugin: plugin.to_owned(),
            wanted: format!("{PACKAGE}/{EXPORT}@{VERSION}"),
            exports: if exports.is_empty() {
                "nothing".to_owned()
            } else {
                exports.join(", ")
            },
        })
    }
}

fn parse(name: &str) -> Result<Import, &'static str> {
    let (interface, version) =
        split(name).ok_or("it is not part of the contract for renderers, rosin:render")?;
    let import = Import::ALL
        .into_iter()
        .find(|import| import.name() == interface);
    let import = import.ok_or("this host does not know that interface of rosin:render")?;
    if fits(version) {
        Ok(import)
    } else {
        Err("this host offers version 0.1.0 of it")
    }
}

/// `rosin:render/source@0.1.0` → (`source`, `0.1.0`).
fn split(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PACKAGE)?
        .strip_prefix('/')?
        .split_once('@')
}

fn fits(version: &str) -> bool {
    version
        .strip_prefix(LINE)
        .is_some_and(|patch| patch.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_known_by_interface_and_minor_version() {
        assert_eq!(parse("rosin:render/source@0.1.0"), Ok(Import::Source));
        assert_eq!(parse("rosin:render/ambient@0.1.7"), Ok(Import::Ambient));
        for refused in [
            "rosin:render/source@0.2.0",
            "rosin:render/source@0.1.x",
            "rosin:render/source",
            "rosin:render/network@0.1.0",
            "rosin:renderer/source@0.1.0",
            "wasi:http/outgoing-handler@0.2.0",
            "env",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }
}
