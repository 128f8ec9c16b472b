//! How the registry of an OCIRepository is reached: credentials, certificates and proxy from the Secrets that it names.

use std::sync::Arc;

use rosin_api::source::{OCIProvider, OCIRepository};
use rosin_source::{
    http::{Connect, HttpClients},
    oci::{Credentials, Registry, RegistryOptions, Repository},
};

use super::{OciRepositories, error::Error};
use crate::{
    cluster::Session,
    reconcile::{
        kustomization::chain,
        source::{connect, secrets},
    },
};

/// What registries are reached with.
#[derive(Clone)]
pub struct Registries {
    pub session: Session,
    pub clients: Arc<HttpClients>,
}

impl OciRepositories {
    pub(super) async fn registry(&self, object: &OCIRepository) -> Result<Registry, Error> {
        let registries = Registries {
            session: self.shared.session.clone(),
            clients: self.shared.clients.clone(),
        };
        registries.registry(object).await
    }
}

impl Registries {
    /// The registry of an object, for those who look at what its artifact was made from. The error is for people.
    pub(crate) async fn open(&self, object: &OCIRepository) -> Result<Registry, String> {
        let opened = self.registry(object).await;
        opened.map_err(|error| error.to_string())
    }

    async fn registry(&self, object: &OCIRepository) -> Result<Registry, Error> {
        let spec = &object.spec;
        let repository = Repository::parse(&spec.url).map_err(|error| Error::Url {
            url: spec.url.clone(),
            message: error.to_string(),
        })?;
        let options = RegistryOptions {
            credentials: self.credentials(object, &repository).await?,
            connect: self.connect(object).await?,
            insecure: spec.insecure,
            timeout: spec.timeout().to_std(),
        };
        Registry::new(&self.clients, repository, options)
            .map_err(|error| transport(object, &chain(&error)))
    }

    async fn credentials(
        &self,
        object: &OCIRepository,
        repository: &Repository,
    ) -> Result<Credentials, Error> {
        let (spec, namespace) = (&object.spec, object.namespace());
        let failed =
            |message: String| Error::Authentication(format!("failed to get credential: {message}"));
        let mut names: Vec<String> = spec.secret_ref.iter().map(|r| r.name.clone()).collect();
        if let Some(account) = spec
            .service_account_name
            .as_deref()
            .filter(|a| !a.is_empty())
        {
            let found = secrets::pull_secrets(&self.session, namespace, account).await;
            names.extend(found.map_err(|error| {
                failed(format!(
                    "failed to get service account '{namespace}/{account}': {error}"
                ))
            })?);
        }
        let mut configs = Vec::new();
        for name in &names {
            let mut secret = secrets::named(&self.session, namespace, name)
                .await
                .map_err(failed)?;
            configs.extend(secret.remove(".dockerconfigjson"));
            configs.extend(secret.remove(".dockercfg"));
        }
        let provider = spec.provider.unwrap_or_default();
        if names.is_empty() && provider != OCIProvider::Generic {
            return Err(Error::Provider(format!(
                "spec.provider: logging in by the identity of {} is not supported yet; name a pull secret in spec.secretRef",
                provider.as_str()
            )));
        }
        Credentials::from_docker_configs(configs.iter().map(Vec::as_slice), repository)
            .map_err(|error| failed(error.to_string()))
    }

    async fn connect(&self, object: &OCIRepository) -> Result<Connect, Error> {
        let (spec, namespace) = (&object.spec, object.namespace());
        let session = &self.session;
        let certificates =
            connect::certificates(session, namespace, spec.cert_secret_ref.as_ref()).await;
        let certificates = certificates.map_err(|message| transport(object, &message))?;
        let mut connect = certificates.unwrap_or_else(|| Connect {
            unverified: spec.insecure,
            ..Connect::default()
        });
        let proxy = connect::proxy(session, namespace, spec.proxy_secret_ref.as_ref()).await;
        connect.proxy = proxy.map_err(|message| {
            Error::Authentication(format!("failed to get proxy address: {message}"))
        })?;
        Ok(connect)
    }
}

fn transport(object: &OCIRepository, message: &str) -> Error {
    let url = &object.spec.url;
    Error::Authentication(format!(
        "failed to generate transport for '{url}': {message}"
    ))
}
