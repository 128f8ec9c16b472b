//! As whom a request is made.

use http::HeaderValue;

/// The controller itself, or an account of the tenant whose object is reconciled.
///
/// There is no way to build a tenant identity without a user: an empty impersonation header would be dropped on the way and the
/// request would run with the controller's own rights.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity(Option<String>);

impl Identity {
    /// The controller's own account: reads of sources and configuration, status, events.
    pub const CONTROLLER: Self = Self(None);

    /// `system:serviceaccount:<namespace>:<name>`; `None` if either part is not a DNS name, so that no other user can be spelled.
    pub fn service_account(namespace: &str, name: &str) -> Option<Self> {
        let valid = |part: &str| {
            !part.is_empty()
                && part.len() <= 253
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        };
        (valid(namespace) && valid(name))
            .then(|| Self(Some(format!("system:serviceaccount:{namespace}:{name}"))))
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        self.0
            .as_deref()
            .and_then(|user| HeaderValue::from_str(user).ok())
    }

    pub fn is_controller(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::Identity;

    // parity: KS-IMP-001
    #[test]
    fn only_service_accounts_can_be_impersonated() {
        let identity = Identity::service_account("apps", "deployer").unwrap();
        assert_eq!(
            identity.header().unwrap(),
            "system:serviceaccount:apps:deployer"
        );
        for bad in ["", "a:b", "system:masters", "a/b", "A", "a\nb"] {
            assert_eq!(Identity::service_account("apps", bad), None, "{bad}");
            assert_eq!(Identity::service_account(bad, "deployer"), None, "{bad}");
        }
    }
}
