//! What can go wrong, in Helm's words: users search for them.

use rosin_template::RenderError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Chart.yaml file is missing")]
    NoChart,
    #[error("validation: {0}")]
    Invalid(String),
    #[error("cannot load {file}: {cause}")]
    Load { file: String, cause: String },
    #[error("error unpacking subchart {subchart} in {chart}: {source}")]
    Subchart {
        subchart: String,
        chart: String,
        source: Box<Error>,
    },
    #[error("{0}")]
    Archive(String),
    #[error("{0}")]
    Read(String),
    #[error("{0}")]
    Values(String),
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {present}")]
    KubeVersion { wanted: String, present: String },
    #[error("library charts are not installable")]
    Library,
    #[error("{0}")]
    MissingDependencies(String),
    /// A template failed to parse or to run. The text is Helm's; `cause` knows more.
    #[error("{text}")]
    Template {
        text: String,
        cause: Option<Box<RenderError>>,
    },
    #[error("YAML parse error on {file}: {cause}")]
    Manifest { file: String, cause: String },
    #[error("could not find template {0} in chart")]
    ShowOnly(String),
}
