//! A real git server on loopback: `git http-backend` behind a few lines of HTTP, with switches for what servers do wrong.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by test binaries, each of which uses its part"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rosin_source::artifact::{Capacity, ObjectKey, Store, StoreError, Stored};
use rosin_source::git::{
    Budget, Checkout, Contents, Credentials, Fetched, Git, GitError, Reference, Remote, RemoteUrl,
};
use rosin_source::http::HttpClients;
use rosin_tree::Limits;
use tokio_util::sync::CancellationToken;

/// What the server does instead of its job.
#[derive(Clone, Default)]
pub enum Fault {
    #[default]
    None,
    Status(u16),
    /// Asks for this `Authorization` header.
    Auth(String),
    /// To this address, with the request's path and query.
    RedirectTo(String),
    /// The answer to the request for objects ends after so many bytes.
    CutPack(usize),
    /// Flips a bit at this place of the answer to the request for objects.
    FlipPack(usize),
    /// Accepts and never answers.
    Silence,
    /// A body of one's own for the list of references.
    List(Vec<u8>),
}

/// Method, path with query, and `Authorization` of a request.
pub type Seen = (String, String, Option<String>);

pub struct Server {
    pub root: tempfile::TempDir,
    pub address: String,
    pub fault: Arc<Mutex<Fault>>,
    /// All requests since they were asked for last.
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub fn start() -> Self {
        let root = tempfile::tempdir().expect("folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let address = format!("http://{}", listener.local_addr().expect("address"));
        let fault: Arc<Mutex<Fault>> = Arc::default();
        let seen: Arc<Mutex<Vec<_>>> = Arc::default();
        let (folder, faults, log) = (root.path().to_owned(), fault.clone(), seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (folder, faults, log) = (folder.clone(), faults.clone(), log.clone());
                std::thread::spawn(move || {
                    let _ = answer(stream, &folder, &faults, &log);
                });
            }
        });
        Self {
            root,
            address,
            fault,
            seen,
        }
    }

    pub fn fail(&self, fault: Fault) {
        *self.fault.lock().expect("lock") = fault;
    }

    pub fn requests(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().expect("lock"))
    }

    pub fn url(&self, repository: &str) -> String {
        format!("{}/{repository}.git", self.address)
    }

    pub fn repository(&self, name: &str) -> Repo {
        let path = self.root.path().join(format!("{name}.git"));
        run(
            self.root.path(),
            &[
                "init",
                "-q",
                "--bare",
                "-b",
                "main",
                path.to_str().expect("utf-8"),
            ],
        );
        Repo { path }
    }
}

/// A bare repository, written to with git's plumbing.
pub struct Repo {
    pub path: PathBuf,
}

impl Repo {
    /// Commits exactly these files (a name that ends in `*` is executable, one in `@` a submodule at that commit) on a branch and gives the hash.
    pub fn commit(&self, branch: &str, message: &str, files: &[(&str, &str)]) -> String {
        let parent = self.try_git(&[
            "rev-parse",
            "-q",
            "--verify",
            &format!("refs/heads/{branch}"),
        ]);
        self.commit_on(parent.as_deref(), branch, message, files)
    }

    pub fn commit_on(
        &self,
        parent: Option<&str>,
        branch: &str,
        message: &str,
        files: &[(&str, &str)],
    ) -> String {
        let index = self.path.join(format!("index-{}", std::process::id()));
        let _ = std::fs::remove_file(&index);
        for (name, content) in files {
            let blob = match name.ends_with('@') {
                true => (*content).to_owned(),
                false => self.pipe(&["hash-object", "-w", "--stdin"], content),
            };
            let (mode, name) = match (name.strip_suffix('*'), name.strip_suffix('@')) {
                (Some(name), _) => ("100755", name),
                (_, Some(name)) => ("160000", name),
                _ => ("100644", *name),
            };
            self.with_index(
                &index,
                &[
                    "update-index",
                    "--add",
                    "--cacheinfo",
                    &format!("{mode},{blob},{name}"),
                ],
            );
        }
        let tree = self.with_index(&index, &["write-tree"]);
        self.commit_tree(&tree, parent, branch, message)
    }

    pub fn commit_tree(
        &self,
        tree: &str,
        parent: Option<&str>,
        branch: &str,
        message: &str,
    ) -> String {
        let mut arguments = vec!["commit-tree", tree, "-m", message];
        if let Some(parent) = parent {
            arguments.extend(["-p", parent]);
        }
        let commit = self.git(&arguments);
        self.git(&["update-ref", &format!("refs/heads/{branch}"), &commit]);
        commit
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        run(&self.path, arguments)
    }

    fn with_index(&self, index: &Path, arguments: &[&str]) -> String {
        finish(
            command(&self.path, arguments).env("GIT_INDEX_FILE", index),
            "",
        )
    }

    pub fn try_git(&self, arguments: &[&str]) -> Option<String> {
        let output = command(&self.path, arguments).output().expect("git runs");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    pub fn pipe(&self, arguments: &[&str], input: &str) -> String {
        finish(&mut command(&self.path, arguments), input)
    }
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    finish(&mut command(folder, arguments), "")
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", "/nonexistent");
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "t")
            .env(format!("GIT_{role}_EMAIL"), "t@example.org");
        if std::env::var_os("GIT_COMMITTER_DATE").is_none() {
            command.env(format!("GIT_{role}_DATE"), "2026-01-01T00:00:00Z");
        }
    }
    command
}

fn finish(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(input.as_bytes())
        .expect("writes");
    let output = child.wait_with_output().expect("git ends");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn answer(
    stream: TcpStream,
    root: &Path,
    fault: &Mutex<Fault>,
    seen: &Mutex<Vec<Seen>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut words = first.split_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default().to_owned(),
    );
    let (mut length, mut kind, mut auth) = (0, String::new(), None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "content-type" => kind = value.to_owned(),
            "authorization" => auth = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    seen.lock()
        .expect("lock")
        .push((method.clone(), target.clone(), auth.clone()));

    let fault = fault.lock().expect("lock").clone();
    let is_pack = method == "POST";
    match &fault {
        Fault::Status(status) => {
            return respond(&stream, *status, "text/plain", "", b"server says no\n");
        }
        Fault::Auth(expected) if auth.as_ref() != Some(expected) => {
            return respond(&stream, 401, "text/plain", "", b"authentication required\n");
        }
        Fault::RedirectTo(base) => {
            return respond(
                &stream,
                302,
                "text/plain",
                &format!("Location: {base}{target}\r\n"),
                b"",
            );
        }
        Fault::Silence => {
            std::thread::sleep(Duration::from_secs(20));
            return Ok(());
        }
        Fault::List(list) if !is_pack => {
            return respond(
                &stream,
                200,
                "application/x-git-upload-pack-advertisement",
                "",
                list,
            );
        }
        _ => {}
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut backend = Command::new("git");
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path);
    backend
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &method)
        .env("CONTENT_TYPE", kind);
    backend
        .env("CONTENT_LENGTH", length.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = backend.spawn()?;
    child.stdin.take().expect("stdin").write_all(&body)?;
    let output = child.wait_with_output()?.stdout;
    let end = output
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or(0);
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
    };
    let status = header("Status:")
        .and_then(|status| status.split(' ').next()?.parse().ok())
        .unwrap_or(200);
    let kind = header("Content-Type:").unwrap_or_default();
    let mut content = output[end + 4..].to_vec();
    match fault {
        Fault::CutPack(at) if is_pack => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
                content.len()
            );
            content.truncate(at);
            (&stream).write_all(head.as_bytes())?;
            return (&stream).write_all(&content);
        }
        Fault::FlipPack(at) if is_pack && at < content.len() => content[at] ^= 1,
        _ => {}
    }
    respond(&stream, status, &kind, "", &content)
}

fn respond(
    mut stream: &TcpStream,
    status: u16,
    kind: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    )?;
    stream.write_all(body)
}

/// Everything that a fetch needs, in one temporary folder.
pub struct Client {
    pub folder: tempfile::TempDir,
    pub git: Git,
    pub store: Store,
    runtime: tokio::runtime::Runtime,
    pub timeout: Duration,
}

impl Client {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("runtime");
        let git = Git::new(
            folder.path().join("git"),
            Arc::new(HttpClients::new()),
            runtime.handle().clone(),
        );
        let store = store(folder.path());
        Self {
            folder,
            git,
            store,
            runtime,
            timeout: Duration::from_secs(30),
        }
    }

    pub fn fetch(
        &self,
        url: &str,
        reference: &Reference,
        known: Option<&str>,
    ) -> Result<Fetched, GitError> {
        self.fetch_with(url, &[], reference, known)
    }

    pub fn fetch_with(
        &self,
        url: &str,
        secret: &[(&str, &str)],
        reference: &Reference,
        known: Option<&str>,
    ) -> Result<Fetched, GitError> {
        let url = RemoteUrl::parse(url).expect("url");
        let secret = secret
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect();
        let credentials = Credentials::from_secret(&url, &secret).expect("credentials");
        let budget = Budget::new(self.timeout, CancellationToken::new());
        self.git.fetch(
            &Remote {
                url,
                credentials,
                proxy: None,
            },
            reference,
            known,
            "ns/app",
            &budget,
        )
    }

    pub fn checkout(&self, url: &str, reference: &Reference) -> Checkout {
        match self.fetch(url, reference, None) {
            Ok(Fetched::Checkout(checkout)) => checkout,
            Ok(Fetched::Unchanged(revision)) => panic!("unchanged {revision}"),
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    pub fn write(&self, checkout: &Checkout, contents: &Contents<'_>) -> Result<Stored, GitError> {
        let key = ObjectKey::new("GitRepository", "ns", "app").expect("key");
        let file = format!("{}.tar.gz", checkout.commit().hash);
        self.store.write(&key, &file, |into| {
            checkout.write(contents, self.store.limits(), into)
        })
    }

    /// The files that a reference gives, with nothing else said.
    pub fn files(&self, url: &str, reference: &Reference) -> Vec<String> {
        let stored = self
            .write(&self.checkout(url, reference), &Contents::default())
            .expect("writes");
        stored.tree.files("").expect("root")
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

pub fn store(folder: &Path) -> Store {
    store_within(folder, Limits::default()).expect("store")
}

pub fn store_within(folder: &Path, limits: Limits) -> Result<Store, StoreError> {
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).expect("folder");
    Store::new(&dir, limits, Capacity::default())
}

pub fn branch(name: &str) -> Reference {
    Reference::Branch(name.to_owned())
}

/// An error with its causes, as a condition shows it.
pub fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

pub fn message(result: Result<Fetched, GitError>) -> String {
    match result {
        Err(error) => chain(&error),
        Ok(Fetched::Unchanged(revision)) => panic!("unchanged {revision}"),
        Ok(Fetched::Checkout(checkout)) => panic!("fetched {}", checkout.revision()),
    }
}
