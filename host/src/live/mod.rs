//! The live state of what was applied: one watch for each kind in the inventories, shared by all Kustomizations.
//!
//! Only objects with owner labels are watched, and of each only a few words are kept: version, fingerprint, readiness. Health waits
//! and drift correction are driven from here; nobody polls. Of what is to be created all names are watched, so that what is new
//! need not be asked for.

mod fingerprint;
mod kind;
mod names;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rosin_domain::ObjectId;
use rosin_domain::readiness::Readiness;
use serde_json::Value;
use tokio::sync::watch as channel;
use tokio_util::sync::CancellationToken;

use self::{kind::KindWatch, names::Names};
use crate::{
    cluster::{Resource, Session},
    controller::Key,
};

pub(crate) use fingerprint::fingerprint;

/// What is known of a live object.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveObject {
    pub uid: String,
    pub version: u64,
    pub fingerprint: u64,
    pub readiness: Readiness,
    /// The Kustomization that its owner labels name.
    pub owner: Option<Key>,
}

impl LiveObject {
    fn is_ready(&self) -> bool {
        self.readiness == Readiness::Current
    }
}

/// Called with the owner of an object: when it was changed by somebody else, or is gone.
pub(crate) type OnDrift = Arc<dyn Fn(&Key) + Send + Sync>;

/// Watches by kind. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    session: Session,
    rules: Rules,
    kinds: Mutex<HashMap<Resource, KindWatch>>,
    names: Mutex<HashMap<Resource, Names>>,
    /// Counts changes of anything; health waits look again when it moves.
    ticks: channel::Sender<u64>,
    stop: CancellationToken,
}

/// What the watch of every kind needs to judge an object.
#[derive(Clone)]
pub(crate) struct Rules {
    pub manager: &'static str,
    pub takeover: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    pub on_drift: OnDrift,
    /// Called when an object became ready that was not before.
    pub on_ready: OnDrift,
    /// Labels that name the owner.
    pub owner_name: &'static str,
    pub owner_namespace: &'static str,
}

impl Rules {
    fn read(&self, object: &Value) -> LiveObject {
        let label = |name| {
            object
                .pointer("/metadata/labels")
                .and_then(|l| l.get(name))
                .and_then(Value::as_str)
        };
        LiveObject {
            uid: object
                .pointer("/metadata/uid")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            version: version(object),
            fingerprint: fingerprint(object, self.manager, &*self.takeover),
            readiness: rosin_domain::readiness::assess(object),
            owner: label(self.owner_namespace)
                .zip(label(self.owner_name))
                .map(|(ns, name)| Key::new(ns, name)),
        }
    }
}

fn version(object: &Value) -> u64 {
    object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
        .and_then(|v| v.parse().ok())
        .unwrap_or(0)
}

impl Live {
    pub(crate) fn new(session: Session, rules: Rules, stop: CancellationToken) -> Self {
        let inner = Inner {
            session,
            rules,
            kinds: Mutex::default(),
            names: Mutex::default(),
            ticks: channel::Sender::new(0),
            stop,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The same rules for what is in another cluster; its watches end when told to. Whoever rules there can write any owner into
    /// labels: only those that apply to that cluster hear of it.
    pub(crate) fn elsewhere(
        &self,
        session: Session,
        hears: impl Fn(&Key) -> bool + Send + Sync + 'static,
        stop: CancellationToken,
    ) -> Self {
        let hears = Arc::new(hears);
        let only_those = |here: OnDrift| -> OnDrift {
            let hears = hears.clone();
            Arc::new(move |key| {
                if hears(key) {
                    here(key);
                }
            })
        };
        let here = &self.inner.rules;
        let rules = Rules {
            on_drift: only_those(here.on_drift.clone()),
            on_ready: only_those(here.on_ready.clone()),
            ..here.clone()
        };
        Self::new(session, rules, stop)
    }

    /// Takes over the answer to a write of ours (or to a dry run that changed nothing) and watches the kind from now on. The answer is
    /// what the watch will say, so that our own writes are no drift.
    pub fn applied(&self, resource: &Resource, id: &ObjectId, object: &Value) -> LiveObject {
        let live = self.inner.rules.read(object);
        self.kind(resource).observe(&key(id), live.clone());
        let names = self.inner.names.lock();
        if let Some(names) = names.unwrap_or_else(PoisonError::into_inner).get(resource) {
            names.take(&key(id));
        }
        live
    }

    /// Whether nobody has an object of that name, as far as a current watch of all names can tell. The first question about a kind
    /// begins the watch.
    pub(crate) async fn is_absent(&self, resource: &Resource, id: &ObjectId) -> bool {
        let names = {
            let names = self.inner.names.lock();
            let mut names = names.unwrap_or_else(PoisonError::into_inner);
            let start = || {
                let client = self.inner.session.client().clone();
                Names::start(client, resource, self.inner.stop.clone())
            };
            names.entry(resource.clone()).or_insert_with(start).clone()
        };
        names.is_free(&key(id)).await
    }

    /// What is known of an object; `None` while its kind is not watched yet, or when it does not exist.
    pub fn get(&self, resource: &Resource, id: &ObjectId) -> Option<LiveObject> {
        let kinds = self
            .inner
            .kinds
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kinds.get(resource)?.get(&key(id))
    }

    /// Is what we know of the kind current? Only then a missing object is known to be missing.
    pub fn is_synced(&self, resource: &Resource) -> bool {
        let kinds = self
            .inner
            .kinds
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kinds.get(resource).is_some_and(KindWatch::is_synced)
    }

    /// Moves with every change of a watched object.
    pub fn changes(&self) -> channel::Receiver<u64> {
        self.inner.ticks.subscribe()
    }

    fn kind(&self, resource: &Resource) -> KindWatch {
        let mut kinds = self
            .inner
            .kinds
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kinds
            .entry(resource.clone())
            .or_insert_with(|| {
                KindWatch::start(
                    self.inner.session.client().clone(),
                    resource,
                    self.inner.rules.clone(),
                    self.inner.ticks.clone(),
                    self.inner.stop.clone(),
                )
            })
            .clone()
    }
}

fn key(id: &ObjectId) -> Key {
    Key::new(id.namespace.as_str(), id.name.as_str())
}
