//! `rosin plugin run`: objects to standard output, messages and figures to standard error.

use std::{io::Write, path::PathBuf};

use anyhow::Result;
use clap::Args;

use super::component::{Component, ComponentArgs, Input, InputArgs, show, yaml};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    component: ComponentArgs,

    /// Folder with the files
    folder: PathBuf,

    #[command(flatten)]
    input: InputArgs,

    /// Say nothing of time and memory
    #[arg(long)]
    quiet: bool,
}

pub(super) async fn run(args: &RunArgs) -> Result<()> {
    let component = Component::open(&args.component)?;
    let rendered = component
        .render_input(&Input::open(&args.folder, &args.input)?)
        .await?;
    show(&rendered.diagnostics);
    std::io::stdout()
        .lock()
        .write_all(yaml(&rendered)?.as_bytes())?;
    if !args.quiet {
        let stats = &rendered.stats;
        eprintln!(
            "# {} objects in {:?} (instance: {:?}), {} KiB of memory",
            rendered.definitions.len() + rendered.manifests.len(),
            stats.run,
            stats.instantiate,
            stats.peak_memory >> 10
        );
    }
    Ok(())
}
