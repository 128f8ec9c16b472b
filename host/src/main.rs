//! The program `rosin`.

use std::process::ExitCode;

use clap::Parser;
use rosin::{
    cli::{Cli, Command},
    config::Config,
    telemetry, wiring,
};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // One TLS stack for everything; two crates would otherwise each look for a default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut threads = match cli.command {
        // One render: starting threads would take longer.
        Command::Build(_)
        | Command::Template(_)
        | Command::Plugin(_)
        | Command::CompileRenderer(_)
        | Command::CheckOptions(_) => tokio::runtime::Builder::new_current_thread(),
        Command::Controller(_) => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = threads.enable_all().build()?;
    match cli.command {
        Command::Plugin(args) => runtime.block_on(rosin::plugin::run(*args)),
        Command::CompileRenderer(args) => rosin::renderers::compile(&args),
        Command::CheckOptions(args) => rosin::renderers::check_options(&args),
        Command::Controller(args) => {
            telemetry::init(args.log_level, args.log_encoding);
            let kubeconfig = args.kubeconfig.clone();
            let config = Config::new(*args)?;
            runtime.block_on(wiring::run(config, kubeconfig))
        }
        Command::Build(args) => runtime.block_on(rosin::build::run(*args)),
        Command::Template(args) => runtime.block_on(rosin::template::run(*args)),
    }
}
