//! Whoever decrypts where no static credentials are given: an account of the cluster that a cloud takes for one of its own.

use zeroize::Zeroizing;

use crate::remote::RemoteError;

/// An account of the cluster. Clouds trust the cluster's tokens, and annotations of the account say who it is to them.
pub trait Account: Send + Sync {
    /// A token by which the account says who it is to `audience`. Called where blocking is allowed.
    fn token(&self, audience: &str) -> Result<Zeroizing<String>, RemoteError>;
    /// An annotation of the account, if it has it.
    fn annotation(&self, name: &str) -> Option<String>;
    /// Whether it is the controller itself, which on some clouds is who its machine is.
    fn is_machine(&self) -> bool {
        false
    }
    /// `namespace.name`, by which clouds' logs tell sessions apart.
    fn session(&self) -> String;
}
