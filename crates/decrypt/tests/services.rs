//! Key services, spoken to over HTTP: small servers here answer as the real ones do, and look at what they are asked.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rosin_decrypt::{DataKeyError, Endpoints, FileError, Format, Integrity, Keys, decrypt_file};
use serde_json::{Value, json};
use support::{Asked, DATA_KEY, Server, encrypted, remote};

fn decrypt(file: &str, entry: (&str, &[u8]), endpoints: Endpoints) -> Result<Vec<u8>, FileError> {
    let keys = Keys::from_secret([entry])
        .unwrap()
        .with_remote(remote(), endpoints);
    decrypt_file(
        file.as_bytes(),
        Format::Json,
        Format::Json,
        &keys,
        Integrity::Verify,
    )
}

#[track_caller]
fn opened(result: Result<Vec<u8>, FileError>) {
    let plain: Value = serde_json::from_slice(&result.unwrap()).unwrap();
    assert_eq!(plain, json!({ "a": "b" }));
}

#[track_caller]
fn told(result: Result<Vec<u8>, FileError>) -> String {
    match result.unwrap_err() {
        FileError::DataKey(error @ DataKeyError::Groups { .. }) => error.to_string(),
        other => panic!("{other}"),
    }
}

// parity: KS-DEC-005
#[test]
fn vault_decrypts_with_its_transit_engine() {
    let server = Server::start(|asked: &Asked| {
        assert_eq!(asked.line, "PUT /v1/ns/sops/decrypt/my%20key HTTP/1.1");
        if asked.header("x-vault-token") != "hvs.token" {
            return (403, json!({ "errors": ["permission denied"] }));
        }
        assert_eq!(asked.json(), json!({ "ciphertext": "vault:v1:abc" }));
        (
            200,
            json!({ "data": { "plaintext": STANDARD.encode(DATA_KEY) } }),
        )
    });
    let file = encrypted(&json!({ "hc_vault": [{
        "vault_address": server.address, "engine_path": "ns/sops", "key_name": "my key",
        "created_at": "2026-01-01T00:00:00Z", "enc": "vault:v1:abc",
    }] }));
    opened(decrypt(
        &file,
        ("sops.vault-token", b" hvs.token\n"),
        Endpoints::default(),
    ));
    let text = told(decrypt(
        &file,
        ("sops.vault-token", b"other-s3cret"),
        Endpoints::default(),
    ));
    assert!(
        text.contains("Vault answered 403: permission denied"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
    let text = told(decrypt(&file, ("unrelated", b""), Endpoints::default()));
    assert!(text.contains("no Vault token was given"), "{text}");
}

// parity: KS-DEC-007
#[test]
fn aws_decrypts_what_is_signed() {
    let server = Server::start(|asked: &Asked| {
        assert_eq!(asked.line, "POST / HTTP/1.1");
        let authorization = asked.header("authorization");
        if asked.header("x-amz-target") != "TrentService.Decrypt" {
            assert!(
                authorization.contains("/eu-west-1/sts/aws4_request"),
                "{authorization}"
            );
            assert!(
                asked
                    .text()
                    .contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"),
                "{}",
                asked.text()
            );
            return (200, Value::String(
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>\
                 <SecretAccessKey>s</SecretAccessKey><SessionToken>of-role</SessionToken>\
                 </Credentials></AssumeRoleResult></AssumeRoleResponse>".to_owned(),
            ));
        }
        assert_eq!(asked.header("content-type"), "application/x-amz-json-1.1");
        assert!(
            authorization.contains(
                "/eu-west-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date"
            ),
            "{authorization}"
        );
        match asked.header("x-amz-security-token") {
            "of-secret" => assert!(
                authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIA/"),
                "{authorization}"
            ),
            "of-role" => assert!(
                authorization.starts_with("AWS4-HMAC-SHA256 Credential=ASIA/"),
                "{authorization}"
            ),
            other => panic!("{other}"),
        }
        if asked.json()["EncryptionContext"] != json!({ "app": "web" }) {
            return (400, json!({ "__type": "InvalidCiphertextException" }));
        }
        assert_eq!(asked.json()["CiphertextBlob"], STANDARD.encode("sealed"));
        (
            200,
            json!({ "Plaintext": STANDARD.encode(DATA_KEY), "KeyId": asked.json()["KeyId"] }),
        )
    });
    let endpoints = Endpoints {
        aws_kms: Some(server.address.clone()),
        aws_sts: Some(server.address.clone()),
        ..Endpoints::default()
    };
    let secret =
        b"aws_access_key_id: AKIA\naws_secret_access_key: wJalr\naws_session_token: of-secret\n";
    let file = |arn: &str, role: &str, app: &str| {
        encrypted(&json!({ "kms": [{
        "arn": arn, "role": role, "context": { "app": app }, "created_at": "2026-01-01T00:00:00Z",
        "enc": STANDARD.encode("sealed"), "aws_profile": "",
    }] }))
    };
    let arn = "arn:aws:kms:eu-west-1:111122223333:key/1234";
    let ask = |file: &str| decrypt(file, ("sops.aws-kms", secret), endpoints.clone());
    opened(ask(&file(arn, "", "web")));
    opened(ask(&file(arn, "arn:aws:iam::1:role/r", "web")));
    let text = told(ask(&file(arn, "", "other")));
    assert!(
        text.contains("AWS KMS answered 400: InvalidCiphertextException"),
        "{text}"
    );
    for hostile in [
        "arn:aws:kms:evil.example/#:1:key/1",
        "arn:aws:kms:eu@evil:1:key/1",
        "arn:aws:s3:eu-west-1:1:key/1",
    ] {
        let text = told(ask(&file(hostile, "", "web")));
        assert!(text.contains("is not an address of such a key"), "{text}");
    }
}

// parity: KS-DEC-009
#[test]
fn gcp_decrypts_with_the_token_of_a_service_account() {
    let server = Server::start(|asked: &Asked| {
        if asked.line == "POST /token HTTP/1.1" {
            let text = asked.text();
            let assertion = text.split("assertion=").nth(1).unwrap();
            let parts: Vec<Value> = assertion
                .split('.')
                .take(2)
                .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
                .collect();
            assert_eq!(parts[0]["alg"], "RS256");
            assert_eq!(parts[1]["iss"], "sops@project.iam");
            support::check_signature(assertion);
            return (200, json!({ "access_token": "ya29", "expires_in": 3599 }));
        }
        assert_eq!(
            asked.line,
            "POST /v1/projects/p/locations/l/keyRings/r/cryptoKeys/k:decrypt HTTP/1.1"
        );
        assert_eq!(asked.header("authorization"), "Bearer ya29");
        assert_eq!(asked.json(), json!({ "ciphertext": "c2VhbGVk" }));
        (200, json!({ "plaintext": STANDARD.encode(DATA_KEY) }))
    });
    let endpoints = Endpoints {
        gcp_kms: Some(server.address.clone()),
        ..Endpoints::default()
    };
    let file = |resource: &str| {
        encrypted(&json!({ "gcp_kms": [{
        "resource_id": resource, "created_at": "2026-01-01T00:00:00Z", "enc": "c2VhbGVk",
    }] }))
    };
    let secret = json!({
        "type": "service_account", "client_email": "sops@project.iam", "private_key_id": "1",
        "private_key": support::RSA_KEY, "token_uri": format!("{}/token", server.address),
    })
    .to_string();
    let ask = |resource: &str| {
        decrypt(
            &file(resource),
            ("sops.gcp-kms", secret.as_bytes()),
            endpoints.clone(),
        )
    };
    opened(ask("projects/p/locations/l/keyRings/r/cryptoKeys/k"));
    let text = told(ask("projects/p/locations/l/keyRings/r/cryptoKeys/k?alt=x"));
    assert!(text.contains("is not an address of such a key"), "{text}");
}

// parity: KS-DEC-008
#[test]
fn azure_decrypts_for_principals_and_managed_identities() {
    let server = Server::start(|asked: &Asked| {
        if asked.line.contains("/oauth2/v2.0/token") {
            assert!(asked.line.starts_with("POST /tenant/"), "{}", asked.line);
            let text = asked.text();
            assert!(
                text.contains("scope=https%3A%2F%2Fvault.azure.net%2F.default"),
                "{text}"
            );
            let proven = text.contains("client_secret=p%26w") || text.contains("client_assertion=");
            if let Some(assertion) = text.split("client_assertion=").nth(1) {
                support::check_signature(assertion);
            }
            return match proven {
                true => (200, json!({ "access_token": "eyJ" })),
                false => (
                    401,
                    json!({ "error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret" }),
                ),
            };
        }
        if asked.line.starts_with("GET /metadata/identity") {
            assert_eq!(asked.header("metadata"), "true");
            assert!(asked.line.contains("client_id=managed"), "{}", asked.line);
            return (200, json!({ "access_token": "eyJ" }));
        }
        assert_eq!(
            asked.line,
            "POST /keys/sops/v1/decrypt?api-version=7.4 HTTP/1.1"
        );
        assert_eq!(asked.header("authorization"), "Bearer eyJ");
        assert_eq!(
            asked.json(),
            json!({ "alg": "RSA-OAEP-256", "value": "c2VhbGVk" })
        );
        (
            200,
            json!({ "kid": "x", "value": URL_SAFE_NO_PAD.encode(DATA_KEY) }),
        )
    });
    let endpoints = Endpoints {
        azure_login: Some(server.address.clone()),
        azure_identity: Some(server.address.clone()),
        azure_vault: Some(server.address.clone()),
        ..Endpoints::default()
    };
    let file = |url: &str| {
        encrypted(&json!({ "azure_kv": [{
        "vault_url": url, "name": "sops", "version": "v1", "created_at": "2026-01-01T00:00:00Z", "enc": "c2VhbGVk",
    }] }))
    };
    let ask = |url: &str, secret: &str| {
        decrypt(
            &file(url),
            ("sops.azure-kv", secret.as_bytes()),
            endpoints.clone(),
        )
    };
    let vault = "https://mine.vault.azure.net";
    opened(ask(
        vault,
        "tenantId: tenant\nclientId: c\nclientSecret: p&w\n",
    ));
    opened(ask(
        vault,
        r#"{"tenant": "tenant", "appId": "c", "password": "p&w"}"#,
    ));
    opened(ask(vault, "clientId: managed\n"));
    let certificate = json!({ "tenantId": "tenant", "clientId": "c", "clientCertificate": support::CERTIFICATE_AND_KEY });
    opened(ask(vault, &certificate.to_string()));
    let text = told(ask(
        vault,
        "tenantId: tenant\nclientId: c\nclientSecret: wrong-s3cret\n",
    ));
    assert!(
        text.contains("AADSTS7000215") && !text.contains("s3cret"),
        "{text}"
    );
    // A token never goes to a server that is no vault of the cloud that it was made for.
    for hostile in [
        "https://vault.azure.net.evil.example",
        "http://mine.vault.azure.net",
        "https://evil.example/vault.azure.net",
        "https://x@mine.vault.azure.net",
    ] {
        assert!(
            decrypt(
                &file(hostile),
                ("sops.azure-kv", b"clientId: managed"),
                endpoints.clone()
            )
            .is_err(),
            "{hostile}"
        );
    }
}

#[test]
fn a_service_is_asked_once_for_a_key() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let server = Server::start(move |_: &Asked| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        (
            200,
            json!({ "data": { "plaintext": STANDARD.encode(DATA_KEY) } }),
        )
    });
    let file = encrypted(
        &json!({ "hc_vault": [{ "vault_address": server.address, "engine_path": "sops", "key_name": "k", "enc": "v" }] }),
    );
    let keys = Keys::from_secret([("sops.vault-token", &b"t"[..])])
        .unwrap()
        .with_remote(remote(), Endpoints::default());
    for _ in 0..5 {
        decrypt_file(
            file.as_bytes(),
            Format::Json,
            Format::Json,
            &keys,
            Integrity::Verify,
        )
        .unwrap();
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}
