//! As whom, and where, the objects of a Kustomization are applied.

use rosin_api::Kustomization;

use super::{Kustomizations, error::Error};
use crate::cluster::{Identity, Session};

impl Kustomizations {
    /// The session under which this object's render is applied, watched over and pruned: its service account's, the default
    /// one's, or the controller's own.
    pub(super) fn session_of(&self, object: &Kustomization) -> Result<Session, Error> {
        if object.spec.kube_config.is_some() {
            return Err(Error::Client(
                "spec.kubeConfig: other clusters are not supported yet".to_owned(),
            ));
        }
        let account = object
            .spec
            .service_account_name
            .as_deref()
            .filter(|name| !name.is_empty());
        let Some(account) = account.or(self.config.default_service_account.as_deref()) else {
            return Ok(self.session.clone());
        };
        let identity = Identity::service_account(object.namespace(), account).ok_or_else(|| {
            Error::Client(format!(
                "spec.serviceAccountName: {account:?} is not the name of a service account"
            ))
        })?;
        Ok(self.session.impersonating(identity))
    }
}
