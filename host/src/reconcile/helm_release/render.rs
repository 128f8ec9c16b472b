//! From a chart and values to the documents of a release: the renderer's output, and what post renderers make of it.

use std::sync::Arc;

use rosin_release::{
    Hook, Values,
    postrender::{Document, Rendered as Stage, Stream},
};
use rosin_render::{RenderError, Request, Services, Source, Subject};
use rosin_tree::Tree;
use serde_json::{Value, json};

use super::{
    action::{Desired, Work},
    lookup::Asked,
    objects::Failure,
};
use crate::metrics::RenderOutcome;

/// What the chart is rendered for.
#[derive(Clone, Copy)]
pub(super) struct Purpose {
    pub revision: i64,
    pub upgrade: bool,
    pub skip_schema: bool,
}

/// The documents of a revision.
pub(super) struct Rendered {
    pub manifest: String,
    pub hooks: Vec<Hook>,
    pub notes: String,
}

impl Work<'_> {
    /// Renders the chart; nothing is kept of it but the result.
    pub(super) async fn render(
        &self,
        desired: Desired<'_>,
        values: &Values,
        purpose: Purpose,
    ) -> Result<Rendered, Failure> {
        let chart = desired.chart;
        // JSON has no integers for the renderer, and what a target path set to one is one to templates.
        let integers: Vec<Value> = rosin_release::values::integers(values)
            .into_iter()
            .map(|text| json!({ "mode": "typed", "text": text }))
            .collect();
        let options = json!({
            "release": {
                "name": self.name, "namespace": self.object.release_namespace(),
                "revision": purpose.revision, "isUpgrade": purpose.upgrade,
            },
            "values": values,
            "set": integers,
            "skipSchemaValidation": purpose.skip_schema,
        });
        let request = Request {
            subject: self.subject(),
            path: chart.folder.clone(),
            options: options.to_string(),
        };
        let source = Source {
            tree: chart.tree.clone(),
            revision: chart.version().to_owned(),
        };
        let services = Services {
            cluster: Some(Arc::new(Asked(self.place.session.clone()))),
            ..Services::default()
        };
        let rendered = self
            .run_plugin("helm", &request, &source, &services)
            .await?;
        let documents = rendered.manifests.iter().map(|manifest| {
            let path = &manifest.origin.path;
            let inner = path.strip_prefix(&*chart.folder).unwrap_or(path);
            Document {
                path: format!("{}/{}", chart.name(), inner.trim_start_matches('/')),
                line: manifest.origin.line,
                text: manifest.text.clone().unwrap_or_default(),
            }
        });
        let spec = &self.object.spec;
        let strategy = spec.post_render_strategy.unwrap_or_default();
        let failed = |error: rosin_release::postrender::Error| Failure::new(error.to_string());
        let mut stage = Stage::new(documents.collect(), strategy).map_err(failed)?;
        for renderer in spec
            .post_renderers
            .iter()
            .flatten()
            .filter_map(|r| r.kustomize.as_ref())
        {
            for stream in stage.streams() {
                self.kustomize(stream, renderer)
                    .await
                    .map_err(|failure| failure.of("error while running post render on files"))?;
            }
        }
        let released = stage
            .finish(spec, self.object.namespace(), self.object.name())
            .map_err(failed)?;
        Ok(Rendered {
            manifest: released.manifest,
            hooks: released.hooks,
            notes: rendered.notes.unwrap_or_default(),
        })
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: "HelmRelease".to_owned(),
            namespace: self.object.namespace().to_owned(),
            name: self.object.name().to_owned(),
        }
    }

    async fn run_plugin(
        &self,
        name: &str,
        request: &Request,
        source: &Source,
        services: &Services,
    ) -> Result<rosin_render::Rendered, Failure> {
        let renderers = &self.releases.renderers;
        let renderer = renderers
            .get(name)
            .map_err(|error| Failure::new(error.to_string()))?;
        let result = renderer
            .render(request, source, services, renderers.limits())
            .await;
        let outcome = match &result {
            Ok(_) => RenderOutcome::Rendered,
            Err(_) => RenderOutcome::Failed,
        };
        self.releases.metrics.rendered(name, outcome);
        result.map_err(|error| match error {
            RenderError::Invalid { message, .. } => Failure::new(message),
            other => Failure::new(other.to_string()),
        })
    }

    async fn kustomize(
        &self,
        stream: &mut Stream,
        renderer: &rosin_api::helm_release::KustomizePostRenderer,
    ) -> Result<(), Failure> {
        let request = Request {
            subject: self.subject(),
            path: String::new(),
            options: json!({ "loadRestrictor": "none", "reorder": "none" }).to_string(),
        };
        let source = Source::from(Tree::from_files(stream.kustomization(renderer)));
        let rendered = self
            .run_plugin("kustomize", &request, &source, &Services::default())
            .await?;
        let objects: Result<Vec<Value>, _> = rendered
            .manifests
            .iter()
            .map(|manifest| serde_json::from_str(&manifest.json))
            .collect();
        stream.replace(objects.map_err(|error| Failure::new(error.to_string()))?);
        Ok(())
    }
}
