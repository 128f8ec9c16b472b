//! The variables of a Kustomization: its own, and those of the ConfigMaps and Secrets that it names.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use rosin_api::kustomization::{PostBuild, SubstituteReference, SubstituteReferenceKind};
use serde_json::Value;

use crate::cluster::{ApiError, Session};

#[derive(Debug, thiserror::Error)]
pub(super) enum VariablesError {
    #[error("substitute from '{kind}/{name}' error: {message}")]
    Missing {
        kind: &'static str,
        name: String,
        message: String,
    },
    #[error("substitute from '{kind}/{name}' error: {source}")]
    Api {
        kind: &'static str,
        name: String,
        source: ApiError,
    },
    #[error(
        "substitute from 'Secret/{name}' error: the value of {key} is not base64 of UTF-8 text"
    )]
    Encoding { name: String, key: String },
}

/// Later references override earlier ones, inline variables override all. Read with the controller's own rights, as Flux does.
pub(super) async fn variables(
    session: &Session,
    namespace: &str,
    post_build: &PostBuild,
) -> Result<BTreeMap<String, String>, VariablesError> {
    let mut variables = BTreeMap::new();
    for reference in &post_build.substitute_from {
        variables.extend(read(session, namespace, reference).await?);
    }
    variables.extend(post_build.substitute.clone());
    // A line end in a value would break the YAML around it.
    variables
        .values_mut()
        .for_each(|value| value.retain(|c| c != '\n'));
    Ok(variables)
}

async fn read(
    session: &Session,
    namespace: &str,
    reference: &SubstituteReference,
) -> Result<BTreeMap<String, String>, VariablesError> {
    let name = reference.name.clone();
    let (kind, plural) = match reference.kind {
        SubstituteReferenceKind::ConfigMap => ("ConfigMap", "configmaps"),
        SubstituteReferenceKind::Secret => ("Secret", "secrets"),
    };
    let path = format!("/api/v1/namespaces/{namespace}/{plural}/{name}");
    let object = match session.send(http::Method::GET, &path, None, None).await {
        Ok(object) => object,
        Err(error) if error.is_not_found() && reference.optional => return Ok(BTreeMap::new()),
        Err(error) if error.is_not_found() => {
            return Err(VariablesError::Missing {
                kind,
                name,
                message: error.to_string(),
            });
        }
        Err(source) => return Err(VariablesError::Api { kind, name, source }),
    };
    let entries = object
        .get("data")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    entries
        .map(|(key, value)| {
            let text = value.as_str().unwrap_or_default();
            let text = match reference.kind {
                SubstituteReferenceKind::ConfigMap => Some(text.to_owned()),
                SubstituteReferenceKind::Secret => BASE64_STANDARD
                    .decode(text)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok()),
            };
            let text = text.ok_or_else(|| VariablesError::Encoding {
                name: name.clone(),
                key: key.clone(),
            })?;
            Ok((key.clone(), text))
        })
        .collect()
}
