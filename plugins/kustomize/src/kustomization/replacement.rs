//! `replacements`: where a value comes from, and the fields that it is copied to.

use std::fmt;

use super::args::{Selector, fields};
use crate::id::ResId;

/// One entry: the replacement itself, or a file with one or a list of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplacementField {
    pub(crate) path: String,
    pub(crate) replacement: Replacement,
}

fields!(ReplacementField "ReplacementField" { "path" => path: string } flatten replacement);

#[derive(Debug, Clone, Default)]
pub(crate) struct Replacement {
    pub(crate) source: Option<SourceSelector>,
    pub(crate) source_value: Option<String>,
    pub(crate) targets: Option<Vec<TargetSelector>>,
}

fields!(Replacement "Replacement" {
    "source" => source: option,
    "sourcevalue" => source_value: option_string,
    "targets" => targets: option_pointers,
});

#[derive(Debug, Clone, Default)]
pub(crate) struct SourceSelector {
    pub(crate) id: ResId,
    pub(crate) field_path: String,
    pub(crate) options: Option<FieldOptions>,
}

fields!(SourceSelector "SourceSelector" {
    "fieldpath" => field_path: string,
    "options" => options: option,
} flatten id);

impl fmt::Display for SourceSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if !self.field_path.is_empty() {
            write!(f, ":{}", self.field_path)?;
        }
        match &self.options {
            Some(options) if !options.delimiter.is_empty() || options.create => {
                write!(
                    f,
                    ":{}({}), create={}",
                    options.delimiter, options.index, options.create
                )
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TargetSelector {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: Option<FieldOptions>,
}

fields!(TargetSelector "TargetSelector" {
    "select" => select: option,
    "reject" => reject: pointers,
    "fieldpaths" => field_paths: strings,
    "options" => options: option,
});

#[derive(Debug, Clone, Default)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) encoding: String,
    pub(crate) create: bool,
}

fields!(FieldOptions "FieldOptions" {
    "delimiter" => delimiter: string,
    "index" => index: int("int"),
    "encoding" => encoding: string,
    "create" => create: bool,
});
