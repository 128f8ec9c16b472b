//! Name references: where an object is renamed, those that refer to it by name follow.
//!
//! The original compares every reference with every object. Here objects are found by their earlier names first, and only what is
//! left is compared.

use std::collections::HashMap;

use rosin_manifest::node::{Kind, Node};

use crate::config::BackReferences;
use crate::context::Context;
use crate::error::{Error, Result, Wrap, bail};
use crate::id::{Gvk, ResId};
use crate::kustomization::FieldSpec;
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;
use crate::resource::Resource;

/// Fields that hold names, by the kind of the object that they are in.
struct Fields<'c> {
    by_kind: HashMap<&'c str, Vec<(&'c Gvk, &'c FieldSpec, usize)>>,
}

impl<'c> Fields<'c> {
    fn new(references: &'c [BackReferences]) -> Self {
        let mut by_kind: HashMap<&str, Vec<_>> = HashMap::new();
        let all = references.iter().flat_map(|reference| reference.referrers.iter().map(|spec| (&reference.gvk, spec)));
        for (order, (target, spec)) in all.enumerate() {
            by_kind.entry(spec.gvk.kind.as_str()).or_default().push((target, spec, order));
        }
        Self { by_kind }
    }

    /// Those of an object, in the order of the configuration.
    fn of(&self, gvk: &Gvk) -> Vec<(&'c Gvk, &'c FieldSpec)> {
        let mut found: Vec<_> = [gvk.kind.as_str(), ""]
            .into_iter()
            .filter_map(|kind| self.by_kind.get(kind))
            .flatten()
            .filter(|(_, spec, _)| gvk.is_selected_by(&spec.gvk))
            .copied()
            .collect();
        found.sort_by_key(|(_, _, order)| *order);
        found.into_iter().map(|(target, spec, _)| (target, spec)).collect()
    }
}

pub(crate) fn fix(resources: &mut ResMap, references: &[BackReferences], context: &Context) -> Result<()> {
    let fields = Fields::new(references);
    let targets = Targets::new(resources, context);
    let mut referrals: Vec<(usize, ResId)> = Vec::new();
    for at in 0..resources.len() {
        let Some(resource) = resources.get(at) else { continue };
        let original = resource.original_id(context);
        let specs = fields.of(&original.gvk);
        if specs.is_empty() {
            continue;
        }
        // The object is taken out while it is changed: others are looked at, and it can refer to itself.
        let referrer = resource.clone();
        let mut node = referrer.node.clone();
        let id = referrer.current_id(context);
        let gvk = referrer.gvk();
        let mut search = Search {
            resources,
            targets: &targets,
            referrer: &referrer,
            id: &id,
            role: role(&referrer.node),
            binding_namespaces: binding_namespaces(&referrer, &id)?,
            referrals: Vec::new(),
        };
        for (target, spec) in specs {
            let spec = FieldSpec { gvk: gvk.clone(), ..spec.clone() };
            kyaml::apply_spec(&mut node, &spec, None, &mut |node| search.update(node, target, &spec.path)).map_err(
                |error| {
                    error
                        .wrap(format!("updating name reference in '{}' field of '{id}'", spec.path))
                        .in_file(&referrer.source.file)
                        .at_line(referrer.source.line)
                },
            )?;
        }
        let found = std::mem::take(&mut search.referrals);
        drop(search);
        resources.contents_mut()[at].node = node;
        referrals.extend(found.into_iter().map(|target| (target, id.clone())));
    }
    for (at, id) in referrals {
        resources.contents_mut()[at].add_referrer(id);
    }
    Ok(())
}

/// What is known of the objects that can be referred to.
struct Targets {
    /// Positions by the names that objects had.
    by_name: HashMap<String, Vec<usize>>,
    ids: Vec<ResId>,
    /// Namespace that an object had first.
    original_namespaces: Vec<String>,
    /// Positions by the namespace that objects had first.
    by_original_namespace: HashMap<String, Vec<usize>>,
}

impl Targets {
    fn new(resources: &ResMap, context: &Context) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut original_namespaces = Vec::with_capacity(resources.len());
        let mut by_original_namespace: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, resource) in resources.iter().enumerate() {
            for name in resource.previous_names() {
                let found = by_name.entry(name.to_owned()).or_default();
                if found.last() != Some(&at) {
                    found.push(at);
                }
            }
            let namespace = resource.original_id(context).effective_namespace().to_owned();
            by_original_namespace.entry(namespace.clone()).or_default().push(at);
            original_namespaces.push(namespace);
        }
        let ids = resources.iter().map(|resource| resource.current_id(context)).collect();
        Self { by_name, ids, original_namespaces, by_original_namespace }
    }
}

/// The search for the objects that one object refers to.
struct Search<'a> {
    resources: &'a ResMap,
    targets: &'a Targets,
    referrer: &'a Resource,
    id: &'a ResId,
    /// What `roleRef` asks for, if it is complete.
    role: Option<Gvk>,
    /// Namespaces of service accounts that a role binding names.
    binding_namespaces: Vec<String>,
    referrals: Vec<usize>,
}

impl Search<'_> {
    fn update(&mut self, node: &mut Node, target: &Gvk, path: &str) -> Result<()> {
        if node.is_null() {
            return Ok(());
        }
        match &mut node.kind {
            Kind::Scalar(_) => self.scalar(node, target, path),
            Kind::Mapping(_) => self.mapping(node, target, path),
            Kind::Sequence(items) => {
                for item in items.iter_mut().filter(|item| !item.is_null()) {
                    match NodeKind::of(item) {
                        NodeKind::Scalar => self.scalar(item, target, path)?,
                        NodeKind::Mapping => self.mapping(item, target, path)?,
                        NodeKind::Sequence => bail!("a list is expected to hold either strings or maps of strings"),
                    }
                }
                Ok(())
            }
        }
    }

    /// The field is the name.
    fn scalar(&mut self, node: &mut Node, target: &Gvk, path: &str) -> Result<()> {
        let old = kyaml::text(node);
        let same = |a: &Resource, b: &Resource| a.name() == b.name();
        let Some(found) = self.find(old, target, path, None, same)? else {
            return Ok(());
        };
        self.referrals.push(found);
        let name = self.name(found);
        if name == old {
            return Ok(());
        }
        kyaml::set_scalar(node, name, None)
    }

    /// The field has a name and, maybe, a namespace in it.
    fn mapping(&mut self, node: &mut Node, target: &Gvk, path: &str) -> Result<()> {
        let Some(name) = node.get("name") else {
            bail!("path config error; no 'name' field in node");
        };
        let old = kyaml::text(name).to_owned();
        let namespace = node.get("namespace").map(|namespace| kyaml::text(namespace).to_owned());
        let same = |a: &Resource, b: &Resource| a.name() == b.name() && a.namespace() == b.namespace();
        let Some(found) = self.find(&old, target, path, namespace.as_deref(), same)? else {
            return Ok(());
        };
        self.referrals.push(found);
        let resources = self.resources;
        let Some(referral) = resources.get(found) else { return Ok(()) };
        if referral.name() == old && referral.namespace().is_empty() {
            return Ok(());
        }
        let Some(fields) = node.as_mapping_mut() else { return Ok(()) };
        kyaml::set_plain(fields, "name", referral.name());
        if !referral.namespace().is_empty() {
            kyaml::set_plain(fields, "namespace", referral.namespace());
        }
        Ok(())
    }

    fn name(&self, at: usize) -> &str {
        self.resources.get(at).map_or("", Resource::name)
    }

    /// The object that is meant by an old name, if there is one and only one, or all that could be meant are the same.
    fn find(
        &self,
        old: &str,
        target: &Gvk,
        path: &str,
        namespace: Option<&str>,
        same: impl Fn(&Resource, &Resource) -> bool,
    ) -> Result<Option<usize>> {
        let Some(named) = self.targets.by_name.get(old) else {
            return Ok(None);
        };
        let role = self.role.as_ref().filter(|_| path.ends_with("roleRef/name"));
        let in_namespace = namespace.map(|namespace| self.namespace_filter(namespace));
        let mut candidates: Vec<(usize, &Resource)> = named
            .iter()
            .filter_map(|&at| Some((at, self.resources.get(at)?)))
            .filter(|(at, _)| self.is_reachable(*at) && in_namespace.as_ref().is_none_or(|fits| fits(*at)))
            .filter(|(_, resource)| resource.was_selected_by(target))
            .filter(|(_, resource)| role.is_none_or(|role| resource.was_selected_by(role)))
            .filter(|(at, resource)| self.shares_namespace(*at, resource))
            .collect();
        if let [(at, _)] = candidates[..] {
            return Ok(Some(at));
        }
        candidates.retain(|(_, resource)| resource.same_affixes(self.referrer, true));
        if candidates.len() > 1 {
            candidates.retain(|(_, resource)| resource.same_affixes(self.referrer, false));
        }
        match candidates[..] {
            [] => Ok(None),
            [(at, first), ref rest @ ..] if rest.iter().all(|(_, other)| same(first, other)) => Ok(Some(at)),
            _ => Err(self.ambiguous(&candidates)),
        }
    }

    /// Which objects are in the namespace that a reference names: as it was before the build, or if there is none, as it is now.
    fn namespace_filter<'n>(&'n self, namespace: &'n str) -> impl Fn(usize) -> bool + 'n {
        let original = self
            .targets
            .by_original_namespace
            .get(namespace)
            .is_some_and(|found| found.iter().any(|at| self.is_reachable(*at)));
        move |at| {
            if namespace == crate::id::NOT_NAMESPACED {
                return false;
            }
            if original {
                self.targets.original_namespaces[at] == namespace
            } else {
                self.targets.ids[at].effective_namespace() == namespace
            }
        }
    }

    /// Whether the object could be referred to at all: it has no namespace, or it is in the referrer's, or in one that a role
    /// binding names.
    fn is_reachable(&self, at: usize) -> bool {
        let id = &self.targets.ids[at];
        self.id.cluster_scoped
            || id.cluster_scoped
            || id.same_namespace(self.id)
            || self.resources.get(at).is_some_and(|resource| {
                self.binding_namespaces.iter().any(|namespace| namespace == resource.namespace())
            })
    }

    fn shares_namespace(&self, at: usize, resource: &Resource) -> bool {
        let id = &self.targets.ids[at];
        self.id.cluster_scoped || id.cluster_scoped || resource.kind() == "ServiceAccount" || self.id.same_namespace(id)
    }

    fn ambiguous(&self, candidates: &[(usize, &Resource)]) -> Error {
        let ids: Vec<String> = candidates.iter().map(|(at, _)| self.targets.ids[*at].to_string()).collect();
        let mut message = format!(
            "found multiple possible referrals: {}\n\n**** Too many possible referral targets to referrer:\n{}\n",
            ids.join(", "),
            crate::yaml::object_text(&self.referrer.annotated())
        );
        for (number, (_, candidate)) in candidates.iter().enumerate() {
            message.push_str(&format!(
                "--- possible referral {number}:\n{}\n",
                crate::yaml::object_text(&candidate.annotated())
            ));
        }
        Error::new(message)
    }
}

/// Group and kind of the role that a binding refers to.
fn role(object: &Node) -> Option<Gvk> {
    let role = object.get("roleRef").filter(|role| !role.is_null())?;
    let field = |name: &str| role.get(name).filter(|value| !value.is_null()).map(|value| kyaml::text(value).to_owned());
    Some(Gvk { group: field("apiGroup")?, version: String::new(), kind: field("kind")? })
}

fn binding_namespaces(resource: &Resource, id: &ResId) -> Result<Vec<String>> {
    if resource.kind() != "RoleBinding" || id.cluster_scoped {
        return Ok(Vec::new());
    }
    let subjects = resource.node.get("subjects").and_then(Node::as_sequence);
    let mut namespaces = Vec::new();
    for subject in subjects.into_iter().flatten() {
        if subject.get("kind").map(kyaml::text) != Some("ServiceAccount") {
            continue;
        }
        if let Some(namespace) = subject.get("namespace") {
            match namespace.as_string() {
                Some(namespace) => namespaces.push(namespace.to_owned()),
                None => {
                    return Err(Error::new(format!("Invalid Input: namespace is blank for resource \"{id}\"\n")))
                        .in_file(&resource.source.file);
                }
            }
        }
    }
    Ok(namespaces)
}
