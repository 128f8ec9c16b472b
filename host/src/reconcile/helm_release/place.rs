//! As whom, and in which cluster, the work of a HelmRelease is done.

use std::ops::Deref;

use rosin_api::HelmRelease;

use super::{HelmReleases, error::Error, log::ActionLog};
use crate::reconcile::kustomization::{self, Wish};

/// Where the work is done, and what Helm would have logged of it.
pub(super) struct Place {
    cluster: kustomization::Place,
    pub log: ActionLog,
}

impl Deref for Place {
    type Target = kustomization::Place;

    fn deref(&self) -> &Self::Target {
        &self.cluster
    }
}

impl HelmReleases {
    /// Where, and under whose session, this object's release is.
    pub(super) async fn place_of(&self, object: &HelmRelease) -> Result<Place, Error> {
        let here = kustomization::Place {
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
        let place = self.clusters.place(here, wish, default_account).await;
        Ok(Place {
            cluster: place.map_err(|error| Error::Client(error.to_string()))?,
            log: ActionLog::default(),
        })
    }

    /// Is what is needed to act in the object's name gone? Then nothing can be uninstalled, and the object must not hang for it.
    pub(super) async fn lost_access(&self, object: &HelmRelease) -> Result<bool, Error> {
        let namespace = object.namespace();
        let secret = object
            .spec
            .kube_config
            .as_ref()
            .map(|reference| reference.secret_ref.as_ref().map(|secret| &*secret.name));
        let path = match secret {
            Some(Some(secret)) => format!("/api/v1/namespaces/{namespace}/secrets/{secret}"),
            Some(None) => return Ok(false),
            None => {
                let own = object.spec.service_account_name.as_deref();
                let default = self.config.default_service_account.as_deref();
                match own.filter(|name| !name.is_empty()).or(default) {
                    Some(account) => {
                        format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}")
                    }
                    None => return Ok(false),
                }
            }
        };
        match self
            .session
            .send(http::Method::GET, &path, None, None)
            .await
        {
            Ok(_) => Ok(false),
            Err(error) if error.is_not_found() => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}
