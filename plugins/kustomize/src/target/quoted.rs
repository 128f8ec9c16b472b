//! Configurations of transformers as the original writes them down: messages quote them.

use serde_json::{Map, Value};

use crate::kustomization::{
    FieldOptions, Patch as PatchEntry, ReplacementField, Selector, TargetSelector,
};

/// The layer that names a transformer and quotes its configuration.
pub(super) fn trouble(kind: &str, config: &Value) -> String {
    format!(
        "trouble configuring builtin {kind} with config: `\n{}`",
        crate::yaml::config_text(config)
    )
}

/// A patch entry as the original writes it down for its transformer.
pub(super) fn patch_config(entry: &PatchEntry) -> Value {
    let mut config = texts(&[("path", &entry.path), ("patch", &entry.patch)]);
    if let Some(target) = &entry.target {
        config.insert("target".to_owned(), selector_config(target));
    }
    if let Some(options) = &entry.options {
        let mut flags = Map::new();
        for (name, set) in [
            ("allowNameChange", options.allow_name_change),
            ("allowKindChange", options.allow_kind_change),
        ] {
            if set {
                flags.insert(name.to_owned(), set.into());
            }
        }
        config.insert("options".to_owned(), flags.into());
    }
    config.into()
}

pub(super) fn json_patch_config(entry: &PatchEntry) -> Value {
    let mut config = texts(&[("path", &entry.path), ("jsonOp", &entry.patch)]);
    if let Some(target) = &entry.target {
        config.insert("target".to_owned(), selector_config(target));
    }
    config.into()
}

fn selector_config(selector: &Selector) -> Value {
    let id = &selector.id;
    texts(&[
        ("group", &id.gvk.group),
        ("version", &id.gvk.version),
        ("kind", &id.gvk.kind),
        ("name", &id.name),
        ("namespace", &id.namespace),
        ("annotationSelector", &selector.annotation_selector),
        ("labelSelector", &selector.label_selector),
    ])
    .into()
}

fn texts(fields: &[(&str, &str)]) -> Map<String, Value> {
    fields
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| ((*name).to_owned(), (*text).into()))
        .collect()
}

pub(super) fn replacements_config(replacements: &[ReplacementField]) -> Value {
    let entries = replacements.iter().map(|field| {
        let mut config = texts(&[("path", &field.path)]);
        let replacement = &field.replacement;
        if let Some(source) = &replacement.source {
            let id = &source.id;
            let mut entry = texts(&[
                ("group", &id.gvk.group),
                ("version", &id.gvk.version),
                ("kind", &id.gvk.kind),
                ("name", &id.name),
                ("namespace", &id.namespace),
                ("fieldPath", &source.field_path),
            ]);
            add_options(&mut entry, source.options.as_ref());
            config.insert("source".to_owned(), entry.into());
        }
        if let Some(value) = &replacement.source_value {
            config.insert("sourceValue".to_owned(), value.as_str().into());
        }
        let targets = replacement.targets.iter().flatten();
        let targets: Vec<Value> = targets.map(target_config).collect();
        if !targets.is_empty() {
            config.insert("targets".to_owned(), targets.into());
        }
        Value::from(config)
    });
    let entries: Vec<Value> = entries.collect();
    serde_json::json!({ "Replacements": entries })
}

fn target_config(target: &TargetSelector) -> Value {
    let select = target.select.as_ref().map_or(Value::Null, selector_config);
    let mut config = Map::from_iter([("select".to_owned(), select)]);
    if !target.reject.is_empty() {
        let reject: Vec<Value> = target.reject.iter().map(selector_config).collect();
        config.insert("reject".to_owned(), reject.into());
    }
    if !target.field_paths.is_empty() {
        config.insert("fieldPaths".to_owned(), target.field_paths.clone().into());
    }
    add_options(&mut config, target.options.as_ref());
    config.into()
}

fn add_options(config: &mut Map<String, Value>, options: Option<&FieldOptions>) {
    let Some(options) = options else { return };
    let mut entry = texts(&[
        ("delimiter", &options.delimiter),
        ("encoding", &options.encoding),
    ]);
    if options.index != 0 {
        entry.insert("index".to_owned(), options.index.into());
    }
    if options.create {
        entry.insert("create".to_owned(), true.into());
    }
    config.insert("options".to_owned(), entry.into());
}
