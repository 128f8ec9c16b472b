//! HTTP clients for fetching: roots of trust, client certificates and proxies as a source asks for them. Redirects are never followed
//! here: whoever sends credentials decides where they go.

mod unverified;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest as _, Sha256};

use self::unverified::Unverified;

/// Clients that are kept; beyond that they are made anew.
const MAX_CLIENTS: usize = 128;

const USER_AGENT: &str = concat!("rosin/", env!("CARGO_PKG_VERSION"));

/// How a server is reached. Everything in it may be secret.
#[derive(Clone, Default)]
pub struct Connect {
    /// PEM certificates that are trusted beside those of the system.
    pub ca: Option<Vec<u8>>,
    /// PEM certificate chain and key that we present.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// Wins over the proxies of the environment.
    pub proxy: Option<Proxy>,
    /// Accept any certificate: never a default, only what an object asks for by name.
    pub unverified: bool,
}

#[derive(Clone)]
pub struct Proxy {
    pub address: String,
    pub username: Option<String>,
    pub password: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the CA certificate is not valid PEM")]
    Ca,
    #[error("the client certificate and key are not a valid PEM pair")]
    Identity,
    #[error("the proxy address is not valid")]
    Proxy,
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Makes clients and keeps them, so that connections are used again from one reconcile to the next.
pub struct HttpClients {
    roots: RootCertStore,
    kept: Mutex<HashMap<[u8; 32], reqwest::Client>>,
}

impl HttpClients {
    /// Trusts the roots of the system, as far as there are any.
    #[must_use]
    pub fn new() -> Self {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::debug!(%error, "a system certificate cannot be used");
        }
        roots.add_parsable_certificates(found.certs);
        Self {
            roots,
            kept: Mutex::default(),
        }
    }

    /// # Errors
    /// When the certificates, the key or the proxy are malformed.
    pub fn get(&self, connect: &Connect) -> Result<reqwest::Client, ConnectError> {
        let fingerprint = connect.fingerprint();
        if let Some(client) = self.lock().get(&fingerprint) {
            return Ok(client.clone());
        }
        let client = self.make(connect)?;
        let mut kept = self.lock();
        if kept.len() >= MAX_CLIENTS {
            kept.clear();
        }
        kept.insert(fingerprint, client.clone());
        Ok(client)
    }

    fn make(&self, connect: &Connect) -> Result<reqwest::Client, ConnectError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls(connect)?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(8)
            .user_agent(USER_AGENT);
        if let Some(proxy) = &connect.proxy {
            let mut all = reqwest::Proxy::all(&proxy.address).map_err(|_| ConnectError::Proxy)?;
            if let Some(username) = &proxy.username {
                all = all.basic_auth(username, proxy.password.as_deref().unwrap_or_default());
            }
            builder = builder.proxy(all);
        }
        builder.build().map_err(ConnectError::Client)
    }

    fn tls(&self, connect: &Connect) -> Result<ClientConfig, ConnectError> {
        let mut roots = self.roots.clone();
        if let Some(ca) = &connect.ca {
            let certificates: Vec<_> = CertificateDer::pem_slice_iter(ca)
                .collect::<Result<_, _>>()
                .map_err(|_| ConnectError::Ca)?;
            if certificates.is_empty() {
                return Err(ConnectError::Ca);
            }
            for certificate in certificates {
                roots.add(certificate).map_err(|_| ConnectError::Ca)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|_| ConnectError::Identity)?;
        let config = if connect.unverified {
            config
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        } else {
            config.with_root_certificates(roots)
        };
        let mut config = match &connect.identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain =
                    CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
                let chain = chain.map_err(|_| ConnectError::Identity)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| ConnectError::Identity)?;
                config
                    .with_client_auth_cert(chain, key)
                    .map_err(|_| ConnectError::Identity)?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], reqwest::Client>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for HttpClients {
    fn default() -> Self {
        Self::new()
    }
}

impl Connect {
    /// Clients are found again by a digest, so that no second copy of the secrets lies around.
    fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |field: Option<&[u8]>| {
            hash.update(
                field
                    .map_or(u64::MAX, |field| field.len() as u64)
                    .to_be_bytes(),
            );
            hash.update(field.unwrap_or_default());
        };
        let Self {
            ca,
            identity,
            proxy,
            unverified,
        } = self;
        add(Some(&[u8::from(*unverified)]));
        add(ca.as_deref());
        add(identity
            .as_ref()
            .map(|(certificate, _)| certificate.as_slice()));
        add(identity.as_ref().map(|(_, key)| key.as_slice()));
        add(proxy.as_ref().map(|proxy| proxy.address.as_bytes()));
        add(proxy
            .as_ref()
            .and_then(|proxy| proxy.username.as_deref())
            .map(str::as_bytes));
        add(proxy
            .as_ref()
            .and_then(|proxy| proxy.password.as_deref())
            .map(str::as_bytes));
        hash.finalize().into()
    }
}
