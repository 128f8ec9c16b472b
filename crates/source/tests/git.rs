//! Fetches from a real server.

mod support;

use rosin_source::git::{Contents, Fetched, Included, Reference};
use rosin_tree::Tree;
use support::{Client, Server, branch, message};

#[test]
fn every_reference_leads_to_its_commit() {
    // parity: SRC-GIT-002, SRC-GIT-003, SRC-GIT-005, SRC-GIT-006, SRC-GIT-008
    let server = Server::start();
    let repository = server.repository("app");
    let first = repository.commit("main", "one", &[("a.yaml", "a: 1"), ("run.sh*", "#!")]);
    repository.git(&["tag", "v1"]);
    let second = repository.commit("main", "two", &[("a.yaml", "a: 2")]);
    repository.git(&["tag", "-a", "v2", "-m", "annotated"]);
    let third = repository.commit("feature/x", "three", &[("f.yaml", "f: 3")]);
    repository.git(&["update-ref", "refs/pull/7/head", &third]);

    let (client, url) = (Client::new(), server.url("app"));
    let commit = |commit: &str, branch: Option<&str>| Reference::Commit {
        commit: commit.to_owned(),
        branch: branch.map(str::to_owned),
    };
    for (reference, revision) in [
        (branch("main"), format!("main@sha1:{second}")),
        (branch("feature/x"), format!("feature/x@sha1:{third}")),
        (Reference::Tag("v1".into()), format!("v1@sha1:{first}")),
        (Reference::Tag("v2".into()), format!("v2@sha1:{second}")),
        (
            Reference::Name("refs/pull/7/head".into()),
            format!("refs/pull/7/head@sha1:{third}"),
        ),
        (
            Reference::Name("refs/tags/v2".into()),
            format!("refs/tags/v2@sha1:{second}"),
        ),
        (commit(&first, None), format!("sha1:{first}")),
        (commit(&first, Some("main")), format!("main@sha1:{first}")),
        (commit(&second, Some("main")), format!("main@sha1:{second}")),
    ] {
        let checkout = client.checkout(&url, &reference);
        assert_eq!(checkout.revision().to_string(), revision, "{reference:?}");
        assert_eq!(checkout.commit().hash, checkout.revision().commit());
    }
    assert_eq!(
        client
            .checkout(&url, &branch("main"))
            .commit()
            .short_message(),
        "two"
    );
    assert_eq!(
        client.files(&url, &Reference::Tag("v1".into())),
        ["a.yaml", "run.sh"]
    );
    assert_eq!(client.files(&url, &branch("feature/x")), ["f.yaml"]);

    let off_branch = client.fetch(&url, &commit(&third, Some("main")), None);
    assert_eq!(
        message(off_branch),
        format!("unable to resolve commit object for '{third}': object not found")
    );
    let absent = "0123456789012345678901234567890123456789";
    let absent_commit = client.fetch(&url, &commit(absent, None), None);
    assert_eq!(
        message(absent_commit),
        format!("unable to resolve commit object for '{absent}': object not found")
    );
}

#[test]
fn branches_are_fetched_shallow_and_incrementally() {
    // parity: SRC-GIT-002
    let server = Server::start();
    let repository = server.repository("app");
    for number in 0..20 {
        repository.commit("main", "old", &[("a.yaml", &number.to_string())]);
    }
    let (client, url) = (Client::new(), server.url("app"));
    assert_eq!(client.files(&url, &branch("main")), ["a.yaml"]);
    let objects = || {
        let folder = std::fs::read_dir(client.folder.path().join("git"))
            .expect("cache")
            .next()
            .expect("object")
            .expect("entry");
        let cache = std::fs::read_dir(folder.path())
            .expect("caches")
            .next()
            .expect("one")
            .expect("entry")
            .path();
        let count = std::process::Command::new("git")
            .arg("-C")
            .arg(&cache)
            .args(["count-objects", "-v"])
            .output()
            .expect("git");
        let text = String::from_utf8_lossy(&count.stdout).into_owned();
        let number = text
            .lines()
            .find_map(|line| line.strip_prefix("in-pack: "))
            .expect("counted");
        number.parse::<usize>().expect("number")
    };
    assert_eq!(objects(), 3, "a commit, a tree, a blob");
    repository.commit("main", "new", &[("a.yaml", "new"), ("b.yaml", "b")]);
    assert_eq!(client.files(&url, &branch("main")), ["a.yaml", "b.yaml"]);
    assert_eq!(objects(), 7, "the new commit, its tree, two blobs");
    let rewritten = repository.commit_on(None, "main", "unrelated", &[("z.yaml", "z")]);
    assert_eq!(
        client.checkout(&url, &branch("main")).commit().hash,
        rewritten
    );
    assert_eq!(client.files(&url, &branch("main")), ["z.yaml"]);
}

#[test]
fn known_revision_costs_one_request() {
    // parity: SRC-GIT-011
    let server = Server::start();
    let repository = server.repository("app");
    let first = repository.commit("main", "one", &[("a", "1")]);
    let (client, url) = (Client::new(), server.url("app"));
    let known = format!("main@sha1:{first}");
    let unchanged = client.fetch(&url, &branch("main"), Some(&known));
    assert!(matches!(unchanged, Ok(Fetched::Unchanged(revision)) if revision.to_string() == known));
    assert_eq!(server.requests().len(), 1);
    repository.commit("main", "two", &[("a", "2")]);
    assert!(matches!(
        client.fetch(&url, &branch("main"), Some(&known)),
        Ok(Fetched::Checkout(_))
    ));
    let lists = server
        .requests()
        .iter()
        .filter(|(method, _, _)| method == "GET")
        .count();
    assert_eq!(lists, 1, "the list is asked for once");
}

#[test]
fn versions_by_range() {
    // parity: SRC-GIT-004
    let server = Server::start();
    let repository = server.repository("app");
    let mut commits = Vec::new();
    for (tag, day) in [
        ("1.0.0", 1),
        ("v1.4.2", 2),
        ("2.0.0-rc.1", 3),
        ("1.10.0+b", 5),
        ("1.10.0+a", 9),
        ("not-a-version", 9),
    ] {
        let tree = repository.pipe(
            &["mktree"],
            &format!(
                "100644 blob {}\tx\n",
                repository.pipe(&["hash-object", "-w", "--stdin"], tag)
            ),
        );
        let date = format!("2026-01-{day:02}T00:00:00Z");
        let made = std::process::Command::new("git")
            .current_dir(&repository.path)
            .args(["commit-tree", &tree, "-m", tag])
            .envs([("GIT_COMMITTER_DATE", &date), ("GIT_AUTHOR_DATE", &date)])
            .envs([
                ("GIT_COMMITTER_NAME", "t"),
                ("GIT_COMMITTER_EMAIL", "t@e"),
                ("GIT_AUTHOR_NAME", "t"),
                ("GIT_AUTHOR_EMAIL", "t@e"),
            ])
            .output()
            .expect("git");
        let commit = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        repository.git(&["update-ref", &format!("refs/tags/{tag}"), &commit]);
        commits.push(commit);
    }
    let (client, url) = (Client::new(), server.url("app"));
    let revision = |range: &str| {
        client
            .checkout(&url, &Reference::Semver(range.into()))
            .revision()
            .to_string()
    };
    assert_eq!(revision("~1.4"), format!("v1.4.2@sha1:{}", commits[1]));
    assert_eq!(
        revision(">=1.0.0-0"),
        format!("2.0.0-rc.1@sha1:{}", commits[2])
    );
    assert_eq!(
        revision("1.x"),
        format!("1.10.0+a@sha1:{}", commits[4]),
        "the younger of two equal versions"
    );
    assert_eq!(
        message(client.fetch(&url, &Reference::Semver(">=3".into()), None)),
        "no match found for semver: >=3"
    );
}

#[test]
fn messages_are_those_of_flux() {
    // parity: SRC-GIT-014
    let server = Server::start();
    let repository = server.repository("app");
    let (client, url) = (Client::new(), server.url("app"));
    let empty = client
        .fetch(&url, &branch("main"), None)
        .err()
        .expect("empty");
    assert!(empty.is_empty_repository());
    assert_eq!(empty.to_string(), "git repository is empty");
    assert_eq!(
        message(client.fetch(&url, &Reference::Tag("v1".into()), None)),
        format!("unable to clone: remote repository is empty: git repository: '{url}'")
    );
    repository.commit("main", "one", &[("a", "1")]);
    assert_eq!(
        message(client.fetch(&url, &Reference::Tag("v9".into()), None)),
        format!("unable to clone '{url}': couldn't find remote ref \"refs/tags/v9\"")
    );
    assert_eq!(
        message(client.fetch(&url, &branch("nope"), Some("main@sha1:00"))),
        format!("unable to clone '{url}': couldn't find remote ref \"refs/heads/nope\"")
    );
    let missing = server.url("missing");
    assert!(
        message(client.fetch(&missing, &branch("main"), None)).starts_with(&format!(
            "unable to clone '{missing}': repository not found: "
        ))
    );
}

#[test]
fn content_is_filtered_and_composed() {
    // parity: SRC-GIT-028, SRC-GIT-030, SRC-GEN-012
    let server = Server::start();
    let repository = server.repository("app");
    let files = [
        ("a/a.yaml", "a"),
        ("ab/x", "x"),
        ("b/c/c.yaml", "c"),
        ("b/d.md", "d"),
        ("pic.png", "p"),
        ("b/.sourceignore", "*.md"),
    ];
    repository.commit("main", "one", &files);
    let (client, url) = (Client::new(), server.url("app"));
    let checkout = client.checkout(&url, &branch("main"));
    let files = |contents: &Contents<'_>| {
        client
            .write(&checkout, contents)
            .map(|stored| stored.tree.files("").expect("root"))
    };

    let all = files(&Contents::default()).expect("writes");
    assert_eq!(
        all,
        [
            "a/a.yaml",
            "ab/x",
            "b/.sourceignore",
            "b/c/c.yaml",
            "pic.png"
        ]
    );
    let ignored = files(&Contents {
        ignore: Some("/*\n!/b\n"),
        ..Contents::default()
    })
    .expect("writes");
    assert_eq!(
        ignored,
        ["b/.sourceignore", "b/c/c.yaml", "b/d.md"],
        "spec.ignore has the last word, here for all of b"
    );
    let sparse = ["./a".to_owned(), "b/c".to_owned()];
    let kept = files(&Contents {
        sparse: &sparse,
        ..Contents::default()
    })
    .expect("writes");
    assert_eq!(
        kept,
        ["a/a.yaml", "ab/x", "b/c/c.yaml"],
        "a beginning of a path, as in Flux"
    );
    let error = files(&Contents {
        sparse: &["nope".to_owned()],
        ..Contents::default()
    })
    .expect_err("missing");
    assert!(error.is_sparse());
    assert!(error.to_string().starts_with(
        "failed to sparse checkout directories : sparse checkout dir 'nope' does not exist"
    ));

    let library = Tree::from_files([
        ("deploy/x.yaml".to_owned(), b"x".to_vec()),
        ("other.yaml".to_owned(), b"o".to_vec()),
    ]);
    let include = |from: &str, to: &str| Included {
        name: "lib".into(),
        tree: library.clone(),
        from_path: from.into(),
        to_path: to.into(),
    };
    let includes = [
        include("deploy", "vendor/lib"),
        include("", ""),
        include("../../deploy", "../up"),
    ];
    let composed = files(&Contents {
        includes: &includes,
        ..Contents::default()
    })
    .expect("writes");
    for path in [
        "vendor/lib/x.yaml",
        "lib/deploy/x.yaml",
        "lib/other.yaml",
        "up/x.yaml",
    ] {
        assert!(
            composed.iter().any(|found| found == path),
            "{path} in {composed:?}"
        );
    }
    for (from, to) in [
        ("deploy", "b"),
        ("nope", "new"),
        ("deploy", "/"),
        ("deploy", "pic.png"),
    ] {
        let error = files(&Contents {
            includes: &[include(from, to)],
            ..Contents::default()
        })
        .expect_err("refused");
        assert!(
            error.is_include()
                && error
                    .to_string()
                    .starts_with("failed to copy 'lib' include from "),
            "{error}"
        );
    }
}

#[test]
fn artifact_holds_exactly_the_commit_with_its_modes() {
    // parity: SRC-GIT-009, SRC-GEN-011
    let server = Server::start();
    let repository = server.repository("app");
    let long = format!("{}/{}/ä.yaml", "d".repeat(120), "e".repeat(120));
    let commit = repository.commit(
        "main",
        "one",
        &[("b/x", "x"), ("b.yaml", "b"), ("a*", "#!"), (&long, "long")],
    );
    let (client, url) = (Client::new(), server.url("app"));
    let stored = client
        .write(
            &client.checkout(&url, &branch("main")),
            &Contents::default(),
        )
        .expect("writes");
    assert_eq!(stored.path, format!("gitrepository/ns/app/{commit}.tar.gz"));
    let again = support::store(client.folder.path());
    let tree = again
        .tree(&stored.path, &stored.digest)
        .expect("found again after a restart");
    assert_eq!(tree.digest(), stored.tree.digest());
    assert!(tree.entry("a").expect("a").executable);
    assert_eq!(tree.read(&long).expect("reads"), b"long");
    let list = std::process::Command::new("tar")
        .args(["--quoting-style=literal", "-tzf"])
        .arg(client.folder.path().join("artifacts").join(&stored.path))
        .output()
        .expect("tar");
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let names: Vec<&str> = list
        .lines()
        .map(|name| name.trim_end_matches('/'))
        .collect();
    assert_eq!(
        (names[0], names[1], names[2], names[3]),
        (".", "a", "b", "b/x"),
        "{list}"
    );
    assert_eq!(names.last(), Some(&long.as_str()));
}

#[test]
fn other_addresses_and_objects_have_caches_of_their_own() {
    let server = Server::start();
    for name in ["one", "two"] {
        server.repository(name).commit("main", name, &[(name, "")]);
    }
    let client = Client::new();
    let count = || {
        let folder = std::fs::read_dir(client.folder.path().join("git"))
            .expect("caches")
            .next();
        std::fs::read_dir(folder.expect("object").expect("entry").path())
            .expect("caches")
            .count()
    };
    assert_eq!(client.files(&server.url("one"), &branch("main")), ["one"]);
    assert_eq!(client.files(&server.url("two"), &branch("main")), ["two"]);
    assert_eq!(count(), 1, "that of the former address is gone");
    client.git.remove("ns/app").expect("removes");
    assert_eq!(
        std::fs::read_dir(client.folder.path().join("git"))
            .expect("caches")
            .count(),
        0
    );
    client.git.remove("ns/app").expect("a second time is fine");
}
