//! Disks that take no more: what was stored stays in use, the reason is told, and what fits is stored again.

use anyhow::{Context, Result};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::wait::{Look, until};
use rosin_cluster_tests::{Controller, flux};
use serde_json::json;

use crate::case::{DEADLINE, config_map};
use crate::faults::{NAMESPACE, World};

const ROOM: u32 = 2048;

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_cannot_be_stored_leaves_what_was() -> Result<()> {
    // parity: REL-STORE-01
    let world = World::start("storage").await?;
    let state = world.plane.folder().with_file_name("controller");
    let kubeconfig = world.plane.kubeconfig();
    let flags = ["--min-retry-delay=200ms", "--max-retry-delay=1s"];
    let mut controller = Controller::start_with_small_files(&state, &kubeconfig, &flags, ROOM)?;
    controller.wait_ready().await?;
    world
        .repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    let first = world.repository.push("first")?;
    let app = world.add().await?;
    let source = Ref::git_repository(NAMESPACE, "app");
    flux::wait_ready(&world.api, &app, &first)
        .await
        .with_context(|| controller.last_lines(6))?;
    let stored = world.api.read(&source).await?["status"]["artifact"].clone();

    // Chance cannot be packed.
    let noise: String = (0..ROOM * 512)
        .map(|_| format!("{:08x}", rand::random::<u32>()))
        .collect();
    world.repository.write("app/data/noise", &noise)?;
    world.repository.push("too large")?;
    flux::request(&world.api, &source).await?;
    let failed = |ready: &flux::Ready| ready.is_false();
    let failed = flux::wait_for(&world.api, &source, DEADLINE, failed)
        .await
        .with_context(|| controller.last_lines(6))?;
    let path = state.display().to_string();
    assert!(!failed.message.contains(&path), "{}", failed.message);
    let after = world.api.read(&source).await?["status"]["artifact"].clone();
    assert_eq!(after["digest"], stored["digest"]);

    // The old revision is still worked on.
    let one = Ref::config_map(NAMESPACE, "one");
    let theirs = json!({ "data": { "key": "theirs" } });
    world.api.merge(&one, &theirs, "somebody").await?;
    until("the drift to be corrected", DEADLINE, async || {
        let found = world.api.read(&one).await?;
        Ok(match found["data"]["key"] == "git" {
            true => Look::Done(()),
            false => Look::Waiting(found["data"].to_string()),
        })
    })
    .await?;

    world.repository.remove("app/data/noise")?;
    world
        .repository
        .write("app/one.yaml", &config_map("one", "key", "next"))?;
    // The server would send the history of what was too large.
    world.repository.git(&["reset", "--soft", &first])?;
    world.repository.git(&["add", "--all"])?;
    world
        .repository
        .git(&["commit", "--quiet", "--message=small again"])?;
    world
        .repository
        .git(&["push", "--quiet", "--force", "origin", "HEAD:main"])?;
    let last = world.repository.git(&["rev-parse", "HEAD"])?;
    flux::request(&world.api, &source).await?;
    flux::wait_ready(&world.api, &app, &last)
        .await
        .with_context(|| controller.last_lines(6))?;
    // Nothing half written is left.
    let left = std::process::Command::new("find")
        .arg(&state)
        .args(["-type", "f", "-size", "+1900k"])
        .output()?;
    assert!(
        left.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&left.stdout)
    );
    controller.check()
}
