//! What Kubernetes' OpenAPI schema says about merges and scopes: which lists are merged by which keys, and which kinds live in
//! namespaces. The built-in types are a table in the binary; a build may bring its own schema.

mod custom;
mod table;

use std::borrow::Cow;
use std::collections::HashMap;

pub use custom::SchemaError;
use table::{DEFINITIONS, KINDS, ROWS};

const NONE: u16 = u16::MAX;

/// One type: an object, a map or a list.
struct Row {
    /// Fields that hold objects, maps or lists, sorted by name.
    fields: &'static [(&'static str, u16)],
    /// The type of all other fields.
    other: u16,
    /// The type of a list's items.
    items: u16,
    /// A list whose items are merged: by keys, or by value where there are none.
    merges: bool,
    keys: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Unknown,
    Namespaced,
    Cluster,
}

impl Scope {
    fn is_namespaced(self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Namespaced => Some(true),
            Self::Cluster => Some(false),
        }
    }
}

/// A type of a [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type(Place);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Builtin(u16),
    Custom(usize),
}

/// The schema of one build: the built-in one, a user's, or both.
#[derive(Debug, Clone)]
pub struct Schema {
    uses_builtin: bool,
    types: Vec<custom::CustomType>,
    kinds: HashMap<(String, String), Type>,
    namespaced: HashMap<(String, String), bool>,
}

impl Default for Schema {
    fn default() -> Self {
        Self::builtin()
    }
}

impl Schema {
    /// The types of Kubernetes 1.21 and what kyaml adds to them.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            uses_builtin: true,
            types: Vec::new(),
            kinds: HashMap::new(),
            namespaced: HashMap::new(),
        }
    }

    /// The type of a kind.
    #[must_use]
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Type> {
        if !self.kinds.is_empty()
            && let Some(at) = self.kinds.get(&(api_version.to_owned(), kind.to_owned()))
        {
            return Some(*at);
        }
        let row = if self.uses_builtin {
            builtin_kind(api_version, kind)?.2
        } else {
            NONE
        };
        builtin(row)
    }

    /// The type of a field; None where the schema does not know it, or knows it to be a scalar.
    #[must_use]
    pub fn field(&self, of: Type, name: &str) -> Option<Type> {
        match of.0 {
            Place::Builtin(row) => {
                let row = &ROWS[usize::from(row)];
                let found = row.fields.binary_search_by_key(&name, |(field, _)| field);
                builtin(found.map_or(row.other, |at| row.fields[at].1))
            }
            Place::Custom(at) => {
                let of = &self.types[at];
                of.fields.get(name).copied().unwrap_or(of.other)
            }
        }
    }

    /// The type of the items of a list.
    #[must_use]
    pub fn items(&self, of: Type) -> Option<Type> {
        match of.0 {
            Place::Builtin(row) => builtin(ROWS[usize::from(row)].items),
            Place::Custom(at) => self.types[at].items,
        }
    }

    /// The keys by which the items of a list are merged: none for lists of scalars. None if the list is replaced as a whole.
    #[must_use]
    pub fn merge_keys(&self, of: Type) -> Option<Vec<Cow<'_, str>>> {
        match of.0 {
            Place::Builtin(row) => {
                let row = &ROWS[usize::from(row)];
                row.merges
                    .then(|| row.keys.iter().map(|key| Cow::Borrowed(*key)).collect())
            }
            Place::Custom(at) => {
                let of = &self.types[at];
                of.merges.then(|| {
                    of.keys
                        .iter()
                        .map(|key| Cow::Borrowed(key.as_str()))
                        .collect()
                })
            }
        }
    }

    /// Whether objects of a kind live in a namespace; None for kinds that nobody knows.
    #[must_use]
    pub fn is_namespaced(&self, api_version: &str, kind: &str) -> Option<bool> {
        if let Some(known) = builtin_kind(api_version, kind).and_then(|row| row.3.is_namespaced()) {
            return Some(known);
        }
        if self.namespaced.is_empty() {
            return None;
        }
        self.namespaced
            .get(&(api_version.to_owned(), kind.to_owned()))
            .copied()
    }

    /// Whether a kind is known to live outside of namespaces: kyaml's `IsCertainlyClusterScoped`.
    #[must_use]
    pub fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        self.is_namespaced(api_version, kind) == Some(false)
    }
}

fn builtin(row: u16) -> Option<Type> {
    (row != NONE).then_some(Type(Place::Builtin(row)))
}

fn builtin_definition(name: &str) -> Option<Type> {
    let at = DEFINITIONS.binary_search_by_key(&name, |row| row.0).ok()?;
    builtin(DEFINITIONS[at].1)
}

fn builtin_kind(
    api_version: &str,
    kind: &str,
) -> Option<&'static (&'static str, &'static str, u16, Scope)> {
    let at = KINDS
        .binary_search_by_key(&(api_version, kind), |row| (row.0, row.1))
        .ok()?;
    KINDS.get(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_pods_have_their_merge_keys() {
        let schema = Schema::builtin();
        let pod = schema.kind("v1", "Pod").unwrap();
        let containers = schema
            .field(schema.field(pod, "spec").unwrap(), "containers")
            .unwrap();
        assert_eq!(schema.merge_keys(containers).unwrap(), ["name"]);
        let container = schema.items(containers).unwrap();
        assert_eq!(
            schema
                .merge_keys(schema.field(container, "ports").unwrap())
                .unwrap(),
            ["containerPort", "protocol"]
        );
        assert_eq!(
            schema
                .merge_keys(schema.field(container, "env").unwrap())
                .unwrap(),
            ["name"]
        );
        assert_eq!(
            schema
                .field(container, "args")
                .and_then(|args| schema.merge_keys(args)),
            None
        );
        assert_eq!(schema.field(container, "image"), None);
    }

    #[test]
    fn tables_are_sorted() {
        assert!(KINDS.is_sorted_by_key(|row| (row.0, row.1)));
        assert!(DEFINITIONS.is_sorted_by_key(|row| row.0));
        assert!(
            ROWS.iter()
                .all(|row| row.fields.is_sorted_by_key(|field| field.0))
        );
    }

    #[test]
    fn scopes_of_kinds() {
        let schema = Schema::builtin();
        assert!(schema.is_cluster_scoped("v1", "Namespace"));
        assert!(schema.is_cluster_scoped("rbac.authorization.k8s.io/v1", "ClusterRole"));
        assert_eq!(schema.is_namespaced("apps/v1", "Deployment"), Some(true));
        assert_eq!(schema.is_namespaced("example.com/v1", "Thing"), None);
        assert!(!schema.is_cluster_scoped("example.com/v1", "Thing"));
    }

    #[test]
    fn a_schema_of_the_user_adds_kinds() {
        let swagger = json!({
            "definitions": {
                "v1.Thing": {
                    "type": "object",
                    "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
                    "properties": {"spec": {"$ref": "#/definitions/v1.Spec"}},
                },
                "v1.Spec": {"properties": {"parts": {
                    "type": "array", "items": {"$ref": "#/definitions/v1.Part"},
                    "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "id",
                }}},
                "v1.Part": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "paths": {"/apis/example.com/v1/things": {"get": {
                "x-kubernetes-group-version-kind": {"group": "example.com", "version": "v1", "kind": "Thing"}}}},
        });
        let schema = Schema::custom(&swagger, false).unwrap();
        let thing = schema.kind("example.com/v1", "Thing").unwrap();
        let parts = schema
            .field(schema.field(thing, "spec").unwrap(), "parts")
            .unwrap();
        assert_eq!(schema.merge_keys(parts).unwrap(), ["id"]);
        assert!(schema.is_cluster_scoped("example.com/v1", "Thing"));
        assert_eq!(schema.kind("v1", "Pod"), None);
        assert!(
            Schema::custom(&swagger, true)
                .unwrap()
                .kind("v1", "Pod")
                .is_some()
        );
    }
}
