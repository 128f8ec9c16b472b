//! The reconcile of a Bucket: list it, and fetch and store its objects when the list is another one.

use std::{collections::BTreeMap, time::Duration};

use rosin_api::{Artifact, Bucket, Reason, condition_type, source::BucketProvider};
use rosin_source::{
    bucket::{Client, ClientOptions, Keys, Listing},
    ignore::{self, IgnoreRules},
};

use super::{Buckets, error::Error, files::Files};
use crate::{
    controller::{Progress, Run},
    reconcile::{
        kustomization::chain,
        source::{Outcome, SourceKind, connect, secrets, storage::New},
    },
};

/// Leads to the newest artifact.
pub(super) const LATEST: &str = "latest.tar.gz";
const MAX_IGNORE: usize = 1 << 20;

impl SourceKind for Buckets {
    type Object = Bucket;
    type Error = Error;
    const KIND: &'static str = "Bucket";
    const LATEST: Option<&'static str> = Some(LATEST);
    const FAILURES: &'static [&'static str] = &[
        condition_type::STORAGE_OPERATION_FAILED,
        condition_type::FETCH_FAILED,
    ];

    async fn fetch(
        &self,
        run: &Run,
        stored: Option<&Artifact>,
        progress: &mut Progress<'_, Bucket>,
    ) -> Result<Outcome, Error> {
        let object = &progress.object.clone();
        let name = &object.spec.bucket_name;
        let mut client = self.client(object).await?;
        // The network may be slow; a worker is for those that have work.
        run.rest();
        let timeout = object.spec.timeout().to_std();
        let (list, listing) = within(timeout, name, list(&mut client, object)).await?;
        let revision = listing.revision();
        let known = stored.is_some_and(|stored| stored.revision == revision);
        if known {
            progress.in_storage(Reason::Succeeded, &stored_message(&revision));
            return Ok(Outcome::Unchanged {
                reason: Reason::ArtifactUpToDate,
                message: format!("artifact up-to-date with remote revision: '{revision}'"),
                recovered: (Reason::Succeeded, announcement(&listing, name)),
            });
        }
        let message = format!("new upstream revision '{revision}'");
        progress.outdated(Reason::NewRevision, &message);
        let store = &self.shared.store;
        let fetched = Files::fetch(store, &client, listing);
        let mut files = within(timeout, name, fetched).await?;
        if let Some(list) = list {
            files.add(ignore::FILE, &list)?;
        }
        let (listing, revision) = (files.listing().clone(), files.listing().revision());
        let (file, link) = files.store(store, object).await?;
        let status = &mut progress.status;
        status.observed_ignore.clone_from(&object.spec.ignore);
        progress.in_storage(Reason::Succeeded, &stored_message(&revision));
        let new = New {
            file,
            revision,
            metadata: BTreeMap::new(),
            link,
        };
        Ok(Outcome::Stored {
            changed: self.shared.advertise(new, progress),
            reason: None,
            message: announcement(&listing, name),
        })
    }
}

impl Buckets {
    async fn client(&self, object: &Bucket) -> Result<Client, Error> {
        let (spec, namespace) = (&object.spec, object.namespace());
        supported(object)?;
        let session = &self.shared.session;
        let keys = match &spec.secret_ref {
            None => None,
            Some(reference) => {
                let secret = secrets::read(session, namespace, &reference.name).await;
                let secret = secret.map_err(|error| {
                    let name = format!("{namespace}/{}", reference.name);
                    Error::Authentication(format!("failed to get secret '{name}': {error}"))
                })?;
                let text = |key: &str| {
                    let text = String::from_utf8(secret.get(key)?.clone()).ok()?;
                    Some(text).filter(|text| !text.is_empty())
                };
                let keys = text("accesskey").zip(text("secretkey"));
                let (access, secret) = keys.ok_or_else(|| {
                    Error::Authentication(format!(
                        "invalid '{}' secret data: required fields 'accesskey' and 'secretkey'",
                        reference.name
                    ))
                })?;
                Some(Keys { access, secret })
            }
        };
        let certificates = spec.cert_secret_ref.as_ref();
        let certificates = connect::certificates(session, namespace, certificates).await;
        let mut connect = certificates
            .map_err(|message| {
                Error::Authentication(format!("failed to get TLS config: {message}"))
            })?
            .unwrap_or_default();
        let proxy = connect::proxy(session, namespace, spec.proxy_secret_ref.as_ref()).await;
        connect.proxy = proxy.map_err(|message| {
            Error::Authentication(format!("failed to get proxy URL: {message}"))
        })?;
        let options = ClientOptions {
            endpoint: spec.endpoint.clone(),
            bucket: spec.bucket_name.clone(),
            region: spec.region.clone(),
            insecure: spec.insecure,
            keys,
            connect,
        };
        Client::new(&self.shared.clients, options).map_err(|error| Error::Operation(chain(&error)))
    }
}

/// What this version does not have is refused by name, never passed over.
fn supported(object: &Bucket) -> Result<(), Error> {
    let spec = &object.spec;
    let provider = spec.provider.as_str();
    match spec.provider {
        BucketProvider::Gcp | BucketProvider::Azure => Err(Error::Unsupported(format!(
            "spec.provider: {provider} is not supported yet; storage that speaks S3 is, as 'generic' and 'aws'"
        ))),
        _ if spec.sts.is_some() => Err(Error::Unsupported(
            "spec.sts: temporary credentials are not supported yet".to_owned(),
        )),
        BucketProvider::Aws if spec.secret_ref.is_none() => Err(Error::Unsupported(
            "spec.provider: logging in by the identity of aws is not supported yet; name a Secret with keys in spec.secretRef"
                .to_owned(),
        )),
        BucketProvider::Generic | BucketProvider::Aws => Ok(()),
    }
}

/// What is to be left out, and what is left.
async fn list(client: &mut Client, object: &Bucket) -> Result<(Option<Vec<u8>>, Listing), Error> {
    let name = &object.spec.bucket_name;
    let exists = client.exists().await.map_err(|error| {
        let cause = chain(&error);
        Error::Operation(format!(
            "failed to confirm existence of '{name}' bucket: {cause}"
        ))
    })?;
    if !exists {
        return Err(Error::Operation(format!("bucket '{name}' not found")));
    }
    let list = match client.get(ignore::FILE, MAX_IGNORE).await {
        Ok((list, _)) => Some(list),
        Err(error) if error.is_not_found() => None,
        Err(error) => {
            return Err(Error::Operation(format!(
                "failed to get Etag for '{}' object: {}",
                ignore::FILE,
                chain(&error)
            )));
        }
    };
    let lists = list.iter().map(|list| ("", list.as_slice()));
    let rules = IgnoreRules::without_defaults(lists, object.spec.ignore.as_deref());
    let prefix = object.spec.prefix.as_deref().unwrap_or_default();
    let objects = client.list(prefix).await.map_err(|error| {
        let cause = chain(&error);
        Error::Operation(format!(
            "indexation of objects from bucket '{name}' failed: {cause}"
        ))
    })?;
    Ok((list, Listing::new(objects, &rules)))
}

async fn within<T>(
    timeout: Duration,
    bucket: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(timeout, work).await {
        Ok(done) => done,
        Err(_) => Err(Error::Operation(format!(
            "fetch from bucket '{bucket}' failed: not done within {timeout:?}"
        ))),
    }
}

fn stored_message(revision: &str) -> String {
    format!("stored artifact: revision '{revision}'")
}

fn announcement(listing: &Listing, bucket: &str) -> String {
    let count = listing.objects().len();
    format!("stored artifact with {count} fetched files from '{bucket}' bucket")
}
