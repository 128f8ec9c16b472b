//! GCP KMS, with the key of a service account.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use regex::Regex;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Endpoints, KeyError, annotation, jwt, token_for, web};
use crate::{account::Account, remote::Remote};

const SERVICE: &str = "GCP KMS";
const SCOPE: &str =
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/cloudkms";
const TOKENS: &str = "Google's token service";
/// Annotations of an account: the provider that trusts the cluster, and the service account to be.
const PROVIDER: &str = "gcp.auth.fluxcd.io/workload-identity-provider";
const EMAIL: &str = "iam.gke.io/gcp-service-account";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A credentials file of Google. Other kinds than these two lead to places of the file's choice, and are refused.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Credentials {
    ServiceAccount {
        client_email: String,
        #[serde(deserialize_with = "secret")]
        private_key: Zeroizing<String>,
        #[serde(default)]
        private_key_id: String,
        #[serde(default = "token_uri")]
        token_uri: String,
    },
    AuthorizedUser {
        client_id: String,
        #[serde(deserialize_with = "secret")]
        client_secret: Zeroizing<String>,
        #[serde(deserialize_with = "secret")]
        refresh_token: Zeroizing<String>,
    },
    /// Of an account of the cluster; no file has it.
    #[serde(skip)]
    Token(Zeroizing<String>),
}

fn secret<'de, D: Deserializer<'de>>(reader: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(reader).map(Zeroizing::new)
}

fn token_uri() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

impl Credentials {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        // serde quotes what it did not expect.
        serde_json::from_slice(bytes)
            .map_err(|_| "it is not the credentials file of a service account or a user".to_owned())
    }

    /// The token of a cloud that trusts the cluster's tokens; of a service account there where an annotation names one.
    pub(crate) fn of_account(
        remote: &dyn Remote,
        account: &dyn Account,
        endpoints: &Endpoints,
    ) -> Result<Self, KeyError> {
        if account.is_machine() && account.annotation(PROVIDER).is_none() {
            return Self::of_machine(remote, endpoints);
        }
        let provider = annotation(account, PROVIDER)?;
        let audience = format!("//iam.googleapis.com/{provider}");
        let subject = token_for(account, &audience)?;
        let server = |given: &Option<String>, usual: &str| {
            given.clone().unwrap_or_else(|| format!("https://{usual}"))
        };
        let uri = server(&endpoints.gcp_sts, "sts.googleapis.com") + "/v1/token";
        let body = web::form(&[
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("audience", &audience),
            ("scope", "https://www.googleapis.com/auth/cloud-platform"),
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
            ("subject_token", &subject),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ]);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let request = web::request(Method::POST, &uri, &headers, body)?;
        let answer = web::send_json(remote, TOKENS, request)?;
        let token = secret_text(&answer["access_token"])?;
        let Some(email) = account.annotation(EMAIL).filter(|email| !email.is_empty()) else {
            return Ok(Self::Token(token));
        };
        let uri = format!(
            "{}/v1/projects/-/serviceAccounts/{}:generateAccessToken",
            server(&endpoints.gcp_iam, "iamcredentials.googleapis.com"),
            web::escaped(&email, false)
        );
        let authorization = Zeroizing::new(format!("Bearer {}", token.as_str()));
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        let body = json!({ "scope": SCOPE.split(' ').collect::<Vec<_>>(), "lifetime": "3600s" });
        let body = body.to_string().into_bytes();
        let request = web::request(Method::POST, &uri, &headers, body)?;
        let answer = web::send_json(remote, "Google's IAM service", request)?;
        secret_text(&answer["accessToken"]).map(Self::Token)
    }

    /// Who a pod of Google's own clusters is.
    fn of_machine(remote: &dyn Remote, endpoints: &Endpoints) -> Result<Self, KeyError> {
        let server = endpoints
            .gcp_metadata
            .as_deref()
            .unwrap_or("http://metadata.google.internal");
        let uri = format!("{server}/computeMetadata/v1/instance/service-accounts/default/token");
        let headers = [("metadata-flavor", "Google")];
        let request = web::request(Method::GET, &uri, &headers, Vec::new())?;
        let answer = web::send_json(remote, "Google's metadata service", request)?;
        secret_text(&answer["access_token"]).map(Self::Token)
    }

    fn token(&self, remote: &dyn Remote) -> Result<Zeroizing<String>, KeyError> {
        let default = token_uri();
        let (uri, body) = match self {
            Self::Token(token) => return Ok(token.clone()),
            Self::ServiceAccount {
                client_email,
                private_key,
                private_key_id,
                token_uri,
            } => {
                let useless =
                    || KeyError::Credentials("the private key is not an RSA key in PEM".to_owned());
                let now = remote.now().as_second();
                let claims = json!({
                    "iss": client_email, "scope": SCOPE, "aud": token_uri, "iat": now, "exp": now + 3600,
                });
                let header = json!({ "alg": "RS256", "typ": "JWT", "kid": private_key_id });
                let key = jwt::rsa_key(private_key).ok_or_else(useless)?;
                let assertion = jwt::sign(&header, &claims, &key).ok_or_else(useless)?;
                (
                    token_uri,
                    web::form(&[("grant_type", GRANT), ("assertion", &assertion)]),
                )
            }
            Self::AuthorizedUser {
                client_id,
                client_secret,
                refresh_token,
            } => {
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("client_id", client_id),
                    ("client_secret", client_secret),
                    ("refresh_token", refresh_token),
                ];
                (&default, web::form(&fields))
            }
        };
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let request = web::request(Method::POST, uri, &headers, body)?;
        let answer = web::send_json(remote, TOKENS, request)?;
        secret_text(&answer["access_token"])
    }
}

fn secret_text(token: &serde_json::Value) -> Result<Zeroizing<String>, KeyError> {
    token
        .as_str()
        .map(|token| Zeroizing::new(token.to_owned()))
        .ok_or(KeyError::Answer(TOKENS))
}

pub(crate) fn decrypt(
    remote: &dyn Remote,
    credentials: &Credentials,
    endpoints: &Endpoints,
    resource: &str,
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let shape =
        Regex::new(r"^projects/[^/?#]+/locations/[^/?#]+/keyRings/[^/?#]+/cryptoKeys/[^/?#]+$");
    if !shape.is_ok_and(|shape| shape.is_match(resource)) {
        return Err(KeyError::Address(web::shown(resource)));
    }
    let token = credentials.token(remote)?;
    let server = endpoints
        .gcp_kms
        .as_deref()
        .unwrap_or("https://cloudkms.googleapis.com");
    let uri = format!("{server}/v1/{}:decrypt", web::escaped(resource, true));
    let authorization = Zeroizing::new(format!("Bearer {}", token.as_str()));
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "ciphertext": encrypted }).to_string().into_bytes();
    let answer = web::send_json(
        remote,
        SERVICE,
        web::request(Method::POST, &uri, &headers, body)?,
    )?;
    answer["plaintext"]
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok())
        .map(Zeroizing::new)
        .ok_or(KeyError::Answer(SERVICE))
}
