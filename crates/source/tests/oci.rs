//! Registries, honest and other: resolving, logging in, pulling, storing, verifying.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rosin_source::artifact::{Capacity, ObjectKey, Store, StoredFile};
use rosin_source::http::HttpClients;
use rosin_source::oci::signature::PublicKey;
use rosin_source::oci::{Credentials, OciError, Reference, Registry, RegistryOptions, Repository};
use rosin_tree::Limits;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";

#[derive(Default)]
struct Contents {
    /// Answers by path below the repository: media type and body.
    files: HashMap<String, (String, Vec<u8>)>,
    tags: Vec<String>,
    /// Paths that lead elsewhere.
    moved: HashMap<String, String>,
    /// `user:password` that the token service wants.
    login: Option<String>,
    /// What was asked, with the kind of credentials that came along.
    asked: Vec<String>,
}

#[derive(Clone)]
struct Server {
    contents: Arc<Mutex<Contents>>,
    port: u16,
}

impl Server {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("binds");
        let port = listener.local_addr().expect("address").port();
        let server = Self {
            contents: Arc::default(),
            port,
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn put(&self, path: &str, media_type: &str, body: impl Into<Vec<u8>>) {
        let file = (media_type.to_owned(), body.into());
        self.contents
            .lock()
            .expect("lock")
            .files
            .insert(path.to_owned(), file);
    }

    fn blob(&self, content: &[u8]) -> Value {
        let digest = digest(content);
        self.put(
            &format!("blobs/{digest}"),
            "application/octet-stream",
            content,
        );
        json!({ "mediaType": LAYER, "digest": digest, "size": content.len() })
    }

    fn manifest(&self, tag: &str, manifest: &Value) -> String {
        let body = manifest.to_string().into_bytes();
        let digest = digest(&body);
        self.put(&format!("manifests/{digest}"), MANIFEST, body.clone());
        self.put(&format!("manifests/{tag}"), MANIFEST, body);
        self.contents
            .lock()
            .expect("lock")
            .tags
            .push(tag.to_owned());
        digest
    }

    fn artifact(&self, tag: &str, layers: &[Value]) -> String {
        let annotations = json!({ "org.opencontainers.image.revision": "main@sha1:abc" });
        self.manifest(
            tag,
            &json!({ "schemaVersion": 2, "layers": layers, "annotations": annotations }),
        )
    }

    fn asked(&self) -> Vec<String> {
        self.contents.lock().expect("lock").asked.clone()
    }

    fn registry(&self, credentials: Credentials) -> Registry {
        let repository =
            Repository::parse(&format!("oci://127.0.0.1:{}/org/app", self.port)).expect("valid");
        let options = RegistryOptions {
            credentials,
            timeout: Duration::from_secs(5),
            ..RegistryOptions::default()
        };
        Registry::new(&HttpClients::new(), repository, options).expect("client")
    }

    async fn resolve(&self, reference: Reference) -> Result<String, OciError> {
        let registry = self.registry(Credentials::Anonymous);
        let tag = reference.tag(&registry, None).await?;
        reference
            .resolve(&registry, tag)
            .await
            .map(|resolved| resolved.revision())
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let reply = |status: u16| Response::builder().status(status);
    let (path, query) = (
        request.uri().path().to_owned(),
        request.uri().query().unwrap_or_default().to_owned(),
    );
    let authorization = request
        .headers()
        .get("authorization")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let kind = authorization.split(' ').next().unwrap_or_default();
    let mut contents = server.contents.lock().expect("lock");
    contents
        .asked
        .push(format!("{} {path} {kind}", request.method()));
    let error = |status, code| {
        reply(status).body(Body::from(
            json!({ "errors": [{ "code": code, "message": "no" }] }).to_string(),
        ))
    };
    if path == "/token" {
        let wanted = contents
            .login
            .as_ref()
            .map(|login| format!("Basic {}", BASE64_STANDARD.encode(login)));
        assert!(
            query.contains("scope=repository%3Aorg%2Fapp%3Apull"),
            "{query}"
        );
        return if wanted.as_deref() == Some(authorization) {
            reply(200)
                .body(Body::from(r#"{"token": "t"}"#))
                .expect("reply")
        } else {
            error(401, "DENIED").expect("reply")
        };
    }
    if contents.login.is_some() && authorization != "Bearer t" {
        let challenge = format!(
            "Bearer realm=\"http://127.0.0.1:{}/token\",service=\"s\"",
            server.port
        );
        return reply(401)
            .header("www-authenticate", challenge)
            .body(Body::empty())
            .expect("reply");
    }
    let path = path.strip_prefix("/v2/org/app/").unwrap_or(&path);
    if let Some(to) = contents.moved.get(path) {
        return reply(307)
            .header("location", to)
            .body(Body::empty())
            .expect("reply");
    }
    if path == "tags/list" {
        // Two a page, as a registry with many tags would.
        let from: usize = query
            .split("from=")
            .nth(1)
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let page: Vec<_> = contents.tags.iter().skip(from).take(2).collect();
        let mut builder = reply(200);
        if from + 2 < contents.tags.len() {
            builder = builder.header(
                "link",
                format!("</v2/org/app/tags/list?from={}>; rel=\"next\"", from + 2),
            );
        }
        return builder
            .body(Body::from(json!({ "tags": page }).to_string()))
            .expect("reply");
    }
    match contents.files.get(path) {
        Some((media_type, body)) => {
            let builder = reply(200)
                .header("content-type", media_type)
                .header("docker-content-digest", digest(body));
            builder.body(Body::from(body.clone())).expect("reply")
        }
        None => error(404, "MANIFEST_UNKNOWN").expect("reply"),
    }
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_bytes())
            .expect("packs");
    }
    tar.into_inner().expect("tar").finish().expect("gzip")
}

struct Storage {
    store: Store,
    folder: tempfile::TempDir,
}

impl Storage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("opens");
        let store = Store::new(&dir, Limits::default(), Capacity::default()).expect("store");
        Self { store, folder }
    }

    fn key() -> ObjectKey {
        ObjectKey::new("OCIRepository", "ns", "app").expect("valid")
    }

    fn read(&self, stored: &StoredFile) -> BTreeMap<String, String> {
        let tree = self.store.tree(&stored.path, &stored.digest).expect("tree");
        let files = tree.files("").expect("files").into_iter();
        files
            .map(|path| {
                (
                    path.clone(),
                    String::from_utf8(tree.read(&path).expect("reads")).expect("text"),
                )
            })
            .collect()
    }
}

fn tag(tag: &str) -> Reference {
    Reference::choose(None, None, None, Some(tag))
}

#[tokio::test]
async fn references_resolve_to_revisions() {
    // parity: SRC-OCI-002, SRC-OCI-003, SRC-OCI-004
    let server = Server::start().await;
    let one = server.artifact("1.0.0", &[json!({ "digest": digest(b"1") })]);
    let two = server.artifact("1.2.0", &[json!({ "digest": digest(b"2") })]);
    let rc = server.artifact("1.3.0-rc.1", &[json!({ "digest": digest(b"3") })]);
    let semver = |range, filter| Reference::choose(None, Some(range), filter, Some("ignored"));
    let ok = |reference| async { server.resolve(reference).await.expect("resolves") };
    assert_eq!(ok(tag("1.0.0")).await, format!("1.0.0@{one}"));
    assert_eq!(ok(semver("1.x", None)).await, format!("1.2.0@{two}"));
    assert_eq!(
        ok(semver(">=1.0.0-0", Some("-rc"))).await,
        format!("1.3.0-rc.1@{rc}")
    );
    assert_eq!(
        ok(Reference::choose(Some(&one), Some("1.x"), None, None)).await,
        one
    );
    let error = server.resolve(tag("v9")).await.expect_err("unknown");
    let url = format!("http://127.0.0.1:{}/v2/org/app/manifests/v9", server.port);
    assert_eq!(
        error.to_string(),
        format!("GET {url}: MANIFEST_UNKNOWN: no")
    );
    let error = server.resolve(semver("5.x", None)).await.expect_err("none");
    assert_eq!(error.to_string(), "no match found for semver: 5.x");
}

#[tokio::test]
async fn layers_are_repacked_or_copied() {
    // parity: SRC-OCI-005, SRC-OCI-007, SRC-OCI-008, SRC-OCI-009
    let server = Server::start().await;
    let files = [
        ("./a.yaml", "a"),
        ("docs/b.md", "b"),
        ("docs/c.txt", "c"),
        (".git/config", "g"),
        ("x.jpg", "x"),
    ];
    let packed = archive(&files);
    let digest = server.artifact("v1", &[server.blob(&packed)]);
    let (registry, storage) = (server.registry(Credentials::Anonymous), Storage::new());
    let manifest = registry.manifest(&digest).await.expect("manifest");
    assert_eq!(
        manifest.annotations["org.opencontainers.image.revision"],
        "main@sha1:abc"
    );
    let blob = registry
        .layer(manifest.layer(None).expect("layer"), &storage.store)
        .await
        .expect("layer");
    let (key, file) = (Storage::key(), format!("{digest}.tar.gz"));

    let stored = storage
        .store
        .repack(&key, &file, &blob, None)
        .expect("stores");
    assert_eq!(stored.path, format!("ocirepository/ns/app/{digest}.tar.gz"));
    let names: Vec<String> = storage.read(&stored).into_keys().collect();
    assert_eq!(names, ["a.yaml", "docs/b.md", "docs/c.txt"]);
    let ignoring = storage
        .store
        .repack(&key, &file, &blob, Some("*.md"))
        .expect("stores");
    let names: Vec<String> = storage.read(&ignoring).into_keys().collect();
    assert_eq!(names, ["a.yaml", "docs/c.txt", "x.jpg"]);

    let copied = storage.store.copy(&key, &file, &blob).expect("stores");
    assert_eq!(copied.digest.to_string(), self::digest(&packed));
    assert_eq!(copied.size, packed.len() as u64);
    let link = storage
        .store
        .link(&key, "latest.tar.gz", &file)
        .expect("links");
    let link = std::fs::read(storage.folder.path().join("artifacts").join(link))
        .expect("leads to the file");
    assert_eq!(link, packed);
}

#[tokio::test]
async fn a_registry_that_sends_something_else_is_not_believed() {
    let server = Server::start().await;
    let (registry, storage) = (server.registry(Credentials::Anonymous), Storage::new());
    let good = archive(&[("a", "a")]);
    let layer = server.blob(&good);
    let path = format!("blobs/{}", layer["digest"].as_str().expect("digest"));
    let manifest = server.artifact("v1", &[layer]);
    let manifest = registry.manifest(&manifest).await.expect("manifest");
    let pull = async || {
        registry
            .layer(manifest.layer(None).expect("layer"), &storage.store)
            .await
            .map(drop)
    };

    pull().await.expect("honest");
    let mut other = good.clone();
    other.pop();
    server.put(&path, LAYER, other);
    assert!(matches!(pull().await, Err(OciError::Digest { .. })));
    // More than the manifest announces is not read to its end.
    server.put(&path, LAYER, [good.as_slice(), &[0; 4096]].concat());
    assert!(matches!(pull().await, Err(OciError::Layer(_))));
    assert_eq!(
        std::fs::read_dir(storage.folder.path().join("staging"))
            .expect("reads")
            .count(),
        0
    );

    let lie = digest(b"lie");
    server.put(
        &format!("manifests/{lie}"),
        MANIFEST,
        br#"{"schemaVersion": 2, "layers": []}"#,
    );
    assert!(matches!(
        registry.manifest(&lie).await,
        Err(OciError::Digest { .. })
    ));
    server.put("manifests/huge", MANIFEST, vec![b' '; 5 << 20]);
    server
        .contents
        .lock()
        .expect("lock")
        .moved
        .insert("manifests/loop".into(), "/v2/org/app/manifests/loop".into());
    assert!(server.resolve(tag("loop")).await.is_err());
}

#[tokio::test]
async fn an_archive_that_leads_out_is_refused() {
    let (server, storage) = (Server::start().await, Storage::new());
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..7].copy_from_slice(b"../evil");
    header.set_size(1);
    header.set_cksum();
    tar.append(&header, &b"x"[..]).expect("packs");
    let packed = tar.into_inner().expect("tar").finish().expect("gzip");
    let digest = server.artifact("v1", &[server.blob(&packed)]);
    let registry = server.registry(Credentials::Anonymous);
    let manifest = registry.manifest(&digest).await.expect("manifest");
    let blob = registry
        .layer(manifest.layer(None).expect("layer"), &storage.store)
        .await
        .expect("layer");
    assert!(
        storage
            .store
            .repack(&Storage::key(), "x.tar.gz", &blob, None)
            .is_err()
    );
    let mut empty = storage.store.blob().expect("blob");
    empty.write_all(b"no gzip").expect("writes");
    empty.finish().expect("finishes");
    assert!(
        storage
            .store
            .repack(&Storage::key(), "x.tar.gz", &empty, None)
            .is_err()
    );
}

#[tokio::test]
async fn credentials_go_to_the_registry_and_nowhere_else() {
    // parity: SRC-OCI-012
    let (server, elsewhere) = (Server::start().await, Server::start().await);
    let packed = archive(&[("a", "a")]);
    let layer = server.blob(&packed);
    let path = format!("blobs/{}", layer["digest"].as_str().expect("digest"));
    let digest = server.artifact("v1", &[layer]);
    elsewhere.put("/blob", LAYER, packed);
    {
        let mut contents = server.contents.lock().expect("lock");
        contents.login = Some("user:secret".into());
        contents
            .moved
            .insert(path, format!("http://127.0.0.1:{}/blob", elsewhere.port));
    }
    let config = format!(
        r#"{{"auths": {{"127.0.0.1:{}": {{"username": "user", "password": "secret"}}}}}}"#,
        server.port
    );
    let repository =
        Repository::parse(&format!("oci://127.0.0.1:{}/org/app", server.port)).expect("valid");
    let credentials =
        Credentials::from_docker_configs([config.as_bytes()], &repository).expect("valid");
    let (registry, storage) = (server.registry(credentials), Storage::new());
    let manifest = registry.manifest(&digest).await.expect("logs in");
    registry
        .layer(manifest.layer(None).expect("layer"), &storage.store)
        .await
        .expect("follows");
    assert_eq!(elsewhere.asked(), ["GET /blob "]);
    let basic: Vec<String> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.ends_with("Basic"))
        .collect();
    assert_eq!(basic, ["GET /token Basic"]);

    let anonymous = server
        .registry(Credentials::Anonymous)
        .manifest(&digest)
        .await;
    let error = anonymous.expect_err("refused").to_string();
    assert!(error.ends_with("/token: DENIED: no"), "{error}");
}

struct Signer {
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("key");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random)
                .expect("key");
        Self { pair }
    }

    fn public(&self) -> PublicKey {
        let prefix =
            hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").expect("hex");
        let der = [prefix.as_slice(), self.pair.public_key().as_ref()].concat();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BASE64_STANDARD.encode(der)
        );
        PublicKey::from_pem(pem.as_bytes()).expect("key")
    }

    fn sign(&self, message: &[u8]) -> String {
        BASE64_STANDARD.encode(
            self.pair
                .sign(&SystemRandom::new(), message)
                .expect("signs"),
        )
    }

    /// As version 2 puts it: a tag beside the artifact.
    fn tag(&self, server: &Server, signed: &str, names: &str) {
        let payload = json!({ "critical": { "identity": {}, "image": { "docker-manifest-digest": names }, "type": "cosign container image signature" } });
        let payload = payload.to_string().into_bytes();
        let mut layer = server.blob(&payload);
        layer["annotations"] = json!({ "dev.cosignproject.cosign/signature": self.sign(&payload) });
        let tag = format!("{}.sig", signed.replace(':', "-"));
        server.manifest(&tag, &json!({ "schemaVersion": 2, "layers": [layer] }));
    }

    /// As version 3 puts it: a bundle that refers to the artifact.
    fn bundle(&self, server: &Server, signed: &str, predicate: &str) {
        let hex = signed.trim_start_matches("sha256:");
        let statement = json!({ "_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "subject": [{ "digest": { "sha256": hex } }] });
        let statement = statement.to_string();
        let kind = "application/vnd.in-toto+json";
        let message = format!(
            "DSSEv1 {} {kind} {} {statement}",
            kind.len(),
            statement.len()
        );
        let bundle = json!({ "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {
            "payload": BASE64_STANDARD.encode(&statement), "payloadType": kind, "signatures": [{ "sig": self.sign(message.as_bytes()) }] } });
        let layer = server.blob(bundle.to_string().as_bytes());
        let manifest = server.manifest("bundle", &json!({ "schemaVersion": 2, "layers": [layer] }));
        let index = json!({ "schemaVersion": 2, "manifests": [{ "mediaType": MANIFEST, "digest": manifest, "size": 1,
            "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json" }] });
        server.put(&format!("referrers/{signed}"), INDEX, index.to_string());
    }
}

#[tokio::test]
async fn signatures_count_when_key_and_digest_are_right() {
    let server = Server::start().await;
    let (ours, other) = (Signer::new(), Signer::new());
    let (first, second) = (server.artifact("v1", &[]), digest(b"another manifest"));
    let registry = server.registry(Credentials::Anonymous);
    let signed = async |digest: &str, by: &[&Signer]| {
        let keys: Vec<PublicKey> = by.iter().map(|signer| signer.public()).collect();
        registry.is_signed(digest, &keys).await.expect("asks")
    };
    assert!(!signed(&first, &[&ours]).await, "nobody signed it");

    ours.tag(&server, &first, &first);
    assert!(signed(&first, &[&other, &ours]).await);
    assert!(!signed(&first, &[&other]).await);
    assert!(!signed(&first, &[]).await);
    // A signature of one artifact that was put beside another.
    ours.tag(&server, &second, &first);
    assert!(!signed(&second, &[&ours]).await);

    ours.bundle(&server, &second, "https://sigstore.dev/cosign/sign/v1");
    assert!(signed(&second, &[&ours]).await);
    assert!(!signed(&second, &[&other]).await);
    // Our list of what is in it is no signature of it.
    ours.bundle(&server, &second, "https://spdx.dev/Document");
    assert!(!signed(&second, &[&ours]).await);
}

#[test]
fn keys_are_pem_of_a_known_kind() {
    for bad in [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "key",
    ] {
        assert!(PublicKey::from_pem(bad.as_bytes()).is_err(), "{bad}");
    }
}
