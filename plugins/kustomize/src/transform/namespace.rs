//! `namespace`: for objects that have one, for what refers to it by field specification, and for subjects of role bindings.

use rosin_manifest::node::{Node, Tag};
use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::error::{Error, Result, Wrap, bail};
use crate::id::Key;
use crate::kustomization::FieldSpec;
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;
use crate::resource::{HELM_GENERATED, Resource};

/// Which subjects of role bindings get the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SubjectMode {
    /// Service accounts that are called `default`.
    #[default]
    DefaultOnly,
    AllServiceAccounts,
    None,
}

impl SubjectMode {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "" | "defaultOnly" => Ok(Self::DefaultOnly),
            "allServiceAccounts" => Ok(Self::AllServiceAccounts),
            "none" => Ok(Self::None),
            _ => bail!(
                "invalid value {text:?} for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \
                 \"allServiceAccounts\""
            ),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct NamespaceArgs {
    pub(crate) namespace: String,
    pub(crate) specs: Vec<FieldSpec>,
    /// Leave namespaces that are given alone.
    pub(crate) unset_only: bool,
    pub(crate) subjects: SubjectMode,
}

impl NamespaceArgs {
    pub(super) fn apply(&self, resources: &mut ResMap, context: &Context) -> Result<()> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        let mut known: FxHashMap<Key, Vec<usize>> = FxHashMap::default();
        for (at, resource) in resources.iter().enumerate() {
            known
                .entry(resource.current_key(context))
                .or_default()
                .push(at);
        }
        for at in 0..resources.len() {
            let resource = &mut resources.as_mut_slice()[at];
            if resource.is_empty() || resource.node.annotation(HELM_GENERATED) == Some("true") {
                continue;
            }
            let before = resource.current_key(context);
            resource.store_previous_id(context);
            self.set_in_one(resource, context).map_err(|error| {
                error
                    .in_file(&resource.source.file)
                    .at_line(resource.source.line)
            })?;
            let after = resource.current_key(context);
            if let Some(others) = known.get_mut(&before) {
                others.retain(|other| *other != at);
            }
            let twins = known.entry(after).or_default();
            twins.push(at);
            if twins.len() > 1 {
                twins.sort_unstable();
                return Err(conflict(resources, twins));
            }
        }
        Ok(())
    }

    /// In one object, without regard to others.
    pub(super) fn set_in_one(&self, resource: &mut Resource, context: &Context) -> Result<()> {
        let is_core_v1 = resource.node.api_version() == "v1";
        let is_binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
        if !context.is_cluster_scoped(resource.node.api_version(), resource.kind()) {
            let own = FieldSpec {
                path: "metadata/namespace".to_owned(),
                create: true,
                ..FieldSpec::default()
            };
            kyaml::apply_spec(
                &mut resource.node,
                &own,
                Some(NodeKind::Scalar),
                &mut |node| self.set(node),
            )?;
        }
        if is_binding {
            self.set_in_subjects(&mut resource.node)?;
        }
        let specs = self.specs.iter().filter(|spec| {
            let of_binding = matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
            spec.path != "metadata/namespace"
                && (is_core_v1 || spec.path != "metadata/name")
                && !(is_binding && of_binding && spec.path == "subjects/namespace")
        });
        for spec in specs {
            kyaml::apply_spec(
                &mut resource.node,
                spec,
                Some(NodeKind::Scalar),
                &mut |node| self.set(node),
            )
            .map_err(|error| {
                let layer = if error.is_kind_other_than_scalar() {
                    "namespace field specs must target scalar nodes"
                } else {
                    "namespace transformation failed"
                };
                error.wrap(layer)
            })?;
        }
        Ok(())
    }

    fn set(&self, node: &mut Node) -> Result<()> {
        let has_value = node.is_scalar() && !kyaml::value(node).is_empty();
        if self.unset_only && has_value {
            return Ok(());
        }
        kyaml::set_scalar(node, &self.namespace, Some(Tag::Str))
    }

    fn set_in_subjects(&self, object: &mut Node) -> Result<()> {
        let (field, wanted) = match self.subjects {
            SubjectMode::None => return Ok(()),
            SubjectMode::DefaultOnly => ("name", "default"),
            SubjectMode::AllServiceAccounts => ("kind", "ServiceAccount"),
        };
        let Some(subjects) = object
            .get_mut("subjects")
            .filter(|subjects| !subjects.is_null())
        else {
            return Ok(());
        };
        let layer = "setting namespace on (cluster)role binding subjects";
        kyaml::demand(subjects, NodeKind::Sequence).wrap(layer)?;
        for subject in subjects.as_sequence_mut().into_iter().flatten() {
            if subject
                .get(field)
                .is_none_or(|value| kyaml::value(value) != wanted)
            {
                continue;
            }
            let path = ["namespace".to_owned()];
            if let Some(namespace) = kyaml::lookup_create(subject, &path, NodeKind::Scalar)? {
                self.set(namespace).wrap(layer)?;
            }
        }
        Ok(())
    }
}

fn conflict(resources: &ResMap, twins: &[usize]) -> Error {
    let objects: Vec<String> = twins
        .iter()
        .filter_map(|at| resources.get(*at))
        .map(|resource| crate::yaml::json_text(&resource.annotated()))
        .collect();
    let error = Error::new(format!(
        "namespace transformation produces ID conflict: [{}]",
        objects.join(" ")
    ));
    match twins.last().and_then(|at| resources.get(*at)) {
        Some(resource) => error
            .in_file(&resource.source.file)
            .at_line(resource.source.line),
        None => error,
    }
}
