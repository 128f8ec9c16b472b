//! What Helm does to a release, action by action. Each writes its record before it changes anything else, so that whoever comes after a
//! sudden end sees what was under way.

mod install;
mod rollback;
mod test;
mod uninstall;
mod unlock;
mod upgrade;

use std::time::Duration;

use rosin_api::{
    HelmRelease,
    helm_release::{ApplyChoice, ReleaseAction},
};
use rosin_domain::health::Checks;
use rosin_release::{ApplyMethod, Release, Time, Values, state::Wanted};

use super::{
    HelmReleases, chart::LoadedChart, hooks::Runner, objects::Failure, place::Place,
    storage::Storage, wait::Rules,
};
use crate::controller::Run;

pub(super) use install::install;
pub(super) use rollback::rollback;
pub(super) use test::test;
pub(super) use uninstall::{Uninstalled, uninstall};
pub(super) use unlock::unlock;
pub(super) use upgrade::upgrade;

/// What the actions of one run share.
pub(super) struct Work<'a> {
    pub releases: &'a HelmReleases,
    pub object: &'a HelmRelease,
    pub place: &'a Place,
    pub run: &'a Run,
    pub checks: &'a Checks,
    /// The release's own name.
    pub name: String,
}

/// What is to be released.
#[derive(Clone, Copy)]
pub(super) struct Desired<'a> {
    pub chart: &'a LoadedChart,
    pub values: &'a Values,
}

impl Desired<'_> {
    /// As the state of a release is judged by.
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            chart_name: self.chart.name(),
            chart_version: self.chart.version(),
            values: self.values,
        }
    }
}

impl Work<'_> {
    /// Do Jobs have to be complete for the action that was tried last to be a success?
    pub(super) fn waits_for_jobs(&self) -> bool {
        let spec = &self.object.spec;
        let status = self.object.status.as_ref();
        let action = status.and_then(|status| status.last_attempted_release_action);
        let disabled = match action {
            Some(ReleaseAction::Upgrade) => {
                let upgrade = spec.upgrade.as_ref();
                upgrade.map(|it| it.disable_wait_for_jobs)
            }
            _ => spec.install.as_ref().map(|it| it.disable_wait_for_jobs),
        };
        !disabled.unwrap_or(false)
    }

    fn namespace(&self) -> &str {
        self.object.release_namespace()
    }

    pub(super) fn rules(&self, jobs: bool) -> Rules<'_> {
        Rules {
            checks: self.checks,
            jobs,
            hooks: false,
        }
    }

    fn hooks(&self, timeout: Duration, server_side: bool, awaits_end: bool) -> Runner<'_> {
        Runner {
            place: self.place,
            run: self.run,
            rules: Rules {
                hooks: true,
                ..self.rules(true)
            },
            timeout,
            server_side,
            awaits_end,
        }
    }

    fn timeout(&self, own: Option<rosin_api::Duration>) -> Duration {
        own.unwrap_or(self.object.spec.timeout()).to_std()
    }
}

/// The moment, as records have it.
pub(super) fn now() -> Time {
    Time::from(jiff::Timestamp::now())
}

fn method(server_side: bool) -> Option<ApplyMethod> {
    Some(if server_side {
        ApplyMethod::Server
    } else {
        ApplyMethod::Client
    })
}

/// `auto` is what an earlier release did.
fn server_side(choice: Option<ApplyChoice>, earlier: &Release) -> bool {
    match choice.unwrap_or_default() {
        ApplyChoice::Enabled => true,
        ApplyChoice::Disabled => false,
        ApplyChoice::Auto => earlier.server_side(),
    }
}

/// Marks every deployed record as superseded.
pub(super) async fn supersede_deployed(storage: &mut Storage<'_>) {
    for mut release in storage.deployed() {
        release.info.status = rosin_release::Status::Superseded;
        storage.note(&release).await;
    }
}

fn check_name(name: &str, what: &str) -> Result<(), Failure> {
    rosin_release::names::check(name).map_err(|error| Failure::new(format!("{what}{error}")))
}
