//! The identity of an object: group, kind, namespace and name, whatever its version; and the id under which inventories keep it.

use std::fmt;

use rosin_api::kustomization::InventoryEntry;

use crate::visible::visible;

/// Identity of an object. Displays as `Kind/namespace/name`, or `Kind/name` without namespace, as Flux's messages have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    pub namespace: String,
    pub name: String,
    pub group: String,
    pub kind: String,
}

/// An identity and the version to speak to the API server with: what an inventory entry holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    pub id: ObjectId,
    pub version: String,
}

/// An inventory entry is not of the form `<namespace>_<name>_<group>_<kind>`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse stored object metadata: {0:?}")]
pub struct IdError(pub String);

const RBAC_GROUP: &str = "rbac.authorization.k8s.io";
const RBAC_KINDS: [&str; 4] = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];

impl ObjectId {
    /// `<namespace>_<name>_<group>_<kind>`; absent parts leave their underscores, and `:` in names of RBAC objects becomes `__`.
    pub fn inventory_id(&self) -> String {
        let name = if is_rbac(&self.group, &self.kind) {
            self.name.replace(':', "__")
        } else {
            self.name.clone()
        };
        format!("{}_{}_{}_{}", self.namespace, name, self.group, self.kind)
    }

    /// Reads an id back. Namespaces, groups and kinds have no underscore, so the name is what lies between.
    pub fn from_inventory_id(id: &str) -> Result<Self, IdError> {
        let parts = || {
            let (namespace, rest) = id.split_once('_')?;
            let (rest, kind) = rest.rsplit_once('_')?;
            let (name, group) = rest.rsplit_once('_')?;
            (!kind.is_empty() && !name.is_empty()).then_some((namespace, name, group, kind))
        };
        let (namespace, name, group, kind) = parts().ok_or_else(|| IdError(id.to_owned()))?;
        let name = if is_rbac(group, kind) {
            name.replace("__", ":")
        } else {
            name.to_owned()
        };
        Ok(Self {
            namespace: namespace.to_owned(),
            name,
            group: group.to_owned(),
            kind: kind.to_owned(),
        })
    }
}

fn is_rbac(group: &str, kind: &str) -> bool {
    group == RBAC_GROUP && RBAC_KINDS.contains(&kind)
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", visible(&self.kind))?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", visible(&self.namespace))?;
        }
        f.write_str(&visible(&self.name))
    }
}

impl ObjectRef {
    pub fn api_version(&self) -> String {
        if self.id.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.id.group, self.version)
        }
    }
}

impl From<&ObjectRef> for InventoryEntry {
    fn from(object: &ObjectRef) -> Self {
        Self {
            id: object.id.inventory_id(),
            v: object.version.clone(),
        }
    }
}

impl TryFrom<&InventoryEntry> for ObjectRef {
    type Error = IdError;

    fn try_from(entry: &InventoryEntry) -> Result<Self, IdError> {
        Ok(Self {
            id: ObjectId::from_inventory_id(&entry.id)?,
            version: entry.v.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(namespace: &str, name: &str, group: &str, kind: &str) -> ObjectId {
        ObjectId {
            namespace: namespace.into(),
            name: name.into(),
            group: group.into(),
            kind: kind.into(),
        }
    }

    #[test]
    fn ids_are_those_of_flux() {
        // parity: KS-STATUS-008, KS-STATUS-009
        for (object, expected, shown) in [
            (
                id("apps", "web", "apps", "Deployment"),
                "apps_web_apps_Deployment",
                "Deployment/apps/web",
            ),
            (
                id("apps", "web", "", "Service"),
                "apps_web__Service",
                "Service/apps/web",
            ),
            (
                id("", "apps", "", "Namespace"),
                "_apps__Namespace",
                "Namespace/apps",
            ),
            (
                id("", "system:node", RBAC_GROUP, "ClusterRole"),
                "_system__node_rbac.authorization.k8s.io_ClusterRole",
                "ClusterRole/system:node",
            ),
        ] {
            assert_eq!(object.inventory_id(), expected);
            assert_eq!(object.to_string(), shown);
            assert_eq!(ObjectId::from_inventory_id(expected), Ok(object));
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "a",
            "a_b",
            "a_b_c",
            "___",
            "ns__group_Kind",
            "ns_name_group_",
        ] {
            assert!(ObjectId::from_inventory_id(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_read_back(
            namespace in "([a-z][a-z0-9-]{0,10})?",
            name in "[a-z0-9]([a-z0-9.:-]{0,10}[a-z0-9])?",
            group in "([a-z]{1,5}(\\.[a-z]{1,5}){0,2})?",
            kind in "[A-Z][A-Za-z0-9]{0,10}",
        ) {
            let object = id(&namespace, &name, &group, &kind);
            prop_assert_eq!(ObjectId::from_inventory_id(&object.inventory_id()), Ok(object));
        }

        #[test]
        fn rbac_ids_read_back(name in "[a-z]([a-z.:-]{0,10}[a-z])?", kind in prop::sample::select(&RBAC_KINDS[..])) {
            let object = id("", &name, RBAC_GROUP, kind);
            prop_assert_eq!(ObjectId::from_inventory_id(&object.inventory_id()), Ok(object));
        }
    }
}
