//! What can go wrong, in Helm's words: users search for them.

use rosin_template::RenderError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The chart cannot be read.
    #[error(transparent)]
    Chart(#[from] rosin_chart::Error),
    #[error("{0}")]
    Values(String),
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {present}")]
    KubeVersion { wanted: String, present: String },
    #[error("library charts are not installable")]
    Library,
    #[error("chart dependencies processing failed: {0}")]
    Dependencies(String),
    #[error(
        "release name check failed: release name {0}: invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
    )]
    ReleaseName(String),
    #[error(
        "values don't meet the specifications of the schema(s) in the following chart(s):\n{0}"
    )]
    Schema(String),
    /// A template failed to parse or to run. The text is Helm's; `cause` knows more.
    #[error("{text}")]
    Template {
        text: String,
        cause: Option<Box<RenderError>>,
    },
    #[error("could not find template {0} in chart")]
    ShowOnly(String),
}

impl Error {
    /// Did the rendering itself fail, and not what comes before it? Helm then offers to show more.
    #[must_use]
    pub fn is_rendering(&self) -> bool {
        matches!(
            self,
            Self::Template { .. }
                | Self::Chart(rosin_chart::Error::Manifest { .. })
                | Self::KubeVersion { .. }
        )
    }
}
