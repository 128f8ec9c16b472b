//! Secrets that are encrypted in git, through the whole program: keys of Secrets, and key services that small servers here stand for.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Json;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::paths;
use serde_json::{Value, json};

use crate::case::{Case, folder};
use crate::shard;

const MARKER: &str = "p1aintext-marker";

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    Ok(String::from_utf8(output.stdout)?)
}

/// An age identity and its recipient.
fn age_key() -> Result<(String, String)> {
    let identity = run(&mut Command::new(paths::tool("age-keygen")?))?;
    let recipient = identity
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .context("age-keygen says its public key")?;
    Ok((identity.clone(), recipient.to_owned()))
}

/// Encrypts a file of the repository in place, as people do.
fn encrypt(file: &Path, arguments: &[&str]) -> Result<()> {
    let mut sops = Command::new(paths::tool("sops")?);
    sops.arg("encrypt")
        .arg("--in-place")
        .args(arguments)
        .arg(file);
    run(&mut sops).map(drop)
}

fn secret(case: &Case, name: &str, entries: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": name, "namespace": case.namespace }, "stringData": entries,
    })
}

/// A value of a live Secret.
async fn value(case: &Case, name: &str, key: &str) -> Result<String> {
    let object = Ref::new("v1", "Secret", &case.namespace, name);
    let object = case.api.read(&object).await?;
    let text = object["data"][key].as_str().unwrap_or_default();
    Ok(String::from_utf8(BASE64_STANDARD.decode(text)?)?)
}

/// A Secret with a placeholder, and a file for a generator, both encrypted.
fn write(case: &Case, arguments: &[&str]) -> Result<()> {
    let files = [
        (
            "app/secret.yaml",
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: whole\nstringData:\n  key: {MARKER}-${{value}}\n"
            ),
        ),
        ("app/app.env", format!("KEY={MARKER}-env\n")),
    ];
    for (path, text) in &files {
        case.repository.write(path, text)?;
    }
    let of_secrets = [&["--encrypted-regex", "^(data|stringData)$"], arguments].concat();
    encrypt(&case.repository.work().join("app/secret.yaml"), &of_secrets)?;
    encrypt(&case.repository.work().join("app/app.env"), arguments)?;
    let kustomization = "resources: [secret.yaml]\nsecretGenerator:\n- name: made\n  envs: [app.env]\n\
                         generatorOptions: {disableNameSuffixHash: true}\n";
    case.repository
        .write("app/kustomization.yaml", kustomization)
}

async fn check(case: &Case) -> Result<()> {
    // Decrypted before the build, and after it, and substituted then.
    ensure!(value(case, "made", "KEY").await? == format!("{MARKER}-env"));
    ensure!(value(case, "whole", "key").await? == format!("{MARKER}-5"));
    Ok(())
}

fn spec(decryption: Value) -> Value {
    json!({
        "decryption": decryption, "retryInterval": "1s",
        "postBuild": { "substitute": { "value": "5" } },
    })
}

/// No file below a folder has the marker.
fn has_no_marker(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            has_no_marker(&entry.path())?;
        } else {
            let bytes = std::fs::read(entry.path())?;
            let found = bytes
                .windows(MARKER.len())
                .any(|part| part == MARKER.as_bytes());
            ensure!(!found, "{} has decrypted text", entry.path().display());
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_key_in_a_secret_opens_what_git_has() -> Result<()> {
    // parity: KS-BUILD-010, KS-DEC-001, KS-DEC-002, KS-RENDER-005
    let case = Case::new("sops").await?;
    let (identity, recipient) = age_key()?;
    write(&case, &["--age", &recipient])?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let given = json!({ "provider": "sops", "secretRef": { "name": "keys" } });
    let app = case.add_kustomization("app", "./app", spec(given)).await?;
    case.fails(&app, "BuildFailed", "keys").await?;
    let (stranger, _) = age_key()?;
    case.api
        .apply(&secret(&case, "keys", json!({ "other.agekey": stranger })))
        .await?;
    let failed = case.fails(&app, "BuildFailed", "decrypt").await?;
    ensure!(
        !failed.message.contains("AGE-SECRET-KEY"),
        "{}",
        failed.message
    );
    // Entries of other names are not looked at.
    let entries = json!({ "other.agekey": stranger, "mine.agekey": identity, "README": "no key" });
    case.api.apply(&secret(&case, "keys", entries)).await?;
    case.ready(&app, &commit).await?;
    check(&case).await?;
    let log = {
        let controller = case.shared.controller.lock();
        let controller = controller.map_err(|_| anyhow::anyhow!("another test failed"))?;
        controller.log().to_owned()
    };
    has_no_marker(log.parent().context("a log is in a folder")?)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_key_of_the_controller_opens_for_those_who_ask() -> Result<()> {
    // parity: KS-DEC-013
    let case = Case::new("sops-global").await?;
    let (identity, recipient) = age_key()?;
    write(&case, &["--age", &recipient])?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let _controller =
        shard::start(&case, "sops-global", &["--sops-age-secret=sops-shared"]).await?;
    let app = shard::add(
        &case,
        "sops-global",
        "app",
        spec(json!({ "provider": "sops" })),
    )
    .await?;
    case.fails(&app, "BuildFailed", "sops-shared").await?;
    let mut shared = secret(&case, "sops-shared", json!({ "shared.agekey": identity }));
    shared["metadata"]["namespace"] = "flux-system".into();
    case.api.apply(&shared).await?;
    case.ready(&app, &commit).await?;
    check(&case).await?;
    // Who names a Secret of his own gets nothing of it.
    case.api
        .apply(&secret(&case, "empty", json!({ "a": "b" })))
        .await?;
    let own = json!({ "provider": "sops", "secretRef": { "name": "empty" } });
    let app = shard::add(&case, "sops-global", "own", spec(own)).await?;
    case.fails(&app, "BuildFailed", "decrypt").await.map(drop)
}

/// What a key service was asked: the path, the headers that say who asks, and the body.
type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

/// Vault's transit engine, AWS' KMS and its token service, on one port. What they encrypt is only encoded.
async fn services() -> Result<(SocketAddr, Asked)> {
    async fn answer(
        State(asked): State<Asked>,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> (axum::http::HeaderMap, String) {
        let header = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let text = String::from_utf8_lossy(&body).into_owned();
        let by = format!("{}{}", header("x-vault-token"), header("authorization"));
        if let Ok(mut asked) = asked.lock() {
            asked.push((uri.path().to_owned(), by, text.clone()));
        }
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let of = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let answer = match uri.path() {
            path if path.contains("/encrypt/") => {
                let sealed = format!("vault:v1:{}", of("plaintext"));
                json!({ "data": { "ciphertext": sealed } }).to_string()
            }
            path if path.contains("/decrypt/") => {
                let plain = of("ciphertext").replace("vault:v1:", "");
                json!({ "data": { "plaintext": plain } }).to_string()
            }
            _ if header("x-amz-target") == "TrentService.Decrypt" => {
                json!({ "Plaintext": of("CiphertextBlob"), "KeyId": of("KeyId") }).to_string()
            }
            _ if text.starts_with("Action=AssumeRoleWithWebIdentity") => {
                "<R><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>of-role</SessionToken></Credentials></R>"
                    .to_owned()
            }
            _ => Json(json!({ "data": {} })).0.to_string(),
        };
        (HeaderMap::new(), answer)
    }
    let asked = Asked::default();
    let router = Router::new().fallback(answer).with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, asked))
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn key_services_are_asked_by_the_program() -> Result<()> {
    // parity: KS-DEC-005, KS-DEC-010
    let case = Case::new("sops-services").await?;
    let (address, asked) = services().await?;
    let work = case.repository.work().join("app/secret.yaml");
    let plain = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: whole\nstringData:\n  key: {MARKER}-${{value}}\n"
    );
    case.repository.write("app/secret.yaml", &plain)?;
    let uri = format!("http://{address}/v1/sops/keys/mine");
    let sealed = tokio::task::spawn_blocking(move || {
        let mut sops = Command::new(paths::tool("sops")?);
        sops.args(["encrypt", "--encrypted-regex", "^(data|stringData)$"])
            .args(["--output-type", "yaml", "--hc-vault-transit", &uri])
            .arg(work)
            .env("VAULT_TOKEN", "hvs.people")
            .env("VAULT_ADDR", format!("http://{address}"));
        run(&mut sops)
    });
    let sealed = sealed.await??;
    case.repository.write("app/secret.yaml", &sealed)?;
    let first = case.push("vault").await?;
    case.add_source().await?;
    let endpoint = format!("--sops-key-service=aws-kms=http://{address},aws-sts=http://{address}");
    let gate = "--feature-gates=ObjectLevelWorkloadIdentity=true";
    let controller = shard::start(&case, "sops-services", &[&endpoint, gate]).await?;
    let token = secret(
        &case,
        "keys",
        json!({ "sops.vault-token": "hvs.controller\n" }),
    );
    case.api.apply(&token).await?;
    let given = json!({ "provider": "sops", "secretRef": { "name": "keys" } });
    let app = shard::add(&case, "sops-services", "app", spec(given)).await?;
    case.ready(&app, &first).await?;
    ensure!(value(&case, "whole", "key").await? == format!("{MARKER}-5"));
    let by = |token: &str, part: &str| {
        let asked = asked.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        let found = asked.iter().any(|(path, by, text)| {
            by.contains(token) && (path.contains(part) || text.contains(part))
        });
        anyhow::Ok(found)
    };
    ensure!(
        by("hvs.controller", "/v1/sops/decrypt/mine")?,
        "Vault was not asked"
    );

    // The same data key behind AWS' KMS, asked as an account of the cluster that may take on a role.
    let mut file: Value = serde_yaml::from_str(&sealed)?;
    let enc = file["sops"]["hc_vault"][0]["enc"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    file["sops"]["hc_vault"] = json!([]);
    file["sops"]["kms"] = json!([{
        "arn": "arn:aws:kms:eu-west-1:111122223333:key/1234", "created_at": "2026-01-01T00:00:00Z",
        "enc": enc.replace("vault:v1:", ""), "aws_profile": "",
    }]);
    case.repository
        .write("app/secret.yaml", &serde_yaml::to_string(&file)?)?;
    let second = case.push("aws").await?;
    let as_account =
        json!({ "spec": { "decryption": { "secretRef": null, "serviceAccountName": "reader" } } });
    case.api.merge(&app, &as_account, "test").await?;
    case.fails(&app, "BuildFailed", "failed to get service account")
        .await?;
    let annotations =
        json!({ "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/sops" });
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": "reader", "namespace": case.namespace, "annotations": annotations },
    });
    case.api.apply(&account).await?;
    case.ready(&app, &second).await?;
    ensure!(value(&case, "whole", "key").await? == format!("{MARKER}-5"));
    ensure!(by("", "role%2Fsops")?, "no role was asked for");
    ensure!(
        by("Credential=ASIAROLE/", "CiphertextBlob")?,
        "KMS was not asked in the role"
    );
    drop(controller);
    has_no_marker(&folder("sops-services"))
}
