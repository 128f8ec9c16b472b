//! `rosin plugin bench`: what a render takes.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::Args;

use super::component::{Component, ComponentArgs, Input, InputArgs};

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(flatten)]
    component: ComponentArgs,

    /// Folder with the files
    folder: PathBuf,

    #[command(flatten)]
    input: InputArgs,

    /// Renders
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

pub(super) async fn run(args: &BenchArgs) -> Result<()> {
    let component = Component::open(&args.component)?;
    let input = Input::open(&args.folder, &args.input)?;
    let mut times = Vec::new();
    let mut memory = 0;
    for _ in 0..args.count {
        let start = Instant::now();
        let rendered = component.render_input(&input).await?;
        times.push((start.elapsed(), rendered.stats.run));
        memory = memory.max(rendered.stats.peak_memory);
    }
    let part = |of: fn(&(Duration, Duration)) -> Duration| {
        let mut times: Vec<Duration> = times.iter().map(of).collect();
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        format!("median {:?}, p95 {:?}, most {:?}", at(50), at(95), at(100))
    };
    println!("compiled: in {:?}", component.compiled_in);
    println!("whole:    {}", part(|(whole, _)| *whole));
    println!("guest:    {}", part(|(_, guest)| *guest));
    println!("memory:   {} KiB", memory >> 10);
    Ok(())
}
