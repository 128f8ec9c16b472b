//! Applies a function to every field that a field specification names: `spec/template/spec/containers[]/image`.

use rosin_manifest::node::{Kind, Node};

use super::{NodeKind, split_path};
use crate::error::{Result, bail};
use crate::kustomization::FieldSpec;

/// What a missing field is created as, where the specification says that it is created.
pub(crate) type Create = Option<NodeKind>;

type Set<'a> = &'a mut dyn FnMut(&mut Node) -> Result<()>;

/// Every specification that fits the object, in order.
pub(crate) fn apply_specs(
    object: &mut Node,
    specs: &[FieldSpec],
    create: Create,
    set: &mut dyn FnMut(&mut Node) -> Result<()>,
) -> Result<()> {
    for spec in specs {
        apply_spec(object, spec, create, set)?;
    }
    Ok(())
}

/// One specification, if it fits the object's kind.
pub(crate) fn apply_spec(
    object: &mut Node,
    spec: &FieldSpec,
    create: Create,
    set: &mut dyn FnMut(&mut Node) -> Result<()>,
) -> Result<()> {
    if !fits(object, spec) {
        return Ok(());
    }
    apply_path(object, spec, &split_path(&spec.path, '/'), create, set)
}

/// As `apply_spec`, for an object that fits the specification, whose path is split already.
pub(crate) fn apply_path(
    object: &mut Node,
    spec: &FieldSpec,
    path: &[String],
    create: Create,
    set: &mut dyn FnMut(&mut Node) -> Result<()>,
) -> Result<()> {
    let walk = Walk {
        create: create.filter(|_| spec.create),
    };
    walk.enter(object, path, set).map_err(|error| {
        let id = crate::resource::plain_id(object);
        error
            .wrap(format!("considering field '{}' of object {id}", spec.path))
            .at_field(&spec.path)
    })
}

/// Whether the specification is for objects of this kind.
pub(crate) fn fits(object: &Node, spec: &FieldSpec) -> bool {
    let gvk = &spec.gvk;
    if !gvk.kind.is_empty() && gvk.kind != object.object_kind() {
        return false;
    }
    if gvk.group.is_empty() && gvk.version.is_empty() {
        return true;
    }
    let (group, version) = crate::id::split_api_version(object.api_version());
    (gvk.group.is_empty() || gvk.group == group)
        && (gvk.version.is_empty() || gvk.version == version)
}

struct Walk {
    create: Create,
}

impl Walk {
    fn enter(&self, node: &mut Node, path: &[String], set: Set<'_>) -> Result<()> {
        let Some((name, rest)) = path.split_first() else {
            return set(node);
        };
        if node.is_null() {
            return Ok(());
        }
        match &mut node.kind {
            Kind::Sequence(items) => {
                for item in items {
                    self.enter(item, path, set).map_err(|error| {
                        error.wrap(format!("visit traversal on path: [{}]", path.join(" ")))
                    })?;
                }
                Ok(())
            }
            Kind::Mapping(_) => self.field(node, name, rest, set),
            Kind::Scalar(_) => bail!("expected sequence or mapping node"),
        }
    }

    fn field(&self, node: &mut Node, name: &str, rest: &[String], set: Set<'_>) -> Result<()> {
        let (name, is_list) = match name.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name.is_empty() {
            bail!("cannot set or create an empty field name");
        }
        // What a missing field is created as, and what a null is turned into.
        let (create, fill) = match self.create {
            None if is_list => (None, Some(NodeKind::Sequence)),
            None => (None, None),
            Some(_) if is_list => (None, Some(NodeKind::Sequence)),
            Some(leaf) => {
                let kind = if rest.is_empty() {
                    leaf
                } else {
                    NodeKind::Mapping
                };
                (Some(kind), Some(kind))
            }
        };
        let found = if create.is_none() && super::is_plain_field(name) {
            Ok(node.get_mut(name))
        } else {
            let path = [name.to_owned()];
            match create {
                None => super::lookup_mut(node, &path),
                Some(kind) => super::lookup_create(node, &path, kind),
            }
        };
        let field = match found {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(()),
            Err(error) => return Err(error.wrap(format!("fieldName: {name}"))),
        };
        if let (true, Some(kind)) = (field.is_null(), fill) {
            if rest.is_empty() || kind != NodeKind::Scalar {
                *field = kind.empty();
            }
            if rest.is_empty() {
                return set(field);
            }
        }
        self.enter(field, rest, set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Gvk;
    use crate::yaml::tests_node;

    fn spec(path: &str, create: bool) -> FieldSpec {
        FieldSpec {
            gvk: Gvk::default(),
            path: path.to_owned(),
            create,
        }
    }

    fn set_all(text: &str, spec: &FieldSpec, create: Create) -> String {
        let mut node = tests_node(text);
        apply_spec(&mut node, spec, create, &mut |node| {
            super::super::set_scalar(node, "new", None)
        })
        .unwrap();
        node.to_json().unwrap().to_string()
    }

    #[test]
    fn lists_on_the_way_are_walked_through() {
        let json = set_all(
            "spec: {containers: [{image: a}, {image: b}, {}]}",
            &spec("spec/containers/image", false),
            None,
        );
        assert_eq!(
            json,
            r#"{"spec":{"containers":[{"image":"new"},{"image":"new"},{}]}}"#
        );
    }

    #[test]
    fn missing_fields_are_created_only_where_both_ask_for_it() {
        assert_eq!(
            set_all("a: 1", &spec("b/c", true), Some(NodeKind::Scalar)),
            r#"{"a":1,"b":{"c":"new"}}"#
        );
        assert_eq!(set_all("a: 1", &spec("b/c", true), None), r#"{"a":1}"#);
        assert_eq!(
            set_all("a: 1", &spec("b/c", false), Some(NodeKind::Scalar)),
            r#"{"a":1}"#
        );
        assert_eq!(
            set_all("a: 1", &spec("b[]/c", true), Some(NodeKind::Scalar)),
            r#"{"a":1}"#
        );
    }

    #[test]
    fn a_scalar_on_the_way_is_an_error_that_names_the_object() {
        let mut node = tests_node("{apiVersion: v1, kind: A, metadata: {name: x}, spec: 1}");
        let error =
            apply_spec(&mut node, &spec("spec/a", false), None, &mut |_| Ok(())).unwrap_err();
        assert_eq!(
            error.message,
            "considering field 'spec/a' of object A.v1.[noGrp]/x.[noNs]: expected sequence or mapping node"
        );
        assert_eq!(error.field.as_deref(), Some("spec/a"));
    }
}
