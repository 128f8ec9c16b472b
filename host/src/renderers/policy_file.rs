//! The file with the operator's rules. A mounted ConfigMap changes while the process runs: what counts is what it says now.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::policy::Policy;

/// Where the rules are.
pub struct PolicyFile {
    path: Option<PathBuf>,
    last: Mutex<(String, Arc<Policy>)>,
}

#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("reading {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    #[error("{}: {reason}", path.display())]
    Parse { path: PathBuf, reason: String },
}

impl PolicyFile {
    /// Without a file, the built-in rule counts.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn open(path: Option<&Path>) -> Result<Self, PolicyError> {
        let last = match path {
            None => (String::new(), Arc::default()),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| PolicyError::Read(path.to_owned(), error))?;
                let policy = Policy::parse(&text).map_err(|reason| PolicyError::Parse {
                    path: path.to_owned(),
                    reason,
                })?;
                (text, Arc::new(policy))
            }
        };
        Ok(Self {
            path: path.map(Path::to_owned),
            last: Mutex::new(last),
        })
    }

    /// The rules as they are now. One that became unreadable refuses everybody.
    pub(super) fn current(&self) -> Result<Arc<Policy>, String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else {
            return Ok(last.1.clone());
        };
        let broken = |error: String| {
            tracing::error!(path = %path.display(), error, "the rules for renderers cannot be used");
            "the operator's rules for renderers cannot be read".to_owned()
        };
        let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        if text != last.0 {
            let policy = Policy::parse(&text).map_err(broken)?;
            *last = (text, Arc::new(policy));
        }
        Ok(last.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_counts_as_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.yaml");
        assert!(PolicyFile::open(Some(&path)).is_err());
        std::fs::write(&path, "rules: [{namespaces: [a]}]").unwrap();
        let file = PolicyFile::open(Some(&path)).unwrap();
        assert!(file.current().unwrap().rule("a", "oci://x").is_ok());
        assert!(file.current().unwrap().rule("b", "oci://x").is_err());
        std::fs::write(&path, "rules: [{namespaces: [b]}]").unwrap();
        assert!(file.current().unwrap().rule("b", "oci://x").is_ok());
        std::fs::write(&path, "rules: none").unwrap();
        let message = file.current().unwrap_err();
        assert!(
            !message.contains("rules.yaml"),
            "tenants read it: {message}"
        );
        std::fs::remove_file(&path).unwrap();
        assert!(file.current().is_err());
    }
}
