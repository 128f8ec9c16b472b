//! How long a commit takes to become an artifact, for a repository at a loopback URL:
//! `cargo run --release -p rosin-source --example latency -- URL BRANCH ROUNDS COMMAND…`, where the command makes a new commit.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rosin_source::artifact::{Capacity, ObjectKey, Store};
use rosin_source::git::{
    Budget, Contents, Credentials, Fetched, Git, Reference, Remote, RemoteUrl,
};
use rosin_source::http::HttpClients;
use rosin_tree::Limits;
use tokio_util::sync::CancellationToken;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: URL BRANCH ROUNDS COMMAND");
    let (url, branch, rounds, command) = (next()?, next()?, next()?.parse::<u32>()?, next()?);
    let folder = tempfile::tempdir()?;
    let store = Store::new(
        &Dir::open_ambient_dir(folder.path(), ambient_authority())?,
        Limits::default(),
        Capacity::default(),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let git = Git::new(
        folder.path().join("git"),
        Arc::new(HttpClients::new()),
        runtime.handle().clone(),
    );
    let remote = Remote {
        url: RemoteUrl::parse(&url)?,
        credentials: Credentials::none(),
        proxy: None,
    };
    let key = ObjectKey::new("GitRepository", "bench", "app")?;
    let mut known: Option<String> = None;
    for round in 0..=rounds {
        if round > 0
            && !Command::new("sh")
                .args(["-c", &command])
                .status()?
                .success()
        {
            return Err("the command failed".into());
        }
        let budget = || Budget::new(Duration::from_secs(60), CancellationToken::new());
        let fetch = |known: Option<&str>| {
            git.fetch(
                &remote,
                &Reference::Branch(branch.clone()),
                known,
                "bench/app",
                &budget(),
            )
        };
        let started = Instant::now();
        let Fetched::Checkout(checkout) = fetch(known.as_deref())? else {
            return Err("nothing new".into());
        };
        let fetched = started.elapsed();
        let file = format!("{}.tar.gz", checkout.commit().hash);
        let stored = store.write(&key, &file, |into| {
            checkout.write(&Contents::default(), store.limits(), into)
        })?;
        let stored_after = started.elapsed();
        known = Some(checkout.revision().to_string());
        let again = Instant::now();
        fetch(known.as_deref())?;
        println!(
            "round {round}: fetch {:.1} ms, with artifact {:.1} ms ({} files, {} bytes packed); no change {:.1} ms",
            fetched.as_secs_f64() * 1e3,
            stored_after.as_secs_f64() * 1e3,
            stored.tree.entries().count(),
            stored.size,
            again.elapsed().as_secs_f64() * 1e3,
        );
    }
    Ok(())
}
