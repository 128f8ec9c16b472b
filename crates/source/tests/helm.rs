//! Helm repositories over HTTP, against a server that notes what it is asked, and the reading of a large index.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use rosin_source::artifact::{Capacity, ObjectKey, Store};
use rosin_source::helm::{Repository, RepositoryError, RepositoryOptions, index};
use rosin_source::http::HttpClients;

const LIMIT: u64 = 1 << 20;

fn store(folder: &tempfile::TempDir) -> Store {
    let folder =
        cap_std::fs::Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
    Store::new(&folder, rosin_tree::Limits::default(), Capacity::default()).unwrap()
}

type Seen = Arc<Mutex<Vec<(String, bool)>>>;

/// Notes path and query, and whether there were credentials.
async fn server(
    answer: impl Fn(&str) -> Response + Clone + Send + Sync + 'static,
) -> (String, Seen) {
    let seen = Seen::default();
    let notes = seen.clone();
    let app = Router::new().fallback(move |request: Request| {
        let path = request.uri().to_string();
        let authorized = request.headers().contains_key(header::AUTHORIZATION);
        notes.lock().unwrap().push((path.clone(), authorized));
        let answer = answer(&path);
        async move { answer }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, seen)
}

fn repository(url: &str, pass_credentials: bool) -> Repository {
    let options = RepositoryOptions {
        credentials: Some(("user".into(), "secret".into())),
        pass_credentials,
        timeout: Duration::from_secs(5),
        ..RepositoryOptions::default()
    };
    Repository::new(&HttpClients::new(), url, options).unwrap()
}

// parity: SRC-HREPO-005, SEC-OCI-09
#[tokio::test]
async fn credentials_stay_with_the_server_of_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let (elsewhere, others) = server(|_| "chart".into_response()).await;
    let target = format!("{elsewhere}/moved");
    let (own, notes) = server(move |path| match path {
        "/charts/moved.tgz?key=1" => Redirect::temporary(&target).into_response(),
        _ => "index".into_response(),
    })
    .await;
    let strict = repository(&format!("{own}/charts?key=1"), false);
    assert_eq!(strict.index(&store, LIMIT).await.unwrap().size, 5);
    strict.chart("app-1.tgz", &store, LIMIT).await.unwrap();
    strict.chart("moved.tgz", &store, LIMIT).await.unwrap();
    let foreign = format!("{elsewhere}/app.tgz");
    strict.chart(&foreign, &store, LIMIT).await.unwrap();
    repository(&own, true)
        .chart(&foreign, &store, LIMIT)
        .await
        .unwrap();
    let seen = |seen: &Seen| seen.lock().unwrap().clone();
    let own: Vec<_> = seen(&notes).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        own,
        [
            "/charts/index.yaml?key=1",
            "/charts/app-1.tgz?key=1",
            "/charts/moved.tgz?key=1"
        ]
    );
    assert!(seen(&notes).iter().all(|(_, authorized)| *authorized));
    let others: Vec<_> = seen(&others)
        .into_iter()
        .map(|(_, authorized)| authorized)
        .collect();
    assert_eq!(others, [false, false, true]);
}

// parity: SRC-HREPO-002, SRC-HREPO-011, SEC-OCI-09
#[tokio::test]
async fn what_a_server_sends_is_bounded_in_size_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let (address, _) = server(|path| match path {
        "/index.yaml" => vec![b'x'; 2 << 20].into_response(),
        _ => (StatusCode::NOT_FOUND, "secret detail").into_response(),
    })
    .await;
    let repository = repository(&address, false);
    let error = repository.index(&store, LIMIT).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "the index exceeds the maximum size of 1048576 bytes"
    );
    let error = repository
        .chart("none.tgz", &store, LIMIT)
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        format!("failed to fetch {address}/none.tgz : 404 Not Found")
    );
    let error = repository.chart("file:///etc/passwd", &store, LIMIT).await;
    assert!(matches!(error, Err(RepositoryError::Scheme(_))));
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = RepositoryOptions {
        timeout: Duration::from_millis(200),
        ..RepositoryOptions::default()
    };
    let url = format!("http://{}", silent.local_addr().unwrap());
    let silent = Repository::new(&HttpClients::new(), &url, options).unwrap();
    let error = silent.index(&store, LIMIT).await;
    assert!(matches!(error, Err(RepositoryError::Timeout { .. })));
}

/// An index as `helm repo index` writes it.
fn generated(charts: usize, versions: usize) -> String {
    let mut text = String::from("apiVersion: v1\nentries:\n");
    for chart in 0..charts {
        let _ = writeln!(text, "  chart-{chart:05}:");
        for version in 0..versions {
            let _ = write!(
                text,
                "  - annotations:\n      category: Database\n      licenses: Apache-2.0\n    apiVersion: v2\n    appVersion: 1.{version}.0\n    created: \"2024-01-01T00:00:00.123456789Z\"\n    dependencies:\n    - name: common\n      repository: oci://registry.example.com/charts\n      tags:\n      - common\n      version: 2.x.x\n    description: A chart of some length that says what it is for, as charts do.\n    digest: {digest:064x}\n    home: https://example.com\n    keywords:\n    - database\n    - sql\n    maintainers:\n    - name: Somebody\n      url: https://github.com/example/charts\n    name: chart-{chart:05}\n    sources:\n    - https://github.com/example/charts/tree/main/chart-{chart:05}\n    urls:\n    - https://charts.example.com/chart-{chart:05}-1.{version}.0.tgz\n    version: 1.{version}.0\n",
                digest = chart * 1000 + version
            );
        }
    }
    text.push_str("generated: \"2024-01-01T00:00:00Z\"\n");
    text
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

/// The figures of `docs/benchmarks.md`; run alone, since memory is that of the process.
#[test]
#[ignore = "a measurement"]
fn measure_an_index_of_100_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut blob = store.blob().unwrap();
    let mut size = 0;
    {
        let text = generated(1150, 100);
        size += text.len();
        blob.write_all(text.as_bytes()).unwrap();
    }
    blob.finish().unwrap();
    // What this test itself needed is no part of it.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak();
    let started = Instant::now();
    let key = ObjectKey::new("HelmRepository", "ns", "large").unwrap();
    let stored = index::store(&store, &key, "index-x.yaml", &blob).unwrap();
    let converted = started.elapsed();
    let started = Instant::now();
    let versions = index::find(&store, &stored.path, "chart-01149")
        .unwrap()
        .unwrap();
    let found = versions.choose("chart-01149", "1.x").unwrap();
    assert_eq!(found.version, "1.99.0");
    println!(
        "{} MB: stored in {converted:?}, resolved in {:?}, {} MiB more memory at most",
        size / 1_000_000,
        started.elapsed(),
        peak() - before
    );
}

// parity: SRC-HREPO-002
#[test]
fn a_large_index_is_read_chart_by_chart() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut blob = store.blob().unwrap();
    blob.write_all(generated(50, 20).as_bytes()).unwrap();
    blob.finish().unwrap();
    let key = ObjectKey::new("HelmRepository", "ns", "large").unwrap();
    let stored = index::store(&store, &key, "index-x.yaml", &blob).unwrap();
    let found = |name: &str| index::find(&store, &stored.path, name).unwrap();
    let versions = found("chart-00049").unwrap();
    assert_eq!(versions.0.len(), 20);
    assert_eq!(versions.0[0].version, "1.19.0");
    assert_eq!(found("chart-00050"), None);
}
