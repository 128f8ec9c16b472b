//! Unpacks an archive of unknown origin. Only plain files and folders come out; whatever two readers could understand differently
//! is refused, and every number that the archive states is compared with a limit before it is believed.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use rosin_tree::{Limits, PackWriter, Tree, TreeError};
use tar::{Archive, EntryType};

/// Extension headers hold paths; nothing of ours needs more.
const MAX_EXTENSION: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("the archive cannot be read")]
    Malformed(#[source] io::Error),
    #[error("the archive unpacks to more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the archive holds {path:?}, which is neither a file nor a folder (type {kind})")]
    Unsupported { path: String, kind: String },
    #[error("the archive states two sizes for {0:?}")]
    Ambiguous(String),
    #[error("the archive has an extension header that is too large or malformed")]
    Extension,
    #[error("the archive has a name that is not UTF-8: {0:?}")]
    Name(String),
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Unpacks a gzipped tar into `into`. Gives the number of symbolic links that were left out, as Flux leaves them out.
///
/// # Errors
/// When the archive is damaged, hostile or too large; what was written so far is the caller's to drop.
pub(crate) fn unpack_into(
    archive: impl Read,
    limits: &Limits,
    into: &mut PackWriter,
) -> Result<usize, UnpackError> {
    // A header and padding for each entry, on top of the files.
    let limit = limits
        .total_bytes
        .saturating_add(2048 * limits.entries as u64);
    let plain = Capped {
        inner: MultiGzDecoder::new(archive),
        left: limit,
    };
    let mut tar = Archive::new(plain);
    let mut links = 0;
    let mut pending = Extensions::default();
    let malformed = |error| explain(error, limit);
    for entry in tar.entries().map_err(malformed)?.raw(true) {
        let mut entry = entry.map_err(malformed)?;
        let header = entry.header().clone();
        let kind = header.entry_type();
        match kind {
            EntryType::XHeader => pending.read_pax(&mut entry, limit)?,
            EntryType::XGlobalHeader => Extensions::check_global(&mut entry, limit)?,
            EntryType::GNULongName => pending.path = Some(read_extension(&mut entry, limit)?),
            EntryType::GNULongLink => drop(read_extension(&mut entry, limit)?),
            _ => {
                let extensions = std::mem::take(&mut pending);
                let size = header.entry_size().map_err(malformed)?;
                let name = extensions
                    .path
                    .unwrap_or_else(|| header.path_bytes().into_owned());
                let name = text(name)?;
                if extensions.size.is_some_and(|stated| stated != size) {
                    return Err(UnpackError::Ambiguous(name));
                }
                let Some(path) = relative(&name) else {
                    continue;
                };
                match kind {
                    EntryType::Directory => into.dir(path)?,
                    EntryType::Regular => {
                        let executable = header.mode().map_err(malformed)? & 0o111 != 0;
                        write(into, path, executable, size, &mut entry, limit)?;
                    }
                    EntryType::Symlink => links += 1,
                    _ => {
                        let kind = format!("{:?}", char::from(kind.as_byte()));
                        return Err(UnpackError::Unsupported { path: name, kind });
                    }
                }
            }
        }
    }
    // What follows the end of the tar is nobody's, but it counts, and the checksum of the compression is at its end.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(malformed)?;
    Ok(links)
}

/// [`unpack_into`] for tests and fuzzing: unpacks into a file in `folder` that has no name.
///
/// # Errors
/// As for an artifact.
pub fn unpack(
    archive: impl Read,
    limits: Limits,
    folder: &cap_std::fs::Dir,
) -> Result<(Tree, usize), UnpackError> {
    let failed = |error| UnpackError::Tree(TreeError::io("", error));
    let mut pack = PackWriter::new(nameless(folder).map_err(failed)?, limits);
    let links = unpack_into(archive, &limits, &mut pack)?;
    Ok((pack.finish()?, links))
}

fn nameless(folder: &cap_std::fs::Dir) -> io::Result<std::fs::File> {
    let mut options = cap_std::fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let file = folder.open_with("pack", &options)?;
    folder.remove_file("pack")?;
    Ok(file.into_std())
}

fn write(
    into: &mut PackWriter,
    path: &str,
    executable: bool,
    size: u64,
    content: &mut impl Read,
    limit: u64,
) -> Result<(), UnpackError> {
    into.file(path, executable, size, content)
        .map_err(|error| match error {
            TreeError::Io { source, .. } if Capped::<()>::is_cause(&source) => {
                UnpackError::TooLarge { limit }
            }
            other => UnpackError::Tree(other),
        })
}

fn text(name: Vec<u8>) -> Result<String, UnpackError> {
    String::from_utf8(name)
        .map_err(|error| UnpackError::Name(String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The path below the root, or `None` for the root itself. Anything odd is left to the check of paths.
fn relative(name: &str) -> Option<&str> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.is_empty() || name == "." {
        None
    } else {
        Some(name)
    }
}

/// What extension headers say about the entry that follows.
#[derive(Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extensions {
    fn read_pax(&mut self, entry: &mut impl SizedRead, limit: u64) -> Result<(), UnpackError> {
        for (key, value) in records(&read_extension(entry, limit)?)? {
            match key {
                b"path" if value.contains(&0) => return Err(UnpackError::Extension),
                b"path" => self.path = Some(value.to_vec()),
                b"size" => self.size = Some(number(value).ok_or(UnpackError::Extension)?),
                _ if key.starts_with(b"GNU.sparse") => return Err(UnpackError::Extension),
                _ => {}
            }
        }
        Ok(())
    }

    /// `git archive` puts a comment there; a path or size for all entries is nobody's honest wish.
    fn check_global(entry: &mut impl SizedRead, limit: u64) -> Result<(), UnpackError> {
        let content = read_extension(entry, limit)?;
        let changes_files = records(&content)?
            .iter()
            .any(|(key, _)| matches!(*key, b"path" | b"size"));
        if changes_files {
            Err(UnpackError::Extension)
        } else {
            Ok(())
        }
    }
}

trait SizedRead: Read {
    fn announced(&self) -> u64;
}

impl<R: Read> SizedRead for tar::Entry<'_, R> {
    fn announced(&self) -> u64 {
        self.size()
    }
}

fn read_extension(entry: &mut impl SizedRead, limit: u64) -> Result<Vec<u8>, UnpackError> {
    if entry.announced() > MAX_EXTENSION {
        return Err(UnpackError::Extension);
    }
    let mut content = Vec::new();
    entry
        .read_to_end(&mut content)
        .map_err(|error| explain(error, limit))?;
    // GNU long names end with a NUL.
    while content.last() == Some(&0) {
        content.pop();
    }
    Ok(content)
}

/// Key and value.
type Record<'a> = (&'a [u8], &'a [u8]);

/// `<length> <key>=<value>\n`, where the length counts the whole record.
fn records(mut content: &[u8]) -> Result<Vec<Record<'_>>, UnpackError> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (record, rest) = record(content).ok_or(UnpackError::Extension)?;
        found.push(record);
        content = rest;
    }
    Ok(found)
}

fn record(content: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let space = content.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&content[..space])?).ok()?;
    let (record, rest) = content.split_at_checked(length)?;
    let body = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    Some(((&body[..equals], &body[equals + 1..]), rest))
}

fn number(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if plain {
        std::str::from_utf8(digits).ok()?.parse().ok()
    } else {
        None
    }
}

/// Lets no more than a number of bytes through, and says so by an error rather than by an end.
struct Capped<R> {
    inner: R,
    left: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("too many bytes")]
struct CapReached;

impl<R> Capped<R> {
    fn is_cause(error: &io::Error) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> =
            error.get_ref().map(|inner| inner as _);
        while let Some(error) = cause {
            if error.is::<CapReached>() {
                return true;
            }
            cause = match error.downcast_ref::<io::Error>() {
                Some(wrapped) => wrapped.get_ref().map(|inner| inner as _),
                None => error.source(),
            };
        }
        false
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(CapReached))?;
        Ok(read)
    }
}

fn explain(error: io::Error, limit: u64) -> UnpackError {
    if Capped::<()>::is_cause(&error) {
        UnpackError::TooLarge { limit }
    } else {
        UnpackError::Malformed(error)
    }
}
