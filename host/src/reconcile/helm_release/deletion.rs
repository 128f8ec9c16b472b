//! The end of a HelmRelease: its release is uninstalled and its HelmChart deleted, unless it is suspended; then its finalizer goes.

use rosin_api::{HelmRelease, names};
use rosin_domain::health::Checks;
use tracing::warn;

use super::{HelmReleases, Running, action::Work, error::Error, report::Report, story::name_of};
use crate::controller::{Key, Run, remove_finalizer};

impl HelmReleases {
    pub(super) async fn finalize(
        &self,
        key: &Key,
        object: &HelmRelease,
        run: &Run,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Error> {
        if !object.spec.suspend {
            self.uninstall_deleted(object, run, progress, report)
                .await?;
            self.remove_chart(object, progress, report).await?;
        }
        self.memos.take(key);
        progress.write().await?;
        remove_finalizer(
            &self.session,
            &self.resource,
            key,
            &progress.current.metadata,
            names::HELM_STATUS_MANAGER,
        )
        .await?;
        Ok(())
    }

    async fn uninstall_deleted(
        &self,
        object: &HelmRelease,
        run: &Run,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Error> {
        let stored = progress.status.storage_namespace.as_deref();
        if stored.is_none_or(str::is_empty) {
            return Ok(());
        }
        if self.lost_access(object).await? {
            warn!("what the release was made with is gone; it is left behind");
            return Ok(());
        }
        let place = self.place_of(object).await?;
        // A release ends by other rules than it begins with.
        let checks = Checks::of_expressions(&[])
            .map_err(|error| Error::InvalidExpression(error.to_string()))?;
        let work = Work {
            releases: self,
            object,
            place: &place,
            run,
            checks: &checks,
            name: rosin_release::names::shorten(&name_of(object)),
        };
        self.uninstall_current(&work, progress, report).await?;
        progress.status.history.clear();
        progress.status.storage_namespace = None;
        Ok(())
    }
}
