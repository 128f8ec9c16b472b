//! One object of a build, and what kustomize remembers about it: its earlier identities, prefixes, who refers to it.
//!
//! The original keeps these notes in annotations of the object and removes them at the end. Here they are fields; annotations of
//! that name in the input are taken over when an object is read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use rosin_manifest::node::{Mapping, Node};

use crate::context::Context;
use crate::error::{Result, bail};
use crate::id::{Gvk, Key, ResId};
use crate::kyaml;
use crate::origin::Origin;
use crate::shared::Shared;

const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
const REFERRED_BY: &str = "internal.config.kubernetes.io/refBy";
const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";
pub(crate) const HELM_GENERATED: &str = "internal.config.kubernetes.io/helm-generated";

/// Kustomize's own, which are fields here.
const NOTES: [&str; 10] = [
    PREVIOUS_KINDS,
    PREVIOUS_NAMES,
    PREVIOUS_NAMESPACES,
    PREFIXES,
    SUFFIXES,
    REFERRED_BY,
    BEHAVIOR,
    NEEDS_HASH,
    ALLOW_NAME_CHANGE,
    ALLOW_KIND_CHANGE,
];

/// Earlier names of annotations of tools.
const LEGACY: [&str; 3] = [
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
];

/// Annotations of tools that are there in a build and do not leave it.
const DROPPED: [&str; 9] = [
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    HELM_GENERATED,
];

/// What a generated object does to one that has its identity already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            "create" => Self::Create,
            _ => Self::Unspecified,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// An identity that an object had before a transformer changed it. Group and version are those that it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Previous {
    kind: String,
    name: String,
    namespace: String,
}

/// The place that an object came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) file: Rc<str>,
    pub(crate) line: u32,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Resource {
    /// Null when a patch deleted the object.
    pub(crate) node: Node,
    pub(crate) source: Source,
    previous: Vec<Previous>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    referred_by: Vec<ResId>,
    pub(crate) behavior: Option<Behavior>,
    pub(crate) needs_hash: bool,
    /// A replacement may have left a scalar with a text that its type does not have. Others may complete it, so only the
    /// output is checked.
    pub(crate) check_types: bool,
    /// The original wrote it as JSON and read it again, so that nothing in it has its place in the file.
    pub(crate) read_again: bool,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
    /// Names of vars that take their value from here.
    pub(crate) vars: Vec<String>,
    pub(crate) origin: Option<Origin>,
    pub(crate) transformations: Vec<Origin>,
    shared: Vec<Shared>,
}

impl Resource {
    pub(crate) fn new(node: Node, source: Source) -> Self {
        let mut this = Self {
            node,
            source,
            ..Self::default()
        };
        this.take_notes();
        this
    }

    /// Moves kustomize's own annotations out of the object.
    pub(crate) fn take_notes(&mut self) {
        let has_notes = self
            .annotations()
            .is_some_and(|annotations| annotations.keys().any(|key| NOTES.contains(&key)));
        if !has_notes {
            return;
        }
        let list = |this: &Self, key: &str| -> Vec<String> {
            this.node
                .annotation(key)
                .map(|text| text.split(',').map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let names = list(self, PREVIOUS_NAMES);
        let namespaces = list(self, PREVIOUS_NAMESPACES);
        let kinds = list(self, PREVIOUS_KINDS);
        if names.len() == namespaces.len() && names.len() == kinds.len() {
            self.previous = names
                .into_iter()
                .zip(namespaces)
                .zip(kinds)
                .map(|((name, namespace), kind)| Previous {
                    kind,
                    name,
                    namespace,
                })
                .collect();
        }
        self.prefixes = list(self, PREFIXES);
        self.suffixes = list(self, SUFFIXES);
        self.behavior = self.node.annotation(BEHAVIOR).map(Behavior::parse);
        self.needs_hash = self.node.annotation(NEEDS_HASH) == Some("enabled");
        self.allow_name_change = self.node.annotation(ALLOW_NAME_CHANGE) == Some("enabled");
        self.allow_kind_change = self.node.annotation(ALLOW_KIND_CHANGE) == Some("enabled");
        if let Some(annotations) = self
            .node
            .lookup_mut(&["metadata", "annotations"])
            .and_then(Node::as_mapping_mut)
        {
            annotations.retain(|key, _| !NOTES.contains(&key));
        }
    }

    fn annotations(&self) -> Option<&Mapping> {
        self.node.lookup(&["metadata", "annotations"])?.as_mapping()
    }

    pub(crate) fn is_empty(&self) -> bool {
        kyaml::is_empty(&self.node)
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::new(self.node.api_version(), self.node.object_kind())
    }

    pub(crate) fn kind(&self) -> &str {
        self.node.object_kind()
    }

    pub(crate) fn name(&self) -> &str {
        meta_text(&self.node, "name")
    }

    pub(crate) fn namespace(&self) -> &str {
        meta_text(&self.node, "namespace")
    }

    pub(crate) fn current_id(&self, context: &Context) -> ResId {
        ResId {
            gvk: self.gvk(),
            name: self.name().to_owned(),
            namespace: self.namespace().to_owned(),
            cluster_scoped: context.is_cluster_scoped(self.node.api_version(), self.kind()),
        }
    }

    /// What no other object of the build may be.
    pub(crate) fn current_key(&self, context: &Context) -> Key {
        let (api_version, kind) = (self.node.api_version(), self.kind());
        let cluster_scoped = context.is_cluster_scoped(api_version, kind);
        Key::new(
            api_version,
            kind,
            self.name(),
            self.namespace(),
            cluster_scoped,
        )
    }

    /// The keys of all earlier identities, the oldest first.
    pub(crate) fn previous_keys(&self) -> impl Iterator<Item = Key> + '_ {
        let api_version = self.node.api_version();
        self.previous.iter().map(move |previous| {
            let Previous {
                kind,
                name,
                namespace,
            } = previous;
            Key::new(api_version, kind, name, namespace, false)
        })
    }

    /// All earlier identities, the oldest first.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = ResId> + '_ {
        let Gvk { group, version, .. } = self.gvk();
        self.previous.iter().map(move |previous| ResId {
            gvk: Gvk {
                group: group.clone(),
                version: version.clone(),
                kind: previous.kind.clone(),
            },
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
            cluster_scoped: false,
        })
    }

    pub(crate) fn original_id(&self, context: &Context) -> ResId {
        self.previous_ids()
            .next()
            .unwrap_or_else(|| self.current_id(context))
    }

    /// Whether the object had this name before.
    pub(crate) fn was_named(&self, name: &str) -> bool {
        self.previous.iter().any(|previous| previous.name == name)
    }

    /// Names that the object had before.
    pub(crate) fn previous_names(&self) -> impl Iterator<Item = &str> {
        self.previous.iter().map(|previous| previous.name.as_str())
    }

    /// The name that the object had first.
    pub(crate) fn original_name(&self) -> &str {
        self.previous
            .first()
            .map_or_else(|| self.name(), |previous| &previous.name)
    }

    /// Whether an identity that the object had before is of a kind that the selector asks for. Group and version are those of
    /// the identity that it has now.
    pub(crate) fn was_selected_by(&self, selector: &Gvk, current: &Gvk) -> bool {
        let fits = |part: &str, wanted: &str| wanted.is_empty() || part == wanted;
        fits(&current.group, &selector.group)
            && fits(&current.version, &selector.version)
            && self
                .previous
                .iter()
                .any(|previous| fits(&previous.kind, &selector.kind))
    }

    /// Keeps the present identity before it changes.
    pub(crate) fn store_previous_id(&mut self, context: &Context) {
        let id = self.current_id(context);
        let namespace = id.effective_namespace().to_owned();
        if id.name.is_empty() {
            return;
        }
        self.previous.push(Previous {
            kind: id.gvk.kind,
            name: id.name,
            namespace,
        });
    }

    pub(crate) fn add_prefix(&mut self, prefix: &str) {
        if !prefix.is_empty() {
            self.prefixes.push(prefix.to_owned());
        }
    }

    pub(crate) fn add_suffix(&mut self, suffix: &str) {
        if !suffix.is_empty() {
            self.suffixes.push(suffix.to_owned());
        }
    }

    /// Whether both got their prefixes and suffixes from the same kustomizations. With `allow_empty`, having none fits all.
    pub(crate) fn same_affixes(&self, other: &Self, allow_empty: bool) -> bool {
        let same = |mine: &[String], theirs: &[String]| {
            (allow_empty && (mine.is_empty() || theirs.is_empty())) || same_ending(mine, theirs)
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }

    pub(crate) fn add_referrer(&mut self, id: ResId) {
        self.referred_by.push(id);
    }

    /// Whether the object is meant for tools on the author's machine only.
    pub(crate) fn is_local(&self) -> bool {
        self.node
            .annotation(LOCAL_CONFIG)
            .is_some_and(|value| value != "false")
    }

    /// Notes that a chart made the object: it has its namespace already.
    pub(crate) fn mark_helm_generated(&mut self) {
        self.ensure_annotations();
        let path = ["metadata", "annotations"];
        if let Some(annotations) = self.node.lookup_mut(&path).and_then(Node::as_mapping_mut) {
            annotations.insert(HELM_GENERATED, Node::string("true"));
        }
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        if let Some(metadata) = metadata(&mut self.node) {
            kyaml::set_plain(metadata, "name", name);
        }
    }

    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            self.node.remove_at(&["metadata", "namespace"]);
        } else if let Some(metadata) = metadata(&mut self.node) {
            kyaml::set_plain(metadata, "namespace", namespace);
        }
    }

    pub(crate) fn set_kind(&mut self, kind: &str) {
        if let Some(fields) = self.node.as_mapping_mut() {
            kyaml::set_plain(fields, "kind", kind);
        }
    }

    fn set_api_version(&mut self, api_version: &str) {
        if let Some(fields) = self.node.as_mapping_mut() {
            kyaml::set_plain(fields, "apiVersion", api_version);
        }
    }

    /// Labels or annotations as text.
    pub(crate) fn meta_map(&self, field: &str) -> BTreeMap<String, String> {
        text_map(self.node.lookup(&["metadata", field]))
    }

    /// Replaces labels or annotations; without entries the field is removed.
    pub(crate) fn set_meta_map(&mut self, field: &str, entries: BTreeMap<String, String>) {
        let Some(metadata) = metadata(&mut self.node) else {
            return;
        };
        metadata.remove(field);
        if !entries.is_empty() {
            metadata.insert(field, text_mapping(entries));
        }
    }

    /// A patch as it is applied to the objects that a target selects: of their kind, with labels and annotations as text.
    pub(crate) fn as_patch_for(&self, target: &Self) -> Self {
        let mut patch = self.clone();
        for field in ["labels", "annotations"] {
            let entries = patch.meta_map(field);
            patch.set_meta_map(field, entries);
        }
        patch.set_name(self.name());
        patch.set_namespace(self.namespace());
        patch.set_api_version(&target.gvk().api_version());
        patch.set_kind(self.kind());
        patch
    }

    /// Applies a strategic merge patch. Name, kind and namespace stay unless the patch is allowed to change them.
    pub(crate) fn apply_patch(&mut self, patch: &Self, context: &Context) -> Result<()> {
        let name = self.name().to_owned();
        let namespace = self.namespace().to_owned();
        let kind = self.kind().to_owned();
        if patch.allow_name_change || patch.allow_kind_change {
            self.store_previous_id(context);
        }
        self.allow_name_change |= patch.allow_name_change;
        self.allow_kind_change |= patch.allow_kind_change;
        // The original hands a replaced object to nobody: `$patch: replace` at the top has no effect.
        if patch.node.text_at(&["$patch"]) != Some("replace") {
            let target = std::mem::take(&mut self.node);
            self.node = context
                .strategic_merge(target, &patch.node)?
                .unwrap_or_default();
        }
        if self.is_empty() {
            return Ok(());
        }
        if !patch.allow_kind_change {
            self.set_kind(&kind);
        }
        if !patch.allow_name_change {
            self.set_name(&name);
        }
        self.set_namespace(&namespace);
        Ok(())
    }

    /// Takes over identity, labels, annotations and notes of the object that this one replaces. Own labels and annotations win.
    pub(crate) fn take_place_of(&mut self, old: &Self) {
        for field in ["labels", "annotations"] {
            let mut entries = old.meta_map(field);
            entries.extend(self.meta_map(field));
            self.set_meta_map(field, entries);
        }
        self.previous.clone_from(&old.previous);
        self.prefixes.clone_from(&old.prefixes);
        self.suffixes.clone_from(&old.suffixes);
        self.referred_by.clone_from(&old.referred_by);
        self.behavior = old.behavior;
        self.needs_hash &= old.needs_hash;
        self.vars.clone_from(&old.vars);
        if self.origin.is_none() {
            self.origin.clone_from(&old.origin);
        }
        if self.transformations.is_empty() {
            self.transformations.clone_from(&old.transformations);
        }
        self.set_name(old.name());
        self.set_namespace(old.namespace());
    }

    /// Adds the entries of `data` or `binaryData` that this object does not have. Values become text.
    pub(crate) fn merge_data(&mut self, field: &str, old: &Node) {
        let mut entries = text_map(old.get(field));
        entries.extend(text_map(self.node.get(field)));
        let Some(fields) = self.node.as_mapping_mut() else {
            return;
        };
        fields.remove(field);
        if !entries.is_empty() {
            fields.insert(field, text_mapping(entries));
        }
    }

    /// Notes fields that are one node in the original.
    pub(crate) fn share(&mut self, shared: Shared) {
        self.shared.push(shared);
    }

    /// Lets fields follow that share a value with one that was changed.
    pub(crate) fn settle_shared(&mut self) {
        let node = &mut self.node;
        self.shared.retain_mut(|shared| shared.settle(node));
    }

    /// After the object was made anew, nothing is shared.
    pub(crate) fn forget_shared(&mut self) {
        self.shared.clear();
    }

    /// Whether the original would have annotations of its own in this object.
    pub(crate) fn has_notes(&self) -> bool {
        !self.previous.is_empty()
            || !self.prefixes.is_empty()
            || !self.suffixes.is_empty()
            || !self.referred_by.is_empty()
            || self.behavior.is_some()
            || self.needs_hash
            || self.allow_name_change
            || self.allow_kind_change
            || self.origin.is_some()
    }

    /// Makes sure that there is a mapping of annotations, which `finish` removes if it stays empty.
    pub(crate) fn ensure_annotations(&mut self) {
        if let Some(metadata) = metadata(&mut self.node) {
            metadata
                .get_or_insert_with("annotations", Node::mapping)
                .make_mapping();
        }
    }

    /// # Errors
    /// If there is no place for it: it is an annotation of the original's.
    pub(crate) fn add_transformation(&mut self, origin: &Origin) -> Result<()> {
        if let Some(metadata) = self.node.get("metadata") {
            kyaml::demand(metadata, kyaml::NodeKind::Mapping)?;
        }
        if self.origin.is_none() {
            self.origin = Some(origin.clone());
        } else {
            self.transformations.push(origin.clone());
        }
        Ok(())
    }

    /// The object as the original has it in mid-build, with its notes as annotations: messages show it.
    pub(crate) fn annotated(&self) -> Node {
        let mut notes: Vec<(&str, String)> = Vec::new();
        let mut note = |key, values: Vec<String>| {
            if !values.is_empty() {
                notes.push((key, values.join(",")));
            }
        };
        let previous = |part: fn(&Previous) -> &String| -> Vec<String> {
            // Notes are lists in one text, to which the original does not append nothing.
            let parts = self.previous.iter().map(part);
            parts.filter(|part| !part.is_empty()).cloned().collect()
        };
        note(PREVIOUS_KINDS, previous(|previous| &previous.kind));
        note(PREVIOUS_NAMES, previous(|previous| &previous.name));
        note(
            PREVIOUS_NAMESPACES,
            previous(|previous| &previous.namespace),
        );
        note(PREFIXES, self.prefixes.clone());
        note(SUFFIXES, self.suffixes.clone());
        note(
            REFERRED_BY,
            self.referred_by.iter().map(ToString::to_string).collect(),
        );
        note(
            BEHAVIOR,
            self.behavior
                .iter()
                .map(|behavior| behavior.name().to_owned())
                .collect(),
        );
        for (set, key) in [
            (self.needs_hash, NEEDS_HASH),
            (self.allow_name_change, ALLOW_NAME_CHANGE),
            (self.allow_kind_change, ALLOW_KIND_CHANGE),
        ] {
            note(key, set.then(|| "enabled".to_owned()).into_iter().collect());
        }
        notes.extend(self.origin.iter().map(|origin| (ORIGIN, origin.to_yaml())));
        if !self.transformations.is_empty() {
            notes.push((TRANSFORMATIONS, Origin::list_to_yaml(&self.transformations)));
        }
        if notes.is_empty() {
            return self.node.clone();
        }
        let mut annotations = self.meta_map("annotations");
        annotations.extend(notes.into_iter().map(|(key, text)| (key.to_owned(), text)));
        let mut copy = Self {
            node: self.node.clone(),
            ..Self::default()
        };
        copy.set_meta_map("annotations", annotations);
        copy.node
    }

    /// What is seen through a path: the notes among them if it leads to the annotations.
    pub(crate) fn seen_at(&self, path: &[String]) -> Cow<'_, Node> {
        if leads_to_annotations(path) && self.has_notes() {
            Cow::Owned(self.annotated())
        } else {
            Cow::Borrowed(&self.node)
        }
    }

    /// Changes the object through a path. Where that leads to the annotations, the notes are among them, and change with them.
    pub(crate) fn change_at<T>(
        &mut self,
        path: &[String],
        change: impl FnOnce(&mut Node) -> T,
    ) -> T {
        if leads_to_annotations(path) {
            self.change_with_notes(change)
        } else {
            change(&mut self.node)
        }
    }

    /// Changes the object with its notes among the annotations, which change with them.
    pub(crate) fn change_with_notes<T>(&mut self, change: impl FnOnce(&mut Node) -> T) -> T {
        self.node = self.annotated();
        let result = change(&mut self.node);
        let stays = |key: &str| self.node.annotation(key).is_some();
        let (origin, transformations, referred) =
            (stays(ORIGIN), stays(TRANSFORMATIONS), stays(REFERRED_BY));
        if !origin {
            self.origin = None;
        }
        if !transformations {
            self.transformations.clear();
        }
        if !referred {
            self.referred_by.clear();
        }
        self.forget_identities();
        self.take_notes();
        result
    }

    /// Without a mapping for its annotations, the object has no notes either.
    pub(crate) fn forget_notes(&mut self) {
        self.origin = None;
        self.transformations.clear();
        self.referred_by.clear();
        self.forget_identities();
    }

    fn forget_identities(&mut self) {
        self.previous.clear();
        self.prefixes.clear();
        self.suffixes.clear();
        self.behavior = None;
        self.needs_hash = false;
        self.allow_name_change = false;
        self.allow_kind_change = false;
    }

    /// Sets notes again that a JSON patch took away or changed: the original does.
    pub(crate) fn restore_notes(&mut self, before: &Self) {
        if !before.previous.is_empty() {
            self.previous.clone_from(&before.previous);
        }
        for (now, before) in [
            (&mut self.prefixes, &before.prefixes),
            (&mut self.suffixes, &before.suffixes),
        ] {
            if !before.is_empty() {
                now.clone_from(before);
            }
        }
        if !before.referred_by.is_empty() {
            self.referred_by.clone_from(&before.referred_by);
        }
        self.behavior = before.behavior.or(self.behavior);
        self.needs_hash |= before.needs_hash;
        self.allow_name_change |= before.allow_name_change;
        self.allow_kind_change |= before.allow_kind_change;
    }

    /// Annotations that a JSON patch cannot take away, as they are for tools, whoever wrote them.
    pub(crate) fn tool_annotations(&self) -> BTreeMap<String, String> {
        let mut found = self.meta_map("annotations");
        found.retain(|key, _| {
            key.starts_with("internal.config.kubernetes.io/") || LEGACY.contains(&key.as_str())
        });
        found
    }

    /// Removes what is only for the build, and writes where the object came from if that is wanted.
    pub(crate) fn finish(&mut self, show_origin: bool, show_transformations: bool) {
        let has_nothing_to_say = !show_origin && !show_transformations;
        if has_nothing_to_say && self.node.lookup(&["metadata", "annotations"]).is_none() {
            return;
        }
        let mut annotations = self.meta_map("annotations");
        annotations.retain(|key, _| !DROPPED.contains(&key.as_str()));
        if show_origin {
            if let Some(origin) = &self.origin {
                annotations.insert(ORIGIN.to_owned(), origin.to_yaml());
            }
        } else {
            annotations.remove(ORIGIN);
        }
        if show_transformations {
            if !self.transformations.is_empty() {
                annotations.insert(
                    TRANSFORMATIONS.to_owned(),
                    Origin::list_to_yaml(&self.transformations),
                );
            }
        } else {
            annotations.remove(TRANSFORMATIONS);
        }
        self.set_meta_map("annotations", annotations);
    }

    /// An error unless the object says what it is and has a name.
    pub(crate) fn validate(node: &Node) -> Result<()> {
        let field = |name: &str| {
            node.get(name)
                .filter(|value| !kyaml::is_empty(value))
                .map_or("", kyaml::text)
        };
        let (api_version, kind) = (field("apiVersion"), field("kind"));
        let has_metadata = node
            .get("metadata")
            .is_some_and(|metadata| !kyaml::is_empty(metadata));
        let has = |name: &str| {
            node.lookup(&["metadata", name])
                .is_some_and(|value| !kyaml::is_empty(value))
        };
        let missing = api_version.is_empty()
            && kind.is_empty()
            && (!has_metadata
                || !["name", "namespace", "labels", "annotations"]
                    .into_iter()
                    .any(has));
        if missing {
            bail!("missing Resource metadata");
        }
        let name = meta_text(node, "name");
        if !kind.is_empty() && (kind.ends_with("List") || !name.is_empty()) {
            return Ok(());
        }
        let shown = format!(
            "{{{{{api_version} {kind}}} {{{{{name} {}}} {} {}}}}}",
            meta_text(node, "namespace"),
            go_map(&text_map(node.lookup(&["metadata", "labels"]))),
            go_map(&text_map(node.lookup(&["metadata", "annotations"])))
        );
        if kind.is_empty() {
            bail!("missing kind in object {shown}");
        }
        bail!("missing metadata.name in object {shown}")
    }
}

/// The identity of a bare object without its scope, as messages about fields show it.
pub(crate) fn plain_id(node: &Node) -> ResId {
    ResId {
        gvk: Gvk::new(node.api_version(), node.object_kind()),
        name: meta_text(node, "name").to_owned(),
        namespace: meta_text(node, "namespace").to_owned(),
        cluster_scoped: false,
    }
}

/// Whether all annotations are at the end of the path, or on the way to it.
fn leads_to_annotations(path: &[String]) -> bool {
    let mut parts = path.iter().map(|part| part.trim());
    parts.next() == Some("metadata") && parts.next().is_none_or(|part| part == "annotations")
}

fn meta_text<'n>(node: &'n Node, field: &str) -> &'n str {
    match node.lookup(&["metadata", field]) {
        Some(value) if !kyaml::is_empty(value) => kyaml::text(value),
        _ => "",
    }
}

fn metadata(node: &mut Node) -> Option<&mut Mapping> {
    node.as_mapping_mut()?
        .get_or_insert_with("metadata", Node::mapping)
        .make_mapping()
}

fn text_map(node: Option<&Node>) -> BTreeMap<String, String> {
    node.and_then(Node::as_mapping)
        .into_iter()
        .flat_map(Mapping::iter)
        .map(|(key, value)| (key.to_owned(), kyaml::text(value).to_owned()))
        .collect()
}

fn text_mapping(entries: BTreeMap<String, String>) -> Mapping {
    let mut mapping = Mapping::with_capacity(entries.len());
    for (key, value) in entries {
        kyaml::put(&mut mapping, &key, Node::string(value));
    }
    mapping
}

/// A map as Go's `%v` prints it.
fn go_map(map: &BTreeMap<String, String>) -> String {
    let entries: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    format!("map[{}]", entries.join(" "))
}

/// Whether the shorter list is how the longer one ends. An empty list is only like another.
fn same_ending(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        long.is_empty()
    } else {
        long.ends_with(short)
    }
}
