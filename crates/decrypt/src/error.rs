//! What can go wrong with a file, and where.

use crate::{cipher::CipherError, data_key::DataKeyError, format::Format};

/// A file or an object that could not be decrypted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to decrypt '{path}' as {format}")]
    File {
        path: String,
        format: Format,
        #[source]
        source: FileError,
    },
    #[error("failed to decrypt {kind} '{namespace}/{name}'")]
    Object {
        kind: String,
        namespace: String,
        name: String,
        #[source]
        source: Box<FileError>,
    },
    #[error("failed to decrypt field '{field}' of Secret '{namespace}/{name}'")]
    SecretField {
        namespace: String,
        name: String,
        field: String,
        #[source]
        source: Box<FileError>,
    },
    #[error("failed to read '{path}'")]
    Read {
        path: String,
        #[source]
        source: rosin_tree::TreeError,
    },
    #[error("failed to read the kustomization '{path}': {cause}")]
    Kustomization { path: String, cause: String },
    #[error("found more than one kustomization file in '{0}'")]
    SeveralKustomizations(String),
    #[error("found no kustomization file in '{0}'")]
    NoKustomization(String),
}

/// Why the bytes of one file could not be decrypted. Values never occur in it, their places do.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("it is larger than 5 MiB")]
    TooLarge,
    #[error("it cannot be read as {format}: {cause}")]
    Read { format: Format, cause: String },
    #[error("it has no metadata of SOPS")]
    NoMetadata,
    #[error("its metadata of SOPS is wrong: {0}")]
    Metadata(String),
    #[error("the pattern in its '{0}' is not a regular expression")]
    Rule(&'static str),
    #[error("its data key could not be recovered")]
    DataKey(#[from] DataKeyError),
    #[error("the value at '{path}' {error}")]
    Value { path: String, error: CipherError },
    #[error("it has no integrity code")]
    NoMac,
    #[error("its integrity code {0}")]
    Mac(CipherError),
    #[error("its integrity code does not fit its content: it was changed after it was encrypted")]
    MacMismatch,
    #[error("it cannot be written as {format}: {cause}")]
    Write { format: Format, cause: String },
}
