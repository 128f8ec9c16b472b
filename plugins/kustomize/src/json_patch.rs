//! The bridge to rosin-manifest's JSON 6902.

use rosin_manifest::node::Node;

use crate::error::{Result, bail};

pub(crate) struct Operations {}

pub(crate) fn as_json_text(content: &[u8]) -> Result<String> {
    if content.first() == Some(&b'[') {
        return Ok(String::from_utf8_lossy(content).into_owned());
    }
    Ok(crate::yaml::go_json(&crate::yaml::to_json(content)?))
}

impl Operations {
    pub(crate) fn parse(_content: &[u8]) -> Result<Self> {
        bail!("json patch: waiting for rosin-manifest")
    }

    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    pub(crate) fn apply(&self, _object: &Node) -> Result<Node> {
        bail!("json patch: waiting for rosin-manifest")
    }
}
