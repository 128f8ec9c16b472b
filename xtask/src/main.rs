//! What the build needs beyond Cargo: one module per command.

mod crds;
mod plugins;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  plugins [NAME...]   build the plugins for WebAssembly and leave them in bin/plugins, from where rosin-render embeds them
  crds [--check]      write the custom resource definitions and roles in deploy/, or fail if they are not current";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args
        .split_first()
        .map(|(command, rest)| (command.as_str(), rest))
    {
        Some(("plugins", names)) => plugins::build(names),
        Some(("crds", args)) => crds::run(args),
        Some(("help" | "--help" | "-h", _)) | None => {
            println!("{HELP}");
            Ok(())
        }
        Some((command, _)) => bail!("there is no command {command:?}\n\n{HELP}"),
    }
}
