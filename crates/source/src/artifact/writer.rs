//! Receives the files of a new revision, in order, and writes them twice: packed for others, unpacked for ourselves.

use std::io::{self, Write};

use rosin_tree::{PackWriter, TreeError, path};

use super::archive::ArchiveWriter;

/// Takes entries in the order of a walk: names sorted in each folder, a folder before what is in it.
pub struct TreeWriter<'a> {
    archive: ArchiveWriter<Box<dyn Write + 'a>>,
    pack: PackWriter,
    last: String,
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("writing the archive failed")]
    Archive(#[source] io::Error),
    /// A mistake of the caller: the archive would depend on the order in which files were found.
    #[error("{0:?} is not in order")]
    Order(String),
}

impl<'a> TreeWriter<'a> {
    pub(super) fn new(archive: Box<dyn Write + 'a>, pack: PackWriter) -> io::Result<Self> {
        Ok(Self {
            archive: ArchiveWriter::new(archive)?,
            pack,
            last: String::new(),
        })
    }

    /// # Errors
    /// When the path or its place is wrong, a limit is reached, or the disk fails.
    pub fn dir(&mut self, path: &str) -> Result<(), WriteError> {
        self.advance(path)?;
        self.pack.dir(path)?;
        self.archive.dir(path).map_err(WriteError::Archive)
    }

    /// The folder of the file must have been written before.
    ///
    /// # Errors
    /// As [`TreeWriter::dir`].
    pub fn file(&mut self, path: &str, executable: bool, content: &[u8]) -> Result<(), WriteError> {
        self.advance(path)?;
        self.pack
            .file(path, executable, content.len() as u64, &mut &content[..])?;
        self.archive
            .file(path, executable, content)
            .map_err(WriteError::Archive)
    }

    pub(super) fn finish(self) -> io::Result<PackWriter> {
        self.archive.finish()?.flush()?;
        Ok(self.pack)
    }

    fn advance(&mut self, path: &str) -> Result<(), WriteError> {
        path::check(path)?;
        if !self.last.is_empty() && walk_order(&self.last, path).is_ge() {
            return Err(WriteError::Order(path.to_owned()));
        }
        self.last.clear();
        self.last.push_str(path);
        Ok(())
    }
}

/// The order in which a walk visits paths: as text, but with the slash before all other characters.
pub(crate) fn walk_order(left: &str, right: &str) -> std::cmp::Ordering {
    let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
    let different = left
        .bytes()
        .zip(right.bytes())
        .find(|(left, right)| left != right);
    match different {
        Some((left, right)) => rank(left).cmp(&rank(right)),
        None => left.len().cmp(&right.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn order_is_that_of_the_names_on_the_way(left in "[a/.~-]{0,8}", right in "[a/.~-]{0,8}") {
            prop_assert_eq!(walk_order(&left, &right), left.split('/').cmp(right.split('/')));
        }
    }
}
