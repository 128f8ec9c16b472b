//! Pairs of key and value from env files, literals and files, in this order.

use crate::error::{Result, Wrap, bail};
use crate::kustomization::GeneratorArgs;
use crate::loader::Loader;
use crate::path;

type Pairs = Vec<(String, Vec<u8>)>;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn load(args: &GeneratorArgs, loader: &Loader<'_>) -> Result<Pairs> {
    let mut pairs = env_files(&args.envs, loader)
        .wrap(format!("env source files: [{}]", args.envs.join(" ")))?;
    pairs.extend(
        literals(&args.literals).wrap(format!("literal sources [{}]", args.literals.join(" ")))?,
    );
    pairs.extend(
        files(&args.files, loader).wrap(format!("file sources: [{}]", args.files.join(" ")))?,
    );
    Ok(pairs)
}

fn literals(sources: &[String]) -> Result<Pairs> {
    sources
        .iter()
        .map(|source| match source.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok((key.to_owned(), unquoted(value).as_bytes().to_vec()))
            }
            _ => bail!("invalid literal source {source}, expected key=value"),
        })
        .collect()
}

/// Without the quotes around it, if they are a pair.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if value.len() >= 2
            && let Some(inner) = value
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner;
        }
    }
    value
}

fn files(sources: &[String], loader: &Loader<'_>) -> Result<Pairs> {
    sources
        .iter()
        .map(|source| {
            let (key, file) = match source.split_once('=') {
                None => (path::base(source), source.as_str()),
                Some((_, file)) if file.contains('=') => {
                    bail!("source {source:?} key name or file path contains '='")
                }
                Some(("", file)) => {
                    bail!("missing key name for file path {file:?} in source {source:?}")
                }
                Some((key, "")) => {
                    bail!("missing file path for key name {key:?} in source {source:?}")
                }
                Some(pair) => pair,
            };
            Ok((key.to_owned(), loader.load(file)?))
        })
        .collect()
}

fn env_files(paths: &[String], loader: &Loader<'_>) -> Result<Pairs> {
    let mut pairs = Vec::new();
    for path in paths {
        let content = loader.load(path)?;
        for (at, line) in lines(&content).enumerate() {
            let Ok(text) = std::str::from_utf8(line) else {
                bail!(
                    "line {} has invalid utf8 bytes : {}",
                    go_bytes(line),
                    String::from_utf8_lossy(line)
                );
            };
            let text = if at == 0 {
                text.strip_prefix('\u{feff}').unwrap_or(text)
            } else {
                text
            };
            let text = text.trim_start();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            if !key.is_empty() {
                pairs.push((key.to_owned(), value.as_bytes().to_vec()));
            }
        }
    }
    Ok(pairs)
}

/// Lines without their ends, as Go's scanner gives them: one carriage return is part of the end, and a last empty line is none.
fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let empty = content.is_empty() || content == BYTE_ORDER_MARK;
    content
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(move |_| !empty)
}

fn go_bytes(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(ToString::to_string).collect();
    format!("[{}]", numbers.join(" "))
}
