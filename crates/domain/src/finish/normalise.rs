//! Removes what would make server-side apply or drift detection see differences that are none.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::certificate::is_certificate;
use super::typed;
use crate::object::{Object, object_at};

const CA_BUNDLE: &str = "/spec/conversion/webhook/clientConfig";

/// Where kinds keep their pods.
const POD_SPECS: [(&str, &str, &str); 7] = [
    ("v1", "Pod", "/spec"),
    ("apps/v1", "Deployment", "/spec/template/spec"),
    ("apps/v1", "StatefulSet", "/spec/template/spec"),
    ("apps/v1", "DaemonSet", "/spec/template/spec"),
    ("apps/v1", "ReplicaSet", "/spec/template/spec"),
    ("batch/v1", "Job", "/spec/template/spec"),
    (
        "batch/v1",
        "CronJob",
        "/spec/jobTemplate/spec/template/spec",
    ),
];

/// Normalises an object; returns the fields that were dropped because its kind does not have them.
pub(super) fn normalise(object: &mut Object) -> Vec<String> {
    let (api_version, kind) = (object.api_version().to_owned(), object.kind().to_owned());
    let is = |version: &str, name: &str| api_version == version && kind == name;
    if is("rbac.authorization.k8s.io/v1", "Role")
        || is("rbac.authorization.k8s.io/v1", "ClusterRole")
    {
        // Flux leaves these alone, since its decoding would reset their rules.
        return Vec::new();
    }
    object.metadata_mut().remove("creationTimestamp");
    let definition = object.group() == "apiextensions.k8s.io" && kind == "CustomResourceDefinition";
    if definition {
        remove_broken_ca_bundle(object.map_mut());
    } else {
        object.map_mut().remove("status");
    }
    if is("v1", "Secret") {
        fold_string_data(object.map_mut());
    }
    if is("v1", "Service") {
        default_protocol(at(object.map_mut(), "/spec/ports"));
    }
    if let Some((_, _, path)) = POD_SPECS
        .iter()
        .find(|(version, name, _)| is(version, name))
        && let Some(Value::Array(containers)) = at(object.map_mut(), &format!("{path}/containers"))
    {
        containers
            .iter_mut()
            .for_each(|container| default_protocol(container.get_mut("ports")));
    }
    typed::drop_unknown(object.map_mut())
}

/// Ports are merged by number and protocol, so an absent protocol and TCP must be the same.
fn default_protocol(ports: Option<&mut Value>) {
    let Some(Value::Array(ports)) = ports else {
        return;
    };
    for port in ports.iter_mut().filter_map(Value::as_object_mut) {
        if port
            .get("protocol")
            .is_none_or(|protocol| protocol.is_null() || protocol == "")
        {
            port.insert("protocol".to_owned(), "TCP".into());
        }
    }
}

/// The API server writes `stringData` into `data` and forgets it, so that it would always look missing.
fn fold_string_data(secret: &mut Map<String, Value>) {
    let texts = secret
        .get("stringData")
        .and_then(Value::as_object)
        .filter(|map| !map.is_empty())
        .cloned();
    let Some(texts) = texts else {
        if secret
            .get("stringData")
            .is_some_and(|value| value.is_null() || value.is_object())
        {
            secret.remove("stringData");
        }
        return;
    };
    // Anything else the API server refuses with the name of the field.
    if !texts.values().all(Value::is_string) {
        return;
    }
    let encoded = texts.into_iter().map(|(key, value)| {
        (
            key,
            BASE64_STANDARD
                .encode(value.as_str().unwrap_or_default())
                .into(),
        )
    });
    object_at(secret, "data").extend(encoded);
    secret.remove("stringData");
}

/// A definition with a placeholder for its certificate is refused by the API server; without, it waits for somebody to inject one.
fn remove_broken_ca_bundle(definition: &mut Map<String, Value>) {
    if let Some(Value::Object(config)) = at(definition, CA_BUNDLE)
        && let Some(bundle) = config.get("caBundle")
        && !bundle.as_str().is_some_and(is_certificate)
    {
        config.remove("caBundle");
    }
}

/// The value under a path of fields.
fn at<'a>(map: &'a mut Map<String, Value>, path: &str) -> Option<&'a mut Value> {
    let mut segments = path.split('/').skip(1);
    let first = map.get_mut(segments.next()?)?;
    segments.try_fold(first, |value, segment| value.get_mut(segment))
}
