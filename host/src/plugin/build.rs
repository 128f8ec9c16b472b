//! `rosin plugin build`: a crate to a component, with the Cargo of the machine.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

const TARGET: &str = "wasm32-unknown-unknown";

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// Folder of the crate
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// File of the component; default: `<crate>.wasm` in the folder
    #[arg(long, short)]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &BuildArgs) -> Result<()> {
    let manifest = args.folder.join("Cargo.toml");
    if !manifest.is_file() {
        bail!(
            "{} is no crate: it has no Cargo.toml",
            args.folder.display()
        );
    }
    let built = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format=json-render-diagnostics",
        ])
        .arg("--manifest-path")
        .arg(&manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("running cargo")?;
    if !built.status.success() {
        bail!("cargo failed; is the target there? `rustup target add {TARGET}`");
    }
    let module = artifact(&built.stdout).context(
        "cargo built no WebAssembly module: the crate needs crate-type = [\"cdylib\", \"rlib\"]",
    )?;
    let content =
        std::fs::read(&module).with_context(|| format!("reading {}", module.display()))?;
    let component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&content)
        .and_then(|encoder| encoder.encode())
        .context("making a component; does the crate call rosin_plugin::export_renderer!?")?;
    let name = module.file_name().context("a file name")?;
    let output = args
        .output
        .clone()
        .unwrap_or_else(|| args.folder.join(name));
    std::fs::write(&output, &component).with_context(|| format!("writing {}", output.display()))?;
    println!("{}: {} KiB", output.display(), component.len() >> 10);
    Ok(())
}

/// The module among Cargo's messages: that of the last crate, which is the one that was asked for.
fn artifact(messages: &[u8]) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(messages);
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = messages
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
    files
        .filter_map(|file| file.as_str().map(Path::new).map(Path::to_owned))
        .rfind(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
}
