//! Includes the compiled plugins that `cargo xtask plugins` left under `bin/plugins`. Without them the crate builds all the same,
//! and says at run time that plugins are not built: a plain clone passes `cargo test` without a WebAssembly toolchain.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// As in `src/config.rs`: code that begins there is not copied.
const CODE_ALIGNMENT: usize = 1 << 16;

fn main() {
    let folder =
        Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../bin/plugins");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");

    println!("cargo::rustc-check-cfg=cfg(plugins_built)");

    let mut rows = String::new();
    let mut plugins: Vec<PathBuf> = fs::read_dir(&folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    plugins.sort();
    for code in plugins.iter().filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "cwasm")
    }) {
        println!("cargo::rerun-if-changed={}", code.display());
        match row(code) {
            Ok(row) => rows.push_str(&row),
            Err(why) => println!(
                "cargo::error={}: {why}; run `cargo xtask plugins`",
                code.display()
            ),
        }
    }
    if !rows.is_empty() {
        // For tests of the built-in plugins.
        println!("cargo::rustc-cfg=plugins_built");
    }
    let source = format!(
        "#[allow(dead_code, reason = \"nothing is embedded before the plugins are built\")]\n#[repr(C, align({CODE_ALIGNMENT}))]\nstruct Aligned<T>(T);\n\n/// Name, code, and digest of the component.\npub(super) static PLUGINS: &[(&str, &[u8], &[u8; 32])] = &[\n{rows}];\n"
    );
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("embedded.rs");
    if let Err(error) = fs::write(&out, source) {
        println!("cargo::error=writing {}: {error}", out.display());
    }
}

/// One row of the table, if code, component and the digests beside them belong together.
fn row(code: &Path) -> Result<String, String> {
    let read =
        |path: PathBuf| fs::read(&path).map_err(|error| format!("{}: {error}", path.display()));
    let digests = String::from_utf8(read(code.with_extension("sha256"))?)
        .map_err(|error| error.to_string())?;
    let (component, expected) = digests.trim().split_once(' ').ok_or("malformed digests")?;
    let mut actual = String::new();
    for byte in Sha256::digest(read(code.to_path_buf())?) {
        write!(actual, "{byte:02x}").map_err(|error| error.to_string())?;
    }
    if actual != expected {
        return Err("is not what was compiled".to_owned());
    }
    let bytes: Result<Vec<String>, _> = (0..32)
        .map(|i| {
            component
                .get(2 * i..2 * i + 2)
                .map(|hex| format!("0x{hex}"))
                .ok_or("malformed digests")
        })
        .collect();
    let name = code
        .file_stem()
        .and_then(|name| name.to_str())
        .ok_or("has no name")?;
    let path = code.canonicalize().map_err(|error| error.to_string())?;
    Ok(format!(
        "    ({name:?}, &Aligned(*include_bytes!({path:?})).0, &[{}]),\n",
        bytes?.join(", ")
    ))
}
