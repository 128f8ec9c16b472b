//! How the server of a HelmRepository is reached: credentials and certificates from the Secrets that it names.

use rosin_api::{
    HelmRepository,
    source::{HelmRepositorySpec, OCIProvider},
};
use rosin_source::{
    helm::{Repository, RepositoryError, RepositoryOptions},
    http::Connect,
    oci::{self, Credentials, Registry, RegistryOptions},
};

use crate::{
    cluster::Session,
    reconcile::{
        kustomization::chain,
        source::{
            Shared,
            secrets::{self, Data},
        },
    },
};

/// What a HelmRepository's Secrets say, read once for all that a reconcile fetches.
#[derive(Clone, Default)]
pub(in crate::reconcile) struct Access {
    connect: Connect,
    /// User and password.
    basic: Option<(String, String)>,
    docker_config: Option<Vec<u8>>,
}

impl Access {
    pub(in crate::reconcile) async fn of(
        session: &Session,
        object: &HelmRepository,
    ) -> Result<Self, String> {
        let (spec, namespace) = (&object.spec, object.namespace());
        let mut access = Self::default();
        let certificates = spec.cert_secret_ref.as_ref().filter(|r| !r.name.is_empty());
        if let Some(reference) = certificates {
            let name = format!("{namespace}/{}", reference.name);
            let secret = secrets::read(session, namespace, &reference.name).await;
            let secret = secret.map_err(|error| {
                format!("failed to get TLS authentication secret '{name}': {error}")
            })?;
            access.connect = secrets::certificates(&name, &secret).map_err(|message| {
                format!("failed to construct Helm client's TLS config: {message}")
            })?;
        }
        if let Some(reference) = &spec.secret_ref {
            let name = format!("{namespace}/{}", reference.name);
            let secret = secrets::read(session, namespace, &reference.name).await;
            let mut secret = secret.map_err(|error| {
                format!("failed to get authentication secret '{name}': {error}")
            })?;
            access.docker_config = secret.remove(".dockerconfigjson");
            let failed = |message| format!("failed to detect authentication methods: {message}");
            access.basic = basic(&name, &secret).map_err(failed)?;
            // Certificates beside the password are an older way.
            let has = |key| secret.contains_key(key);
            let tls = ["ca.crt", "caFile", "tls.crt", "certFile"];
            if certificates.is_none() && tls.into_iter().any(has) {
                access.connect = secrets::certificates(&name, &secret).map_err(failed)?;
            }
        } else if spec.is_oci() {
            let provider = spec.provider.unwrap_or_default();
            if provider != OCIProvider::Generic {
                return Err(format!(
                    "failed to get credential from '{0}': logging in by the identity of {0} is not supported yet; name a pull secret in spec.secretRef",
                    provider.as_str()
                ));
            }
        }
        Ok(access)
    }

    /// A chart's repository in the registry.
    pub(in crate::reconcile) fn registry(
        &self,
        shared: &Shared,
        repository: oci::Repository,
        spec: &HelmRepositorySpec,
    ) -> Result<Registry, String> {
        let credentials = match (&self.docker_config, &self.basic) {
            (Some(config), _) => Credentials::from_docker_configs([config.as_slice()], &repository)
                .map_err(|error| error.to_string())?,
            (None, Some((username, password))) => Credentials::Basic {
                username: username.clone(),
                password: password.clone(),
            },
            (None, None) => Credentials::Anonymous,
        };
        let options = RegistryOptions {
            credentials,
            connect: self.connect.clone(),
            insecure: spec.insecure,
            timeout: spec.timeout().to_std(),
        };
        Registry::new(&shared.clients, repository, options).map_err(|error| chain(&error))
    }
}

/// The server of the index.
pub(in crate::reconcile) fn server(
    shared: &Shared,
    access: Access,
    spec: &HelmRepositorySpec,
) -> Result<Repository, RepositoryError> {
    let options = RepositoryOptions {
        connect: access.connect,
        credentials: access.basic,
        pass_credentials: spec.pass_credentials,
        timeout: spec.timeout().to_std(),
    };
    Repository::new(&shared.clients, &spec.url, options)
}

/// `username` and `password`, both or neither.
fn basic(name: &str, secret: &Data) -> Result<Option<(String, String)>, String> {
    let text = |key: &str| match secret.get(key) {
        None => Ok(None),
        Some(value) => String::from_utf8(value.clone())
            .map(Some)
            .map_err(|_| format!("secret '{name}': the key '{key}' is not UTF-8")),
    };
    match (text("username")?, text("password")?) {
        (None, None) => Ok(None),
        (Some(username), Some(password)) => Ok(Some((username, password))),
        (Some(_), None) => Err(format!(
            "secret '{name}': malformed basic auth: has 'username' but no 'password'"
        )),
        (None, Some(_)) => Err(format!(
            "secret '{name}': malformed basic auth: has 'password' but no 'username'"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: SRC-HREPO-005
    #[test]
    fn user_and_password_come_together() {
        let secret = |keys: &[&str]| -> Data {
            let pairs = keys.iter().map(|key| ((*key).to_owned(), b"x".to_vec()));
            pairs.collect()
        };
        let both = basic("ns/s", &secret(&["username", "password"])).unwrap();
        assert_eq!(both, Some(("x".to_owned(), "x".to_owned())));
        assert_eq!(basic("ns/s", &secret(&["ca.crt"])), Ok(None));
        assert!(basic("ns/s", &secret(&["username"])).is_err());
        assert!(basic("ns/s", &secret(&["password"])).is_err());
    }
}
