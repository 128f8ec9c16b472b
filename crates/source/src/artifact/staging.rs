//! A folder that is being filled: nobody sees it before it is complete, and it vanishes if it never is.

use std::collections::HashSet;
use std::io::{self, Read};

use cap_std::fs::{Dir, OpenOptions};
use rosin_tree::{Digest, Entry, Limits, Tree, TreeBuilder, TreeError, path};
use sha2::{Digest as _, Sha256};

pub(crate) struct Staging {
    parent: Dir,
    /// The folder's name below `parent`; `None` once it has been moved away.
    name: Option<String>,
    root: Dir,
    builder: TreeBuilder,
    made: HashSet<String>,
}

impl Staging {
    pub(crate) fn new(parent: &Dir, name: String, limits: Limits) -> io::Result<Self> {
        let parent = parent.try_clone()?;
        create_private_dir(&parent, &name)?;
        let root = parent.open_dir(&name)?;
        Ok(Self {
            parent,
            name: Some(name),
            root,
            builder: TreeBuilder::new(limits),
            made: HashSet::new(),
        })
    }

    pub(crate) fn dir(&mut self, at: &str) -> Result<(), TreeError> {
        self.builder.dir(at)?;
        self.make_dirs(at)
    }

    /// Writes a file of a size that was announced; a different one is an error.
    pub(crate) fn file(
        &mut self,
        at: &str,
        executable: bool,
        size: u64,
        content: &mut impl Read,
    ) -> Result<(), TreeError> {
        path::check(at)?;
        self.builder.check_size(at, size)?;
        if let Some(folder) = path::parent(at) {
            self.dir(folder)?;
        }
        let digest = self
            .write(at, executable, size, content)
            .map_err(|error| TreeError::io(at, error))?;
        self.builder.file(
            at,
            Entry {
                executable,
                size,
                digest,
            },
        )
    }

    /// Moves the folder to its final place and gives the tree that reads it there.
    pub(crate) fn finish(mut self, target: &Dir, target_name: &str) -> io::Result<Tree> {
        if let Some(name) = self.name.take() {
            // What an earlier process left there was not complete for us: we never look into it.
            if target.exists(target_name) {
                target.remove_dir_all(target_name)?;
            }
            self.parent.rename(name, target, target_name)?;
        }
        let builder = std::mem::take(&mut self.builder);
        Ok(builder.finish(self.root.try_clone()?))
    }

    fn make_dirs(&mut self, folder: &str) -> Result<(), TreeError> {
        if self.made.contains(folder) {
            return Ok(());
        }
        if let Some(above) = path::parent(folder) {
            self.make_dirs(above)?;
        }
        create_private_dir(&self.root, folder).map_err(|error| TreeError::io(folder, error))?;
        self.made.insert(folder.to_owned());
        Ok(())
    }

    fn write(
        &self,
        at: &str,
        executable: bool,
        size: u64,
        content: &mut impl Read,
    ) -> io::Result<Digest> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        set_mode(&mut options, if executable { 0o700 } else { 0o600 });
        let mut file = self.root.open_with(at, &options)?;
        let mut hash = Sha256::new();
        let mut left = size;
        let mut buffer = vec![0; usize::try_from(size.clamp(1, 64 * 1024)).unwrap_or(64 * 1024)];
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
            io::Write::write_all(&mut file, &buffer[..read])?;
            left -= read as u64;
        }
        Ok(Digest(hash.finalize().into()))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(name) = self.name.take()
            && let Err(error) = self.parent.remove_dir_all(&name)
        {
            tracing::warn!(folder = name, %error, "removing an unfinished folder failed");
        }
    }
}

#[cfg(unix)]
fn set_mode(options: &mut OpenOptions, mode: u32) {
    use cap_std::fs::OpenOptionsExt;
    options.mode(mode);
}

#[cfg(not(unix))]
fn set_mode(_: &mut OpenOptions, _: u32) {}

/// Readable by us alone; one that is there already is fine.
pub(crate) fn create_private_dir(parent: &Dir, name: &str) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes exist on unix only"))]
    let mut builder = cap_std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use cap_std::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    match parent.create_dir_with(name, &builder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && parent.is_dir(name) => Ok(()),
        result => result,
    }
}
