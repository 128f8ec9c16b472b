//! The data key of a file, from the keys that it was encrypted with.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    key::KeyError,
    keys::Keys,
    metadata::{MasterKey, Metadata},
    shamir::{self, ShamirError},
};

/// No data key. Says of each group which keys would have opened it, and why they did not.
#[derive(Debug, thiserror::Error)]
pub enum DataKeyError {
    #[error("{}", said(.needed, .failures, .tried))]
    Groups {
        /// How many groups have to be opened.
        needed: usize,
        /// Those that could not be.
        failures: Vec<Vec<KeyFailure>>,
        /// The entries of the key Secret.
        tried: Vec<String>,
    },
    #[error("the shares of its key groups do not fit together: {0}")]
    Shares(ShamirError),
    #[error("it has {0} bytes instead of 32")]
    Length(usize),
}

/// One key of a file that was of no use.
#[derive(Debug)]
pub struct KeyFailure {
    /// A recipient, fingerprint or address, as the file has it.
    pub key: String,
    pub error: KeyError,
}

impl fmt::Display for KeyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.error)
    }
}

fn said(needed: &usize, failures: &[Vec<KeyFailure>], tried: &[String]) -> String {
    let mut said = match failures {
        [_] if *needed <= 1 => "no key of the file could be used".to_owned(),
        _ => format!(
            "{} of its key groups could not be opened, {needed} have to be",
            failures.len()
        ),
    };
    for failure in failures.iter().flatten() {
        said += &format!("; {failure}");
    }
    said += &match tried {
        [] => ". No keys were given".to_owned(),
        tried => format!(". Keys given: {}", tried.join(", ")),
    };
    said
}

/// Opens as many key groups as needed; within a group the first key that works is enough.
pub(crate) fn recover(
    metadata: &Metadata,
    keys: &Keys,
) -> Result<Zeroizing<[u8; 32]>, DataKeyError> {
    let needed = match metadata.groups.len() {
        1 => 1,
        several if metadata.threshold == 0 => several,
        _ => metadata.threshold,
    };
    let mut parts = Vec::new();
    let mut failures = Vec::new();
    for group in &metadata.groups {
        match open(group, keys) {
            Ok(part) => parts.push(part),
            Err(failed) => failures.push(failed),
        }
        if parts.len() == needed {
            break;
        }
    }
    if parts.len() < needed {
        return Err(DataKeyError::Groups {
            needed,
            failures,
            tried: keys.names().to_vec(),
        });
    }
    let whole = match parts.pop() {
        Some(part) if parts.is_empty() && metadata.groups.len() == 1 => part,
        part => {
            parts.extend(part);
            shamir::combine(&parts).map_err(DataKeyError::Shares)?
        }
    };
    let bytes: [u8; 32] = whole
        .as_slice()
        .try_into()
        .map_err(|_| DataKeyError::Length(whole.len()))?;
    Ok(Zeroizing::new(bytes))
}

fn open(group: &[MasterKey], keys: &Keys) -> Result<Zeroizing<Vec<u8>>, Vec<KeyFailure>> {
    let mut failures = Vec::new();
    for key in group {
        match keys.decrypt(key) {
            Ok(part) => return Ok(part),
            Err(error) => failures.push(KeyFailure {
                key: key.kind.to_string(),
                error,
            }),
        }
    }
    Err(failures)
}
