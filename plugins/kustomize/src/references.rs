//! Name references: where an object is renamed, those that refer to it by name follow.
//!
//! The original compares every reference with every object. Here objects are found by their earlier names first, and only what is
//! left is compared.

use rosin_manifest::node::{Kind, Node};
use rustc_hash::FxHashMap;

use crate::config::BackReferences;
use crate::context::Context;
use crate::error::{Error, Result, bail};
use crate::id::{Gvk, ResId};
use crate::kustomization::FieldSpec;
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;
use crate::resource::Resource;

/// A field that holds the name of an object of a kind.
#[derive(Clone, Copy)]
struct Field<'c> {
    target: &'c Gvk,
    spec: &'c FieldSpec,
    path: &'c [String],
    order: usize,
}

/// Fields that hold names, by the kind of the object that they are in.
struct Fields<'c> {
    by_kind: FxHashMap<&'c str, Vec<Field<'c>>>,
}

impl<'c> Fields<'c> {
    fn new(references: &'c [BackReferences], paths: &'c [Vec<String>]) -> Self {
        let mut by_kind: FxHashMap<&str, Vec<_>> = FxHashMap::default();
        for (order, ((target, spec), path)) in all(references).zip(paths).enumerate() {
            by_kind
                .entry(spec.gvk.kind.as_str())
                .or_default()
                .push(Field {
                    target,
                    spec,
                    path,
                    order,
                });
        }
        Self { by_kind }
    }

    /// Those of an object, in the order of the configuration.
    fn of(&self, gvk: &Gvk) -> Vec<Field<'c>> {
        let mut found: Vec<_> = [gvk.kind.as_str(), ""]
            .into_iter()
            .filter_map(|kind| self.by_kind.get(kind))
            .flatten()
            .filter(|field| gvk.is_selected_by(&field.spec.gvk))
            .copied()
            .collect();
        found.sort_by_key(|field| field.order);
        found
    }
}

fn all(references: &[BackReferences]) -> impl Iterator<Item = (&Gvk, &FieldSpec)> {
    references.iter().flat_map(|reference| {
        reference
            .referrers
            .iter()
            .map(|spec| (&reference.gvk, spec))
    })
}

pub(crate) fn fix(
    resources: &mut ResMap,
    references: &[BackReferences],
    context: &Context,
) -> Result<()> {
    let paths: Vec<Vec<String>> = all(references)
        .map(|(_, spec)| kyaml::split_path(&spec.path, '/'))
        .collect();
    let fields = Fields::new(references, &paths);
    let targets = Targets::new(resources, context);
    for at in 0..resources.len() {
        let specs = match resources.get(at) {
            Some(resource) => fields.of(&resource.original_id(context).gvk),
            None => continue,
        };
        if !specs.is_empty() {
            fix_one(resources, at, &specs, &targets)?;
        }
    }
    Ok(())
}

/// The references of one object. It is taken out of the list while it is changed; what others, or its own references, ask about
/// it is in `targets`.
fn fix_one(
    resources: &mut ResMap,
    at: usize,
    fields: &[Field<'_>],
    targets: &Targets,
) -> Result<()> {
    let id = &targets.ids[at];
    let mut node = std::mem::take(&mut resources.contents_mut()[at].node);
    let mut search = Search {
        resources,
        targets,
        referrer: at,
        id,
        role: role(&node),
        binding_namespaces: Vec::new(),
        referrals: Vec::new(),
        ambiguous: Vec::new(),
    };
    let result = is_what_it_says(&node).and_then(|()| binding_namespaces(&node, id));
    let result = result.and_then(|namespaces| {
        search.binding_namespaces = namespaces;
        fields.iter().try_for_each(|field| {
            let Field {
                target, spec, path, ..
            } = field;
            kyaml::apply_path(&mut node, spec, path, None, &mut |node| {
                search.update(node, target, &spec.path)
            })
            .map_err(|error| {
                error.wrap(format!(
                    "updating name reference in '{}' field of '{id}'",
                    spec.path
                ))
            })
        })
    });
    let Search {
        referrals,
        ambiguous,
        ..
    } = search;
    resources.contents_mut()[at].node = node;
    for referral in referrals {
        resources.contents_mut()[referral].add_referrer(id.clone());
    }
    result.map_err(|error| {
        let source = &resources.as_slice()[at].source;
        let details = details(resources, at, &ambiguous);
        error
            .map(|message| format!("{message}{details}"))
            .in_file(&source.file)
            .at_line(source.line)
    })
}

/// The original reads an object's identity in two ways before it looks at its references, and one of them takes null for a text.
fn is_what_it_says(node: &Node) -> Result<()> {
    for (name, field) in [("APIVersion", "apiVersion"), ("Kind", "kind")] {
        if let Some(value) = node.get(field)
            && value.is_null()
            && let text = kyaml::text(value)
            && !text.is_empty()
        {
            bail!("node-referrerOriginal '{name}' mismatch '' != '{text}'");
        }
    }
    Ok(())
}

/// The object and those that it could mean, if that is why it failed.
fn details(resources: &ResMap, at: usize, candidates: &[usize]) -> String {
    if candidates.is_empty() {
        return String::new();
    }
    let text = |at: usize| {
        resources.get(at).map_or_else(String::new, |found| {
            crate::yaml::object_text(&found.annotated())
        })
    };
    let mut details = format!(
        "\n\n**** Too many possible referral targets to referrer:\n{}\n",
        text(at)
    );
    for (number, candidate) in candidates.iter().enumerate() {
        details.push_str(&format!(
            "--- possible referral {number}:\n{}\n",
            text(*candidate)
        ));
    }
    details
}

/// What is known of the objects that can be referred to.
struct Targets {
    /// Positions by the names that objects had.
    by_name: FxHashMap<String, Vec<usize>>,
    ids: Vec<ResId>,
    /// Namespace that an object had first.
    original_namespaces: Vec<String>,
    /// Positions by the namespace that objects had first.
    by_original_namespace: FxHashMap<String, Vec<usize>>,
}

impl Targets {
    fn new(resources: &ResMap, context: &Context) -> Self {
        let mut by_name: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        let mut original_namespaces = Vec::with_capacity(resources.len());
        let mut by_original_namespace: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (at, resource) in resources.iter().enumerate() {
            for name in resource.previous_names() {
                let found = by_name.entry(name.to_owned()).or_default();
                if found.last() != Some(&at) {
                    found.push(at);
                }
            }
            let namespace = resource
                .original_id(context)
                .effective_namespace()
                .to_owned();
            by_original_namespace
                .entry(namespace.clone())
                .or_default()
                .push(at);
            original_namespaces.push(namespace);
        }
        let ids = resources
            .iter()
            .map(|resource| resource.current_id(context))
            .collect();
        Self {
            by_name,
            ids,
            original_namespaces,
            by_original_namespace,
        }
    }
}

/// The search for the objects that one object refers to.
struct Search<'a> {
    resources: &'a ResMap,
    targets: &'a Targets,
    referrer: usize,
    id: &'a ResId,
    /// What `roleRef` asks for, if it is complete.
    role: Option<Gvk>,
    /// Namespaces of service accounts that a role binding names.
    binding_namespaces: Vec<String>,
    referrals: Vec<usize>,
    /// All that a name could mean, where that is not clear.
    ambiguous: Vec<usize>,
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
                        NodeKind::Sequence => {
                            bail!("a list is expected to hold either strings or maps of strings")
                        }
                    }
                }
                Ok(())
            }
        }
    }

    /// The field is the name.
    fn scalar(&mut self, node: &mut Node, target: &Gvk, path: &str) -> Result<()> {
        let old = kyaml::text(node);
        let same = |a: &ResId, b: &ResId| a.name == b.name;
        let Some(found) = self.find(old, target, path, None, same)? else {
            return Ok(());
        };
        self.referrals.push(found);
        let name = &self.targets.ids[found].name;
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
        let namespace = node
            .get("namespace")
            .map(|namespace| kyaml::text(namespace).to_owned());
        let same = |a: &ResId, b: &ResId| a.name == b.name && a.namespace == b.namespace;
        let Some(found) = self.find(&old, target, path, namespace.as_deref(), same)? else {
            return Ok(());
        };
        self.referrals.push(found);
        let ResId {
            name, namespace, ..
        } = &self.targets.ids[found];
        if *name == old && namespace.is_empty() {
            return Ok(());
        }
        let Some(fields) = node.as_mapping_mut() else {
            return Ok(());
        };
        kyaml::set_plain(fields, "name", name);
        if !namespace.is_empty() {
            kyaml::set_plain(fields, "namespace", namespace);
        }
        Ok(())
    }

    /// The object that is meant by an old name, if there is one and only one, or all that could be meant are the same.
    fn find(
        &mut self,
        old: &str,
        target: &Gvk,
        path: &str,
        namespace: Option<&str>,
        same: impl Fn(&ResId, &ResId) -> bool,
    ) -> Result<Option<usize>> {
        let Some(named) = self.targets.by_name.get(old) else {
            return Ok(None);
        };
        let ids = &self.targets.ids;
        let referrer = &self.resources.as_slice()[self.referrer];
        let role = self
            .role
            .as_ref()
            .filter(|_| path.ends_with("roleRef/name"));
        let in_namespace = namespace.map(|namespace| self.namespace_filter(namespace));
        let mut candidates: Vec<(usize, &Resource)> = named
            .iter()
            .filter_map(|&at| Some((at, self.resources.get(at)?)))
            .filter(|(at, _)| {
                self.is_reachable(*at) && in_namespace.as_ref().is_none_or(|fits| fits(*at))
            })
            .filter(|(at, resource)| resource.was_selected_by(target, &ids[*at].gvk))
            .filter(|(at, resource)| {
                role.is_none_or(|role| resource.was_selected_by(role, &ids[*at].gvk))
            })
            .filter(|(at, _)| self.shares_namespace(*at))
            .collect();
        if let [(at, _)] = candidates[..] {
            return Ok(Some(at));
        }
        candidates.retain(|(_, resource)| resource.same_affixes(referrer, true));
        if candidates.len() > 1 {
            candidates.retain(|(_, resource)| resource.same_affixes(referrer, false));
        }
        match candidates[..] {
            [] => Ok(None),
            [(at, _), ref rest @ ..]
                if rest.iter().all(|(other, _)| same(&ids[at], &ids[*other])) =>
            {
                Ok(Some(at))
            }
            _ => {
                let shown: Vec<String> = candidates
                    .iter()
                    .map(|(at, _)| ids[*at].to_string())
                    .collect();
                let found = candidates.iter().map(|(at, _)| *at).collect();
                drop(in_namespace);
                self.ambiguous = found;
                Err(Error::new(format!(
                    "found multiple possible referrals: {}",
                    shown.join(", ")
                )))
            }
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
            || self.binding_namespaces.contains(&id.namespace)
    }

    fn shares_namespace(&self, at: usize) -> bool {
        let id = &self.targets.ids[at];
        self.id.cluster_scoped
            || id.cluster_scoped
            || id.gvk.kind == "ServiceAccount"
            || self.id.same_namespace(id)
    }
}

/// Group and kind of the role that a binding refers to.
fn role(object: &Node) -> Option<Gvk> {
    let role = object.get("roleRef").filter(|role| !role.is_null())?;
    let field = |name: &str| {
        role.get(name)
            .filter(|value| !value.is_null())
            .map(|value| kyaml::text(value).to_owned())
    };
    Some(Gvk {
        group: field("apiGroup")?,
        version: String::new(),
        kind: field("kind")?,
    })
}

fn binding_namespaces(object: &Node, id: &ResId) -> Result<Vec<String>> {
    if id.gvk.kind != "RoleBinding" || id.cluster_scoped {
        return Ok(Vec::new());
    }
    let subjects = object.get("subjects").and_then(Node::as_sequence);
    let mut namespaces = Vec::new();
    for subject in subjects.into_iter().flatten() {
        if subject.get("kind").map(kyaml::text) != Some("ServiceAccount") {
            continue;
        }
        if let Some(namespace) = subject.get("namespace") {
            match namespace.as_string() {
                Some(namespace) => namespaces.push(namespace.to_owned()),
                None => {
                    bail!("Invalid Input: namespace is blank for resource \"{id}\"\n");
                }
            }
        }
    }
    Ok(namespaces)
}
