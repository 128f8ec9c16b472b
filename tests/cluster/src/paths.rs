//! Where things are: this repository, the programs that `tests/tools/build` made, and the program under test.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

/// The root of this clone.
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(PathBuf::from).unwrap_or(here)
}

/// The cache that clones share, see `tests/tools/build`.
pub fn tools() -> PathBuf {
    match env::var_os("ROSIN_TOOLS") {
        Some(folder) => folder.into(),
        None => env::home_dir()
            .unwrap_or_default()
            .join(".cache/rosin/tools"),
    }
}

/// A program of that cache.
pub fn tool(name: &str) -> Result<PathBuf> {
    let path = tools().join(name);
    if !path.exists() {
        bail!("{name} has not been built; run tests/tools/build {name}");
    }
    Ok(path)
}

/// The program under test: what `make build` leaves, or what `ROSIN_BIN` names.
pub fn rosin() -> Result<PathBuf> {
    let path =
        env::var_os("ROSIN_BIN").map_or_else(|| repository().join("bin/rosin"), PathBuf::from);
    if !path.exists() {
        bail!("{} does not exist; run make build", path.display());
    }
    Ok(path)
}

/// The manifests that are installed: those of this clone, or of the folder that `ROSIN_DEPLOY` names.
pub fn deploy() -> PathBuf {
    env::var_os("ROSIN_DEPLOY").map_or_else(|| repository().join("deploy"), PathBuf::from)
}
