//! Azure Key Vault, with a service principal (secret or certificate) or the machine's managed identity.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use ring::digest;
use serde_json::json;
use zeroize::Zeroizing;

use super::{Endpoints, KeyError, annotation, jwt, token_for, web};
use crate::{account::Account, keys::flat_yaml, remote::Remote};

const SERVICE: &str = "Azure Key Vault";
const LOGIN: &str = "Azure's token service";
const AUTHORITY: &str = "https://login.microsoftonline.com";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Clouds by the domain of their vaults; a token is only sent to a vault of the cloud that it was made for.
const CLOUDS: [&str; 6] = [
    "vault.azure.net",
    "vault.azure.cn",
    "vault.usgovcloudapi.net",
    "vault.microsoftazure.de",
    "managedhsm.azure.net",
    "managedhsm.usgovcloudapi.net",
];

pub(crate) enum Credentials {
    Principal {
        tenant: String,
        client: String,
        proof: Proof,
        authority: String,
    },
    Managed {
        client: String,
    },
}

pub(crate) enum Proof {
    Secret(Zeroizing<String>),
    Certificate {
        pem: Zeroizing<String>,
        send_chain: bool,
    },
    /// A token of an account of the cluster, which the tenant trusts.
    Token(Zeroizing<String>),
}

impl Credentials {
    /// The application that an account of the cluster stands for.
    pub(crate) fn of_account(account: &dyn Account) -> Result<Self, KeyError> {
        Ok(Self::Principal {
            tenant: annotation(account, "azure.workload.identity/tenant-id")?,
            client: annotation(account, "azure.workload.identity/client-id")?,
            proof: Proof::Token(token_for(account, "api://AzureADTokenExchange")?),
            authority: AUTHORITY.to_owned(),
        })
    }

    /// JSON or YAML, as Flux reads it from `sops.azure-kv`; Windows tools write it in UTF-16.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let fields = flat_yaml(bytes)?;
        let field = |name: &str| {
            fields
                .get(name)
                .filter(|text| !text.is_empty())
                .map(|text| text.to_string())
        };
        let authority = field("authorityHost").unwrap_or_else(|| AUTHORITY.to_owned());
        let principal = |tenant, client, proof| Self::Principal {
            tenant,
            client,
            proof,
            authority: authority.trim_end_matches('/').to_owned(),
        };
        if let (Some(tenant), Some(client)) = (field("tenantId"), field("clientId")) {
            if let Some(secret) = field("clientSecret") {
                return Ok(principal(
                    tenant,
                    client,
                    Proof::Secret(Zeroizing::new(secret)),
                ));
            }
            if let Some(pem) = field("clientCertificate") {
                if field("clientCertificatePassword").is_some() {
                    return Err("certificates behind a password are not supported".to_owned());
                }
                let proof = Proof::Certificate {
                    pem: Zeroizing::new(pem),
                    send_chain: field("clientCertificateSendChain").as_deref() == Some("true"),
                };
                return Ok(principal(tenant, client, proof));
            }
        }
        match (field("tenant"), field("appId"), field("password"), field("clientId")) {
            (Some(tenant), Some(client), Some(secret), _) => {
                Ok(principal(tenant, client, Proof::Secret(Zeroizing::new(secret))))
            }
            (.., Some(client)) => Ok(Self::Managed { client }),
            _ => Err("it needs 'clientId' alone, or with 'tenantId' and one of 'clientSecret' and 'clientCertificate'".to_owned()),
        }
    }

    fn token(
        &self,
        remote: &dyn Remote,
        endpoints: &Endpoints,
        resource: &str,
    ) -> Result<Zeroizing<String>, KeyError> {
        let request = match self {
            Self::Managed { client } => {
                let server = endpoints
                    .azure_identity
                    .as_deref()
                    .unwrap_or("http://169.254.169.254");
                let uri = format!(
                    "{server}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}&client_id={}",
                    web::escaped(resource, false),
                    web::escaped(client, false)
                );
                web::request(Method::GET, &uri, &[("metadata", "true")], Vec::new())?
            }
            Self::Principal {
                tenant,
                client,
                proof,
                authority,
            } => {
                let server = endpoints.azure_login.as_ref().unwrap_or(authority);
                let uri = format!("{server}/{}/oauth2/v2.0/token", web::escaped(tenant, false));
                let scope = format!("{resource}/.default");
                let mut fields = vec![
                    ("grant_type", "client_credentials"),
                    ("client_id", client.as_str()),
                    ("scope", scope.as_str()),
                ];
                let assertion;
                match proof {
                    Proof::Secret(secret) => fields.push(("client_secret", secret.as_str())),
                    Proof::Token(token) => {
                        fields.push(("client_assertion_type", ASSERTION));
                        fields.push(("client_assertion", token.as_str()));
                    }
                    Proof::Certificate { pem, send_chain } => {
                        let audience = format!("{authority}/{tenant}/oauth2/v2.0/token");
                        assertion = self::assertion(pem, *send_chain, client, &audience, remote)?;
                        fields.push(("client_assertion_type", ASSERTION));
                        fields.push(("client_assertion", assertion.as_str()));
                    }
                }
                let headers = [("content-type", "application/x-www-form-urlencoded")];
                web::request(Method::POST, &uri, &headers, web::form(&fields))?
            }
        };
        let answer = web::send_json(remote, LOGIN, request)?;
        let token = answer["access_token"].as_str();
        token
            .map(|token| Zeroizing::new(token.to_owned()))
            .ok_or(KeyError::Answer(LOGIN))
    }
}

fn assertion(
    pem: &str,
    send_chain: bool,
    client: &str,
    audience: &str,
    remote: &dyn Remote,
) -> Result<Zeroizing<String>, KeyError> {
    use base64::engine::general_purpose::STANDARD;
    let useless = || {
        KeyError::Credentials(
            "the certificate is not PEM with a certificate and an RSA key".to_owned(),
        )
    };
    let certificate = jwt::pem_block(pem, "CERTIFICATE").ok_or_else(useless)?;
    let key = jwt::rsa_key(pem).ok_or_else(useless)?;
    let print = |algorithm| URL_SAFE_NO_PAD.encode(digest::digest(algorithm, &certificate));
    let mut header = json!({
        "alg": "RS256", "typ": "JWT",
        "x5t": print(&digest::SHA1_FOR_LEGACY_USE_ONLY), "x5t#S256": print(&digest::SHA256),
    });
    if send_chain {
        header["x5c"] = json!([STANDARD.encode(certificate.as_slice())]);
    }
    let now = remote.now().as_second();
    // An identifier that no two assertions of an hour share.
    let id = hex::encode(digest::digest(
        &digest::SHA256,
        format!("{client}{audience}{}", remote.now()).as_bytes(),
    ));
    let claims = json!({
        "aud": audience, "iss": client, "sub": client, "jti": &id[..32], "nbf": now, "iat": now, "exp": now + 600,
    });
    jwt::sign(&header, &claims, &key)
        .map(Zeroizing::new)
        .ok_or_else(useless)
}

pub(crate) fn decrypt(
    remote: &dyn Remote,
    credentials: &Credentials,
    endpoints: &Endpoints,
    (url, name, version): (&str, &str, &str),
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let host = web::host(url)?;
    let cloud = CLOUDS
        .iter()
        .find(|cloud| {
            host.strip_suffix(**cloud)
                .is_some_and(|vault| vault.len() > 1 && vault.ends_with('.'))
        })
        .filter(|_| url.starts_with("https://"))
        .ok_or_else(|| KeyError::Server(web::shown(&host)))?;
    let sealed = URL_SAFE_NO_PAD
        .decode(encrypted)
        .map_err(|_| KeyError::Malformed("it is not base64".to_owned()))?;
    let token = credentials.token(remote, endpoints, &format!("https://{cloud}"))?;
    let server = endpoints
        .azure_vault
        .clone()
        .unwrap_or_else(|| format!("https://{host}"));
    let path = format!(
        "keys/{}/{}/decrypt",
        web::escaped(name, false),
        web::escaped(version, false)
    );
    let uri = format!("{server}/{}?api-version=7.4", path.replace("//", "/"));
    let authorization = Zeroizing::new(format!("Bearer {}", token.as_str()));
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "alg": "RSA-OAEP-256", "value": URL_SAFE_NO_PAD.encode(sealed) });
    let answer = web::send_json(
        remote,
        SERVICE,
        web::request(Method::POST, &uri, &headers, body.to_string().into_bytes())?,
    )?;
    answer["value"]
        .as_str()
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .map(Zeroizing::new)
        .ok_or(KeyError::Answer(SERVICE))
}
