//! The record of a release: what Helm keeps in a Secret for every revision, field by field as in its program.

mod chart;
mod codec;
mod decode;
mod encode;
mod secret;

use std::collections::BTreeMap;
use std::fmt;

use crate::{Time, Values};

pub use chart::{Chart, File, Lock};
pub use codec::{RecordError, decode, encode};
pub(crate) use encode::{write_hook, write_info};
pub use encode::{write_lock, write_metadata};
pub use secret::{SECRET_TYPE, labels, secret_name};

/// Fields that this program does not know, as JSON: what a newer Helm wrote is still there when we write the record again.
/// Digests leave them out, as those of programs that do not know them do.
pub type Unknown = Vec<(String, String)>;

/// A revision of a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    pub name: String,
    pub info: Info,
    pub chart: Chart,
    /// The user's values, without the chart's defaults.
    pub config: Values,
    /// The objects, as they were rendered; hooks are apart.
    pub manifest: String,
    pub hooks: Vec<Hook>,
    /// The revision, from 1.
    pub version: i64,
    /// Where objects without a namespace go.
    pub namespace: String,
    /// How objects were applied; releases of Helm 3 do not say.
    pub apply_method: Option<ApplyMethod>,
    /// Labels of the Secret that are not Helm's own. Not in the JSON.
    pub labels: BTreeMap<String, String>,
    pub unknown: Unknown,
}

impl Release {
    /// As in events and conditions: `namespace/name.v1`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}.v{}", self.namespace, self.name, self.version)
    }

    pub fn set_status(&mut self, status: Status, description: impl Into<String>) {
        self.info.status = status;
        self.info.description = description.into();
    }

    /// Was it applied by the server? Releases of Helm 3, which do not say, were not.
    #[must_use]
    pub fn server_side(&self) -> bool {
        self.apply_method == Some(ApplyMethod::Server)
    }
}

/// What happened to a revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Info {
    pub first_deployed: Time,
    pub last_deployed: Time,
    pub deleted: Time,
    pub description: String,
    pub status: Status,
    pub notes: String,
    /// Live objects, which some commands of Helm put here; JSON.
    pub resources: Option<String>,
    pub unknown: Unknown,
}

/// Helm's states of a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    #[default]
    Unknown,
    Deployed,
    Uninstalled,
    Superseded,
    Failed,
    Uninstalling,
    PendingInstall,
    PendingUpgrade,
    PendingRollback,
    /// One that this program does not know.
    Other(String),
}

impl Status {
    const KNOWN: [Self; 9] = [
        Self::Unknown,
        Self::Deployed,
        Self::Uninstalled,
        Self::Superseded,
        Self::Failed,
        Self::Uninstalling,
        Self::PendingInstall,
        Self::PendingUpgrade,
        Self::PendingRollback,
    ];

    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown => "unknown",
            Self::Deployed => "deployed",
            Self::Uninstalled => "uninstalled",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
            Self::Other(text) => text,
        }
    }

    /// Is an action under way, or was it when its program ended?
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(
            self,
            Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback
        )
    }
}

impl From<&str> for Status {
    fn from(text: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|status| status.as_str() == text)
            .unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// How a revision's objects were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyMethod {
    /// By the API server, with an owner for each field.
    Server,
    /// By a patch that was computed from the last revision, this one, and the live object.
    Client,
    Other(String),
}

impl ApplyMethod {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Server => "ssa",
            Self::Client => "csa",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for ApplyMethod {
    fn from(text: &str) -> Self {
        match text {
            "ssa" => Self::Server,
            "csa" => Self::Client,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A document that is applied at a moment of a release's life, and is not part of the release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hook {
    pub name: String,
    pub kind: String,
    /// The template that it comes from.
    pub path: String,
    pub manifest: String,
    /// Names of [`HookEvent`]s.
    pub events: Vec<String>,
    pub last_run: HookExecution,
    pub weight: i64,
    /// Names of [`crate::hooks::DeletePolicy`].
    pub delete_policies: Vec<String>,
    pub output_log_policies: Vec<String>,
    pub unknown: Unknown,
}

impl Hook {
    #[must_use]
    pub fn runs_at(&self, event: HookEvent) -> bool {
        self.events.iter().any(|name| name == event.as_str())
    }
}

/// The last time that a hook was run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HookExecution {
    pub started_at: Time,
    pub completed_at: Time,
    /// Empty before the first time; else `Unknown`, `Running`, `Succeeded` or `Failed`.
    pub phase: String,
}

/// When hooks are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookEvent {
    PreInstall,
    PostInstall,
    PreDelete,
    PostDelete,
    PreUpgrade,
    PostUpgrade,
    PreRollback,
    PostRollback,
    Test,
}

impl HookEvent {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::Test => "test",
        }
    }
}
