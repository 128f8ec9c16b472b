//! Packed charts: gzipped tar with one folder around everything.

use std::io::Read;

use crate::{Error, File};
use flate2::read::MultiGzDecoder;

/// What an archive may grow to, as in Helm.
const MAX_SIZE: u64 = 100 << 20;
/// What a file in it may grow to, as in Helm.
const MAX_FILE_SIZE: u64 = 5 << 20;

/// The files of an archive, without the outermost folder.
pub(super) fn unpack(data: &[u8]) -> Result<Vec<File>, Error> {
    let wrong = |why: &dyn std::fmt::Display| Error::Archive(why.to_string());
    if !data.starts_with(&[0x1f, 0x8b]) {
        return Err(Error::Archive(
            if data.is_empty() {
                "EOF"
            } else {
                "gzip: invalid header"
            }
            .into(),
        ));
    }
    let too_large = || {
        Error::Archive(format!(
            "decompressed chart is larger than the maximum size {MAX_SIZE}"
        ))
    };
    // One byte more than allowed, headers not counted, shows that there is more.
    let mut archive = tar::Archive::new(MultiGzDecoder::new(data).take(2 * MAX_SIZE));
    let mut files = Vec::new();
    let mut left = MAX_SIZE;
    for entry in archive.entries().map_err(|error| wrong(&error))? {
        let entry = entry.map_err(|error| wrong(&error))?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = inner_path(&path)?;
        let modified = entry.header().mtime().ok();
        let modified = modified.and_then(|seconds| i64::try_from(seconds).ok());
        let mut content = Vec::new();
        entry
            .take(left)
            .read_to_end(&mut content)
            .map_err(|error| wrong(&error))?;
        if content.len() as u64 > MAX_FILE_SIZE {
            let name = rosin_template::strconv::quote(path.as_bytes());
            return Err(Error::Archive(format!(
                "decompressed chart file {name} is larger than the maximum file size {MAX_FILE_SIZE}"
            )));
        }
        left = left.saturating_sub(content.len() as u64);
        if left == 0 {
            return Err(too_large());
        }
        let content = content.as_slice();
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        files.push(File {
            modified,
            ..File::new(name, content)
        });
    }
    if files.is_empty() {
        return Err(Error::Archive("no files in chart archive".into()));
    }
    Ok(files)
}

/// The path inside the chart, if it stays there.
fn inner_path(path: &str) -> Result<String, Error> {
    let refuse = |why: &str| Err(Error::Archive(why.into()));
    let path = if path.contains('\\') {
        path.replace('\\', "/")
    } else {
        path.to_owned()
    };
    let (folder, rest) = path.split_once('/').unwrap_or((&path, ""));
    if rest.starts_with('/') {
        return refuse("chart illegally contains absolute paths");
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => {
                return refuse("chart illegally references parent directory");
            }
            ".." => {}
            part => parts.push(part),
        }
    }
    if folder == "Chart.yaml" {
        return refuse("chart yaml not in base directory");
    }
    if parts.is_empty() {
        let shown = rosin_template::strconv::quote(path.as_bytes());
        return Err(Error::Archive(format!(
            "chart illegally contains content outside the base directory: {shown}"
        )));
    }
    let name = parts.join("/");
    if name.as_bytes().get(1..3) == Some(b":/") && name.as_bytes()[0].is_ascii_alphabetic() {
        return refuse("chart contains illegally named files");
    }
    Ok(name)
}
