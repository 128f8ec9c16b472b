//! Clouds that take accounts of the cluster for their own: small servers here answer as the real ones do, and look at what they are asked.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::sync::Arc;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rosin_decrypt::{
    Account, DataKeyError, Endpoints, FileError, Format, Integrity, Keys, RemoteError, decrypt_file,
};
use serde_json::{Value, json};
use support::{Asked, DATA_KEY, Server, encrypted, remote};
use zeroize::Zeroizing;

/// An account with these annotations, whose tokens name their audience.
struct Reader(Vec<(&'static str, &'static str)>);

impl Account for Reader {
    fn token(&self, audience: &str) -> Result<Zeroizing<String>, RemoteError> {
        match self.0.is_empty() {
            true => Err(RemoteError(
                "serviceaccounts \"reader\" not found".to_owned(),
            )),
            false => Ok(Zeroizing::new(format!("token-for:{audience}"))),
        }
    }

    fn annotation(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    }

    fn session(&self) -> String {
        "apps.reader".to_owned()
    }
}

fn decrypt(
    file: &str,
    secret: &[(&str, &[u8])],
    account: Reader,
    endpoints: Endpoints,
) -> Result<Vec<u8>, FileError> {
    let keys = Keys::from_secret(secret.iter().copied())
        .unwrap()
        .with_remote(remote(), endpoints)
        .with_account(Arc::new(account));
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

// parity: KS-DEC-010, KS-DEC-012
#[test]
fn aws_gives_a_role_for_a_token_and_static_credentials_come_first() {
    let server = Server::start(|asked: &Asked| {
        if asked.header("x-amz-target") != "TrentService.Decrypt" {
            let text = asked.text();
            assert!(
                text.starts_with("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"),
                "{text}"
            );
            assert!(
                text.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fdecrypt")
                    && text.contains("RoleSessionName=apps.reader.eu-west-1.rosin")
                    && text.contains("WebIdentityToken=token-for%3Asts.amazonaws.com"),
                "{text}"
            );
            assert_eq!(asked.header("authorization"), "");
            return (200, Value::String(
                "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
                 <AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>of-role</SessionToken>\
                 </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>".to_owned(),
            ));
        }
        let signed = asked.header("authorization");
        let of_role = signed.contains("Credential=ASIA/")
            && asked.header("x-amz-security-token") == "of-role";
        assert!(of_role || signed.contains("Credential=AKIA/"), "{signed}");
        let key = if of_role { "role" } else { "static" };
        assert_eq!(asked.json()["EncryptionContext"], json!({ "by": key }));
        (200, json!({ "Plaintext": STANDARD.encode(DATA_KEY) }))
    });
    let endpoints = Endpoints {
        aws_kms: Some(server.address.clone()),
        aws_sts: Some(server.address.clone()),
        ..Endpoints::default()
    };
    let file = |by: &str| {
        encrypted(&json!({ "kms": [{
            "arn": "arn:aws:kms:eu-west-1:111122223333:key/1234", "role": "", "context": { "by": by },
            "created_at": "2026-01-01T00:00:00Z", "enc": STANDARD.encode("sealed"), "aws_profile": "",
        }] }))
    };
    let account = || {
        Reader(vec![(
            "eks.amazonaws.com/role-arn",
            "arn:aws:iam::1:role/decrypt",
        )])
    };
    opened(decrypt(&file("role"), &[], account(), endpoints.clone()));
    let fixed: &[u8] = b"aws_access_key_id: AKIA\naws_secret_access_key: wJalr\n";
    let secret = [("sops.aws-kms", fixed)];
    opened(decrypt(
        &file("static"),
        &secret,
        account(),
        endpoints.clone(),
    ));
    // What is missing is named.
    let without = Reader(vec![("other", "x")]);
    let text = told(decrypt(&file("role"), &[], without, endpoints.clone()));
    assert!(
        text.contains("has no annotation eks.amazonaws.com/role-arn"),
        "{text}"
    );
}

// parity: KS-DEC-010
#[test]
fn gcp_exchanges_a_token_and_may_impersonate() {
    let server = Server::start(|asked: &Asked| match asked.line.as_str() {
        "POST /v1/token HTTP/1.1" => {
            let text = asked.text();
            assert!(
                text.contains(
                    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
                ) && text.contains("audience=%2F%2Fiam.googleapis.com%2Fprojects%2F1")
                    && text.contains(
                        "subject_token=token-for%3A%2F%2Fiam.googleapis.com%2Fprojects%2F1"
                    ),
                "{text}"
            );
            (
                200,
                json!({ "access_token": "federated", "expires_in": 3600 }),
            )
        }
        "POST /v1/projects/-/serviceAccounts/sops%40p.iam.gserviceaccount.com:generateAccessToken HTTP/1.1" =>
        {
            assert_eq!(asked.header("authorization"), "Bearer federated");
            (200, json!({ "accessToken": "ya29" }))
        }
        "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1" => {
            assert_eq!(asked.header("metadata-flavor"), "Google");
            (200, json!({ "access_token": "machine" }))
        }
        line => {
            assert_eq!(
                line,
                "POST /v1/projects/p/locations/l/keyRings/r/cryptoKeys/k:decrypt HTTP/1.1"
            );
            let by = asked.header("authorization");
            let known = ["Bearer ya29", "Bearer federated", "Bearer machine"];
            assert!(known.contains(&by), "{by}");
            (200, json!({ "plaintext": STANDARD.encode(DATA_KEY) }))
        }
    });
    let at = || Some(server.address.clone());
    let endpoints = Endpoints {
        gcp_kms: at(),
        gcp_sts: at(),
        gcp_iam: at(),
        gcp_metadata: at(),
        ..Endpoints::default()
    };
    let file = encrypted(&json!({ "gcp_kms": [{
        "resource_id": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "created_at": "2026-01-01T00:00:00Z", "enc": "c2VhbGVk",
    }] }));
    let provider = (
        "gcp.auth.fluxcd.io/workload-identity-provider",
        "projects/1/locations/global/workloadIdentityPools/pool/providers/cluster",
    );
    let email = (
        "iam.gke.io/gcp-service-account",
        "sops@p.iam.gserviceaccount.com",
    );
    opened(decrypt(
        &file,
        &[],
        Reader(vec![provider, email]),
        endpoints.clone(),
    ));
    opened(decrypt(
        &file,
        &[],
        Reader(vec![provider]),
        endpoints.clone(),
    ));

    struct Machine;
    impl Account for Machine {
        fn token(&self, _: &str) -> Result<Zeroizing<String>, RemoteError> {
            panic!("the machine has a token of the cloud")
        }
        fn annotation(&self, _: &str) -> Option<String> {
            None
        }
        fn is_machine(&self) -> bool {
            true
        }
        fn session(&self) -> String {
            String::new()
        }
    }
    let keys = Keys::default()
        .with_remote(remote(), endpoints)
        .with_account(Arc::new(Machine));
    opened(decrypt_file(
        file.as_bytes(),
        Format::Json,
        Format::Json,
        &keys,
        Integrity::Verify,
    ));
}

// parity: KS-DEC-010
#[test]
fn azure_takes_a_token_for_an_application() {
    let server = Server::start(|asked: &Asked| {
        if asked.line == "POST /tenant-1/oauth2/v2.0/token HTTP/1.1" {
            let text = asked.text();
            assert!(
                text.contains("client_id=client-1")
                    && text.contains("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer")
                    && text.contains("client_assertion=token-for%3Aapi%3A%2F%2FAzureADTokenExchange")
                    && text.contains("scope=https%3A%2F%2Fvault.azure.net%2F.default"),
                "{text}"
            );
            return (200, json!({ "access_token": "eyJ" }));
        }
        assert_eq!(asked.header("authorization"), "Bearer eyJ");
        (200, json!({ "value": URL_SAFE_NO_PAD.encode(DATA_KEY) }))
    });
    let endpoints = Endpoints {
        azure_login: Some(server.address.clone()),
        azure_vault: Some(server.address.clone()),
        ..Endpoints::default()
    };
    let file = encrypted(&json!({ "azure_kv": [{
        "vault_url": "https://mine.vault.azure.net", "name": "sops", "version": "v1",
        "created_at": "2026-01-01T00:00:00Z", "enc": "c2VhbGVk",
    }] }));
    let account = Reader(vec![
        ("azure.workload.identity/tenant-id", "tenant-1"),
        ("azure.workload.identity/client-id", "client-1"),
    ]);
    opened(decrypt(&file, &[], account, endpoints.clone()));
    let text = told(decrypt(&file, &[], Reader(vec![]), endpoints));
    assert!(text.contains("azure.workload.identity/tenant-id"), "{text}");
}
