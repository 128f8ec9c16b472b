//! The artifact store under kills, damage, retention and many readers; the server in front of it.

mod support;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rosin_source::artifact::{
    ArtifactDigest, Condition, DownloadError, Downloads, ObjectKey, Retention, Store, StoreError,
    Stored,
};
use rosin_source::http::HttpClients;
use rosin_source::serve;
use rosin_tree::{Digest, Limits};
use support::{chain, store, store_within};

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("GitRepository", "ns", name).expect("key")
}

fn write(store: &Store, name: &str, file: &str, files: &[(&str, &str)]) -> Stored {
    let stored = store.write(&key(name), file, |into| {
        for (path, content) in files {
            into.file(path, false, content.as_bytes())
                .map_err(StoreError::from)?;
        }
        Ok::<_, StoreError>(())
    });
    stored.expect("writes")
}

/// The unpacked trees of a store: files that have no name any more, and that we hold open.
fn packs(folder: &std::path::Path) -> usize {
    let links = std::fs::read_dir("/proc/self/fd").expect("our files");
    let targets = links.filter_map(|link| std::fs::read_link(link.ok()?.path()).ok());
    let below = |target: &std::path::PathBuf| {
        target.starts_with(folder) && target.to_string_lossy().ends_with(" (deleted)")
    };
    targets.filter(below).count()
}

#[test]
fn restart_finds_artifacts_and_drops_what_was_unfinished() {
    // parity: REL-STORE-02
    let folder = tempfile::tempdir().expect("folder");
    let first = store(folder.path());
    let stored = write(&first, "app", "1.tar.gz", &[("a", "1")]);
    std::fs::write(folder.path().join("staging/.1-1"), "half").expect("litter");
    drop(first);
    let again = store(folder.path());
    assert_eq!(
        again.check(&stored.path, &stored.digest).expect("checks"),
        Condition::Sound
    );
    let tree = again.tree(&stored.path, &stored.digest).expect("unpacks");
    assert_eq!(tree.read("a").expect("reads"), b"1");
    assert_eq!(
        std::fs::read_dir(folder.path().join("staging"))
            .expect("staging")
            .count(),
        0
    );
}

const KILLED: &str = "ROSIN_TEST_KILLED_STORE";

#[test]
#[ignore = "the process that `killed_writer_leaves_only_whole_artifacts` starts"]
fn write_until_killed() {
    let Some(folder) = std::env::var_os(KILLED) else {
        return;
    };
    let store = store(std::path::Path::new(&folder));
    for number in 0_u64.. {
        let content = number.to_string().repeat(20_000);
        write(
            &store,
            "app",
            &format!("{}.tar.gz", number % 5),
            &[("a", &content), ("b", &content)],
        );
    }
}

#[test]
fn killed_writer_leaves_only_whole_artifacts() {
    // parity: REL-STORE-02
    let folder = tempfile::tempdir().expect("folder");
    let objects = folder.path().join("artifacts/gitrepository/ns/app");
    let mut whole = 0;
    for round in 0..12_u64 {
        let program = std::env::current_exe().expect("program");
        let mut writer = std::process::Command::new(program)
            .args(["--exact", "write_until_killed", "--ignored"])
            .env(KILLED, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_millis(120 + round * 13));
        writer.kill().expect("kills");
        writer.wait().expect("ends");
        let again = store(folder.path());
        for entry in std::fs::read_dir(&objects).into_iter().flatten() {
            let path = entry.expect("entry").path();
            let name = path
                .file_name()
                .expect("name")
                .to_string_lossy()
                .into_owned();
            if name.starts_with('.') {
                continue;
            }
            let digest: ArtifactDigest = Digest::of(&std::fs::read(&path).expect("reads"))
                .to_string()
                .parse()
                .expect("digest");
            let tree = again
                .tree(&format!("gitrepository/ns/app/{name}"), &digest)
                .expect("unpacks");
            assert_eq!(
                tree.read("a").expect("reads"),
                tree.read("b").expect("reads")
            );
            whole += 1;
        }
        assert_eq!(
            std::fs::read_dir(folder.path().join("staging"))
                .expect("staging")
                .count(),
            0
        );
    }
    assert!(whole > 0, "the writer was never quick enough to write one");
    let store = store(folder.path());
    let later = SystemTime::now() + Duration::from_secs(100);
    store
        .collect(&key("app"), "0.tar.gz", Retention::default(), later)
        .expect("collects");
    assert!(
        std::fs::read_dir(&objects).expect("folder").count() <= 1,
        "halves are swept too"
    );
}

#[test]
fn same_files_give_the_same_digest_and_share_a_tree() {
    // parity: SRC-GEN-011
    let folder = tempfile::tempdir().expect("folder");
    let store = store(folder.path());
    let one = write(&store, "app", "1.tar.gz", &[("a", "1")]);
    let two = write(&store, "other", "2.tar.gz", &[("a", "1")]);
    assert_eq!(one.digest, two.digest);
    assert_eq!(packs(folder.path()), 1);
    assert_ne!(
        one.digest,
        write(&store, "app", "3.tar.gz", &[("a", "2")]).digest
    );
}

#[test]
fn every_damage_is_noticed() {
    // parity: REL-STORE-06, REL-STORE-02, SRC-GEN-027, SEC-SRC-15
    let folder = tempfile::tempdir().expect("folder");
    let good = store(folder.path());
    let stored = write(
        &good,
        "app",
        "1.tar.gz",
        &[("a", "some content"), ("b", "more")],
    );
    let file = folder.path().join("artifacts").join(&stored.path);
    let bytes = std::fs::read(&file).expect("reads");
    for at in (0..bytes.len()).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        for damaged in [&flipped[..], &bytes[..at]] {
            std::fs::write(&file, damaged).expect("damages");
            let fresh = store(folder.path());
            let unpacked = fresh.tree(&stored.path, &stored.digest);
            assert!(
                matches!(unpacked, Err(StoreError::Digest { .. })),
                "at {at}: {unpacked:?}"
            );
        }
    }
    assert_eq!(
        good.check(&stored.path, &stored.digest).expect("checks"),
        Condition::Damaged
    );
    assert_eq!(
        good.check(&stored.path, &stored.digest).expect("checks"),
        Condition::Missing,
        "it has been removed"
    );
    assert_eq!(
        good.tree("gitrepository/ns/app/2.tar.gz", &stored.digest)
            .expect("unpacked before")
            .files("")
            .expect("root")
            .len(),
        2
    );
    let path = "gitrepository/ns/../../../etc/passwd";
    assert!(matches!(
        good.check(path, &stored.digest),
        Ok(Condition::Missing)
    ));
}

#[test]
fn failed_write_leaves_nothing_and_keeps_the_old_artifact() {
    // parity: REL-STORE-01
    let folder = tempfile::tempdir().expect("folder");
    let store = store(folder.path());
    let old = write(&store, "app", "1.tar.gz", &[("a", "1")]);
    let failed = store.write(&key("app"), "1.tar.gz", |into| {
        into.file("a", false, b"2").map_err(StoreError::from)?;
        Err::<(), StoreError>(StoreError::Missing)
    });
    assert!(failed.is_err());
    let out_of_order = store.write(&key("app"), "2.tar.gz", |into| {
        into.file("b", false, b"").map_err(StoreError::from)?;
        into.file("a", false, b"").map_err(StoreError::from)
    });
    assert!(chain(&out_of_order.expect_err("order")).contains("\"a\" is not in order"));
    assert_eq!(
        store.check(&old.path, &old.digest).expect("checks"),
        Condition::Sound
    );
    let files: Vec<_> = std::fs::read_dir(folder.path().join("artifacts/gitrepository/ns/app"))
        .expect("folder")
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn retention_keeps_the_current_artifact_whatever_its_age() {
    // parity: SRC-GEN-028, REL-STORE-04
    let folder = tempfile::tempdir().expect("folder");
    let store = store(folder.path());
    let mut stored = Vec::new();
    for number in 0..5_u32 {
        stored.push(write(
            &store,
            "app",
            &format!("{number}.tar.gz"),
            &[("a", &number.to_string())],
        ));
        std::thread::sleep(Duration::from_millis(10));
    }
    let other = write(&store, "other", "0.tar.gz", &[("a", "other")]);
    let left = || {
        let folder = folder.path().join("artifacts/gitrepository/ns/app");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .expect("folder")
            .map(|entry| entry.expect("entry").file_name())
            .collect();
        names.sort();
        names
    };
    let (current, now) = (&stored[1].path, SystemTime::now());
    assert_eq!(
        store
            .collect(&key("app"), current, Retention::default(), now)
            .expect("collects"),
        3
    );
    assert_eq!(
        left(),
        ["1.tar.gz", "4.tar.gz"],
        "the current one and the youngest"
    );
    let later = now + Duration::from_secs(61);
    assert_eq!(
        store
            .collect(&key("app"), current, Retention::default(), later)
            .expect("collects"),
        1
    );
    assert_eq!(left(), ["1.tar.gz"]);
    assert_eq!(
        store.check(&other.path, &other.digest).expect("checks"),
        Condition::Sound
    );
    assert_eq!(
        store
            .collect(&key("absent"), "", Retention::default(), now)
            .expect("collects"),
        0
    );
    assert!(store.remove(&key("app")).expect("removes"));
    assert!(!store.remove(&key("app")).expect("removes"));
    assert_eq!(
        stored[4]
            .tree
            .read("a")
            .expect("a reader keeps what it has"),
        b"4"
    );
}

#[test]
fn trees_are_unpacked_once_for_all_and_kept_while_read() {
    // parity: REL-STORE-04
    let folder = tempfile::tempdir().expect("folder");
    let dir = cap_std::fs::Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority())
        .expect("folder");
    let capacity = rosin_source::artifact::Capacity {
        trees: 2,
        bytes: 1 << 20,
    };
    let store = Arc::new(Store::new(&dir, Limits::default(), capacity).expect("store"));
    let held = write(&store, "app", "held.tar.gz", &[("a", "held")]);
    let part = held.tree.overlay([("b".to_owned(), b"b".to_vec())].into());
    let (path, digest) = (held.path.clone(), held.digest.clone());
    drop(held);
    for number in 0..10 {
        let stored = write(
            &store,
            "app",
            &format!("{number}.tar.gz"),
            &[("a", &number.to_string())],
        );
        drop(stored.tree);
    }
    assert_eq!(
        part.read("a").expect("kept while an overlay of it lives"),
        b"held"
    );
    drop(part);
    for number in 10..13 {
        drop(write(
            &store,
            "app",
            &format!("{number}.tar.gz"),
            &[("a", &number.to_string())],
        ));
    }
    assert!(packs(folder.path()) <= 2, "unused ones are gone");
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let (store, path, digest) = (store.clone(), path.clone(), digest.clone());
            std::thread::spawn(move || {
                store
                    .tree(&path, &digest)
                    .expect("unpacks")
                    .read("a")
                    .expect("reads")
            })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.join().expect("reads"), b"held");
    }
}

async fn serve(store: Arc<Store>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move { axum::serve(listener, serve::router(store)).await });
    format!("http://{address}")
}

/// The request as it is written, since clients tidy paths up.
async fn raw(address: &str, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address.trim_start_matches("http://"))
        .await
        .expect("connects");
    stream
        .write_all(format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        .await
        .expect("writes");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("reads");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn server_gives_artifacts_and_nothing_else() {
    // parity: SEC-SRC-19
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(store(folder.path()));
    let stored = write(&store, "app", "1.tar.gz", &[("a", "1")]);
    std::fs::write(
        folder.path().join("artifacts/gitrepository/ns/app/.hidden"),
        "x",
    )
    .expect("file");
    std::os::unix::fs::symlink(
        "/etc/passwd",
        folder.path().join("artifacts/gitrepository/ns/app/link"),
    )
    .expect("link");
    let address = serve(store).await;
    let path = format!("/{}", stored.path);

    let whole = raw(&address, &format!("GET {path} HTTP/1.1")).await;
    assert!(
        whole.starts_with("HTTP/1.1 200") && whole.contains("content-type: application/gzip"),
        "{whole}"
    );
    let head = raw(&address, &format!("HEAD {path} HTTP/1.1")).await;
    assert!(
        head.starts_with("HTTP/1.1 200")
            && head.contains(&format!("content-length: {}", stored.size))
    );
    assert!(head.ends_with("\r\n\r\n"), "no body");
    let etag = head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .expect("etag")
        .to_owned();
    let same = raw(
        &address,
        &format!("GET {path} HTTP/1.1\r\nIf-None-Match: {etag}"),
    )
    .await;
    assert!(same.starts_with("HTTP/1.1 304"), "{same}");
    let part = raw(
        &address,
        &format!("GET {path} HTTP/1.1\r\nRange: bytes=0-1"),
    )
    .await;
    assert!(
        part.starts_with("HTTP/1.1 206")
            && part.contains(&format!("content-range: bytes 0-1/{}", stored.size)),
        "{part}"
    );
    let flood = format!("bytes={}", vec!["0-"; 2000].join(","));
    assert!(
        raw(&address, &format!("GET {path} HTTP/1.1\r\nRange: {flood}"))
            .await
            .starts_with("HTTP/1.1 200")
    );
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
        assert!(
            raw(&address, &format!("{method} {path} HTTP/1.1"))
                .await
                .starts_with("HTTP/1.1 405"),
            "{method}"
        );
    }
    for bad in [
        "/",
        "//",
        "/gitrepository",
        "/gitrepository/",
        "/gitrepository/ns/app",
        "/gitrepository/ns/app/",
        "/gitrepository/ns/app/2.tar.gz",
        "/../../etc/passwd",
        "/gitrepository/ns/app/../app/1.tar.gz",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/gitrepository%2Fns/app/1.tar.gz",
        "/gitrepository//ns/app/1.tar.gz",
        "//gitrepository/ns/app/1.tar.gz",
        "/gitrepository/ns/app/1.tar.gz/",
        "/gitrepository/ns/app/.hidden",
        "/gitrepository/ns/app/link",
        "/gitrepository/ns/app/1.tar.gz%00",
        "/./gitrepository/ns/app/1.tar.gz",
        "/gitrepository/ns/app/1%2etar.gz",
        "/..\\..\\etc",
        &format!("/{}", "a".repeat(7000)),
    ] {
        let answer = raw(&address, &format!("GET {bad} HTTP/1.1")).await;
        assert!(
            answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"),
            "{bad}: {answer}"
        );
        assert!(!answer.contains("root:"), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_of_other_servers_are_checked_and_unpacked() {
    // parity: KS-SRC-007, KS-SRC-008, SEC-SRC-15
    let (here, there) = (
        tempfile::tempdir().expect("folder"),
        tempfile::tempdir().expect("folder"),
    );
    let other = Arc::new(store(there.path()));
    let stored = write(&other, "app", "1.tar.gz", &[("a", "1")]);
    let address = serve(other).await;
    let downloads = Downloads::new(
        Arc::new(store(here.path())),
        Arc::new(HttpClients::new()),
        1,
    );
    let url = format!("{address}/{}", stored.path);
    let tree = downloads
        .fetch(&url, &stored.digest)
        .await
        .expect("downloads");
    assert_eq!(tree.read("a").expect("reads"), b"1");
    let missing = downloads
        .fetch(
            &format!("{address}/gitrepository/ns/app/2.tar.gz"),
            &stored.digest,
        )
        .await;
    assert!(
        matches!(missing, Err(DownloadError::NotFound)),
        "even though the digest is known"
    );
    let wrong: ArtifactDigest = format!("sha256:{}", "0".repeat(64))
        .parse()
        .expect("digest");
    let refused = downloads.fetch(&url, &wrong).await;
    assert!(
        matches!(
            refused,
            Err(DownloadError::Store(StoreError::Digest { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(
        std::fs::read_dir(here.path().join("staging"))
            .expect("staging")
            .count(),
        0,
        "nothing is left behind"
    );
    let started = std::time::Instant::now();
    let nobody = downloads.fetch("http://127.0.0.1:1/x", &wrong).await;
    assert!(matches!(nobody, Err(DownloadError::Http(_))));
    assert!(
        started.elapsed() >= Duration::from_millis(200),
        "it was tried again"
    );
}

#[test]
fn limits_hold_for_what_we_write_too() {
    // parity: SEC-SRC-12
    let folder = tempfile::tempdir().expect("folder");
    let limits = Limits {
        entries: 3,
        file_bytes: 4,
        total_bytes: 6,
    };
    let store = store_within(folder.path(), limits).expect("store");
    let write = |files: &[(&str, &str)]| {
        store.write(&key("app"), "1.tar.gz", |into| {
            files
                .iter()
                .try_for_each(|(path, content)| into.file(path, false, content.as_bytes()))
                .map_err(StoreError::from)
        })
    };
    assert!(write(&[("a", "1234"), ("b", "12")]).is_ok());
    for (files, expected) in [
        (
            &[("a", "12345")][..],
            "\"a\" has 5 bytes, more than the limit of 4",
        ),
        (&[("a", "1234"), ("b", "123")], "more than 6 bytes together"),
        (
            &[("a", ""), ("b", ""), ("c", ""), ("d", "")],
            "more than 3 files and folders",
        ),
    ] {
        let message = chain(&write(files).expect_err("too much"));
        assert!(message.contains(expected), "{message}");
    }
}
