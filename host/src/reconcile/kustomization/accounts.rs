//! Accounts of this cluster that act elsewhere: key services of clouds and other clusters trust the tokens that the API server gives them.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rosin_decrypt::{Account, RemoteError};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::error::Error;
use crate::{
    cluster::{ApiError, Identity, Session},
    controller::Key,
};

/// Tokens of accounts, by account and audiences, while they are good.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<(Key, Vec<String>), Token>>);

struct Token {
    text: Zeroizing<String>,
    until: Instant,
}

impl Tokens {
    /// A token for these audiences; for none, one for the cluster itself. Asked for with the controller's own rights, as Flux does.
    pub(super) async fn get(
        &self,
        session: &Session,
        account: &Key,
        audiences: &[String],
    ) -> Result<Zeroizing<String>, ApiError> {
        let known = (account.clone(), audiences.to_vec());
        if let Some(token) = self.lock().get(&known)
            && token.until > Instant::now()
        {
            return Ok(token.text.clone());
        }
        let path = format!("{}/token", path_of(account)?);
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": { "audiences": audiences },
        });
        let answer = session.create(&path, &body).await?;
        let status = |field: &str| answer["status"][field].as_str().unwrap_or_default();
        let text = Zeroizing::new(status("token").to_owned());
        // It may be passed on and used for a while, so that it is not used to its end.
        let left = status("expirationTimestamp")
            .parse::<jiff::Timestamp>()
            .map(|end| end.as_second() - jiff::Timestamp::now().as_second())
            .unwrap_or(0);
        let good = Duration::from_secs(u64::try_from(left).unwrap_or(0)).mul_f64(0.8);
        let until = Instant::now() + good;
        let mut tokens = self.lock();
        tokens.retain(|_, token| token.until > Instant::now());
        let text = tokens.entry(known).or_insert(Token { text, until });
        Ok(text.text.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Key, Vec<String>), Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the API server has an account. Names come from tenants, and become part of a path.
fn path_of(account: &Key) -> Result<String, ApiError> {
    let Key { namespace, name } = account;
    match Identity::service_account(namespace, name) {
        Some(_) => Ok(format!(
            "/api/v1/namespaces/{namespace}/serviceaccounts/{name}"
        )),
        None => Err(ApiError::Request(format!(
            "{name:?} is not the name of a service account"
        ))),
    }
}

/// An account as it is in the cluster.
pub(super) struct ClusterAccount {
    key: Key,
    annotations: Value,
    tokens: Arc<Tokens>,
    session: Session,
    runtime: tokio::runtime::Handle,
}

impl ClusterAccount {
    /// Must be called within the runtime that is to carry its requests.
    pub(super) async fn read(
        session: &Session,
        tokens: Arc<Tokens>,
        key: Key,
    ) -> Result<Self, Error> {
        let read = async {
            let path = path_of(&key)?;
            session.send(http::Method::GET, &path, None, None).await
        };
        let account: Result<Value, ApiError> = read.await;
        let account = account.map_err(|error| {
            Error::Build(format!("failed to get service account '{key}': {error}"))
        })?;
        Ok(Self {
            annotations: account["metadata"]["annotations"].clone(),
            key,
            tokens,
            session: session.clone(),
            runtime: tokio::runtime::Handle::current(),
        })
    }
}

impl Account for ClusterAccount {
    fn token(&self, audience: &str) -> Result<Zeroizing<String>, RemoteError> {
        let audiences = [audience.to_owned()];
        self.runtime
            .block_on(self.tokens.get(&self.session, &self.key, &audiences))
            .map_err(|error| RemoteError(error.to_string()))
    }

    fn annotation(&self, name: &str) -> Option<String> {
        Some(self.annotations.get(name)?.as_str()?.to_owned())
    }

    fn session(&self) -> String {
        format!("{}.{}", self.key.name, self.key.namespace)
    }
}

/// Who the controller itself is to clouds: what their admission controllers put into its environment.
#[derive(Debug, Clone, Default)]
pub struct OwnIdentity {
    pub aws_role: Option<String>,
    pub aws_token: Option<PathBuf>,
    pub azure_tenant: Option<String>,
    pub azure_client: Option<String>,
    pub azure_token: Option<PathBuf>,
}

impl Account for OwnIdentity {
    fn token(&self, audience: &str) -> Result<Zeroizing<String>, RemoteError> {
        let file = match audience {
            "sts.amazonaws.com" => &self.aws_token,
            "api://AzureADTokenExchange" => &self.azure_token,
            _ => &None,
        };
        let none = || RemoteError("the controller has no token for this cloud".to_owned());
        let text = std::fs::read_to_string(file.as_ref().ok_or_else(none)?);
        text.map(|text| Zeroizing::new(text.trim().to_owned()))
            .map_err(|_| RemoteError("the controller's own token cannot be read".to_owned()))
    }

    fn annotation(&self, name: &str) -> Option<String> {
        match name {
            "eks.amazonaws.com/role-arn" => self.aws_role.clone(),
            "azure.workload.identity/tenant-id" => self.azure_tenant.clone(),
            "azure.workload.identity/client-id" => self.azure_client.clone(),
            _ => None,
        }
    }

    fn is_machine(&self) -> bool {
        true
    }

    fn session(&self) -> String {
        "kustomize-controller".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: KS-DEC-010
    #[test]
    fn the_controller_is_who_its_environment_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "of-the-pod\n").unwrap();
        let own = OwnIdentity {
            aws_role: Some("arn:aws:iam::1:role/flux".to_owned()),
            aws_token: Some(file),
            ..OwnIdentity::default()
        };
        assert_eq!(
            own.token("sts.amazonaws.com").unwrap().as_str(),
            "of-the-pod"
        );
        assert!(own.token("api://AzureADTokenExchange").is_err());
        assert_eq!(
            own.annotation("eks.amazonaws.com/role-arn").as_deref(),
            Some("arn:aws:iam::1:role/flux")
        );
        assert_eq!(own.annotation("azure.workload.identity/client-id"), None);
    }

    #[test]
    fn what_is_no_name_of_an_account_does_not_become_a_path() {
        assert!(path_of(&Key::new("apps", "reader")).is_ok());
        for name in ["../secrets/x", "a/token", "", "A", "a?x"] {
            assert!(path_of(&Key::new("apps", name)).is_err(), "{name}");
        }
    }
}
