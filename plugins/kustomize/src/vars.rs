//! `vars`: values of objects that are written wherever `$(NAME)` occurs. Deprecated in favour of replacements.

use std::collections::BTreeMap;

use rosin_manifest::node::{Kind, Node, Scalar, Style, Tag};

use crate::context::Context;
use crate::error::{Error, Result, bail};
use crate::id::ResId;
use crate::kustomization::{FieldSpec, Var};
use crate::kyaml;
use crate::resmap::ResMap;

/// Vars by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct VarSet {
    vars: BTreeMap<String, Var>,
}

impl VarSet {
    fn add(&mut self, var: Var) -> Result<()> {
        if self.vars.contains_key(&var.name) {
            bail!("var '{}' already encountered", var.name);
        }
        self.vars.insert(var.name.clone(), var);
        Ok(())
    }

    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        other.vars.into_values().try_for_each(|var| self.add(var))
    }

    /// Adds vars, and notes in the objects that they take their values from.
    pub(crate) fn declare(
        &mut self,
        vars: &[Var],
        resources: &mut ResMap,
        context: &Context,
    ) -> Result<()> {
        for var in vars {
            let mut id = var.object.id();
            id.cluster_scoped = context.is_cluster_scoped(&id.gvk.api_version(), &id.gvk.kind);
            let any_namespace = id.namespace.is_empty() && !id.cluster_scoped;
            let mut found: Vec<usize> = Vec::new();
            for (at, resource) in resources
                .iter()
                .enumerate()
                .filter(|(_, resource)| !resource.is_empty())
            {
                let matches = |other: &ResId| {
                    if any_namespace {
                        id.same_but_namespace(other)
                    } else {
                        id.same(other)
                    }
                };
                if resource.previous_ids().any(|id| matches(&id))
                    || matches(&resource.current_id(context))
                {
                    found.push(at);
                }
            }
            match found[..] {
                [] => {}
                [at] => resources.contents_mut()[at].vars.push(var.name.clone()),
                _ => bail!(
                    "found {} resId matches for var {} (unable to disambiguate)",
                    found.len(),
                    var.shown_as(&id.gvk)
                ),
            }
        }
        vars.iter().try_for_each(|var| self.add(var.clone()))
    }

    /// Replaces all occurrences.
    pub(crate) fn resolve(
        &self,
        resources: &mut ResMap,
        specs: &[FieldSpec],
        context: &Context,
    ) -> Result<()> {
        if self.vars.is_empty() {
            return Ok(());
        }
        let mut values = BTreeMap::new();
        for (name, var) in &self.vars {
            values.insert(
                name.as_str(),
                Value {
                    scalar: self.value(var, resources)?,
                    used: false,
                },
            );
        }
        for resource in resources.as_mut_slice() {
            for spec in specs {
                kyaml::apply_spec(&mut resource.node, spec, None, &mut |node| {
                    replace_in(node, &mut values)
                })?;
            }
        }
        let unused: Vec<&str> = values
            .iter()
            .filter(|(_, value)| !value.used)
            .map(|(name, _)| *name)
            .collect();
        if !unused.is_empty() {
            context.warn(format!(
                "well-defined vars that were never replaced: {}",
                unused.join(",")
            ));
        }
        Ok(())
    }

    fn value(&self, var: &Var, resources: &ResMap) -> Result<Option<Scalar>> {
        let Some(resource) = resources
            .iter()
            .find(|resource| resource.vars.contains(&var.name))
        else {
            bail!(
                "var '{}' cannot be mapped to a field in the set of known resources",
                shown(var)
            );
        };
        let path = indexed(&kyaml::split_bracketed(var.field_path(), '.'));
        match kyaml::lookup(&resource.node, &path) {
            Ok(Some(node)) => Ok(node.as_scalar().cloned()),
            _ => Err(Error::new(format!(
                "field specified in var '{}' not found in corresponding resource",
                shown(var)
            ))
            .in_file(&resource.source.file)
            .at_field(var.field_path())),
        }
    }
}

/// As Go prints the struct with `%v`: of what the var refers to, only the kind.
fn shown(var: &Var) -> String {
    let id = var.object.id();
    format!("{{{} {} {{{}}}}}", var.name, id.gvk, var.field_path())
}

/// Splits `name[0]` into two parts.
fn indexed(parts: &[String]) -> Vec<String> {
    let mut result = Vec::new();
    for part in parts {
        let split = part
            .strip_suffix(']')
            .and_then(|rest| rest.rsplit_once('['));
        match split {
            Some((name, index))
                if !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                if !name.is_empty() {
                    result.push(name.to_owned());
                }
                result.push(index.to_owned());
            }
            _ => result.push(part.clone()),
        }
    }
    result
}

/// None where the field holds no scalar: such vars are left as they are.
struct Value {
    scalar: Option<Scalar>,
    used: bool,
}

type Values<'v> = BTreeMap<&'v str, Value>;

fn replace_in(node: &mut Node, values: &mut Values<'_>) -> Result<()> {
    match &mut node.kind {
        Kind::Scalar(scalar) => replace(scalar, values),
        Kind::Mapping(fields) => {
            for value in fields.values_mut() {
                if let Some(scalar) = value.as_scalar_mut() {
                    replace(scalar, values);
                }
            }
        }
        Kind::Sequence(items) => {
            for item in items {
                match item.as_scalar_mut().filter(|scalar| scalar.tag == Tag::Str) {
                    Some(scalar) => replace(scalar, values),
                    None => bail!("invalid value type expect a string"),
                }
            }
        }
    }
    Ok(())
}

fn replace(scalar: &mut Scalar, values: &mut Values<'_>) {
    if scalar.tag != Tag::Str {
        return;
    }
    *scalar = match replaced(&scalar.value, values) {
        Replaced::Whole(value) => Scalar::new(value.value, value.tag, Style::Plain),
        Replaced::Text(text) => Scalar::new(text, Tag::Str, Style::Plain),
    };
}

enum Replaced {
    /// The text was one reference and nothing else: the type of the value is kept.
    Whole(Scalar),
    Text(String),
}

fn replaced(text: &str, values: &mut Values<'_>) -> Replaced {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, found) = rest.split_at(at);
        result.push_str(before);
        let after = &found[1..];
        let mut chars = after.chars();
        match chars.next() {
            None => {
                result.push('$');
                rest = "";
            }
            Some('$') => {
                result.push('$');
                rest = chars.as_str();
            }
            Some('(') => match after.find(')') {
                Some(end) => {
                    let name = &after[1..end];
                    match values.get_mut(name) {
                        Some(Value {
                            scalar: Some(value),
                            used,
                        }) => {
                            *used = true;
                            if text.len() == name.len() + 3 {
                                return Replaced::Whole(value.clone());
                            }
                            result.push_str(&value.value);
                        }
                        _ => {
                            result.push_str("$(");
                            result.push_str(name);
                            result.push(')');
                        }
                    }
                    rest = &after[end + 1..];
                }
                None => {
                    result.push_str("$(");
                    rest = chars.as_str();
                }
            },
            Some(other) => {
                result.push('$');
                result.push(other);
                rest = chars.as_str();
            }
        }
    }
    result.push_str(rest);
    Replaced::Text(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(input: &str) -> String {
        let mut values = Values::new();
        values.insert(
            "A",
            Value {
                scalar: Some(Scalar::string("x")),
                used: false,
            },
        );
        values.insert(
            "N",
            Value {
                scalar: Some(Scalar::plain("5")),
                used: false,
            },
        );
        match replaced(input, &mut values) {
            Replaced::Whole(scalar) => format!("{:?} {}", scalar.tag, scalar.value),
            Replaced::Text(text) => text,
        }
    }

    #[test]
    fn references_are_replaced_and_dollars_can_be_escaped() {
        assert_eq!(text("a $(A) b $(N)"), "a x b 5");
        assert_eq!(text("$$(A) $(NOPE) $("), "$(A) $(NOPE) $(");
        assert_eq!(text("cost $5 $"), "cost $5 $");
        assert_eq!(text("$(N)"), "Int 5");
    }
}
