//! The objects of one of our kinds, kept current by a watch and by our own writes.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use futures::StreamExt;
use kube::{
    Api, ResourceExt,
    core::{ApiResource, DynamicObject},
    runtime::{WatchStreamExt, watcher},
};
use rosin_api::{Decode, DecodeError};
use tokio::sync::watch as channel;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::Key;

/// What happened to an object.
#[derive(Debug)]
pub enum Change<K> {
    Set {
        old: Option<Arc<K>>,
        new: Arc<K>,
    },
    Removed(Arc<K>),
    /// The object is there, but does not decode: only it is affected, the watch of its kind goes on.
    Unreadable(String),
}

impl<K> Change<K> {
    /// Could somebody who looks at the object see another answer than before? What came or went always counts; of what is still there
    /// `differ` tells. An object that does not decode has no answer to give.
    pub fn shows(&self, differ: impl FnOnce(&K, &K) -> bool) -> bool {
        match self {
            Self::Set {
                old: Some(old),
                new,
            } => differ(old, new),
            Self::Set { old: None, .. } | Self::Removed(_) => true,
            Self::Unreadable(_) => false,
        }
    }

    /// Has who reads the object something new to read? Readers of what went keep what they have, and look again at their interval,
    /// as Flux's do.
    pub fn brings(&self, differ: impl FnOnce(&K, &K) -> bool) -> bool {
        !matches!(self, Self::Removed(_)) && self.shows(differ)
    }
}

/// Told of each change.
type OnChange<K> = Arc<dyn Fn(&Key, Change<K>) + Send + Sync>;

/// The current objects of a kind. Cheap to clone.
pub struct Watched<K> {
    objects: Arc<RwLock<HashMap<Key, Entry<K>>>>,
    synced: channel::Sender<bool>,
    on_change: Arc<OnceLock<OnChange<K>>>,
}

struct Entry<K> {
    version: u64,
    object: Arc<K>,
}

impl<K> Clone for Watched<K> {
    fn clone(&self) -> Self {
        Self {
            objects: self.objects.clone(),
            synced: self.synced.clone(),
            on_change: self.on_change.clone(),
        }
    }
}

impl<K> Default for Watched<K> {
    fn default() -> Self {
        Self {
            objects: Arc::default(),
            synced: channel::Sender::new(false),
            on_change: Arc::default(),
        }
    }
}

impl<K> Watched<K> {
    pub fn get(&self, key: &Key) -> Option<Arc<K>> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects.get(key).map(|entry| entry.object.clone())
    }

    pub fn all(&self) -> Vec<(Key, Arc<K>)> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects
            .iter()
            .map(|(key, entry)| (key.clone(), entry.object.clone()))
            .collect()
    }

    /// The keys of the objects that a question is answered with yes for.
    pub fn keys_where(&self, mut asked: impl FnMut(&Key, &K) -> bool) -> Vec<Key> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let found = objects
            .iter()
            .filter(|(key, entry)| asked(key, &entry.object));
        found.map(|(key, _)| key.clone()).collect()
    }

    /// Waits until the first list is complete.
    pub async fn synced(&self) {
        let _ = self.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// The cluster has no such kind: there is nothing to wait for.
    pub fn absent(&self) {
        self.synced.send_replace(true);
    }

    pub fn is_synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// Says who is told of changes, in order, those of the first list included. Once, before the watch starts.
    pub fn on_change(&self, told: impl Fn(&Key, Change<K>) + Send + Sync + 'static) {
        let _ = self.on_change.set(Arc::new(told));
    }

    /// Takes an object over from the watch or from the answer to a write of ours, unless a newer one is known. Reads after our own
    /// writes thus see them: an inventory that was just claimed is never read in its older form.
    pub fn observe(&self, key: &Key, version: &str, object: Arc<K>) {
        let version = version.parse().unwrap_or(u64::MAX);
        let change = {
            let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
            match objects.get_mut(key) {
                Some(entry) if entry.version >= version => return,
                Some(entry) => {
                    entry.version = version;
                    let old = std::mem::replace(&mut entry.object, object.clone());
                    Change::Set {
                        old: Some(old),
                        new: object,
                    }
                }
                None => {
                    objects.insert(
                        key.clone(),
                        Entry {
                            version,
                            object: object.clone(),
                        },
                    );
                    Change::Set {
                        old: None,
                        new: object,
                    }
                }
            }
        };
        self.tell(key, change);
    }

    /// Takes over the answer to a write of ours.
    pub fn take_over(&self, key: &Key, answer: serde_json::Value) -> Result<Arc<K>, DecodeError>
    where
        K: Decode,
    {
        let version = answer.pointer("/metadata/resourceVersion");
        let version = version
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        let version = version.to_owned();
        let object = Arc::new(K::from_value(answer)?);
        self.observe(key, &version, object.clone());
        Ok(object)
    }

    fn remove(&self, key: &Key) {
        let removed = self
            .objects
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        if let Some(entry) = removed {
            self.tell(key, Change::Removed(entry.object));
        }
    }

    fn tell(&self, key: &Key, change: Change<K>) {
        if let Some(told) = self.on_change.get() {
            told(key, change);
        }
    }
}

/// Keeps `watched` current until `stop`. `decode` says in words why an object cannot be read.
pub async fn watch<K, E>(
    watched: Watched<K>,
    client: kube::Client,
    resource: ApiResource,
    namespace: Option<String>,
    config: watcher::Config,
    decode: impl Fn(serde_json::Value) -> Result<K, E> + Send,
    stop: CancellationToken,
) where
    K: Send + Sync + 'static,
    E: fmt::Display,
{
    let api: Api<DynamicObject> = match &namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let mut events = std::pin::pin!(watcher(api, config).default_backoff());
    let mut listed: HashSet<Key> = HashSet::new();
    let set = |object: DynamicObject| {
        let key = Key::of(&object);
        let version = object.resource_version().unwrap_or_default();
        match serde_json::to_value(object)
            .map_err(|e| e.to_string())
            .and_then(|v| decode(v).map_err(|e| e.to_string()))
        {
            Ok(object) => watched.observe(&key, &version, Arc::new(object)),
            Err(why) => {
                warn!(
                    kind = resource.kind,
                    namespace = key.namespace,
                    name = key.name,
                    error = why,
                    "the object cannot be read"
                );
                watched.tell(&key, Change::Unreadable(why));
            }
        }
        key
    };
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.next() => event,
        };
        match event {
            None => return,
            Some(Err(error)) => {
                debug!(kind = resource.kind, %error, "watch interrupted; it is taken up again")
            }
            Some(Ok(watcher::Event::Init)) => listed.clear(),
            Some(Ok(watcher::Event::InitApply(object))) => {
                listed.insert(set(object));
            }
            Some(Ok(watcher::Event::InitDone)) => {
                for (key, _) in watched.all() {
                    if !listed.contains(&key) {
                        watched.remove(&key);
                    }
                }
                listed = HashSet::new();
                watched.synced.send_replace(true);
            }
            Some(Ok(watcher::Event::Apply(object))) => {
                set(object);
            }
            Some(Ok(watcher::Event::Delete(object))) => {
                watched.remove(&Key::of(&object));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_event_never_replaces_what_we_wrote() {
        let watched = Watched::default();
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = told.clone();
        watched.on_change(move |_, change| {
            if let Change::Set { old, new } = change {
                log.lock().unwrap().push((old.as_deref().copied(), *new));
            }
        });
        let key = Key::new("a", "b");
        watched.observe(&key, "7", Arc::new("claimed"));
        watched.observe(&key, "6", Arc::new("before"));
        assert_eq!(*watched.get(&key).unwrap(), "claimed");
        watched.observe(&key, "8", Arc::new("after"));
        assert_eq!(
            *told.lock().unwrap(),
            [(None, "claimed"), (Some("claimed"), "after")]
        );
    }
}
