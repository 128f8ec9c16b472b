//! The structs inside a Kustomization file, except for replacements.

use std::collections::BTreeMap;

use crate::id::{Gvk, ResId};

/// Implements [`Fields`]: lower-cased name in the file, field of the struct, how its value is decoded.
macro_rules! fields {
    ($type:ident $go:literal $(in $package:literal)? { $($name:literal => $field:ident: $method:ident $(($arg:expr))?),* $(,)? } $(flatten $($inner:ident),*)?) => {
        impl $crate::decode::Fields for $type {
            const TYPE: &'static str = $go;
            $(const PACKAGE: &'static str = $package;)?

            fn field(&mut self, name: &str, value: &serde_json::Value, at: &mut $crate::decode::At<'_>) -> bool {
                match name {
                    $($name => $crate::kustomization::fields!(@set self, $field, $method, value, at $(, $arg)?),)*
                    _ => {
                        let flattened = false $($(|| at.embedded(&mut self.$inner, name, value))*)?;
                        if !flattened {
                            return false;
                        }
                    }
                }
                true
            }
        }
    };
    (@set $self:ident, $field:ident, option, $value:ident, $at:ident) => { $self.$field = $at.option($value) };
    (@set $self:ident, $field:ident, strukt, $value:ident, $at:ident) => { $self.$field = $at.strukt($value) };
    (@set $self:ident, $field:ident, string, $value:ident, $at:ident) => { $self.$field = $at.string($value) };
    (@set $self:ident, $field:ident, bool, $value:ident, $at:ident) => { $self.$field = $at.bool($value) };
    (@set $self:ident, $field:ident, int, $value:ident, $at:ident, $type:expr) => { $self.$field = $at.int($value, $type) };
    (@set $self:ident, $field:ident, option_string, $value:ident, $at:ident) => {
        $self.$field = (!$value.is_null()).then(|| $at.string($value))
    };
    (@set $self:ident, $field:ident, option_list, $value:ident, $at:ident) => { $self.$field = $at.list($value) };
    (@set $self:ident, $field:ident, option_pointers, $value:ident, $at:ident) => { $self.$field = $at.pointers($value) };
    (@set $self:ident, $field:ident, $method:ident, $value:ident, $at:ident) => {
        $self.$field = $at.$method($value).unwrap_or_default()
    };
}
pub(crate) use fields;

/// Where in which objects a transformer works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldSpec {
    pub(crate) gvk: Gvk,
    /// Names separated by `/`; one that ends with `[]` is a list, whose elements are all meant.
    pub(crate) path: String,
    pub(crate) create: bool,
}

fields!(FieldSpec "FieldSpec" { "path" => path: string, "create" => create: bool } flatten gvk);

/// Picks objects by patterns for their identity, and by labels and annotations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Selector {
    pub(crate) id: ResId,
    pub(crate) annotation_selector: String,
    pub(crate) label_selector: String,
}

fields!(Selector "Selector" {
    "annotationselector" => annotation_selector: string,
    "labelselector" => label_selector: string,
} flatten id);

#[derive(Debug, Clone, Default)]
pub(crate) struct Label {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) include_volume_claim_templates: bool,
    pub(crate) field_specs: Vec<FieldSpec>,
}

fields!(Label "Label" {
    "pairs" => pairs: string_map,
    "includeselectors" => include_selectors: bool,
    "includetemplates" => include_templates: bool,
    "includevolumeclaimtemplates" => include_volume_claim_templates: bool,
    "fields" => field_specs: list,
});

#[derive(Debug, Clone, Default)]
pub(crate) struct Patch {
    pub(crate) path: String,
    pub(crate) patch: String,
    pub(crate) target: Option<Selector>,
    pub(crate) options: Option<PatchOptions>,
}

fields!(Patch "Patch" {
    "path" => path: string,
    "patch" => patch: string,
    "target" => target: option,
    "options" => options: option,
});

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PatchOptions {
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
}

fields!(PatchOptions "PatchArgs" {
    "allownamechange" => allow_name_change: bool,
    "allowkindchange" => allow_kind_change: bool,
});

#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) tag_suffix: String,
    pub(crate) new_tag: String,
    pub(crate) digest: String,
}

fields!(Image "Image" {
    "name" => name: string,
    "newname" => new_name: string,
    "tagsuffix" => tag_suffix: string,
    "newtag" => new_tag: string,
    "digest" => digest: string,
});

#[derive(Debug, Clone, Default)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) count: i64,
}

fields!(Replica "Replica" { "name" => name: string, "count" => count: int("int64") });

/// A value of one object that is written wherever `$(NAME)` occurs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) object: VarTarget,
    field: FieldSelector,
}

fields!(Var "Var" { "name" => name: string, "objref" => object: strukt, "fieldref" => field: strukt });

impl Var {
    /// As Go prints the struct with `%v` before anything was filled in.
    pub(crate) fn shown(&self) -> String {
        self.shown_as(&self.object.id.gvk)
    }

    /// As Go prints the struct with `%v`: of what the var refers to, only the kind.
    pub(crate) fn shown_as(&self, gvk: &Gvk) -> String {
        format!("{{{} {gvk} {{{}}}}}", self.name, self.field.field_path)
    }

    pub(crate) fn field_path(&self) -> &str {
        if self.field.field_path.is_empty() {
            "metadata.name"
        } else {
            &self.field.field_path
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct VarTarget {
    api_version: String,
    id: ResId,
}

fields!(VarTarget "Target" { "apiversion" => api_version: string } flatten id);

impl VarTarget {
    /// The object that is meant. An `apiVersion` wins over group and version.
    pub(crate) fn id(&self) -> ResId {
        let mut id = self.id.clone();
        match self.api_version.split('/').collect::<Vec<_>>()[..] {
            [""] => {}
            [version] => version.clone_into(&mut id.gvk.version),
            [group, version] => {
                group.clone_into(&mut id.gvk.group);
                version.clone_into(&mut id.gvk.version);
            }
            _ => {}
        }
        id
    }
}

#[derive(Debug, Clone, Default)]
struct FieldSelector {
    field_path: String,
}

fields!(FieldSelector "FieldSelector" { "fieldpath" => field_path: string });

#[derive(Debug, Clone, Default)]
pub(crate) struct SortOptions {
    pub(crate) order: String,
    pub(crate) legacy: Option<LegacySortOptions>,
}

fields!(SortOptions "SortOptions" { "order" => order: string, "legacysortoptions" => legacy: option });

#[derive(Debug, Clone, Default)]
pub(crate) struct LegacySortOptions {
    pub(crate) first: Vec<String>,
    pub(crate) last: Vec<String>,
}

fields!(LegacySortOptions "LegacySortOptions" { "orderfirst" => first: strings, "orderlast" => last: strings });

#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigMapArgs {
    pub(crate) generator: GeneratorArgs,
}

fields!(ConfigMapArgs "ConfigMapArgs" {} flatten generator);

#[derive(Debug, Clone, Default)]
pub(crate) struct SecretArgs {
    pub(crate) generator: GeneratorArgs,
    pub(crate) secret_type: String,
}

fields!(SecretArgs "SecretArgs" { "type" => secret_type: string } flatten generator);

#[derive(Debug, Clone, Default)]
pub(crate) struct GeneratorArgs {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) behavior: String,
    pub(crate) literals: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) envs: Vec<String>,
    pub(crate) env: String,
    pub(crate) options: Option<GeneratorOptions>,
}

impl crate::decode::Fields for GeneratorArgs {
    const TYPE: &'static str = "GeneratorArgs";

    fn field(
        &mut self,
        name: &str,
        value: &serde_json::Value,
        at: &mut crate::decode::At<'_>,
    ) -> bool {
        if matches!(name, "literals" | "files" | "envs" | "env") {
            at.embed("KvPairSources");
        }
        match name {
            "namespace" => self.namespace = at.string(value),
            "name" => self.name = at.string(value),
            "behavior" => self.behavior = at.string(value),
            "literals" => self.literals = at.strings(value).unwrap_or_default(),
            "files" => self.files = at.strings(value).unwrap_or_default(),
            "envs" => self.envs = at.strings(value).unwrap_or_default(),
            "env" => self.env = at.string(value),
            "options" => self.options = at.option(value),
            _ => return false,
        }
        true
    }
}

impl GeneratorArgs {
    /// Takes name and namespace of the object that holds the arguments, where they give none.
    pub(crate) fn fill(&mut self, meta: super::ObjectMeta) {
        if self.name.is_empty() {
            self.name = meta.name;
        }
        if self.namespace.is_empty() {
            self.namespace = meta.namespace;
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

fields!(GeneratorOptions "GeneratorOptions" {
    "labels" => labels: string_map,
    "annotations" => annotations: string_map,
    "disablenamesuffixhash" => disable_name_suffix_hash: bool,
    "immutable" => immutable: bool,
});

impl GeneratorOptions {
    /// The options of one generator with those of the whole file: its own labels and annotations win, and what either
    /// switches on is on.
    pub(crate) fn merged(local: Option<&Self>, global: Option<&Self>) -> Option<Self> {
        let Some(global) = global else {
            return local.cloned();
        };
        let mut merged = local.cloned().unwrap_or_default();
        for (key, value) in &global.labels {
            merged
                .labels
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
        for (key, value) in &global.annotations {
            merged
                .annotations
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
        merged.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        merged.immutable |= global.immutable;
        Some(merged)
    }
}
