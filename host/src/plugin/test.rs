//! `rosin plugin test`: recorded cases, each a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use rosin_render::RenderError;
use serde::Deserialize;
use serde_json::Value;

use super::component::{Component, ComponentArgs, tree, yaml};

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    component: ComponentArgs,

    /// Folder of the cases
    #[arg(default_value = "tests")]
    cases: PathBuf,

    /// Record what comes out now
    #[arg(long)]
    update: bool,
}

const OUTPUT: &str = "expected.yaml";
const ERROR: &str = "expected-error.txt";

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Case {
    path: String,
    options: Value,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            path: String::new(),
            options: Value::Object(serde_json::Map::new()),
        }
    }
}

pub(super) async fn run(args: &TestArgs) -> Result<()> {
    let component = Component::open(&args.component)?;
    let mut folders = Vec::new();
    let entries = std::fs::read_dir(&args.cases)
        .with_context(|| format!("reading {}", args.cases.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.join("input").is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    if folders.is_empty() {
        bail!(
            "{} has no case: no folder with input/",
            args.cases.display()
        );
    }
    let mut failed = 0;
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let (file, text) = outcome(&component, folder).await?;
        if args.update {
            let other = if file == OUTPUT { ERROR } else { OUTPUT };
            let _ = std::fs::remove_file(folder.join(other));
            std::fs::write(folder.join(file), &text)?;
            println!("recorded {name}");
            continue;
        }
        let expected = std::fs::read_to_string(folder.join(file)).ok();
        if expected.as_deref() == Some(&text) {
            println!("ok       {name}");
        } else {
            failed += 1;
            println!(
                "FAILED   {name}: {}",
                difference(file, expected.as_deref(), &text)
            );
        }
    }
    if failed > 0 {
        bail!("{failed} of {} cases failed", folders.len());
    }
    Ok(())
}

/// What a case gives, and the file that it belongs to.
async fn outcome(component: &Component, folder: &Path) -> Result<(&'static str, String)> {
    let request = folder.join("request.json");
    let case: Case = match std::fs::read(&request) {
        Ok(text) => serde_json::from_slice(&text)
            .with_context(|| format!("reading {}", request.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Case::default(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", request.display())),
    };
    let tree = tree(&folder.join("input"))?;
    let rendered = component.render(&tree, &case.path, &case.options).await;
    Ok(match rendered {
        // Options that the schema refuses are an outcome, too.
        Err(error) => (ERROR, format!("{error:#}\n")),
        Ok(Err(error @ RenderError::Host { .. })) => return Err(error.into()),
        Ok(Err(error)) => (ERROR, format!("{error}\n")),
        Ok(Ok(rendered)) => (OUTPUT, yaml(&rendered)?),
    })
}

/// The first line that differs.
fn difference(file: &str, expected: Option<&str>, got: &str) -> String {
    let Some(expected) = expected else {
        let first = got.lines().next().unwrap_or_default();
        return format!("there is no {file}, and what came out begins with {first:?}");
    };
    let lines = expected.lines().map(Some).chain(std::iter::repeat(None));
    let others = got.lines().map(Some).chain(std::iter::repeat(None));
    let most = expected.lines().count().max(got.lines().count());
    let different = lines
        .zip(others)
        .take(most)
        .enumerate()
        .find(|(_, (a, b))| a != b);
    match different {
        Some((index, (wanted, found))) => format!(
            "{file}:{}: expected {}, got {}",
            index + 1,
            wanted.map_or("the end".to_owned(), |line| format!("{line:?}")),
            found.map_or("the end".to_owned(), |line| format!("{line:?}"))
        ),
        None => format!("{file}: line breaks differ"),
    }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_difference_is_named() {
        let text = |expected, got| difference("expected.yaml", expected, got);
        assert_eq!(
            text(Some("a\nb\n"), "a\nc\n"),
            "expected.yaml:2: expected \"b\", got \"c\""
        );
        assert_eq!(
            text(Some("a\n"), "a\nc\n"),
            "expected.yaml:2: expected the end, got \"c\""
        );
        assert_eq!(text(Some("a"), "a\n"), "expected.yaml: line breaks differ");
        assert!(text(None, "a\n").contains("there is no expected.yaml"));
    }
}
