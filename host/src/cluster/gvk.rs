//! Group, version and kind.

/// What `apiVersion` and `kind` of an object say. The core group is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    pub group: String,
    pub version: String,
    pub kind: String,
}

impl Gvk {
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// Of the two fields as an object has them.
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::new(group, version, kind)
    }

    pub fn of(object: &rosin_domain::Object) -> Self {
        Self::new(object.group(), object.version(), object.kind())
    }

    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

impl From<&rosin_domain::ObjectRef> for Gvk {
    fn from(object: &rosin_domain::ObjectRef) -> Self {
        Self::new(&object.id.group, &object.version, &object.id.kind)
    }
}
