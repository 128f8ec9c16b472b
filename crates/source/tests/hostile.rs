//! Servers and repositories that mean harm, or have bad days.

mod support;

use std::time::{Duration, Instant};

use git2::{ObjectType, Oid, Repository};
use rosin_source::git::{
    Budget, Contents, Credentials, Fetched, Git, Reference, Remote, RemoteUrl, ResponseLimits,
};
use rosin_tree::Limits;
use support::{Client, Fault, Server, branch, chain, message};
use tokio_util::sync::CancellationToken;

/// A tree as bytes, since git itself refuses to make these.
fn raw_tree(repository: &Repository, entries: &[(&str, &[u8], Oid)]) -> Oid {
    let mut bytes = Vec::new();
    for (mode, name, oid) in entries {
        bytes.extend_from_slice(mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(oid.as_bytes());
    }
    repository
        .odb()
        .expect("objects")
        .write(ObjectType::Tree, &bytes)
        .expect("writes")
}

#[test]
fn hostile_trees_give_no_artifact() {
    // parity: SEC-GIT-03, SEC-GIT-02
    let server = Server::start();
    let repo = server.repository("app");
    let repository = Repository::open_bare(&repo.path).expect("opens");
    let blob = repository.blob(b"x").expect("blob");
    let below = raw_tree(&repository, &[("100644", b"config", blob)]);
    let client = Client::new();
    let bad: [(&str, &str, &[u8], Oid); 14] = [
        ("git folder", "40000", b".git", below),
        ("git folder in capitals", "40000", b".GIT", below),
        ("short name", "40000", b"git~1", below),
        (
            "hidden character",
            "40000",
            ".g\u{200c}it".as_bytes(),
            below,
        ),
        ("trailing dot", "40000", b".git.", below),
        ("dot dot", "40000", b"..", below),
        ("dot", "40000", b".", below),
        ("dot dot file", "100644", b"..", blob),
        ("slash", "100644", b"a/b", blob),
        ("absolute", "100644", b"/etc", blob),
        ("backslashes", "100644", b"..\\..\\x", blob),
        ("not UTF-8", "100644", b"\xff\xfe", blob),
        ("a file that is a tree", "100644", b"x", below),
        ("too long", "100644", &[b'n'; 300], blob),
    ];
    for (what, mode, name, oid) in bad {
        for nested in [false, true] {
            let mut tree = raw_tree(&repository, &[(mode, name, oid)]);
            if nested {
                tree = raw_tree(&repository, &[("40000", b"sub", tree)]);
            }
            repo.commit_tree(&tree.to_string(), None, "main", what);
            // Some are refused while fetching, by libgit2, the others while reading. Nothing may come out in either case.
            let stored = match client.fetch(&server.url("app"), &branch("main"), None) {
                Ok(Fetched::Checkout(checkout)) => client.write(&checkout, &Contents::default()),
                Ok(Fetched::Unchanged(revision)) => panic!("unchanged {revision}"),
                Err(error) => Err(error),
            };
            let error = stored
                .err()
                .unwrap_or_else(|| panic!("{what}, nested: {nested}: an artifact was made"));
            assert!(
                !chain(&error).contains(client.folder.path().to_str().expect("utf-8")),
                "{}",
                chain(&error)
            );
        }
    }
    assert_no_artifact(&client);
}

fn assert_no_artifact(client: &Client) {
    let folder = client.folder.path().join("artifacts/gitrepository/ns/app");
    let left: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    let staging: Vec<_> = std::fs::read_dir(client.folder.path().join("staging"))
        .expect("staging")
        .collect();
    assert!(staging.is_empty(), "{staging:?}");
}

#[test]
fn names_that_occur_twice_are_refused_and_links_are_left_out() {
    // parity: SEC-SRC-14, SEC-SRC-03
    let server = Server::start();
    let repo = server.repository("app");
    let repository = Repository::open_bare(&repo.path).expect("opens");
    let blob = repository.blob(b"x").expect("blob");
    let link = repository.blob(b"/etc/passwd").expect("blob");
    let sub = raw_tree(&repository, &[("100644", b"y", blob)]);
    let client = Client::new();
    for entries in [
        [("100644", b"a", blob), ("100644", b"a", blob)],
        [("100644", b"a", blob), ("40000", b"a", sub)],
    ] {
        let entries = entries.map(|(mode, name, oid)| (mode, name.as_slice(), oid));
        let tree = raw_tree(&repository, &entries);
        repo.commit_tree(&tree.to_string(), None, "main", "twice");
        let written = client
            .fetch(&server.url("app"), &branch("main"), None)
            .and_then(|fetched| match fetched {
                Fetched::Checkout(checkout) => client.write(&checkout, &Contents::default()),
                Fetched::Unchanged(revision) => panic!("unchanged {revision}"),
            });
        assert!(written.is_err());
    }
    let tree = raw_tree(
        &repository,
        &[
            ("120000", b".gitmodules", link),
            ("100644", b"A.yaml", blob),
            ("100644", b"a.yaml", blob),
            ("120000", b"link", link),
            ("160000", b"sub", Oid::from_bytes(&[1; 20]).expect("oid")),
        ],
    );
    repo.commit_tree(&tree.to_string(), None, "main", "links");
    let stored = client
        .write(
            &client.checkout(&server.url("app"), &branch("main")),
            &Contents::default(),
        )
        .expect("writes");
    assert_eq!(stored.tree.files("").expect("root"), ["A.yaml", "a.yaml"]);
    assert!(
        stored.tree.is_dir("sub"),
        "a submodule that is not followed is an empty folder"
    );
}

#[test]
fn few_objects_that_name_many_paths_end_at_the_limit() {
    // parity: SEC-SRC-11
    let server = Server::start();
    let repo = server.repository("app");
    let repository = Repository::open_bare(&repo.path).expect("opens");
    let mut tree = raw_tree(
        &repository,
        &[("100644", b"f", repository.blob(b"x").expect("blob"))],
    );
    for _ in 0..12 {
        let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let entries: Vec<_> = names
            .iter()
            .map(|name| ("40000", name.as_bytes(), tree))
            .collect();
        tree = raw_tree(&repository, &entries);
    }
    repo.commit_tree(
        &tree.to_string(),
        None,
        "main",
        "a billion files in 13 objects",
    );
    let mut client = Client::new();
    let limits = Limits {
        entries: 20_000,
        ..Limits::default()
    };
    client.store = support::store_within(client.folder.path(), limits).expect("store");
    let checkout = client.checkout(&server.url("app"), &branch("main"));
    let started = Instant::now();
    let error = client
        .write(&checkout, &Contents::default())
        .expect_err("too many");
    assert!(
        chain(&error).contains("more than 20000 files and folders"),
        "{}",
        chain(&error)
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    assert_no_artifact(&client);
}

#[test]
fn configuration_of_a_repository_has_no_effect() {
    // parity: SEC-GIT-04
    let server = Server::start();
    let repository = server.repository("app");
    let canary = server.root.path().join("canary");
    let run = format!("touch {}", canary.display());
    repository.commit(
        "main",
        "one",
        &[
            (
                ".gitattributes",
                "* filter=evil export-subst eol=crlf ident\n",
            ),
            (
                ".gitconfig",
                &format!("[filter \"evil\"]\n\tsmudge = {run}\n[core]\n\tfsmonitor = {run}\n"),
            ),
            ("hooks/post-checkout*", &format!("#!/bin/sh\n{run}\n")),
            ("id", "$Id$ $Format:%H$\n"),
        ],
    );
    let client = Client::new();
    let stored = client
        .write(
            &client.checkout(&server.url("app"), &branch("main")),
            &Contents::default(),
        )
        .expect("writes");
    assert_eq!(
        stored.tree.read("id").expect("reads"),
        b"$Id$ $Format:%H$\n",
        "bytes are those of the blob"
    );
    assert!(!canary.exists());
}

#[test]
fn credentials_reach_their_server_only() {
    // parity: SEC-GIT-10, SEC-SRC-21, SRC-GIT-015, SRC-GIT-016
    let (server, elsewhere) = (Server::start(), Server::start());
    for (server, content) in [(&server, "1"), (&elsewhere, "2")] {
        server
            .repository("app")
            .commit("main", "one", &[("a", content)]);
    }
    let client = Client::new();
    let basic = [("username", "git"), ("password", "pa55")];
    server.fail(Fault::Auth("Basic Z2l0OnBhNTU=".into()));
    let fetch = |secret: &[(&str, &str)]| {
        client.fetch_with(&server.url("app"), secret, &branch("main"), None)
    };
    assert!(matches!(fetch(&basic), Ok(Fetched::Checkout(_))));
    let url = server.url("app");
    for wrong in [&[][..], &[("username", "git"), ("password", "wrong")]] {
        let message = message(fetch(wrong));
        assert_eq!(
            message,
            format!("unable to clone '{url}': authentication required: authentication required\n")
        );
    }
    let in_url = url.replace("http://", "http://git:pa55@");
    assert!(matches!(
        client.fetch(&in_url, &branch("main"), None),
        Ok(Fetched::Checkout(_))
    ));
    server.fail(Fault::Auth("Bearer t0ken".into()));
    assert!(matches!(
        fetch(&[("bearerToken", "t0ken")]),
        Ok(Fetched::Checkout(_))
    ));

    server.fail(Fault::RedirectTo(elsewhere.address.clone()));
    elsewhere.requests();
    let refused = message(fetch(&basic));
    assert!(
        refused.contains(&format!("redirects to {}", elsewhere.address)),
        "{refused}"
    );
    assert!(elsewhere.requests().is_empty(), "not even asked");
    assert!(
        matches!(fetch(&[]), Ok(Fetched::Checkout(_))),
        "without credentials a redirect is followed"
    );
    let asked = elsewhere.requests();
    assert!(
        asked.len() > 1 && asked.iter().all(|(_, _, auth)| auth.is_none()),
        "{asked:?}"
    );
}

#[test]
fn errors_show_no_secrets() {
    // parity: SEC-SRC-21, SEC-GIT-15
    let server = Server::start();
    let client = Client::new();
    let url =
        format!("{}/app.git?sig=S3CR3T", server.address).replace("http://", "http://user:S3CR3T@");
    let faults = [
        Fault::Status(401),
        Fault::Status(403),
        Fault::Status(404),
        Fault::Status(500),
        Fault::Status(302),
        Fault::RedirectTo("http://127.0.0.1:1".into()),
        Fault::List(b"nonsense".to_vec()),
    ];
    for fault in faults {
        server.fail(fault);
        let message = message(client.fetch(&url, &branch("main"), None));
        assert!(!message.contains("S3CR3T"), "{message}");
    }
    let nobody = "http://user:S3CR3T@127.0.0.1:1/app.git?sig=S3CR3T";
    let message = message(client.fetch(nobody, &branch("main"), None));
    assert!(
        message.starts_with("unable to clone 'http://127.0.0.1:1/app.git': ")
            && !message.contains("S3CR3T"),
        "{message}"
    );
}

#[test]
fn refusals_and_other_servers_are_named() {
    // parity: REL-GIT-03
    let server = Server::start();
    server
        .repository("app")
        .commit("main", "one", &[("a", "1")]);
    let (client, url) = (Client::new(), server.url("app"));
    server.fail(Fault::Status(503));
    assert_eq!(
        message(client.fetch(&url, &branch("main"), None)),
        format!(
            "unable to clone '{url}': unexpected client error: unexpected requesting \"{url}/info/refs?service=git-upload-pack\" status code: 503"
        )
    );
    server.fail(Fault::Status(403));
    assert_eq!(
        message(client.fetch(&url, &branch("main"), Some("x"))),
        format!("unable to list remote for '{url}': authorization failed: server says no\n")
    );
    server.fail(Fault::Status(200));
    assert!(
        message(client.fetch(&url, &branch("main"), None))
            .contains("does not speak the smart HTTP protocol")
    );
    server.fail(Fault::RedirectTo(server.address.clone()));
    assert!(message(client.fetch(&url, &branch("main"), None)).contains("redirects too often"));
    server.fail(Fault::None);
    assert!(
        matches!(
            client.fetch(&url, &branch("main"), None),
            Ok(Fetched::Checkout(_))
        ),
        "the next fetch is clean"
    );
}

#[test]
fn broken_transfers_fail_and_the_next_one_is_clean() {
    // parity: SEC-GIT-14, REL-GIT-02
    let server = Server::start();
    let repository = server.repository("app");
    let (client, url) = (Client::new(), server.url("app"));
    let content = "0123456789abcdef".repeat(200);
    for round in 0..4 {
        let hash = repository.commit(
            "main",
            "one",
            &[
                ("a", &format!("{content}{round}")),
                ("b", &round.to_string()),
            ],
        );
        for fault in [
            Fault::CutPack(10),
            Fault::CutPack(60),
            Fault::CutPack(200),
            Fault::FlipPack(70 + round),
            Fault::FlipPack(120),
        ] {
            server.fail(fault);
            let outcome = client.fetch(&url, &branch("main"), None);
            if let Ok(Fetched::Checkout(checkout)) = outcome {
                // The flip hit bytes that mean nothing, such as a progress message.
                assert_eq!(checkout.commit().hash, hash);
            }
        }
        server.fail(Fault::None);
        let checkout = client.checkout(&url, &branch("main"));
        assert_eq!(checkout.commit().hash, hash);
        let tree = client
            .write(&checkout, &Contents::default())
            .expect("writes")
            .tree;
        assert_eq!(tree.read("b").expect("reads"), round.to_string().as_bytes());
    }
}

#[test]
fn damaged_cache_is_thrown_away() {
    // parity: SEC-GIT-14
    let server = Server::start();
    let repository = server.repository("app");
    repository.commit("main", "one", &[("a", "1")]);
    let (client, url) = (Client::new(), server.url("app"));
    for round in 0..4 {
        assert_eq!(client.files(&url, &branch("main")), ["a"]);
        let object = std::fs::read_dir(client.folder.path().join("git"))
            .expect("caches")
            .next()
            .expect("one")
            .expect("entry")
            .path();
        let cache = std::fs::read_dir(object)
            .expect("caches")
            .next()
            .expect("one")
            .expect("entry")
            .path();
        match round {
            0 => std::fs::remove_file(cache.join("HEAD")).expect("removes"),
            1 => std::fs::remove_dir_all(cache.join("objects")).expect("removes"),
            _ => {
                for pack in std::fs::read_dir(cache.join("objects/pack")).expect("packs") {
                    let path = pack.expect("entry").path();
                    if path.extension().is_some_and(|extension| {
                        extension == if round == 2 { "pack" } else { "idx" }
                    }) {
                        let length = std::fs::metadata(&path).expect("pack").len();
                        let mut permissions = std::fs::metadata(&path).expect("pack").permissions();
                        #[expect(
                            clippy::permissions_set_readonly_false,
                            reason = "a file of this test"
                        )]
                        permissions.set_readonly(false);
                        std::fs::set_permissions(&path, permissions).expect("writable");
                        std::fs::write(&path, vec![0; usize::try_from(length).expect("small")])
                            .expect("damages");
                    }
                }
            }
        }
        // The first fetch may have to report the damage; the one after it must not.
        let first = client
            .fetch(&url, &branch("main"), None)
            .and_then(|fetched| match fetched {
                Fetched::Checkout(checkout) => client.write(&checkout, &Contents::default()),
                Fetched::Unchanged(revision) => panic!("unchanged {revision}"),
            });
        if let Err(error) = first {
            eprintln!("round {round}: {}", chain(&error));
        }
        assert_eq!(client.files(&url, &branch("main")), ["a"], "round {round}");
    }
}

#[test]
fn silence_ends_with_the_deadline_and_with_a_cancellation() {
    // parity: SEC-SRC-16, SRC-GIT-035
    let server = Server::start();
    server.fail(Fault::Silence);
    let mut client = Client::new();
    client.timeout = Duration::from_millis(300);
    let started = Instant::now();
    let text = message(client.fetch(&server.url("app"), &branch("main"), None));
    assert!(text.ends_with("no answer within 300ms"), "{text}");
    assert!(started.elapsed() < Duration::from_secs(5));

    let cancelled = CancellationToken::new();
    let budget = Budget::new(Duration::from_secs(60), cancelled.clone());
    let url = RemoteUrl::parse(&server.url("app")).expect("url");
    let remote = Remote {
        url,
        credentials: Credentials::none(),
        proxy: None,
    };
    let (started, git) = (Instant::now(), client.git.clone());
    let running = std::thread::spawn(move || {
        message(git.fetch(&remote, &branch("main"), None, "ns/app", &budget))
    });
    std::thread::sleep(Duration::from_millis(100));
    cancelled.cancel();
    assert!(running.join().expect("ends").ends_with(": cancelled"));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn answers_beyond_the_limit_are_cut_off() {
    // parity: SEC-GIT-13, SEC-GIT-05
    let server = Server::start();
    server.repository("app").commit(
        "main",
        "one",
        &[(
            "a",
            &(0..30_000).map(|n| format!("{n}\n")).collect::<String>(),
        )],
    );
    let mut client = Client::new();
    let url = server.url("app");
    client.git = limited(
        &client,
        ResponseLimits {
            references: 1 << 20,
            pack: 10_000,
        },
    );
    assert!(
        message(client.fetch(&url, &branch("main"), None))
            .ends_with("more than the limit of 10000 bytes")
    );
    client.git = limited(
        &client,
        ResponseLimits {
            references: 100,
            pack: 1 << 20,
        },
    );
    assert!(
        message(client.fetch(&url, &branch("main"), None))
            .ends_with("more than the limit of 100 bytes")
    );
}

fn limited(client: &Client, limits: ResponseLimits) -> Git {
    client.git.clone().with_limits(limits)
}

#[test]
fn tags_that_lead_nowhere_are_refused() {
    // parity: SEC-GIT-06
    let server = Server::start();
    let repository = server.repository("app");
    repository.commit("main", "one", &[("a", "1")]);
    let blob = repository.pipe(&["hash-object", "-w", "--stdin"], "blob");
    repository.git(&["update-ref", "refs/tags/blob", &blob]);
    repository.git(&["tag", "-a", "blob2", "-m", "x", &blob]);
    let mut deep = repository.git(&["rev-parse", "main"]);
    let mut kind = "commit";
    for _ in 0..50 {
        let tag = format!("object {deep}\ntype {kind}\ntag deep\ntagger t <t@e> 0 +0000\n\nx\n");
        deep = repository.pipe(&["hash-object", "-t", "tag", "-w", "--stdin"], &tag);
        kind = "tag";
    }
    repository.git(&["update-ref", "refs/tags/deep", &deep]);
    let (client, url) = (Client::new(), server.url("app"));
    for tag in ["blob", "blob2"] {
        assert!(
            client
                .fetch(&url, &Reference::Tag(tag.into()), None)
                .is_err(),
            "{tag}"
        );
    }
    assert_eq!(
        client.files(&url, &Reference::Tag("deep".into())),
        ["a"],
        "as far as the server peels it"
    );
    for name in ["main\n", "../main", "ma in", "*", "main:x", "-main", ""] {
        assert!(client.fetch(&url, &branch(name), None).is_err(), "{name:?}");
    }
}
