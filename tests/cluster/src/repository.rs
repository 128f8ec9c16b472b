//! A git repository as a user has one: a work folder whose commits are pushed to the server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::git_server::GitServer;

/// The repository `NAME` of a server, with a work folder beside the bare one.
pub struct Repository {
    name: String,
    work: PathBuf,
    url: String,
}

impl Repository {
    /// An empty one. Its branch is `main`.
    pub fn create(server: &GitServer, name: &str) -> Result<Self> {
        Self::create_in(server.root(), name, server.url(name))
    }

    /// The same below the root of a server that runs elsewhere.
    pub fn create_in(root: &Path, name: &str, url: String) -> Result<Self> {
        let bare = root.join(format!("{name}.git"));
        let work = root.join(format!("{name}.work"));
        for folder in [&bare, &work] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
            fs::create_dir_all(folder)?;
        }
        let repository = Self {
            name: name.to_owned(),
            work,
            url,
        };
        repository.git_in(&bare, &["init", "-q", "--bare", "."])?;
        repository.git(&["init", "-q", "."])?;
        // Pushed by path and not through the server, so that a server which is told to fail can be given commits.
        let bare = bare.display().to_string();
        repository.git(&["remote", "add", "origin", &bare])?;
        Ok(repository)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder whose content the next commit has.
    pub fn work(&self) -> &Path {
        &self.work
    }

    pub fn write(&self, path: &str, content: &str) -> Result<()> {
        let path = self.work.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))
    }

    pub fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.work.join(path)).with_context(|| format!("reading {path}"))
    }

    pub fn remove(&self, path: &str) -> Result<()> {
        let path = self.work.join(path);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.with_context(|| format!("removing {}", path.display()))
    }

    /// Replaces text in a file, which must have it.
    pub fn edit(&self, path: &str, from: &str, to: &str) -> Result<()> {
        let text = self.read(path)?;
        if !text.contains(from) {
            bail!("{path} has no {from:?}");
        }
        self.write(path, &text.replace(from, to))
    }

    /// Copies a folder with all below it into the work folder.
    pub fn copy_from(&self, folder: &Path) -> Result<()> {
        copy(folder, &self.work)
    }

    /// Commits everything and pushes it; the answer is the commit's id.
    pub fn push(&self, message: &str) -> Result<String> {
        self.git(&["add", "-A", "."])?;
        self.git(&["commit", "-q", "--allow-empty", "-m", message])?;
        self.git(&["push", "-q", "--force", "origin", "HEAD:refs/heads/main"])?;
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn tag(&self, tag: &str) -> Result<()> {
        self.git(&["tag", "-f", tag])?;
        self.git(&["push", "-q", "--force", "origin", tag])
            .map(drop)
    }

    /// Runs git in the work folder.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        self.git_in(&self.work, arguments)
    }

    fn git_in(&self, folder: &Path, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .args([
                "-c",
                "init.defaultBranch=main",
                "-c",
                "safe.directory=*",
                "-c",
                "gc.auto=0",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .current_dir(folder)
            // Nothing of the user's own configuration.
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "rosin")
            .env("GIT_AUTHOR_EMAIL", "rosin@example.com")
            .env("GIT_COMMITTER_NAME", "rosin")
            .env("GIT_COMMITTER_EMAIL", "rosin@example.com")
            .output()
            .context("starting git")?;
        if !output.status.success() {
            bail!(
                "git {} failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => fs::copy(entry.path(), &target).map(drop)?,
        }
    }
    Ok(())
}
