//! Submodules from real servers: files of other repositories, at the commits that the tree names.

mod support;

use std::collections::BTreeMap;

use rosin_source::git::{Budget, Contents, Credentials, GitError, Remote, RemoteUrl};
use support::{Client, Fault, Server, branch, chain};
use tokio_util::sync::CancellationToken;

fn remote(url: &str, secret: &[(&str, &str)]) -> Remote {
    let url = RemoteUrl::parse(url).expect("url");
    let secret: BTreeMap<_, _> = secret
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
        .collect();
    Remote {
        credentials: Credentials::from_secret(&url, &secret).expect("credentials"),
        url,
        proxy: None,
    }
}

/// The files of `main` with its submodules.
fn files(client: &Client, remote: &Remote) -> Result<BTreeMap<String, String>, GitError> {
    let budget = Budget::new(client.timeout, CancellationToken::new());
    let fetched = client
        .git
        .fetch(remote, &branch("main"), None, "ns/app", &budget)?;
    let rosin_source::git::Fetched::Checkout(mut checkout) = fetched else {
        panic!("nothing was known");
    };
    client
        .git
        .follow_submodules(&mut checkout, remote, &budget)?;
    let stored = client.write(&checkout, &Contents::default())?;
    let read = |path: &String| {
        let content = stored.tree.read(path).expect("a file");
        (path.clone(), String::from_utf8_lossy(&content).into_owned())
    };
    Ok(stored
        .tree
        .files("")
        .expect("root")
        .iter()
        .map(read)
        .collect())
}

fn module(path: &str, url: &str) -> String {
    format!("[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n")
}

#[test]
fn submodules_are_followed_at_their_commits() {
    // parity: SRC-GIT-027
    let server = Server::start();
    let deep = server.repository("deep");
    let deep_commit = deep.commit("main", "deep", &[("deep.yaml", "d: 1")]);
    let library = server.repository("lib");
    let of_library = module("inner/deep", "../deep.git");
    let old = library.commit(
        "main",
        "old",
        &[
            ("lib.yaml", "l: 1"),
            ("inner/deep@", &deep_commit),
            (".gitmodules", &of_library),
        ],
    );
    // The branch has moved on, and another one leads elsewhere.
    library.commit("main", "new", &[("lib.yaml", "l: 2")]);
    let app = server.repository("app");
    let of_app = module("libs/lib", &server.url("lib")) + &module("gone", "../gone.git");
    app.commit(
        "main",
        "app",
        &[
            ("app.yaml", "a: 1"),
            ("libs/lib@", &old),
            ("unnamed@", &old),
            (".gitmodules", &of_app),
        ],
    );
    let client = Client::new();
    let found = files(&client, &remote(&server.url("app"), &[])).expect("follows");
    let expected = [
        ("app.yaml", "a: 1"),
        ("libs/lib/inner/deep/deep.yaml", "d: 1"),
        ("libs/lib/lib.yaml", "l: 1"),
    ];
    let expected = expected.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(found, BTreeMap::from(expected));
    // Nothing is kept of those that only this fetch needed.
    let left = std::fs::read_dir(client.folder.path().join("git")).expect("the cache");
    let left = left.filter_map(Result::ok).filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("temporary-")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn credentials_go_to_no_other_server() {
    let (server, elsewhere) = (Server::start(), Server::start());
    let library = elsewhere.repository("lib");
    let commit = library.commit("main", "lib", &[("lib.yaml", "l: 1")]);
    let same = server.repository("same");
    let of_same = same.commit("main", "same", &[("same.yaml", "s: 1")]);
    let app = server.repository("app");
    let modules = module("lib", &elsewhere.url("lib")) + &module("same", "../same.git");
    app.commit(
        "main",
        "app",
        &[
            ("lib@", &commit),
            ("same@", &of_same),
            (".gitmodules", &modules),
        ],
    );
    let secret = [("username", "me"), ("password", "secret")];
    let client = Client::new();
    let found = files(&client, &remote(&server.url("app"), &secret)).expect("follows");
    assert_eq!(found.len(), 2, "{found:?}");
    let (here, there) = (server.requests(), elsewhere.requests());
    assert!(!here.is_empty() && here.iter().all(|(_, _, sent)| sent.is_some()));
    assert!(!there.is_empty() && there.iter().all(|(_, _, sent)| sent.is_none()));
}

#[test]
fn a_submodule_that_cannot_be_fetched_is_named() {
    let (server, elsewhere) = (Server::start(), Server::start());
    let commit = elsewhere
        .repository("lib")
        .commit("main", "lib", &[("lib.yaml", "l: 1")]);
    elsewhere.fail(Fault::Status(500));
    let app = server.repository("app");
    let modules = module("libs/lib", &elsewhere.url("lib"));
    app.commit(
        "main",
        "app",
        &[("libs/lib@", &commit), (".gitmodules", &modules)],
    );
    let error = files(&Client::new(), &remote(&server.url("app"), &[])).expect_err("fails");
    let text = chain(&error);
    assert!(
        text.starts_with("unable to fetch submodule 'libs/lib': unable to clone "),
        "{text}"
    );

    // One that is its own submodule, at an older commit each time, ends.
    let circle = server.repository("circle");
    let itself = module("again", "../circle.git");
    let mut last = circle.commit("main", "first", &[("a.yaml", "a: 1")]);
    for _ in 0..12 {
        last = circle.commit(
            "main",
            "next",
            &[("again@", &last), (".gitmodules", &itself)],
        );
    }
    let error = files(&Client::new(), &remote(&server.url("circle"), &[])).expect_err("ends");
    let text = chain(&error);
    assert!(text.contains("in each other without end"), "{text}");
}
