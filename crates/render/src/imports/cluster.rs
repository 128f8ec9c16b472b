//! `rosin:render/cluster`: questions to the cluster, each noted with its answer.

use crate::bindings::rosin::render::cluster::{Capabilities, Host};
use crate::call::{Call, Stop};
use crate::reads::Lookup;
use crate::services::LookupError;

impl Host for Call {
    async fn discover(&mut self) -> wasmtime::Result<Option<Capabilities>> {
        let found = match &self.services.cluster {
            None => None,
            Some(cluster) => Some(
                cluster
                    .discover()
                    .await
                    .map_err(|error| Stop::Unavailable(error.to_string()))?,
            ),
        };
        self.reads.note_capabilities(found.as_ref());
        Ok(found.map(|found| Capabilities {
            kube_version: found.kube_version,
            api_versions: found.api_versions,
        }))
    }

    async fn lookup(
        &mut self,
        api_version: String,
        kind: String,
        namespace: String,
        name: String,
    ) -> wasmtime::Result<Result<Option<String>, String>> {
        let answer = match &self.services.cluster {
            None => Ok(None),
            Some(cluster) => cluster.lookup(&api_version, &kind, &namespace, &name).await,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(LookupError::Refused(reason)) => {
                // Access may be granted at any time, and nothing tells.
                self.reads.note_ambient();
                return Ok(Err(reason));
            }
            Err(LookupError::Unavailable(reason)) => return Err(Stop::Unavailable(reason).into()),
        };
        self.reads.note_lookup(
            Lookup {
                api_version,
                kind,
                namespace,
                name,
            },
            answer.as_deref(),
        );
        Ok(Ok(answer))
    }
}
