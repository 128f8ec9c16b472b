//! The bridge to rosin-manifest's JSON 6902.

use rosin_manifest::json_patch::Patch;
use rosin_manifest::node::Node;

use crate::error::{Error, Result};

/// A decoded patch.
#[derive(Debug)]
pub(crate) struct Operations(Patch);

/// A patch as JSON, for messages: the original turns YAML into JSON before it decodes it.
pub(crate) fn as_json_text(content: &[u8]) -> Result<String> {
    if content.first() == Some(&b'[') {
        return Ok(String::from_utf8_lossy(content).into_owned());
    }
    Ok(crate::yaml::go_json(&crate::yaml::to_json(content)?))
}

impl Operations {
    pub(crate) fn parse(content: &[u8]) -> Result<Self> {
        Patch::parse(content)
            .map(Self)
            .map_err(|error| Error::new(error.to_string()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the patch moves, copies or compares annotations, where kustomize's own notes would be seen, or names one of these.
    pub(crate) fn looks_at_annotations(&self) -> bool {
        let annotations = "/metadata/annotations";
        let notes = "/metadata/annotations/internal.config.kubernetes.io~1";
        let mut looked_at = self.0.looks_at();
        looked_at.any(|path| annotations.starts_with(path) || path.starts_with(annotations))
            || self.0.writes().any(|path| path.starts_with(notes))
    }

    /// Whether the patch writes all annotations at once, which takes the notes on the origin with them.
    pub(crate) fn writes_annotations(&self) -> bool {
        self.0
            .writes()
            .any(|path| "/metadata/annotations".starts_with(path))
    }

    pub(crate) fn apply(&self, object: &Node) -> Result<Node> {
        self.0
            .apply(object)
            .map_err(|error| Error::new(error.to_string()))
    }
}
