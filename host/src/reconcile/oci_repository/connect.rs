//! How the registry of an OCIRepository is reached: credentials, certificates and proxy from the Secrets that it names.

use rosin_api::source::{OCIProvider, OCIRepository};
use rosin_source::{
    http::{Connect, Proxy},
    oci::{Credentials, Registry, RegistryOptions, Repository},
};

use super::{OciRepositories, error::Error};
use crate::reconcile::{kustomization::chain, source::secrets};

impl OciRepositories {
    pub(super) async fn registry(&self, object: &OCIRepository) -> Result<Registry, Error> {
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
            let mut secret = secrets::read(&self.session, namespace, name)
                .await
                .map_err(|error| {
                    failed(format!(
                        "failed to get secret '{namespace}/{name}': {error}"
                    ))
                })?;
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
        let certificates = spec.cert_secret_ref.as_ref().filter(|r| !r.name.is_empty());
        let mut connect = match certificates {
            Some(reference) => {
                let name = format!("{namespace}/{}", reference.name);
                let secret = secrets::read(&self.session, namespace, &reference.name)
                    .await
                    .map_err(|error| {
                        transport(object, &format!("failed to get secret '{name}': {error}"))
                    })?;
                secrets::certificates(&name, &secret)
                    .map_err(|message| transport(object, &message))?
            }
            None => Connect {
                unverified: spec.insecure,
                ..Connect::default()
            },
        };
        if let Some(reference) = &spec.proxy_secret_ref {
            let failed = |message: String| {
                Error::Authentication(format!("failed to get proxy address: {message}"))
            };
            let name = format!("{namespace}/{}", reference.name);
            let mut secret = secrets::read(&self.session, namespace, &reference.name)
                .await
                .map_err(|error| failed(format!("failed to get secret '{name}': {error}")))?;
            let proxy = Proxy::from_secret(&mut secret);
            connect.proxy =
                Some(proxy.map_err(|error| failed(format!("secret '{name}': {error}")))?);
        }
        Ok(connect)
    }
}

fn transport(object: &OCIRepository, message: &str) -> Error {
    let url = &object.spec.url;
    Error::Authentication(format!(
        "failed to generate transport for '{url}': {message}"
    ))
}
