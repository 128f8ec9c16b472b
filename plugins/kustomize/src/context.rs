//! What all parts of one build share: the schema in use and the warnings so far.

use std::cell::RefCell;

use rosin_manifest::node::Node;

use crate::error::Result;
use crate::helm::Helm;
use crate::merge::{self, Schema};

#[derive(Debug)]
pub(crate) struct Context {
    schema: RefCell<Schema>,
    warnings: RefCell<Vec<String>>,
    helm: Helm,
}

impl Context {
    /// `schemas_add` says whether a user's schema is used beside the built-in one.
    pub(crate) fn new(schemas_add: bool, helm: Helm) -> Self {
        Self {
            schema: RefCell::new(Schema::new(schemas_add)),
            warnings: RefCell::default(),
            helm,
        }
    }

    pub(crate) fn helm(&self) -> &Helm {
        &self.helm
    }

    pub(crate) fn warn(&self, warning: impl Into<String>) {
        self.warnings.borrow_mut().push(warning.into());
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// Uses the schema that a kustomization asks for. Only the outermost one can change what was chosen before.
    pub(crate) fn set_schema(
        &self,
        version: Option<&str>,
        custom: Option<&[u8]>,
        outermost: bool,
    ) -> Result<()> {
        self.schema.borrow_mut().set(version, custom, outermost)
    }

    pub(crate) fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        self.schema.borrow().is_cluster_scoped(api_version, kind)
    }

    pub(crate) fn strategic_merge(&self, target: Node, patch: &Node) -> Result<Option<Node>> {
        merge::strategic(target, patch, &self.schema.borrow())
    }
}
