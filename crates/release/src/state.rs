//! The state of a release: what its last record, the HelmRelease's status and the wanted chart and values make of one another.

use rosin_api::HelmRelease;
use rosin_api::helm_release::ChartNameChange;

use crate::remedy::Remediation;
use crate::{Release, Status, Values, history, names, postrender, values};

/// The chart and the values that are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    pub chart_name: &'w str,
    pub chart_version: &'w str,
    pub values: &'w Values,
}

/// Where a release stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Absent(&'static str),
    /// An action is under way, or was when its program ended.
    Locked(Status),
    /// It was being uninstalled when the program that did it ended.
    HalfUninstalled,
    /// It is not the one that this object made last.
    Unmanaged(String),
    /// Something else is wanted.
    OutOfSync(&'static str),
    Failed(&'static str),
    Untested,
    /// The cluster differs from it. Only the host can tell; see [`State::InSync`].
    Drifted,
    /// As wanted, as far as records say: where drift is looked for, the host looks now.
    InSync,
}

/// A record that says nothing about what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to determine state for release with status '{0}'")]
pub struct UnknownState(pub Status);

/// The state of a release by its last record.
pub fn determine(
    object: &HelmRelease,
    last: Option<&Release>,
    wanted: &Wanted<'_>,
) -> Result<State, UnknownState> {
    let status = object.status.clone().unwrap_or_default();
    let Some(last) = last else {
        return Ok(State::Absent("no release in storage for object"));
    };
    if last.info.status.is_pending() {
        return Ok(State::Locked(last.info.status.clone()));
    }
    // Helm would refuse to do anything with it, for ever.
    if last.info.status == Status::Uninstalling {
        return Ok(State::HalfUninstalled);
    }
    let uninstalled = State::Absent("found uninstalled release in storage");
    let Some(latest) = history::latest(&status.history) else {
        if last.info.status == Status::Uninstalled {
            return Ok(uninstalled);
        }
        let why = "found existing release in storage".to_owned();
        return Ok(State::Unmanaged(why));
    };
    if let Err(mismatch) = history::verify(latest, last) {
        return Ok(State::Unmanaged(mismatch.to_string()));
    }
    match last.info.status {
        Status::Failed => return Ok(State::Failed("")),
        Status::Uninstalled => return Ok(uninstalled),
        Status::Deployed => {}
        _ => return Err(UnknownState(last.info.status.clone())),
    }
    let chart = &last.chart.metadata;
    if chart.name != wanted.chart_name || chart.version != wanted.chart_version {
        return Ok(State::OutOfSync("release chart changed"));
    }
    if !values::verifies(&latest.config_digest, wanted.values) {
        return Ok(State::OutOfSync("release config values changed"));
    }
    // Only a new generation can have brought these: without this, a status that lost them would upgrade.
    if status.observed_generation != object.metadata.generation {
        if postrender::renderers_digest(&object.spec) != status.observed_post_renderers_digest {
            return Ok(State::OutOfSync("postrenderers digest has changed"));
        }
        if postrender::metadata_digest(&object.spec) != status.observed_common_metadata_digest {
            return Ok(State::OutOfSync("common metadata digest has changed"));
        }
    }
    if object.spec.tests_enabled() {
        if !history::is_tested(latest) {
            return Ok(State::Untested);
        }
        let counts = Remediation::active(&object.spec, &status)
            .is_some_and(|remediation| !remediation.ignore_test_failures);
        if counts && history::has_failed_test(latest) {
            return Ok(State::Failed("release has test in failed phase"));
        }
    }
    Ok(State::InSync)
}

/// What makes a release another one, so that the old one has to go first.
#[must_use]
pub fn changed_target(object: &HelmRelease, chart_name: &str) -> Option<&'static str> {
    let status = object.status.as_ref()?;
    let latest = history::latest(&status.history)?;
    let storage = status
        .storage_namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty())?;
    let release_name = names::shorten(&names::release_name(
        object.spec.release_name.as_deref(),
        object.spec.target_namespace.as_deref(),
        object.name(),
    ));
    if object.storage_namespace() != storage {
        Some("storage namespace")
    } else if object.release_namespace() != latest.namespace {
        Some("release namespace")
    } else if release_name != latest.name {
        Some("release name")
    } else if chart_name != latest.chart_name && !upgrades_in_place(object) {
        Some("chart name")
    } else {
        None
    }
}

fn upgrades_in_place(object: &HelmRelease) -> bool {
    object.spec.upgrade.as_ref().is_some_and(|upgrade| {
        upgrade.chart_name_change_strategy == Some(ChartNameChange::InPlaceUpdate)
    })
}

/// Does something new begin, so that failures of before no longer count? Tells which, as Flux's log does.
#[must_use]
pub fn resets_failures(
    object: &HelmRelease,
    chart_version: &str,
    values: &Values,
) -> Option<&'static str> {
    let status = object.status.as_ref()?;
    if status.last_attempted_generation != object.metadata.generation {
        return Some("generation differs from last attempt");
    }
    if status.last_attempted_revision.as_deref() != Some(chart_version) {
        return Some("chart version differs from last attempt");
    }
    let digest = status.last_attempted_config_digest.as_deref();
    let same = digest.is_none_or(|digest| values::verifies(digest, values));
    (!same).then_some("values differ from last attempt")
}

/// May a release that failed be good after all? So it is if it was made of what is wanted now, and only its objects were not
/// ready in time: if they are ready by now, and no test failed, there is nothing that another attempt would do. (Flux gives such
/// a release up, or makes it again.)
#[must_use]
pub fn may_have_recovered(object: &HelmRelease, last: &Release, wanted: &Wanted<'_>) -> bool {
    let Some(latest) = object
        .status
        .as_ref()
        .and_then(|status| history::latest(&status.history))
    else {
        return false;
    };
    let chart = &last.chart.metadata;
    let hooks_ended = last
        .hooks
        .iter()
        .all(|hook| matches!(hook.last_run.phase.as_str(), "" | "Succeeded"));
    last.info.status == Status::Failed
        && history::verify(latest, last).is_ok()
        && history::targets(latest, last)
        && hooks_ended
        && chart.name == wanted.chart_name
        && chart.version == wanted.chart_version
        && values::verifies(&latest.config_digest, wanted.values)
        && object
            .status
            .as_ref()
            .is_some_and(|status| status.last_attempted_generation == object.metadata.generation)
}
