//! As whom, and where, the objects of a Kustomization are applied.

use rosin_api::{Kustomization, kustomization::KubeConfigReference};

use super::{Clusters, Kustomizations, error::Error, remote};
use crate::{
    cluster::{Identity, Resource, Session},
    controller::Key,
    live::Live,
};

/// A cluster under one identity, and what is known of what was applied there.
#[derive(Clone)]
pub(crate) struct Place {
    pub session: Session,
    pub live: Live,
    /// Not the cluster that the Kustomization is in. Whether its objects may be watched is for the kubeconfig's user to know.
    pub remote: bool,
}

impl Place {
    /// Whether what is known of objects of a kind stays current. In this cluster it will; in another one it may never.
    pub(crate) fn watches(&self, resource: &Resource) -> bool {
        !self.remote || self.live.is_synced(resource)
    }
}

/// Where an object wants its things to be, and as whom.
pub(crate) struct Wish<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub kube_config: Option<&'a KubeConfigReference>,
    pub account: Option<&'a str>,
}

impl Clusters {
    /// Where, and under whose session: in the cluster of the kubeconfig or in this one; as the service account, the default one, or
    /// whoever the kubeconfig or the controller is.
    pub(crate) async fn place(
        &self,
        here: Place,
        wish: Wish<'_>,
        default_account: Option<&str>,
    ) -> Result<Place, Error> {
        let place = match wish.kube_config {
            Some(reference) => {
                let text = match (&reference.secret_ref, &reference.config_map_ref) {
                    (Some(secret), _) => {
                        remote::kubeconfig(&here.session, wish.namespace, secret).await?
                    }
                    (None, Some(map)) => {
                        self.trust
                            .cluster(&here.session, wish.namespace, map)
                            .await?
                    }
                    (None, None) => {
                        let message = "invalid .spec.kubeConfig, neither .spec.kubeConfig.configMapRef nor \
                                       .spec.kubeConfig.secretRef is set";
                        return Err(Error::Client(message.to_owned()));
                    }
                };
                let user = Key::new(wish.namespace, wish.name);
                self.get(user, &text, &here.live, remote::session).await?
            }
            None => here,
        };
        let account = wish.account.filter(|name| !name.is_empty());
        let Some(account) = account.or(default_account) else {
            return Ok(place);
        };
        let identity = Identity::service_account(wish.namespace, account).ok_or_else(|| {
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

impl Kustomizations {
    /// Where, and under whose session, this object's render is applied, watched over and pruned.
    pub(super) async fn place_of(&self, object: &Kustomization) -> Result<Place, Error> {
        let here = Place {
            session: self.session.clone(),
            live: self.live.clone(),
            remote: false,
        };
        let wish = Wish {
            namespace: object.namespace(),
            name: object.name(),
            kube_config: object.spec.kube_config.as_ref(),
            account: object.spec.service_account_name.as_deref(),
        };
        let default_account = self.config.default_service_account.as_deref();
        self.clusters.place(here, wish, default_account).await
    }
}
