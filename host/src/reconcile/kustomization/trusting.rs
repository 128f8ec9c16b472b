//! Clusters that trust this one: from `spec.kubeConfig.configMapRef` to a kubeconfig with a token of an account of ours.
//!
//! The provider `generic` needs nothing but such a token. Those of clouds look the cluster up and speak to their own token services;
//! that is not done here, and said so.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use rosin_api::LocalObjectReference;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{accounts::Tokens, error::Error};
use crate::{cluster::Session, config::Config, controller::Key};

/// The token that Kubernetes gives a pod, which says as whom it runs.
const OWN_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// What the ConfigMap says.
#[derive(Debug, PartialEq)]
struct Server {
    address: String,
    ca: Option<String>,
    account: Option<String>,
    audiences: Vec<String>,
}

impl Server {
    fn of(map: &Value) -> Result<Self, String> {
        let data = |key: &str| map.pointer("/data")?.get(key)?.as_str();
        match data("provider").unwrap_or_default() {
            "generic" => {}
            cloud @ ("aws" | "azure" | "gcp") => {
                return Err(format!(
                    "provider '{cloud}' of spec.kubeConfig.configMapRef is not supported yet; the provider 'generic', with 'address' \
                     and 'ca.crt', works where the cluster trusts this one's tokens, and so does a kubeconfig in a Secret"
                ));
            }
            other => return Err(format!("provider '{other}' not implemented")),
        }
        let given = data("address").unwrap_or_default();
        if given.is_empty() {
            return Err("cluster address is required to create a REST config".to_owned());
        }
        let lines = data("audiences").unwrap_or_default().lines();
        let mut audiences: Vec<String> = lines
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        if audiences.is_empty() {
            audiences.push(given.to_owned());
        }
        let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Self {
            address: address(given)?,
            ca: some(data("ca.crt")),
            account: some(data("serviceAccountName")),
            audiences,
        })
    }

    fn kubeconfig(&self, token: &str) -> Zeroizing<String> {
        let mut cluster = json!({ "server": self.address });
        if let Some(ca) = &self.ca {
            cluster["certificate-authority-data"] = BASE64_STANDARD.encode(ca).into();
        }
        let file = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{ "name": "it", "cluster": cluster }],
            "users": [{ "name": "it", "user": { "token": token } }],
            "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
        });
        Zeroizing::new(file.to_string())
    }
}

/// `https://<host>:<port>`, whatever of it was left out.
fn address(given: &str) -> Result<String, String> {
    let full = match given.starts_with("http") {
        true => given.to_owned(),
        false => format!("https://{given}"),
    };
    let uri: http::Uri = full.parse().map_err(|_| {
        format!("failed to parse cluster address {given}: it is not the address of a server")
    })?;
    if uri.scheme_str() != Some("https") {
        return Err(format!(
            "failed to parse cluster address {given}: the Kubernetes API server address '{full}' must use https scheme"
        ));
    }
    let host = uri.host().unwrap_or_default().to_lowercase();
    Ok(format!("https://{host}:{}", uri.port_u16().unwrap_or(443)))
}

/// The account in the subject of a token: `system:serviceaccount:<namespace>:<name>`. Nobody is trusted for it; it only says who we are.
fn subject(token: &str) -> Option<Key> {
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(token.trim().split('.').nth(1)?)
        .ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let mut parts = claims["sub"]
        .as_str()?
        .strip_prefix("system:serviceaccount:")?
        .splitn(2, ':');
    Some(Key::new(parts.next()?, parts.next()?))
}

/// As whom clusters that trust this one are spoken to.
pub(super) struct Trust {
    tokens: Arc<Tokens>,
    default_account: Option<String>,
    /// Objects may name accounts.
    accounts: bool,
}

impl Trust {
    pub(super) fn new(config: &Config, tokens: Arc<Tokens>) -> Self {
        Self {
            tokens,
            default_account: config.default_kubeconfig_service_account.clone(),
            accounts: config.gates.object_level_workload_identity,
        }
    }

    /// A kubeconfig for the cluster of a ConfigMap, with a token that is good for some time. Read with the controller's own rights, as
    /// Flux does.
    pub(super) async fn cluster(
        &self,
        session: &Session,
        namespace: &str,
        reference: &LocalObjectReference,
    ) -> Result<Zeroizing<String>, Error> {
        let path = format!(
            "/api/v1/namespaces/{namespace}/configmaps/{}",
            reference.name
        );
        let map = session.send(http::Method::GET, &path, None, None).await;
        let map = map.map_err(|error| {
            let name = &reference.name;
            Error::Client(format!(
                "failed to get configmap {namespace}/{name}: {error}"
            ))
        })?;
        let trust = Server::of(&map).map_err(Error::Client)?;
        let named = trust.account.as_deref();
        let default = self.default_account.as_deref();
        let account = match named.or(default) {
            Some(_) if !self.accounts => {
                return Err(Error::Client(
                    "ObjectLevelWorkloadIdentity feature gate is not enabled".to_owned(),
                ));
            }
            Some(name) => Key::new(namespace, name),
            None => own_account().ok_or_else(|| {
                Error::Client(format!(
                    "ConfigMap {namespace}/{} names no serviceAccountName, and the controller does not run as one",
                    reference.name
                ))
            })?,
        };
        let token = self.tokens.get(session, &account, &trust.audiences).await;
        let token = token.map_err(|error| {
            Error::Client(format!(
                "failed to get access token for cluster: failed to create kubernetes token for service account '{account}': {error}"
            ))
        })?;
        Ok(trust.kubeconfig(&token))
    }
}

fn own_account() -> Option<Key> {
    subject(&std::fs::read_to_string(OWN_TOKEN).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(data: Value) -> Result<Server, String> {
        Server::of(&json!({ "data": data }))
    }

    // parity: KS-IMP-005, KS-IMP-006
    #[test]
    fn a_config_map_says_where_and_as_whom() {
        let full = trust(json!({
            "provider": "generic", "address": "https://API.example.com", "ca.crt": "PEM",
            "serviceAccountName": "deployer", "audiences": "one\n  two \n\n",
        }));
        let full = full.unwrap();
        assert_eq!(full.address, "https://api.example.com:443");
        assert_eq!(full.audiences, ["one", "two"]);
        assert_eq!(full.account.as_deref(), Some("deployer"));
        let file: Value = serde_json::from_str(&full.kubeconfig("t0ken")).unwrap();
        assert_eq!(file["users"][0]["user"]["token"], "t0ken");
        assert_eq!(
            file["clusters"][0]["cluster"]["certificate-authority-data"],
            BASE64_STANDARD.encode("PEM")
        );
        // The address is the audience where none is named.
        let short = trust(json!({ "provider": "generic", "address": "10.0.0.1:6443" })).unwrap();
        assert_eq!(short.address, "https://10.0.0.1:6443");
        assert_eq!(short.audiences, ["10.0.0.1:6443"]);
    }

    // parity: KS-IMP-006
    #[test]
    fn what_cannot_be_reached_is_said() {
        let told = |data| trust(data).unwrap_err();
        assert_eq!(told(json!({})), "provider '' not implemented");
        assert_eq!(
            told(json!({ "provider": "generic" })),
            "cluster address is required to create a REST config"
        );
        let plain = json!({ "provider": "generic", "address": "http://a" });
        assert!(told(plain).contains("must use https scheme"));
        let cloud = json!({ "provider": "aws", "cluster": "arn:aws:eks:eu-west-1:1:cluster/a" });
        assert!(
            told(cloud)
                .starts_with("provider 'aws' of spec.kubeConfig.configMapRef is not supported yet")
        );
    }

    #[test]
    fn a_token_says_whose_it_is() {
        let token = |claims: &str| format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let own = token(r#"{"sub":"system:serviceaccount:flux-system:kustomize-controller"}"#);
        assert_eq!(
            subject(&own),
            Some(Key::new("flux-system", "kustomize-controller"))
        );
        assert_eq!(subject(&token(r#"{"sub":"somebody"}"#)), None);
        assert_eq!(subject("nonsense"), None);
    }
}
