//! Objects to text: on the standard output, in a file, or in one file for each of a folder.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// Where lines with dashes go: kustomize writes them between objects, Flux behind each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Between,
    After,
}

/// Where objects go. They are written one after the other, and not kept.
pub(super) enum Printer {
    Stream {
        out: Box<dyn Write>,
        place: String,
        separator: Separator,
        first: bool,
    },
    Folder(PathBuf),
}

impl Printer {
    pub(super) fn new(output: Option<&Path>, separator: Separator) -> Result<Self> {
        Ok(match output {
            None => Self::stream(io::stdout().lock(), "standard output".to_owned(), separator),
            Some(path) if path.is_dir() => Self::Folder(path.to_owned()),
            Some(path) => {
                let place = path.display().to_string();
                let file = File::create(path).with_context(|| format!("writing {place}"))?;
                Self::stream(file, place, separator)
            }
        })
    }

    fn stream(out: impl Write + 'static, place: String, separator: Separator) -> Self {
        Self::Stream {
            out: Box::new(BufWriter::with_capacity(1 << 16, out)),
            place,
            separator,
            first: true,
        }
    }

    pub(super) fn print(&mut self, object: &Value) -> Result<()> {
        let text = rosin_manifest::yaml::to_string_sigs(object);
        match self {
            Self::Stream {
                out,
                place,
                separator,
                first,
            } => {
                let (before, after) = match separator {
                    Separator::Between if *first => ("", ""),
                    Separator::Between => ("---\n", ""),
                    Separator::After => ("", "---\n"),
                };
                *first = false;
                [before, &text, after]
                    .into_iter()
                    .try_for_each(|part| out.write_all(part.as_bytes()))
                    .with_context(|| format!("writing {place}"))
            }
            Self::Folder(folder) => {
                let file = folder.join(file_name(object));
                fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
            }
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Stream { mut out, place, .. } => {
                out.flush().with_context(|| format!("writing {place}"))
            }
            Self::Folder(_) => Ok(()),
        }
    }
}

/// As kustomize names the files of a folder: `<group>_<version>_<kind>_<name>.yaml`, in lower case.
fn file_name(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let api_version = text("/apiVersion").replace('/', "_");
    format!(
        "{api_version}_{}_{}.yaml",
        text("/kind"),
        text("/metadata/name")
    )
    .to_lowercase()
}
