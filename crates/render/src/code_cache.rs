//! Compiled code on disk, by the digest of the component that it was made from.
//!
//! Machine code runs as it is, so a file is believed only if it ends in a code (HMAC-SHA256) by a key that lies beside it, readable by
//! this user alone. What is damaged, cut short, renamed, put there by somebody else, or of another engine, counts as absent and is made
//! again. If others could have written into the folder, key and files are thrown away when it is opened.

use std::fs::Permissions as HostPermissions;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt, PermissionsExt as _};
use hmac::{Hmac, KeyInit, Mac};
use rosin_tree::Digest;
use sha2::Sha256;

use crate::{Engine, Grants, LoadError, Precompiled, Renderer, config, precompile};

const KEY: &str = "key";
const EXTENSION: &str = ".code";
/// A block of SHA-256.
const KEY_SIZE: usize = 64;
const CODE_SIZE: usize = 32;
/// Nobody but us may write here, or read the key.
const PRIVATE: u32 = 0o700;
const OF_OTHERS: u32 = 0o022;

/// A folder of compiled code. Several processes may use one at the same time.
pub struct CodeCache {
    folder: Dir,
    key: [u8; KEY_SIZE],
    /// The engine that the code is for.
    engine: u64,
    /// Bytes of all files together; what was not used for longest goes first.
    limit: u64,
}

impl CodeCache {
    /// Opens a folder, and makes it and its key where they are not there.
    pub fn open(folder: &Path, limit: u64) -> Result<Self, LoadError> {
        let failed = |error| LoadError::Cache(error);
        let engine = config::fingerprint()?;
        let (folder, key) = open(folder).map_err(failed)?;
        Ok(Self {
            folder,
            key,
            engine,
            limit,
        })
    }

    /// Compiles a component into the folder. It takes seconds and much memory for a large one, and for a hostile one as much as the
    /// caller lets it have.
    pub fn compile(&self, component: &[u8]) -> Result<Digest, LoadError> {
        let compiled = precompile(component)?;
        self.put(&compiled).map_err(LoadError::Cache)?;
        Ok(compiled.digest)
    }

    /// The renderer of a component that was compiled before. None where it was not, or where the file is not to be believed.
    pub fn load(
        &self,
        engine: &Engine,
        name: &str,
        digest: Digest,
        grants: &Grants,
    ) -> Option<Result<Renderer, LoadError>> {
        let code = self.get(digest)?;
        match load(engine, name, code, digest, grants) {
            // Of another processor, or another wasmtime that calls itself the same.
            Err(LoadError::Invalid(_)) => None,
            result => Some(result),
        }
    }

    fn put(&self, compiled: &Precompiled) -> io::Result<()> {
        let name = name(compiled.digest);
        let partial = format!(".{}-{name}", std::process::id());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let write = || {
            let mut file = self.folder.open_with(&partial, &options)?;
            file.write_all(&compiled.code)?;
            file.write_all(&self.engine.to_be_bytes())?;
            let mac = self.mac(&compiled.code, compiled.digest);
            file.write_all(&mac.finalize().into_bytes())?;
            drop(file);
            self.folder.rename(&partial, &self.folder, &name)
        };
        write().inspect_err(|_| drop(self.folder.remove_file(&partial)))?;
        self.trim(&name)
    }

    fn get(&self, digest: Digest) -> Option<Vec<u8>> {
        let name = name(digest);
        let mut file = self.folder.open(&name).ok()?;
        let mut code = Vec::new();
        file.read_to_end(&mut code).ok()?;
        let mac = code.split_off(code.len().checked_sub(CODE_SIZE)?);
        let engine = code.split_off(code.len().checked_sub(size_of::<u64>())?);
        let believed = engine == self.engine.to_be_bytes()
            && self.mac(&code, digest).verify_slice(&mac).is_ok();
        if !believed {
            tracing::warn!(%digest, "compiled code of another engine, or not ours: it is made anew");
            let _ = self.folder.remove_file(&name);
            return None;
        }
        // For the order in which files go. Nothing depends on it.
        let _ = file.into_std().set_modified(SystemTime::now());
        Some(code)
    }

    fn mac(&self, code: &[u8], digest: Digest) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&self.key.into());
        mac.update(&self.engine.to_be_bytes());
        mac.update(&digest.0);
        mac.update(code);
        mac
    }

    /// Removes what was not used for longest, but not `keep`.
    fn trim(&self, keep: &str) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in self.folder.entries()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Ok(metadata) = entry.metadata()
                && name.ends_with(EXTENSION)
            {
                let used = metadata
                    .modified()
                    .ok()
                    .map(cap_std::time::SystemTime::into_std);
                files.push((used, metadata.len(), name));
            }
        }
        files.sort();
        let mut size: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, bytes, name) in files.iter().filter(|(_, _, name)| name != keep) {
            if size <= self.limit {
                break;
            }
            self.folder.remove_file(name)?;
            size -= bytes;
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<(Dir, [u8; KEY_SIZE])> {
    std::fs::create_dir_all(path)?;
    let mode = std::fs::metadata(path)?.permissions().mode();
    let folder = Dir::open_ambient_dir(path, ambient_authority())?;
    if mode & OF_OTHERS != 0 {
        for entry in folder.entries()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folder.remove_dir_all(entry.file_name())?;
            } else {
                folder.remove_file(entry.file_name())?;
            }
        }
    }
    std::fs::set_permissions(path, HostPermissions::from_mode(PRIVATE))?;
    if let Some(key) = read_key(&folder) {
        return Ok((folder, key));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let partial = format!(".{}-{KEY}", std::process::id());
    let _ = folder.remove_file(&partial);
    let key: [u8; KEY_SIZE] = rand::random();
    folder.open_with(&partial, &options)?.write_all(&key)?;
    // Whoever comes first wins: a second process takes the first one's key.
    match folder.hard_link(&partial, &folder, KEY) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => result?,
    }
    folder.remove_file(&partial)?;
    let key = read_key(&folder).ok_or_else(|| io::Error::other("the key cannot be read"))?;
    Ok((folder, key))
}

/// A key that others could have read or written is no key, and goes.
fn read_key(folder: &Dir) -> Option<[u8; KEY_SIZE]> {
    let mut file = folder.open(KEY).ok()?;
    let mut key = Vec::new();
    let private = file.metadata().ok()?.permissions().mode() & 0o077 == 0;
    file.read_to_end(&mut key).ok()?;
    let key = key.try_into().ok().filter(|_| private);
    if key.is_none() {
        let _ = folder.remove_file(KEY);
    }
    key
}

fn name(digest: Digest) -> String {
    let text = digest.to_string();
    format!("{}{EXTENSION}", text.trim_start_matches("sha256:"))
}

#[expect(
    unsafe_code,
    reason = "the one exception: our own code, compiled ahead of time"
)]
fn load(
    engine: &Engine,
    name: &str,
    code: Vec<u8>,
    digest: Digest,
    grants: &Grants,
) -> Result<Renderer, LoadError> {
    let compiled = Precompiled {
        code: code.into(),
        digest,
    };
    // SAFETY: `load` asks for the unchanged result of `precompile`. The only caller passes what `CodeCache::get` believed: bytes that
    // `put` wrote, since nobody else has the key, for this component and this engine. `put` is only called with the result of
    // `precompile`.
    unsafe { Renderer::load(engine, name, &compiled, grants) }
}
