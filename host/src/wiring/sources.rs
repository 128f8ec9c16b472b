//! The kinds of sources: their watches, the reconciles of those that this process serves, and whom their artifacts wake.

use std::sync::Arc;

use anyhow::Result;
use rosin_api::{Artifact, FluxObject, GitRepository, OCIRepository, source::StoredStatus};
use rosin_source::git::Git;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{scheduler, selector, served, wake_on_change};
use crate::{
    cluster::{Resource, Session},
    config::Config,
    controller::{Change, Key, Scheduler, Watched, watch},
    reconcile::{
        git_repository::GitRepositories,
        kustomization::artifact_changed,
        oci_repository::OciRepositories,
        source::{Course, Shared, SourceKind, SourceObject},
    },
};

/// Told that an object of a kind has another artifact than before, or none any more.
pub(super) type OnArtifact = Box<dyn Fn(&'static str, &Key) + Send + Sync>;

/// All sources that the cluster has. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct SourceWatches {
    pub(super) git: Watched<GitRepository>,
    pub(super) oci: Watched<OCIRepository>,
}

/// A kind that the cluster has.
struct Present {
    resource: Resource,
    scheduler: Scheduler,
}

/// What is needed to start a kind.
pub(super) struct Starter<'a> {
    pub(super) tasks: &'a mut JoinSet<()>,
    pub(super) config: &'a Config,
    pub(super) session: &'a Session,
    pub(super) told: Arc<Vec<OnArtifact>>,
    pub(super) stop: CancellationToken,
}

impl Starter<'_> {
    /// Watches all kinds and, given what they share, serves them.
    pub(super) async fn start(
        mut self,
        watches: &SourceWatches,
        shared: Option<Arc<Shared>>,
    ) -> Result<()> {
        let git = self.watch::<GitRepositories>(&watches.git).await?;
        let oci = self.watch::<OciRepositories>(&watches.oci).await?;
        let Some(shared) = shared else {
            return Ok(());
        };
        let repositories = GitRepositories {
            shared: shared.clone(),
            git: Git::new(
                shared.config.storage_path.join("git"),
                shared.clients.clone(),
                tokio::runtime::Handle::current(),
            ),
            watched: watches.git.clone(),
        };
        self.serve(git, repositories, &shared, &watches.git);
        let repositories = OciRepositories {
            shared: shared.clone(),
        };
        self.serve(oci, repositories, &shared, &watches.oci);
        Ok(())
    }

    async fn watch<S: SourceKind>(
        &mut self,
        watched: &Watched<S::Object>,
    ) -> Result<Option<Present>> {
        let Some(resource) = served(self.config, self.session, S::KIND).await? else {
            watched.absent();
            return Ok(None);
        };
        let scheduler = Scheduler::new(scheduler(self.config, S::KIND));
        let (wakes, serves, told) = (scheduler.handle(), self.config.source, self.told.clone());
        watched.on_change(move |key, change| {
            if serves {
                wake_on_change(key, &change, &wakes);
            }
            if artifact_moved(&change) {
                told.iter().for_each(|told| told(S::KIND, key));
            }
        });
        self.tasks.spawn(watch(
            watched.clone(),
            self.session.client().clone(),
            resource.api_resource(),
            self.config.namespace.clone(),
            selector(self.config, self.config.source),
            <S::Object as rosin_api::Decode>::from_value,
            self.stop.clone(),
        ));
        Ok(Some(Present {
            resource,
            scheduler,
        }))
    }

    fn serve<S: SourceKind>(
        &mut self,
        present: Option<Present>,
        kind: S,
        shared: &Arc<Shared>,
        watched: &Watched<S::Object>,
    ) {
        if let Some(present) = present {
            let course = Course::new(kind, shared.clone(), present.resource, watched.clone());
            let stop = self.stop.clone();
            self.tasks
                .spawn(present.scheduler.run(Arc::new(course), stop));
        }
    }
}

impl SourceWatches {
    /// Waits until what is there is known.
    pub(super) async fn synced(&self) {
        self.git.synced().await;
        self.oci.synced().await;
    }
}

fn artifact_moved<K: SourceObject>(change: &Change<K>) -> bool {
    fn artifact<K: SourceObject>(object: &K) -> Option<&Artifact> {
        FluxObject::status(object).and_then(StoredStatus::artifact)
    }
    match change {
        Change::Set {
            old: Some(old),
            new,
        } => artifact_changed(artifact(&**old), artifact(&**new)),
        Change::Set { old: None, .. } | Change::Removed(_) => true,
        Change::Unreadable(_) => false,
    }
}
