//! `rosin plugin new`: a crate that builds, tests and renders, to change into what is wanted.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Name of the renderer; a folder of this name is made
    name: String,

    #[arg(long, value_enum, default_value = "rust")]
    lang: Language,

    /// Folder of the crate `rosin-plugin`, where it does not come from a registry
    #[arg(long)]
    sdk: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    Rust,
}

/// Path in the new folder, and content.
const RUST: [(&str, &str); 7] = [
    ("Cargo.toml", include_str!("rust/Cargo.toml.in")),
    ("README.md", include_str!("rust/README.md.in")),
    ("src/lib.rs", include_str!("rust/lib.rs.in")),
    (".gitignore", "/target\n/*.wasm\n"),
    (
        "tests/two/input/app/one.yaml",
        include_str!("rust/one.yaml.in"),
    ),
    (
        "tests/two/request.json",
        include_str!("rust/request.json.in"),
    ),
    (
        "tests/two/expected.yaml",
        include_str!("rust/expected.yaml.in"),
    ),
];

pub(super) fn run(args: &NewArgs) -> Result<()> {
    let name = &args.name;
    let clean = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(clean) {
        bail!("{name:?} is no name for a renderer: lower case letters, digits and dashes");
    }
    let folder = PathBuf::from(name);
    if folder.exists() {
        bail!("{name} is there already");
    }
    let sdk = match &args.sdk {
        None => "\"0.1\"".to_owned(),
        Some(path) => {
            let path = path
                .canonicalize()
                .with_context(|| format!("--sdk {}", path.display()))?;
            format!("{{ path = {:?} }}", path)
        }
    };
    let Language::Rust = args.lang;
    for (path, content) in RUST {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let content = content.replace("@NAME@", name).replace("@SDK@", &sdk);
        std::fs::write(&file, content).with_context(|| format!("writing {}", file.display()))?;
    }
    println!("{name}: README.md says how to build and try it");
    Ok(())
}
