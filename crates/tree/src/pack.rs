//! A tree whose contents lie one after the other in a single file. Names of a source never become names on the host, a million
//! small files cost one inode, and whoever holds the tree can read it even after the file has been unlinked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;

use sha2::{Digest as _, Sha256};

use crate::tree::Content;
use crate::{Digest, Entry, Limits, Tree, TreeBuilder, TreeError, path};

/// Collects files into a pack.
#[derive(Debug)]
pub struct PackWriter {
    builder: TreeBuilder,
    file: BufWriter<File>,
    written: u64,
    offsets: BTreeMap<Box<str>, u64>,
}

#[derive(Debug)]
pub(crate) struct Pack {
    file: File,
    offsets: BTreeMap<Box<str>, u64>,
}

impl PackWriter {
    /// `file` is empty, ours alone, and open for reading and writing.
    #[must_use]
    pub fn new(file: File, limits: Limits) -> Self {
        let file = BufWriter::with_capacity(64 * 1024, file);
        Self {
            builder: TreeBuilder::new(limits),
            file,
            written: 0,
            offsets: BTreeMap::new(),
        }
    }

    /// Adds a folder and those above it.
    ///
    /// # Errors
    /// As [`TreeBuilder::dir`].
    pub fn dir(&mut self, at: &str) -> Result<(), TreeError> {
        self.builder.dir(at)
    }

    /// Adds a file of a size that was announced; content that ends earlier is an error. The last one at a path wins.
    ///
    /// # Errors
    /// As [`TreeBuilder::file`], and when reading or writing fails.
    pub fn file(
        &mut self,
        at: &str,
        executable: bool,
        size: u64,
        content: &mut impl Read,
    ) -> Result<(), TreeError> {
        path::check(at)?;
        self.builder.check_size(at, size)?;
        let digest = self
            .append(size, content)
            .map_err(|error| TreeError::io(at, error))?;
        self.builder.file(
            at,
            Entry {
                executable,
                size,
                digest,
            },
        )?;
        self.offsets.insert(at.into(), self.written - size);
        Ok(())
    }

    /// # Errors
    /// When the last bytes cannot be written.
    pub fn finish(self) -> Result<Tree, TreeError> {
        let file = self
            .file
            .into_inner()
            .map_err(|error| TreeError::io("", error.into_error()))?;
        Ok(self.builder.with_content(Content::Packed(Pack {
            file,
            offsets: self.offsets,
        })))
    }

    fn append(&mut self, size: u64, content: &mut impl Read) -> io::Result<Digest> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; usize::try_from(size.clamp(1, 64 * 1024)).unwrap_or(64 * 1024)];
        let mut left = size;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let read = content.read(&mut buffer[..wanted])?;
            if read == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the content ends too early",
                ));
            }
            hash.update(&buffer[..read]);
            self.file.write_all(&buffer[..read])?;
            self.written += read as u64;
            left -= read as u64;
        }
        Ok(Digest(hash.finalize().into()))
    }
}

impl Pack {
    /// The content of a listed file, or `None` when it is not what was listed.
    pub(crate) fn read(&self, path: &str, entry: &Entry) -> io::Result<Option<Vec<u8>>> {
        let (Some(offset), Ok(size)) = (self.offsets.get(path), usize::try_from(entry.size)) else {
            return Ok(None);
        };
        let mut content = vec![0; size];
        match self.file.read_exact_at(&mut content, *offset) {
            Ok(()) => Ok(Some(content).filter(|content| Digest::of(content) == entry.digest)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(files: &[(&str, bool, &str)]) -> Tree {
        let file = cap_tempfile::TempFile::new_anonymous(&folder())
            .expect("file")
            .into_std();
        let mut writer = PackWriter::new(file, Limits::default());
        writer.dir("empty").expect("adds");
        for (path, executable, content) in files {
            writer
                .file(
                    path,
                    *executable,
                    content.len() as u64,
                    &mut content.as_bytes(),
                )
                .expect("adds");
        }
        writer.finish().expect("finishes")
    }

    fn folder() -> cap_std::fs::Dir {
        cap_std::fs::Dir::open_ambient_dir(std::env::temp_dir(), cap_std::ambient_authority())
            .expect("folder")
    }

    #[test]
    fn packed_tree_reads_like_any_other() {
        let big = "0123456789".repeat(20_000);
        let tree = pack(&[
            ("a/x", true, "x"),
            ("b", false, ""),
            ("b", false, "again"),
            ("big", false, &big),
        ]);
        assert_eq!(tree.files("").expect("root"), ["a/x", "b", "big"]);
        assert_eq!(tree.read("a/x").expect("reads"), b"x");
        assert_eq!(
            tree.read("b").expect("reads"),
            b"again",
            "the last one wins"
        );
        assert_eq!(tree.read("big").expect("reads"), big.as_bytes());
        assert!(tree.is_dir("empty") && tree.entry("a/x").is_some_and(|entry| entry.executable));
        let plain = Tree::from_files([
            ("b".to_owned(), b"again".to_vec()),
            ("big".to_owned(), big.into_bytes()),
        ]);
        assert_eq!(tree.entry("b"), plain.entry("b"));
        assert_eq!(
            tree.subtree("a").expect("folder").read("x").expect("reads"),
            b"x"
        );
    }

    #[test]
    fn damage_and_early_ends_are_noticed() {
        let file = cap_tempfile::TempFile::new_anonymous(&folder())
            .expect("file")
            .into_std();
        let other = file.try_clone().expect("handle");
        let mut writer = PackWriter::new(file, Limits::default());
        assert!(matches!(
            writer.file("short", false, 5, &mut &b"1234"[..]),
            Err(TreeError::Io { .. })
        ));
        writer.file("a", false, 4, &mut &b"1234"[..]).expect("adds");
        let tree = writer.finish().expect("finishes");
        assert_eq!(tree.read("a").expect("reads"), b"1234");
        other.write_at(b"X", 5).expect("damages");
        assert!(matches!(tree.read("a"), Err(TreeError::Damaged(_))));
        other.set_len(5).expect("cuts");
        assert!(matches!(tree.read("a"), Err(TreeError::Damaged(_))));
    }
}
