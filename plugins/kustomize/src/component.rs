//! The library as a plugin: options in, manifests and diagnostics out.

use std::rc::Rc;

use rosin_plugin::{
    Descriptor, Failure, Kind, Location, Manifest, Output, Renderer, Request, Severity, compose,
    report,
};
use serde::Deserialize;
use serde_json::Value;

use crate::files::{Entry, Files, ReadError};
use crate::{BuildRequest, Charts, Error, FluxOptions, Helm, LoadRestrictor, Reorder, build_each};

/// `request.options`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    load_restrictor: LoadRestrictor,
    reorder: Reorder,
    managed_by_label: bool,
    /// Without it, charts are rendered, but not as Flux: its controller refuses them.
    helm: Option<HelmOptions>,
    display_root: String,
    flux: Option<FluxOptions>,
}

impl Options {
    fn helm(&self) -> HelmOptions {
        self.helm.clone().unwrap_or(HelmOptions {
            enabled: self.flux.is_none(),
            ..HelmOptions::default()
        })
    }
}

/// `request.options.helm`: charts that kustomizations name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct HelmOptions {
    enabled: bool,
    kube_version: String,
    api_versions: Vec<String>,
}

impl Default for HelmOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            kube_version: String::new(),
            api_versions: Vec::new(),
        }
    }
}

/// Charts, rendered by the host's Helm renderer.
#[derive(Debug)]
struct HostCharts;

impl Charts for HostCharts {
    fn template(&self, folder: &str, options: &Value) -> Result<String, String> {
        match compose::render("helm", folder, &options.to_string(), &[]) {
            Ok(output) => Ok(output.notes.unwrap_or_default()),
            Err(
                compose::Failure::Refused(message)
                | compose::Failure::Invalid(message)
                | compose::Failure::Unavailable(message),
            ) => Err(message),
        }
    }
}

struct Component;

impl Renderer for Component {
    fn describe() -> Descriptor {
        Descriptor {
            name: "kustomize".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options_schema: include_str!("options.schema.json").to_owned(),
        }
    }

    fn render(request: Request, source: &dyn rosin_plugin::Files) -> Result<Output, Failure> {
        let options: Options = serde_json::from_str(&request.options)
            .map_err(|error| Failure::invalid(format!("options: {error}")))?;
        let charts = options.helm();
        let Options {
            load_restrictor,
            reorder,
            managed_by_label,
            helm: _,
            display_root,
            flux,
        } = options;
        let HelmOptions {
            enabled,
            kube_version,
            api_versions,
        } = charts;
        let request = BuildRequest {
            path: request.path,
            load_restrictor,
            reorder,
            managed_by_label,
            flux,
            helm: Helm {
                charts: enabled.then(|| Rc::new(HostCharts) as Rc<dyn Charts>),
                kube_version,
                api_versions,
            },
            display_root,
        };
        let (result, warnings) = build_each(&request, &Source(source), |object| {
            Manifest::new(Location::line(object.file, object.line), object.json)
        });
        for warning in warnings {
            report(Severity::Warning, &warning, None);
        }
        let manifests = result.map_err(|error| {
            if let Some(at) = location(&error) {
                report(Severity::Error, &error.message, Some(&at));
            }
            Failure::invalid(error.with_place())
        })?;
        Ok(Output {
            manifests,
            ..Output::empty()
        })
    }
}

rosin_plugin::export_renderer!(Component);

fn location(error: &Error) -> Option<Location> {
    Some(Location::line(
        error.file.clone()?,
        error.line.unwrap_or_default(),
    ))
}

/// The tree of the contract as the library wants it.
struct Source<'a>(&'a dyn rosin_plugin::Files);

impl Files for Source<'_> {
    fn entry(&self, path: &str) -> Option<Entry> {
        if path.is_empty() {
            return Some(Entry::Folder);
        }
        self.0.kind(path).map(|kind| match kind {
            Kind::File => Entry::File,
            Kind::Folder => Entry::Folder,
        })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.0.read(path).map_err(|error| match error.error {
            rosin_plugin::AccessError::NotFound => ReadError::NotFound,
            rosin_plugin::AccessError::TooLarge => ReadError::TooLarge,
            _ => ReadError::Other(error.to_string()),
        })
    }

    fn files(&self, under: &str) -> Vec<String> {
        self.0.files(under).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(options: &str, files: &[(&str, &str)]) -> Result<Output, Failure> {
        let files: rosin_plugin::MemoryFiles = files.iter().copied().collect();
        let subject = rosin_plugin::Subject {
            kind: "Kustomization".to_owned(),
            namespace: "default".to_owned(),
            name: "apps".to_owned(),
        };
        Component::render(
            Request {
                subject,
                path: "app".to_owned(),
                options: options.to_owned(),
            },
            &files,
        )
    }

    #[test]
    fn manifests_say_where_they_come_from() {
        let output = render(
            r#"{"flux": {"targetNamespace": "web"}}"#,
            &[(
                "app/a.yaml",
                "# first\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: a\n",
            )],
        )
        .unwrap();
        let manifest = &output.manifests[0];
        assert_eq!(
            (manifest.origin.path.as_str(), manifest.origin.line),
            ("app/a.yaml", 3)
        );
        assert_eq!(
            manifest.json,
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"web"}}"#
        );
    }

    #[test]
    fn charts_are_refused_as_by_flux_unless_somebody_asks_for_them() {
        // parity: KS-BUILD-003
        let rendered = |options: &str| {
            let options: Options = serde_json::from_str(options).unwrap();
            options.helm().enabled
        };
        assert!(!rendered(r#"{"flux": {}}"#));
        assert!(!rendered(r#"{"helm": {"enabled": false}}"#));
        assert!(rendered(r#"{"flux": {}, "helm": {}}"#));
        assert!(rendered("{}"));
    }

    #[test]
    fn the_schema_and_the_options_agree() {
        let schema: serde_json::Value =
            serde_json::from_str(&Component::describe().options_schema).unwrap();
        let known: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(
            known,
            [
                "displayRoot",
                "flux",
                "helm",
                "loadRestrictor",
                "managedByLabel",
                "reorder"
            ]
        );
        assert!(
            serde_json::from_str::<Options>(r#"{"loadRestrictor": "none", "reorder": "legacy"}"#)
                .is_ok()
        );
        assert!(serde_json::from_str::<Options>(r#"{"nope": 1}"#).is_err());
    }
}
