//! Compiled code on disk: believed only where this user wrote it, for this component and this engine.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rosin_render::{CodeCache, Grants, Limits, LoadError, Services};
use rosin_tree::Digest;
use support::{OBJECT, component, engine, good_source, request};

const LIMIT: u64 = 1 << 30;

fn code_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "code")
        })
        .collect();
    files.sort();
    files
}

/// A cache with `good` in it.
fn filled() -> (tempfile::TempDir, CodeCache, Digest) {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(folder.path(), LIMIT).unwrap();
    let digest = cache.compile(&component("good")).unwrap();
    (folder, cache, digest)
}

fn loads(cache: &CodeCache, digest: Digest) -> bool {
    let loaded = cache.load(&engine(1), "good", digest, &Grants::files());
    loaded.is_some_and(|result| result.is_ok())
}

#[tokio::test]
async fn what_was_compiled_renders_in_the_next_process() {
    let (folder, _, digest) = filled();
    let cache = CodeCache::open(folder.path(), LIMIT).unwrap();
    let engine = engine(1);
    let renderer = cache
        .load(&engine, "mine", digest, &Grants::files())
        .unwrap()
        .unwrap();
    assert_eq!(renderer.digest(), Digest::of(&component("good")));
    let rendered = renderer
        .render(
            &request(),
            &good_source(),
            &Services::default(),
            &Limits::default(),
        )
        .await
        .unwrap();
    assert_eq!(rendered.manifests[0].json, OBJECT);
}

#[test]
fn tampered_code_is_never_loaded() {
    // parity: SEC-WASM-10
    let (folder, cache, digest) = filled();
    let path = code_files(folder.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for at in [0, whole.len() / 2, whole.len() - 33, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(!loads(&cache, digest), "byte {at}");
        assert!(!path.exists(), "it is made anew");
    }
    for length in [0, 10, 40, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(!loads(&cache, digest), "{length} bytes");
    }
    fs::write(&path, &whole).unwrap();
    assert!(loads(&cache, digest), "what was not changed is");
}

#[test]
fn code_of_another_component_or_installation_is_not_loaded() {
    // parity: SEC-WASM-10
    let (folder, cache, digest) = filled();
    let path = code_files(folder.path()).remove(0);
    let other = cache.compile(&component("trap")).unwrap();
    let renamed = code_files(folder.path())
        .into_iter()
        .find(|file| *file != path)
        .unwrap();
    fs::copy(&path, &renamed).unwrap();
    assert!(
        !loads(&cache, other),
        "the code of `good` under the digest of `trap`"
    );
    let (elsewhere, stranger, _) = filled();
    let theirs = code_files(elsewhere.path()).remove(0);
    fs::copy(&theirs, &path).unwrap();
    assert!(loads(&stranger, digest));
    assert!(!loads(&cache, digest), "made with another key");
}

#[test]
fn a_folder_that_others_may_write_to_loses_everything() {
    // parity: SEC-WASM-10
    for mode in [0o770, 0o707] {
        let (folder, _, digest) = filled();
        let key = fs::read(folder.path().join("key")).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let cache = CodeCache::open(folder.path(), LIMIT).unwrap();
        assert!(!loads(&cache, digest));
        assert_ne!(fs::read(folder.path().join("key")).unwrap(), key);
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    let (folder, _, digest) = filled();
    let readable = fs::Permissions::from_mode(0o644);
    fs::set_permissions(folder.path().join("key"), readable).unwrap();
    let cache = CodeCache::open(folder.path(), LIMIT).unwrap();
    assert!(!loads(&cache, digest), "others may know the key");
}

#[test]
fn what_is_no_component_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(folder.path(), LIMIT).unwrap();
    let refused = cache.compile(b"\0asm");
    assert!(matches!(refused, Err(LoadError::Invalid(_))));
    assert!(code_files(folder.path()).is_empty());
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(folder.path(), LIMIT).unwrap();
    let first = cache.compile(&component("good")).unwrap();
    let second = cache.compile(&component("trap")).unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    for file in code_files(folder.path()) {
        fs::File::open(file).unwrap().set_modified(old).unwrap();
    }
    assert!(loads(&cache, first), "it is used now");
    let size = fs::metadata(&code_files(folder.path())[0]).unwrap().len();
    let cache = CodeCache::open(folder.path(), size * 5 / 2).unwrap();
    let third = cache.compile(&component("divide")).unwrap();
    assert!(loads(&cache, first) && loads(&cache, third));
    assert!(!loads(&cache, second));
}
