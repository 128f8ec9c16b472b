//! Other clusters: from `spec.kubeConfig.secretRef` to a session. A kubeconfig of a tenant runs no programs, reads no files of ours, and
//! chooses no user but by its credentials.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use rosin_api::SecretKeyReference;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_util::sync::{CancellationToken, DropGuard};
use zeroize::Zeroizing;

use super::{accounts::Tokens, artifact::chain, error::Error, identity::Place, trusting::Trust};
use crate::{cluster::Session, config::Config, controller::Key, live::Live};

/// A cluster that cannot be reached must not hold a worker for long.
const CONNECT: Duration = Duration::from_secs(5);

/// A cluster that nothing was applied to for this long is forgotten, and its watches end.
const KEPT: Duration = Duration::from_secs(3600);

/// The clusters in use, by the digest of the kubeconfig that leads there: whoever has the same text has the same rights.
pub struct Clusters {
    known: Mutex<HashMap<[u8; 32], Cluster>>,
    pub(super) trust: Trust,
}

struct Cluster {
    place: Place,
    used: Instant,
    /// The Kustomizations that apply to it.
    users: Arc<Mutex<HashSet<Key>>>,
    /// Ends the watches.
    _watches: DropGuard,
}

impl Clusters {
    /// None is known yet.
    pub fn new(config: &Config, tokens: Arc<Tokens>) -> Self {
        Self {
            known: Mutex::default(),
            trust: Trust::new(config, tokens),
        }
    }

    pub(super) async fn get<F: Future<Output = Result<Session, Error>>>(
        &self,
        user: Key,
        text: &Zeroizing<String>,
        here: &Live,
        connect: impl FnOnce(Zeroizing<String>) -> F,
    ) -> Result<Place, Error> {
        let key: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(place) = self.known(&key, &user) {
            return Ok(place);
        }
        let session = connect(text.clone()).await?;
        let users = Arc::new(Mutex::new(HashSet::from([user.clone()])));
        let hearing = users.clone();
        let hears = move |key: &Key| locked(&hearing).contains(key);
        let stop = CancellationToken::new();
        let place = Place {
            live: here.elsewhere(session.clone(), hears, stop.clone()),
            session,
            remote: true,
        };
        let cluster = Cluster {
            place: place.clone(),
            used: Instant::now(),
            users,
            _watches: stop.drop_guard(),
        };
        let mut known = locked(&self.known);
        known.retain(|_, cluster| cluster.used.elapsed() < KEPT);
        // Another run may have been quicker.
        let cluster = known.entry(key).or_insert(cluster);
        locked(&cluster.users).insert(user);
        Ok(cluster.place.clone())
    }

    fn known(&self, key: &[u8; 32], user: &Key) -> Option<Place> {
        let mut known = locked(&self.known);
        let cluster = known.get_mut(key)?;
        cluster.used = Instant::now();
        locked(&cluster.users).insert(user.clone());
        Some(cluster.place.clone())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text of the kubeconfig in a Secret, read with the controller's own rights, as Flux does.
pub(super) async fn kubeconfig(
    session: &Session,
    namespace: &str,
    reference: &SecretKeyReference,
) -> Result<Zeroizing<String>, Error> {
    let name = format!("{namespace}/{}", reference.name);
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{}", reference.name);
    let secret = session
        .send(http::Method::GET, &path, None, None)
        .await
        .map_err(|error| {
            Error::Client(format!(
                "unable to read KubeConfig secret '{name}' error: {error}"
            ))
        })?;
    let entry = |key: &str| {
        let value = secret.get("data")?.get(key).and_then(Value::as_str)?;
        BASE64_STANDARD.decode(value).ok()
    };
    let key = reference.key.as_deref().filter(|key| !key.is_empty());
    let found = match key {
        Some(key) => entry(key),
        None => entry("value").or_else(|| entry("value.yaml")),
    };
    let bytes = found.ok_or_else(|| {
        let key = key.unwrap_or("value");
        Error::Client(format!(
            "KubeConfig secret '{name}' does not contain a '{key}' key with a kubeconfig"
        ))
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::Client(format!(
            "invalid KubeConfig in secret '{name}': it is not UTF-8"
        ))
    })?;
    Ok(Zeroizing::new(text))
}

/// A session by a kubeconfig, without what tenants may not ask of us. Nothing is sent yet.
pub(super) async fn session(text: Zeroizing<String>) -> Result<Session, Error> {
    let invalid = |cause: String| Error::Client(format!("invalid KubeConfig: {cause}"));
    // The parser quotes what it did not expect, which may be a credential.
    let mut file = Kubeconfig::from_yaml(&text)
        .map_err(|_| invalid("it is not the YAML of a kubeconfig".to_owned()))?;
    harmless(&mut file);
    let options = KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(|error| invalid(chain(&error)))?;
    config.connect_timeout = Some(CONNECT);
    config.headers.push((
        http::header::USER_AGENT,
        http::HeaderValue::from_static(concat!("rosin/", env!("CARGO_PKG_VERSION"))),
    ));
    let client = kube::Client::try_from(config).map_err(|error| invalid(chain(&error)))?;
    Ok(Session::new(client))
}

/// Takes out programs, files, identities of others, and leave to talk to anybody who claims to be the server.
fn harmless(file: &mut Kubeconfig) {
    for cluster in file
        .clusters
        .iter_mut()
        .filter_map(|named| named.cluster.as_mut())
    {
        cluster.insecure_skip_tls_verify = None;
        cluster.certificate_authority = None;
    }
    for user in file
        .auth_infos
        .iter_mut()
        .filter_map(|named| named.auth_info.as_mut())
    {
        let kept = AuthInfo {
            username: user.username.take(),
            password: user.password.take(),
            token: user.token.take(),
            client_certificate_data: user.client_certificate_data.take(),
            client_key_data: user.client_key_data.take(),
            ..AuthInfo::default()
        };
        *user = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: KS-IMP-009
    #[test]
    fn a_kubeconfig_cannot_make_us_run_read_or_be_something() {
        let text = "
apiVersion: v1
kind: Config
clusters:
- name: c
  cluster: {server: https://example.com, insecure-skip-tls-verify: true, certificate-authority: /etc/passwd}
users:
- name: u
  user:
    token: t
    tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
    client-certificate: /etc/cert
    client-key: /etc/key
    as: system:admin
    as-groups: [system:masters]
    as-uid: x
    exec: {command: /bin/sh, args: [-c, 'touch /tmp/run'], apiVersion: client.authentication.k8s.io/v1}
    auth-provider: {name: gcp, config: {cmd-path: /bin/sh}}
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
";
        let mut file = Kubeconfig::from_yaml(text).unwrap();
        harmless(&mut file);
        let cluster = file.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://example.com"));
        assert_eq!(cluster.insecure_skip_tls_verify, None);
        assert_eq!(cluster.certificate_authority, None);
        let user = file.auth_infos[0].auth_info.as_ref().unwrap();
        assert!(user.token.is_some());
        assert!(
            user.token_file.is_none()
                && user.client_certificate.is_none()
                && user.client_key.is_none()
        );
        assert!(user.exec.is_none() && user.auth_provider.is_none());
        assert!(
            user.impersonate.is_none()
                && user.impersonate_groups.is_none()
                && user.impersonate_uid.is_none()
        );
    }
}
