//! The values of a release: what the references point to, and how it is put together.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use rosin_api::{HelmRelease, helm_release::ValuesKind};
use rosin_release::{
    Values,
    values::{self, Data, Reference},
};
use serde_json::Value;

use super::{HelmReleases, error::Error};

/// The keys of an object; none where there is no such object.
type Found = Option<HashMap<String, Vec<u8>>>;

impl HelmReleases {
    /// References are read with the controller's own rights, as Flux does.
    pub(super) async fn values_of(&self, object: &HelmRelease) -> Result<Values, Error> {
        let spec = &object.spec;
        let mut found: Vec<Found> = Vec::with_capacity(spec.values_from.len());
        for reference in &spec.values_from {
            found.push(
                self.read(object.namespace(), reference.kind, &reference.name)
                    .await?,
            );
        }
        let references: Vec<Reference<'_>> = spec
            .values_from
            .iter()
            .zip(&found)
            .map(|(reference, found)| Reference {
                kind: reference.kind.as_str(),
                namespace: object.namespace(),
                name: &reference.name,
                key: reference.key(),
                target_path: reference.target_path.as_deref().unwrap_or_default(),
                optional: reference.optional,
                literal: reference.literal,
                data: match found {
                    None => Data::NoObject,
                    Some(keys) => keys
                        .get(reference.key())
                        .map_or(Data::NoKey, |data| Data::Found(data)),
                },
            })
            .collect();
        let inline = match values::decoded(Value::Object(spec.values())) {
            Value::Object(inline) => inline,
            _ => Values::new(),
        };
        values::compose(&inline, &references).map_err(|error| Error::Values(error.to_string()))
    }

    async fn read(&self, namespace: &str, kind: ValuesKind, name: &str) -> Result<Found, Error> {
        let plural = match kind {
            ValuesKind::Secret => "secrets",
            ValuesKind::ConfigMap => "configmaps",
        };
        let path = format!("/api/v1/namespaces/{namespace}/{plural}/{name}");
        let object = match self
            .session
            .send(http::Method::GET, &path, None, None)
            .await
        {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(Error::Values(error.to_string())),
        };
        let field = |name: &str| object[name].as_object().into_iter().flatten();
        let encoded = |(key, value): (&String, &Value)| {
            Some((key.clone(), BASE64_STANDARD.decode(value.as_str()?).ok()?))
        };
        Ok(Some(match kind {
            ValuesKind::Secret => field("data").filter_map(encoded).collect(),
            ValuesKind::ConfigMap => {
                let plain = field("data").filter_map(|(key, value)| {
                    Some((key.clone(), value.as_str()?.as_bytes().to_vec()))
                });
                plain.collect()
            }
        }))
    }
}
