//! The git server is real enough for git itself. No cluster is needed.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use rosin_cluster_tests::{GitServer, Repository};
use tempfile::{TempDir, tempdir};

fn served() -> Result<(TempDir, GitServer, Repository)> {
    let folder = tempdir()?;
    let server = GitServer::start(&folder.path().join("git"))?;
    let repository = Repository::create(&server, "app")?;
    repository.write("deploy/web.yaml", "kind: Service\n")?;
    repository.push("first")?;
    Ok((folder, server, repository))
}

fn clones(url: &str, into: &Path) -> bool {
    let mut git = Command::new("git");
    git.args(["clone", "-q", url])
        .arg(into)
        .env("GIT_TERMINAL_PROMPT", "0");
    git.output().is_ok_and(|output| output.status.success())
}

#[test]
fn git_clones_what_was_pushed() {
    let (folder, server, repository) = served().unwrap();
    let clone = folder.path().join("clone");
    assert!(clones(repository.url(), &clone));
    let text = std::fs::read_to_string(clone.join("deploy/web.yaml")).unwrap();
    assert_eq!(text, "kind: Service\n");
    assert!(server.requests("app") >= 2);
}

#[test]
fn a_password_can_be_asked_for() {
    let (folder, server, repository) = served().unwrap();
    server.require("app", "me", "secret");
    assert!(!clones(repository.url(), &folder.path().join("without")));
    let with = repository.url().replace("http://", "http://me:secret@");
    assert!(clones(&with, &folder.path().join("with")));
}

#[test]
fn it_fails_when_told_to_and_recovers() {
    let (folder, server, repository) = served().unwrap();
    server.fail("app", Some(503));
    assert!(!clones(repository.url(), &folder.path().join("failing")));
    server.fail("app", None);
    assert!(clones(repository.url(), &folder.path().join("working")));
}
