//! The kinds of sources: their watches, the reconciles of those that this process serves, and whom their artifacts wake.

use std::sync::Arc;

use anyhow::Result;
use rosin_api::{
    Artifact, Bucket, FluxObject, GitRepository, HelmChart, HelmRepository, OCIRepository,
    source::StoredStatus,
};
use rosin_source::git::Git;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{scheduler, selector, served, until, wake_on_change};
use crate::{
    cluster::{Resource, Session},
    config::Config,
    controller::{Change, Key, Scheduler, Wake, WakeHandle, Watched, watch},
    reconcile::{
        bucket::Buckets,
        git_repository::GitRepositories,
        helm_chart::HelmCharts,
        helm_repository::HelmRepositories,
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
    pub(super) buckets: Watched<Bucket>,
    pub(super) repositories: Watched<HelmRepository>,
    pub(super) charts: Watched<HelmChart>,
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
    pub(super) told: Vec<OnArtifact>,
    pub(super) stop: CancellationToken,
}

impl Starter<'_> {
    /// Watches all kinds and, given what they share, serves them.
    pub(super) async fn start(
        mut self,
        watches: &SourceWatches,
        shared: Option<Arc<Shared>>,
    ) -> Result<()> {
        let buckets = self.present::<Buckets>().await?;
        let git = self.present::<GitRepositories>().await?;
        let oci = self.present::<OciRepositories>().await?;
        let repositories = self.present::<HelmRepositories>().await?;
        let charts = self.present::<HelmCharts>().await?;
        if let Some(charts) = &charts {
            let handle = charts.scheduler.handle();
            self.told.push(wake_charts(&watches.charts, handle));
        }
        let told = Arc::new(std::mem::take(&mut self.told));
        self.watch::<Buckets>(&buckets, &watches.buckets, &told, async {});
        self.watch::<GitRepositories>(&git, &watches.git, &told, async {});
        self.watch::<OciRepositories>(&oci, &watches.oci, &told, async {});
        self.watch::<HelmRepositories>(&repositories, &watches.repositories, &told, async {});
        // Sources first: a chart that runs before its source is known would be told that there is none.
        let sources = watches.clone();
        let ready = async move {
            sources.git.synced().await;
            sources.buckets.synced().await;
            sources.repositories.synced().await;
        };
        self.watch::<HelmCharts>(&charts, &watches.charts, &told, ready);
        let Some(shared) = shared else {
            return Ok(());
        };
        let git_repositories = GitRepositories {
            shared: shared.clone(),
            git: Git::new(
                shared.config.storage_path.join("git"),
                shared.clients.clone(),
                tokio::runtime::Handle::current(),
            ),
            watched: watches.git.clone(),
        };
        self.serve(git, git_repositories, &shared, &watches.git);
        let oci_repositories = OciRepositories {
            shared: shared.clone(),
        };
        self.serve(oci, oci_repositories, &shared, &watches.oci);
        let served = Buckets {
            shared: shared.clone(),
        };
        self.serve(buckets, served, &shared, &watches.buckets);
        let helm_repositories = HelmRepositories {
            shared: shared.clone(),
        };
        self.serve(
            repositories,
            helm_repositories,
            &shared,
            &watches.repositories,
        );
        let helm_charts = HelmCharts {
            shared: shared.clone(),
            repositories: watches.repositories.clone(),
            git: watches.git.clone(),
            buckets: watches.buckets.clone(),
        };
        self.serve(charts, helm_charts, &shared, &watches.charts);
        Ok(())
    }

    async fn present<S: SourceKind>(&self) -> Result<Option<Present>> {
        let resource = served(self.config, self.session, S::KIND).await?;
        Ok(resource.map(|resource| Present {
            resource,
            scheduler: Scheduler::new(scheduler(self.config, S::KIND)),
        }))
    }

    /// Begins when `ready` resolves.
    fn watch<S: SourceKind>(
        &mut self,
        present: &Option<Present>,
        watched: &Watched<S::Object>,
        told: &Arc<Vec<OnArtifact>>,
        ready: impl Future<Output = ()> + Send + 'static,
    ) {
        let Some(Present {
            resource,
            scheduler,
        }) = present
        else {
            watched.absent();
            return;
        };
        let (wakes, serves, told) = (scheduler.handle(), self.config.source, told.clone());
        watched.on_change(move |key, change| {
            if serves {
                wake_on_change(key, &change, &wakes);
            }
            if artifact_moved(&change) {
                told.iter().for_each(|told| told(S::KIND, key));
            }
        });
        let watch = watch(
            watched.clone(),
            self.session.client().clone(),
            resource.api_resource(),
            self.config.namespace.clone(),
            selector(self.config, self.config.source),
            <S::Object as rosin_api::Decode>::from_value,
            self.stop.clone(),
        );
        let task = async move {
            ready.await;
            watch.await;
        };
        self.tasks.spawn(until(task, self.stop.clone()));
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
        self.buckets.synced().await;
    }
}

/// Another artifact of a source wakes the charts that are made from it, unless they know of it.
fn wake_charts(charts: &Watched<HelmChart>, wakes: WakeHandle) -> OnArtifact {
    let charts = charts.clone();
    Box::new(move |kind, source| {
        let made_from = |key: &Key, chart: &HelmChart| {
            let reference = &chart.spec.source_ref;
            key.namespace == source.namespace
                && reference.name == source.name
                && reference.kind.as_str() == kind
        };
        let readers = charts.keys_where(made_from).into_iter();
        readers.for_each(|key| wakes.wake(key, Wake::Input));
    })
}

fn artifact_moved<K: SourceObject>(change: &Change<K>) -> bool {
    fn artifact<K: SourceObject>(object: &K) -> Option<&Artifact> {
        FluxObject::status(object).and_then(StoredStatus::artifact)
    }
    change.brings(|old, new| artifact_changed(artifact(old), artifact(new)))
}
