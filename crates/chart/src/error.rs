//! What can be wrong with a chart, in Helm's words: users search for them.

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Chart.yaml file is missing")]
    NoChart,
    #[error("{0}")]
    ApiVersion(&'static str),
    #[error("validation: {0}")]
    Invalid(String),
    #[error("cannot load {file}: {cause}")]
    Load { file: String, cause: String },
    #[error("error unpacking subchart {subchart} in {chart}: {source}")]
    Subchart {
        subchart: String,
        chart: String,
        source: Box<Self>,
    },
    #[error("{0}")]
    Archive(String),
    #[error("{0}")]
    Read(String),
    #[error("{0}")]
    Values(String),
    #[error("{0}")]
    MissingDependencies(String),
    #[error("YAML parse error on {file}: {cause}")]
    Manifest { file: String, cause: String },
}
