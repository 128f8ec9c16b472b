//! AWS KMS, with static credentials, and a role of the file where it names one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::{Map, Value as Json, json};
use zeroize::Zeroizing;

use super::{Endpoints, KeyError, annotation, sigv4::Signer, token_for, web};
use crate::{account::Account, remote::Remote};

const SERVICE: &str = "AWS KMS";
const TOKEN_SERVICE: &str = "AWS STS";
const FORM: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=utf-8",
);

pub(crate) struct Credentials {
    access_key: Zeroizing<String>,
    secret_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
}

impl Credentials {
    /// The YAML that Flux reads from `sops.aws-kms`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let fields = super::super::keys::flat_yaml(bytes)?;
        let field = |name| {
            fields
                .get(name)
                .filter(|text| !text.is_empty())
                .map(|text| Zeroizing::new(text.to_string()))
        };
        let needed = |name: &'static str| field(name).ok_or_else(|| format!("it has no '{name}'"));
        Ok(Self {
            access_key: needed("aws_access_key_id")?,
            secret_key: needed("aws_secret_access_key")?,
            session_token: field("aws_session_token"),
        })
    }

    /// The role that an account may take on, for some minutes.
    pub(crate) fn of_account(
        remote: &dyn Remote,
        account: &dyn Account,
        endpoints: &Endpoints,
        arn: &str,
    ) -> Result<Self, KeyError> {
        let place = Place::of(arn)?;
        let role = annotation(account, "eks.amazonaws.com/role-arn")?;
        let token = token_for(account, "sts.amazonaws.com")?;
        // Names of sessions end at 64 characters.
        let session: String = format!("{}.{}.rosin", account.session(), place.region);
        let uri = place.server("sts", endpoints.aws_sts.as_ref()) + "/";
        let body = web::form(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &role),
            ("RoleSessionName", &session[..session.len().min(64)]),
            ("WebIdentityToken", &token),
        ]);
        // The token is the proof; such a request is not signed.
        let answer = web::send(
            remote,
            TOKEN_SERVICE,
            web::request(Method::POST, &uri, &[FORM], body)?,
        )?;
        Self::of_session(&answer)
    }

    fn of_session(answer: &[u8]) -> Result<Self, KeyError> {
        let text = |element| {
            web::xml_text(answer, element)
                .map(Zeroizing::new)
                .ok_or(KeyError::Answer(TOKEN_SERVICE))
        };
        Ok(Self {
            access_key: text("AccessKeyId")?,
            secret_key: text("SecretAccessKey")?,
            session_token: Some(text("SessionToken")?),
        })
    }

    fn signer<'a>(&'a self, region: &'a str, service: &'a str) -> Signer<'a> {
        Signer {
            access_key: &self.access_key,
            secret_key: &self.secret_key,
            session_token: self.session_token.as_ref().map(|token| token.as_str()),
            region,
            service,
        }
    }
}

/// The key's place, from its ARN.
struct Place<'a> {
    region: &'a str,
    /// `amazonaws.com`, or that of another partition.
    domain: &'static str,
}

impl<'a> Place<'a> {
    fn of(arn: &'a str) -> Result<Self, KeyError> {
        let wrong = || KeyError::Address(web::shown(arn));
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "kms", region, account, resource] = parts[..] else {
            return Err(wrong());
        };
        let label = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let is_key = ["key/", "alias/"]
            .iter()
            .any(|kind| resource.len() > kind.len() && resource.starts_with(kind));
        // The region becomes part of a host name.
        if !partition.starts_with("aws")
            || !label(partition)
            || !label(region)
            || account.is_empty()
            || !is_key
        {
            return Err(wrong());
        }
        let domain = match partition {
            "aws-cn" => "amazonaws.com.cn",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        Ok(Self { region, domain })
    }

    fn server(&self, service: &str, instead: Option<&String>) -> String {
        instead
            .cloned()
            .unwrap_or_else(|| format!("https://{service}.{}.{}", self.region, self.domain))
    }
}

pub(crate) fn decrypt(
    remote: &dyn Remote,
    credentials: &Credentials,
    endpoints: &Endpoints,
    (arn, role, context): (&str, &str, &[(String, String)]),
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let place = Place::of(arn)?;
    let encrypted = STANDARD
        .decode(encrypted)
        .map_err(|_| KeyError::Malformed("it is not base64".to_owned()))?;
    let assumed;
    let credentials = if role.is_empty() {
        credentials
    } else {
        assumed = assume(remote, credentials, &place, endpoints, role)?;
        &assumed
    };
    let mut body = json!({ "KeyId": arn, "CiphertextBlob": STANDARD.encode(encrypted) });
    if !context.is_empty() {
        let context: Map<String, Json> = context
            .iter()
            .map(|(k, v)| (k.clone(), v.clone().into()))
            .collect();
        body["EncryptionContext"] = Json::Object(context);
    }
    let uri = place.server("kms", endpoints.aws_kms.as_ref()) + "/";
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.Decrypt"),
    ];
    let mut request = web::request(Method::POST, &uri, &headers, body.to_string().into_bytes())?;
    credentials
        .signer(place.region, "kms")
        .sign(&mut request, remote.now())?;
    let answer = web::send_json(remote, SERVICE, request)?;
    answer["Plaintext"]
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok())
        .map(Zeroizing::new)
        .ok_or(KeyError::Answer(SERVICE))
}

fn assume(
    remote: &dyn Remote,
    credentials: &Credentials,
    place: &Place<'_>,
    endpoints: &Endpoints,
    role: &str,
) -> Result<Credentials, KeyError> {
    let uri = place.server("sts", endpoints.aws_sts.as_ref()) + "/";
    let body = web::form(&[
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "sops@rosin"),
    ]);
    let mut request = web::request(Method::POST, &uri, &[FORM], body)?;
    credentials
        .signer(place.region, "sts")
        .sign(&mut request, remote.now())?;
    let answer = web::send(remote, TOKEN_SERVICE, request)?;
    Credentials::of_session(&answer)
}
