//! `rosin plugin check`: what a component is, and what would keep it from running in a controller.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use rosin_tree::Digest;

use super::component::{Component, ComponentArgs, Input, InputArgs, yaml};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    component: ComponentArgs,

    /// Folder with files to render twice
    folder: Option<PathBuf>,

    #[command(flatten)]
    input: InputArgs,
}

pub(super) async fn run(args: &CheckArgs) -> Result<()> {
    let component = Component::open(&args.component)?;
    let renderer = &component.renderer;
    let descriptor = renderer.describe(&component.limits).await?;
    let imports: Vec<&str> = renderer.imports().iter().map(|i| i.name()).collect();
    println!("name:     {} {}", descriptor.name, descriptor.version);
    println!("digest:   {}", renderer.digest());
    println!("size:     {} KiB", component.size >> 10);
    println!("compiled: in {:?}", component.compiled_in);
    println!("imports:  {}", imports.join(", "));
    println!("options:  {}", descriptor.options_schema);
    if renderer.describe(&component.limits).await? != descriptor {
        bail!("`describe` answers differently when it is asked again");
    }
    let schema = serde_json::from_str(&descriptor.options_schema)?;
    if let Err(faults) = rosin_schema::check(&schema, &serde_json::json!({})) {
        println!("required: {}", faults.trim_end());
    }
    if let Some(folder) = &args.folder {
        let input = Input::open(folder, &args.input)?;
        let first = yaml(&component.render_input(&input).await?)?;
        let second = yaml(&component.render_input(&input).await?)?;
        if first != second {
            bail!("equal input gives different output");
        }
        println!(
            "output:   {} (twice the same)",
            Digest::of(first.as_bytes())
        );
    }
    Ok(())
}
