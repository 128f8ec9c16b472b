//! `rosin plugin`: what authors of renderers need, from an empty folder to a component that a controller runs.

mod bench;
mod build;
mod check;
mod component;
mod new;
mod run;
mod test;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Start a renderer of your own: a crate that builds, with a test case
    New(new::NewArgs),
    /// Build the crate of a renderer to a component
    Build(build::BuildArgs),
    /// Say what a component is and asks for, whether a controller would run it, and whether equal input gives equal output
    #[command(visible_alias = "inspect")]
    Check(check::CheckArgs),
    /// Render a folder, and show what it takes
    Run(run::RunArgs),
    /// Compare with recorded output
    ///
    /// Each folder of the cases has `input/`, the files to render; `request.json` with `path` and `options`, if they are not empty; and
    /// `expected.yaml`, or `expected-error.txt` where the render has to fail.
    Test(test::TestArgs),
    /// Measure renders of a folder
    Bench(bench::BenchArgs),
}

/// # Errors
/// When the plugin, or the work with it, fails.
pub async fn run(args: PluginArgs) -> Result<()> {
    match args.command {
        PluginCommand::New(args) => new::run(&args),
        PluginCommand::Build(args) => build::run(&args),
        PluginCommand::Check(args) => check::run(&args).await,
        PluginCommand::Run(args) => run::run(&args).await,
        PluginCommand::Test(args) => test::run(&args).await,
        PluginCommand::Bench(args) => bench::run(&args).await,
    }
}
