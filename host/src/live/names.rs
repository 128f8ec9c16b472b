//! Which names of a kind are taken, by whomever: what is known to be free can be created without asking first.
//!
//! A watch of metadata, of which eight bytes an object are kept. Two names of equal digest make a free one look taken, which costs
//! a dry run and nothing else.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures::StreamExt;
use kube::{
    Api,
    core::{DynamicObject, PartialObjectMeta},
    runtime::{WatchStreamExt, watcher},
};
use tokio::sync::watch as channel;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{cluster::Resource, controller::Key};

/// How long the first who asks for a kind waits for its names. It is a list of metadata; without it there is the dry run.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Names {
    taken: Arc<RwLock<HashSet<u64>>>,
    known: channel::Receiver<Known>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    NotYet,
    Current,
    /// The watch was interrupted, or may not be.
    Unsure,
}

impl Names {
    pub(super) fn start(
        client: kube::Client,
        resource: &Resource,
        stop: CancellationToken,
    ) -> Self {
        let taken = Arc::default();
        let (tell, known) = channel::channel(Known::NotYet);
        if resource.watchable {
            let api: Api<PartialObjectMeta<DynamicObject>> =
                Api::all_with(client, &resource.api_resource());
            let task = follow(api, Arc::clone(&taken), tell);
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = task => {}
                }
            });
        }
        Self { taken, known }
    }

    /// Is the name free? `false` when that is not known.
    pub(super) async fn is_free(&self, key: &Key) -> bool {
        let mut known = self.known.clone();
        let known = known.wait_for(|known| *known != Known::NotYet);
        let current = matches!(
            tokio::time::timeout(PATIENCE, known).await,
            Ok(Ok(known)) if *known == Known::Current
        );
        current
            && !self
                .taken
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&digest(key))
    }

    /// We created it ourselves; the watch says so a moment later.
    pub(super) fn take(&self, key: &Key) {
        self.taken
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest(key));
    }
}

fn digest(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

async fn follow(
    api: Api<PartialObjectMeta<DynamicObject>>,
    taken: Arc<RwLock<HashSet<u64>>>,
    tell: channel::Sender<Known>,
) {
    let events = watcher(api, watcher::Config::default()).default_backoff();
    let mut events = std::pin::pin!(events);
    let mut listed = HashSet::new();
    let name = |object: &PartialObjectMeta<DynamicObject>| {
        digest(&Key::new(
            object.metadata.namespace.as_deref().unwrap_or_default(),
            object.metadata.name.as_deref().unwrap_or_default(),
        ))
    };
    while let Some(event) = events.next().await {
        let mut taken = taken.write().unwrap_or_else(PoisonError::into_inner);
        let known = match event {
            Err(error) => {
                debug!(%error, "watch of names interrupted; it is taken up again");
                Known::Unsure
            }
            Ok(watcher::Event::Init) => {
                listed.clear();
                continue;
            }
            Ok(watcher::Event::InitApply(object)) => {
                listed.insert(name(&object));
                continue;
            }
            Ok(watcher::Event::InitDone) => {
                *taken = std::mem::take(&mut listed);
                Known::Current
            }
            Ok(watcher::Event::Apply(object)) => {
                taken.insert(name(&object));
                Known::Current
            }
            Ok(watcher::Event::Delete(object)) => {
                taken.remove(&name(&object));
                Known::Current
            }
        };
        drop(taken);
        tell.send_if_modified(|old| std::mem::replace(old, known) != known);
    }
}
