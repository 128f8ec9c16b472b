//! Which renderer an object gets: the one that it names, or kustomize as with Flux.
//!
//! Fields that only kustomize carries out (`targetNamespace`, `patches`, `images` …) count beside every renderer: kustomize then takes
//! what the other one made as its resources.

pub(super) mod overlay;

use rosin_api::{
    Kustomization,
    kustomization::{Renderer as Spec, RendererSourceReference, RendererStatus, SourceKind},
};
use rosin_render::{Limits, Renderer};
use serde_json::Value;

use self::overlay::Overlay;
use super::{Kustomizations, SourceKey, error::Error, render};
use crate::{
    controller::Key,
    renderers::{DropInError, limits},
};

/// The renderer of a Kustomization that names none.
const KUSTOMIZE: &str = "kustomize";

/// A renderer with all that it is called with, but for the files.
pub(in crate::reconcile::kustomization) struct Chosen {
    /// For messages and metrics.
    pub(in crate::reconcile::kustomization) name: String,
    pub(in crate::reconcile::kustomization) renderer: Renderer,
    pub(in crate::reconcile::kustomization) options: Value,
    pub(in crate::reconcile::kustomization) limits: Limits,
    /// Where it came from a source.
    pub(in crate::reconcile::kustomization) status: Option<RendererStatus>,
    /// What kustomize does to its output.
    pub(in crate::reconcile::kustomization) overlay: Option<Overlay>,
}

impl Kustomizations {
    pub(super) async fn choose_renderer(&self, object: &Kustomization) -> Result<Chosen, Error> {
        // The annotation is an equal spelling: Flux's own definitions drop the field.
        let spec = object
            .renderer()
            .map_err(|error| Error::Build(error.to_string()))?
            .unwrap_or_default();
        if let Some(source) = &spec.source_ref {
            return self.drop_in(object, &spec, source).await;
        }
        let name = spec.name.as_deref().unwrap_or(KUSTOMIZE);
        let renderer = self.built_in(name)?;
        let most = &self.renderers.limits;
        let limits = limits(spec.limits.as_ref(), most, most).map_err(Error::Renderer)?;
        if name == KUSTOMIZE {
            let mut options = render::options(object);
            // Flux refuses charts inside of kustomizations; who asks for them gets them.
            if let Some(helm) = spec.options.get("helm") {
                options["helm"] = helm.clone();
            }
            return Ok(Chosen {
                name: name.to_owned(),
                renderer,
                options,
                limits,
                status: None,
                overlay: None,
            });
        }
        Ok(Chosen {
            name: name.to_owned(),
            renderer,
            options: Value::Object(spec.options),
            limits,
            status: None,
            overlay: self.overlay(object)?,
        })
    }

    async fn drop_in(
        &self,
        object: &Kustomization,
        spec: &Spec,
        reference: &RendererSourceReference,
    ) -> Result<Chosen, Error> {
        if !self.config.renderers_from_sources {
            return Err(Error::FeatureGate(
                "spec.renderer.sourceRef: renderers from sources are switched off".to_owned(),
            ));
        }
        let source = source_key(reference, object.namespace());
        if self.config.no_cross_namespace_refs && source.key.namespace != object.namespace() {
            return Err(Error::AccessDenied(format!(
                "can't access '{source}', cross-namespace references have been blocked"
            )));
        }
        let failed = |why: String| Error::Renderer(format!("renderer '{source}': {why}"));
        let found = self.sources.oci().get(&source.key);
        let found = found.ok_or_else(|| failed("there is no such source".to_owned()))?;
        let got = self.drop_ins.get(object.namespace(), &found, spec).await;
        let drop_in = got.map_err(|error| match error {
            DropInError::Refused(why) | DropInError::NotReady(why) => failed(why),
        })?;
        Ok(Chosen {
            name: source.key.to_string(),
            renderer: drop_in.renderer,
            options: Value::Object(spec.options.clone()),
            limits: drop_in.limits,
            status: Some(drop_in.status),
            overlay: self.overlay(object)?,
        })
    }

    fn overlay(&self, object: &Kustomization) -> Result<Option<Overlay>, Error> {
        if !overlay::is_asked_for(object) {
            return Ok(None);
        }
        let kustomize = self.built_in(KUSTOMIZE)?;
        let limits = self.renderers.limits.clone();
        Ok(Some(Overlay::new(object, kustomize, limits)))
    }

    fn built_in(&self, name: &str) -> Result<Renderer, Error> {
        let found = self.renderers.registry.get(name);
        found
            .cloned()
            .map_err(|error| Error::Renderer(format!("spec.renderer: {error}")))
    }
}

/// The source of an object's renderer, if it has one.
pub(super) fn renderer_source(object: &Kustomization, namespace: &str) -> Option<SourceKey> {
    let spec = object.renderer().ok()??;
    Some(source_key(spec.source_ref.as_ref()?, namespace))
}

fn source_key(reference: &RendererSourceReference, namespace: &str) -> SourceKey {
    let given = reference.namespace.as_deref().filter(|ns| !ns.is_empty());
    SourceKey {
        kind: SourceKind::OCIRepository,
        key: Key::new(given.unwrap_or(namespace), &reference.name),
    }
}
