//! The watch of one kind.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::StreamExt;
use kube::{
    Api,
    core::{DynamicObject, TypeMeta},
    runtime::{WatchStreamExt, watcher},
};
use tokio::sync::watch as channel;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{LiveObject, Rules};
use crate::{cluster::Resource, controller::Key};

#[derive(Clone)]
pub(super) struct KindWatch {
    state: Arc<State>,
}

struct State {
    objects: RwLock<HashMap<Key, LiveObject>>,
    synced: AtomicBool,
}

impl KindWatch {
    pub(super) fn start(
        client: kube::Client,
        resource: &Resource,
        rules: Rules,
        ticks: channel::Sender<u64>,
        stop: CancellationToken,
    ) -> Self {
        let state = Arc::new(State {
            objects: RwLock::default(),
            synced: AtomicBool::new(false),
        });
        if resource.watchable {
            let kind = resource.api_resource();
            let api: Api<DynamicObject> = Api::all_with(client, &kind);
            let config = watcher::Config::default().labels(rules.owner_name);
            let task = follow(
                state.clone(),
                api,
                TypeMeta {
                    api_version: kind.api_version.clone(),
                    kind: kind.kind.clone(),
                },
                config,
                rules,
                ticks,
            );
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = task => {}
                }
            });
        }
        Self { state }
    }

    pub(super) fn is_synced(&self) -> bool {
        self.state.synced.load(Ordering::Acquire)
    }

    pub(super) fn get(&self, key: &Key) -> Option<LiveObject> {
        self.state.get(key)
    }

    /// Books an object unless a newer state is known; says what was known before.
    pub(super) fn observe(&self, key: &Key, live: LiveObject) -> Observed {
        self.state.observe(key, live)
    }
}

/// What an observation meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Observed {
    Older,
    New,
    SameContent,
    Changed,
}

impl State {
    fn get(&self, key: &Key) -> Option<LiveObject> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects.get(key).cloned()
    }

    fn observe(&self, key: &Key, live: LiveObject) -> Observed {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        match objects.get_mut(key) {
            None => {
                objects.insert(key.clone(), live);
                Observed::New
            }
            Some(known) if known.uid == live.uid && known.version >= live.version => {
                Observed::Older
            }
            Some(known) => {
                let same = known.uid == live.uid && known.fingerprint == live.fingerprint;
                *known = live;
                if same {
                    Observed::SameContent
                } else {
                    Observed::Changed
                }
            }
        }
    }

    fn remove(&self, key: &Key) -> Option<LiveObject> {
        self.objects
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key)
    }

    fn keys(&self) -> Vec<Key> {
        self.objects
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect()
    }
}

async fn follow(
    state: Arc<State>,
    api: Api<DynamicObject>,
    types: TypeMeta,
    config: watcher::Config,
    rules: Rules,
    ticks: channel::Sender<u64>,
) {
    let mut events = std::pin::pin!(watcher(api, config).default_backoff());
    let mut listed = HashSet::new();
    let wake = |owner: Option<&Key>| {
        if let Some(owner) = owner {
            (rules.on_drift)(owner);
        }
    };
    let set = |mut object: DynamicObject| {
        // Items of a list do not say what they are, and without that everything that has a status looks ready.
        object.types.get_or_insert_with(|| types.clone());
        let key = Key::of(&object);
        let Ok(object) = serde_json::to_value(object) else {
            return key;
        };
        let live = rules.read(&object);
        let owner = live.owner.clone();
        let was_ready = state.get(&key).is_some_and(|known| known.is_ready());
        let became_ready = live.is_ready() && !was_ready;
        if state.observe(&key, live) == Observed::Changed {
            wake(owner.as_ref());
        }
        if let (true, Some(owner)) = (became_ready, &owner) {
            (rules.on_ready)(owner);
        }
        key
    };
    while let Some(event) = events.next().await {
        match event {
            Err(error) => {
                debug!(%error, "watch of applied objects interrupted; it is taken up again");
                continue;
            }
            Ok(watcher::Event::Init) => listed.clear(),
            Ok(watcher::Event::InitApply(object)) => {
                listed.insert(set(object));
                continue;
            }
            Ok(watcher::Event::InitDone) => {
                for key in state.keys().into_iter().filter(|key| !listed.contains(key)) {
                    wake(state.remove(&key).and_then(|live| live.owner).as_ref());
                }
                listed = HashSet::new();
                state.synced.store(true, Ordering::Release);
            }
            Ok(watcher::Event::Apply(object)) => {
                set(object);
            }
            Ok(watcher::Event::Delete(object)) => {
                wake(
                    state
                        .remove(&Key::of(&object))
                        .and_then(|live| live.owner)
                        .as_ref(),
                );
            }
        }
        ticks.send_modify(|ticks| *ticks += 1);
    }
}
