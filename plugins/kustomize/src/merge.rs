//! The bridge to rosin-manifest's strategic merge and Kubernetes schema.

use std::cell::Cell;

use rosin_manifest::merge;
use rosin_manifest::node::Node;
use rosin_manifest::schema;

use crate::error::{Error, Result, bail};

/// Versions of Kubernetes whose schema can be asked for by name.
const BUILTIN: &str = "v1.21.2";

/// The schema of a build: the first that a kustomization asks for holds for all.
#[derive(Debug)]
pub(crate) struct Schema {
    schema: schema::Schema,
    chosen: bool,
    /// Whether a user's schema is used beside the built-in one. Always in Flux, which has loaded the built-in one before. The
    /// command loads it only once it met a kind whose scope it does not know by heart.
    adds: Cell<bool>,
}

impl Schema {
    pub(crate) fn new(adds: bool) -> Self {
        Self {
            schema: schema::Schema::builtin(),
            chosen: false,
            adds: Cell::new(adds),
        }
    }

    pub(crate) fn set(
        &mut self,
        version: Option<&str>,
        custom: Option<&[u8]>,
        outermost: bool,
    ) -> Result<()> {
        if self.chosen && !outermost {
            return Ok(());
        }
        match (version, custom) {
            (Some(_), Some(_)) => {
                bail!("builtin version and custom schema provided, cannot use both")
            }
            (None | Some(""), None) => return Ok(()),
            (Some(BUILTIN), None) => self.schema = schema::Schema::builtin(),
            (Some(_), None) => bail!("the specified OpenAPI version is not built in"),
            (None, Some(custom)) => {
                let json = crate::yaml::to_json(custom)?;
                self.schema = schema::Schema::custom(&json, self.adds.get())
                    .map_err(|error| Error::new(format!("invalid schema file: {error}")))?;
            }
        }
        self.chosen = true;
        Ok(())
    }

    pub(crate) fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        match self.schema.is_namespaced(api_version, kind) {
            Some(namespaced) => !namespaced,
            None => {
                self.adds.set(true);
                false
            }
        }
    }
}

/// Applies a patch; None if it deletes the object.
/// A merge of values that are no objects: lists are replaced.
pub(crate) fn without_schema(target: Node, patch: &Node) -> Result<Option<Node>> {
    strategic(target, patch, &Schema::new(false))
}

pub(crate) fn strategic(target: Node, patch: &Node, schema: &Schema) -> Result<Option<Node>> {
    merge::strategic(target, patch, &schema.schema).map_err(|error| Error::new(error.to_string()))
}
