//! Helm's records in the API server: one Secret for each revision of a release.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use rosin_api::names::HELM_CONTROLLER;
use rosin_release::{
    Release, Status,
    record::{self, SECRET_TYPE, secret_name},
};
use serde_json::{Value, json};

use super::objects::Failure;
use crate::cluster::{ApiError, Session};

/// The records of one release, and what is written to them.
pub(super) struct Storage<'a> {
    session: &'a Session,
    namespace: &'a str,
    name: &'a str,
    /// All that there are, by revision.
    records: BTreeMap<i64, Release>,
    /// What was written or deleted since it was last asked, in order.
    written: Vec<Release>,
}

impl<'a> Storage<'a> {
    /// Reads all records of a release.
    pub(super) async fn open(
        session: &'a Session,
        namespace: &'a str,
        name: &'a str,
    ) -> Result<Self, String> {
        let path = format!(
            "/api/v1/namespaces/{namespace}/secrets?labelSelector=name%3D{name}%2Cowner%3Dhelm"
        );
        let list = session
            .send(Method::GET, &path, None, None)
            .await
            .map_err(|error| format!("query: failed to query with labels: {error}"))?;
        let mut records = BTreeMap::new();
        for secret in list["items"].as_array().into_iter().flatten() {
            // A Secret that is no record is not the release's fault; Helm skips it as well.
            if let Some(release) = read(secret) {
                records.insert(release.version, release);
            }
        }
        Ok(Self {
            session,
            namespace,
            name,
            records,
            written: Vec::new(),
        })
    }

    pub(super) fn last(&self) -> Option<&Release> {
        self.records.values().next_back()
    }

    pub(super) fn get(&self, version: i64) -> Option<&Release> {
        self.records.get(&version)
    }

    pub(super) fn versions(&self) -> Vec<i64> {
        self.records.keys().copied().collect()
    }

    /// The deployed records, newest first.
    pub(super) fn deployed(&self) -> Vec<Release> {
        let records = self.records.values().rev();
        records
            .filter(|release| release.info.status == Status::Deployed)
            .cloned()
            .collect()
    }

    /// What was written since this was last asked.
    pub(super) fn take_written(&mut self) -> Vec<Release> {
        std::mem::take(&mut self.written)
    }

    /// Writes a new record, after the oldest beyond `keep` are gone; 0 keeps all.
    pub(super) async fn create(&mut self, release: &Release, keep: i64) -> Result<(), Failure> {
        if keep > 0 {
            self.remove_oldest(keep - 1).await?;
        }
        let path = format!(
            "/api/v1/namespaces/{}/secrets?fieldManager={HELM_CONTROLLER}",
            self.namespace
        );
        self.session
            .create(&path, &secret(self.namespace, release, true))
            .await
            .map_err(|error| Failure::new(format!("create: failed to create: {error}")))?;
        self.keep(release);
        Ok(())
    }

    /// Writes a record anew.
    pub(super) async fn update(&mut self, release: &Release) -> Result<(), Failure> {
        let path = self.path(release.version);
        let path = format!("{path}?fieldManager={HELM_CONTROLLER}");
        let secret = secret(self.namespace, release, false);
        self.session
            .send(Method::PUT, &path, Some("application/json"), Some(&secret))
            .await
            .map_err(|error| Failure::new(format!("update: failed to update: {error}")))?;
        self.keep(release);
        Ok(())
    }

    /// As [`Self::update`], where the outcome of the action does not depend on it: it is said in the log, and the next run sees.
    pub(super) async fn note(&mut self, release: &Release) {
        if let Err(failure) = self.update(release).await {
            tracing::warn!(%failure, "the release record could not be written");
        }
    }

    /// Removes a record for good.
    pub(super) async fn delete(&mut self, version: i64) -> Result<(), ApiError> {
        let path = self.path(version);
        match self.session.send(Method::DELETE, &path, None, None).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        self.written.extend(self.records.remove(&version));
        Ok(())
    }

    /// The last deployed record stays, however old it is.
    async fn remove_oldest(&mut self, keep: i64) -> Result<(), Failure> {
        let deployed = self.deployed().first().map(|record| record.version);
        let mut over = self.records.len() as i64 - keep;
        let versions: Vec<i64> = self.records.keys().copied().collect();
        for version in versions {
            if over <= 0 {
                break;
            }
            if Some(version) == deployed {
                continue;
            }
            self.delete(version)
                .await
                .map_err(|error| Failure::new(error.to_string()))?;
            over -= 1;
        }
        Ok(())
    }

    fn keep(&mut self, release: &Release) {
        self.written.push(release.clone());
        self.records.insert(release.version, release.clone());
    }

    fn path(&self, version: i64) -> String {
        let name = secret_name(self.name, version);
        format!("/api/v1/namespaces/{}/secrets/{name}", self.namespace)
    }
}

fn read(secret: &Value) -> Option<Release> {
    let data = secret.pointer("/data/release")?.as_str()?;
    let text = BASE64_STANDARD.decode(data).ok()?;
    let release = match record::decode(&text) {
        Ok(release) => release,
        Err(error) => {
            let name = secret["metadata"]["name"].as_str();
            tracing::warn!(%error, secret = name, "a release record cannot be read");
            return None;
        }
    };
    let labels = secret["metadata"]["labels"].as_object();
    let labels: BTreeMap<String, String> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    Some(release.with_labels(&labels))
}

fn secret(namespace: &str, release: &Release, created: bool) -> Value {
    let labels = record::labels(release, created, jiff::Timestamp::now());
    let name = secret_name(&release.name, release.version);
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": SECRET_TYPE,
        "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "data": { "release": BASE64_STANDARD.encode(record::encode(release)) },
    })
}
