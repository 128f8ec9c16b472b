//! As whom, and where, the objects of a Kustomization are applied.

use rosin_api::Kustomization;

use super::{Kustomizations, error::Error, remote};
use crate::{
    cluster::{Identity, Resource, Session},
    controller::Key,
    live::Live,
};

/// A cluster under one identity, and what is known of what was applied there.
#[derive(Clone)]
pub(super) struct Place {
    pub session: Session,
    pub live: Live,
    /// Not the cluster that the Kustomization is in. Whether its objects may be watched is for the kubeconfig's user to know.
    pub remote: bool,
}

impl Place {
    /// Whether what is known of objects of a kind stays current. In this cluster it will; in another one it may never.
    pub(super) fn watches(&self, resource: &Resource) -> bool {
        !self.remote || self.live.is_synced(resource)
    }
}

impl Kustomizations {
    /// Where, and under whose session, this object's render is applied, watched over and pruned: in the cluster of its kubeconfig or
    /// in this one; as its service account, the default one, or whoever the kubeconfig or the controller is.
    pub(super) async fn place_of(&self, object: &Kustomization) -> Result<Place, Error> {
        let place = match &object.spec.kube_config {
            Some(reference) => {
                let text = remote::kubeconfig(&self.session, object.namespace(), reference).await?;
                let user = Key::new(object.namespace(), object.name());
                self.clusters
                    .get(user, &text, &self.live, remote::session)
                    .await?
            }
            None => Place {
                session: self.session.clone(),
                live: self.live.clone(),
                remote: false,
            },
        };
        let account = object
            .spec
            .service_account_name
            .as_deref()
            .filter(|name| !name.is_empty());
        let Some(account) = account.or(self.config.default_service_account.as_deref()) else {
            return Ok(place);
        };
        let identity = Identity::service_account(object.namespace(), account).ok_or_else(|| {
            Error::Client(format!(
                "spec.serviceAccountName: {account:?} is not the name of a service account"
            ))
        })?;
        Ok(Place {
            session: place.session.impersonating(identity),
            ..place
        })
    }
}
