//! Turns derived schemas into Flux's shapes, so that each definition accepts, refuses and defaults the same objects.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

/// A whole number of the size of the machine, as Go's `int`.
pub(crate) fn integer(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "integer" })
}

/// Any JSON, kept as it is.
pub(crate) fn anything(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

/// The definition as Flux has it: optional fields may be absent but not null, and an object without spec is only incomplete.
pub(crate) fn as_flux(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let schema = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut());
        if let Some(schema) = schema {
            root(schema);
            without_null(schema);
        }
    }
    crd
}

/// The parts of the root that every kind shares.
fn root(schema: &mut JSONSchemaProps) {
    schema.title = None;
    schema.required = None;
    let properties = schema.properties.get_or_insert_default();
    // The API server wants `metadata` to say nothing but its type.
    for (name, type_, description) in [
        (
            "apiVersion",
            "string",
            Some("Group and version of this object."),
        ),
        ("kind", "string", Some("Kind of this object.")),
        ("metadata", "object", None),
    ] {
        let property = JSONSchemaProps {
            type_: Some(type_.into()),
            description: description.map(Into::into),
            ..JSONSchemaProps::default()
        };
        properties.insert(name.into(), property);
    }
}

fn without_null(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    if let Some(values) = &mut schema.enum_ {
        values.retain(|value| !value.0.is_null());
    }
    schema
        .properties
        .iter_mut()
        .flat_map(|properties| properties.values_mut())
        .for_each(without_null);
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => without_null(items),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(without_null),
        None => {}
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        without_null(values);
    }
}
