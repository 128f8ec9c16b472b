//! `rosin:render/compose`: one renderer asks for another. It runs inside of the caller's turn, on the caller's files and time.

use std::collections::BTreeMap;

use crate::bindings::rosin::render::compose::{Failure, File, Host, Manifest, Output};
use crate::bindings::rosin::render::diagnostics::Location;
use crate::call::Call;
use crate::renderer::Request;
use crate::run::{MOST_NESTED, Nested};
use crate::{RenderError, Rendered, Services, Source, guest_text};

impl Host for Call {
    async fn render(
        &mut self,
        renderer: String,
        path: String,
        options: String,
        files: Vec<File>,
    ) -> wasmtime::Result<Result<Output, Failure>> {
        let name = guest_text::clean(&renderer, guest_text::PATH);
        let refuse = |reason: String| Ok(Err(Failure::Refused(reason)));
        let Some(registry) = self.services.renderers.clone() else {
            return refuse(format!("{name}: other renderers are not offered here"));
        };
        let other = match registry.get(&renderer) {
            Ok(other) => other.clone(),
            Err(error) => return refuse(error.to_string()),
        };
        let step = Nested {
            renderer: renderer.clone(),
            path: path.clone(),
        };
        let chain = self.nested.clone();
        if chain.contains(&step) {
            return refuse(format!("{name} is being asked for {path:?} already"));
        }
        if chain.len() >= MOST_NESTED {
            return refuse(format!(
                "renderers call each other more than {MOST_NESTED} levels deep"
            ));
        }
        if let Some(file) = files.iter().find(|file| !is_clean(&file.path)) {
            self.invalid_path.get_or_insert_with(|| file.path.clone());
            return refuse(format!("{:?} is no path of a tree", file.path));
        }
        let added: BTreeMap<String, Vec<u8>> = files
            .into_iter()
            .map(|file| (file.path, file.content))
            .collect();
        let source = Source {
            tree: if added.is_empty() {
                self.source.tree.clone()
            } else {
                self.source.tree.overlay(added.clone())
            },
            revision: self.source.revision.clone(),
        };
        let services = Services {
            renderers: Some(registry),
            ..Services::default()
        };
        let nested = chain.into_iter().chain([step]).collect();
        let request = Request {
            subject: self.subject.clone(),
            path,
            options,
        };
        // Boxed: a render within a render is a future within itself.
        let limits = self.limits.clone();
        let result =
            Box::pin(other.render_within(&request, &source, &services, &limits, nested)).await;
        match result {
            Ok(rendered) => {
                let Rendered {
                    definitions,
                    manifests,
                    notes,
                    diagnostics,
                    diagnostics_dropped,
                    reads,
                    stats: _,
                } = rendered;
                self.reads.absorb(reads, &self.source.tree, &added);
                self.diagnostics.absorb(diagnostics, diagnostics_dropped);
                Ok(Ok(Output {
                    definitions: definitions.into_iter().map(manifest).collect(),
                    manifests: manifests.into_iter().map(manifest).collect(),
                    notes,
                }))
            }
            Err(RenderError::Invalid {
                message,
                diagnostics,
                ..
            }) => {
                self.diagnostics.absorb(diagnostics, 0);
                Ok(Err(Failure::Invalid(message)))
            }
            Err(RenderError::Unavailable { message, .. }) => Ok(Err(Failure::Unavailable(message))),
            Err(error @ (RenderError::Source(_) | RenderError::Busy { .. })) => {
                Ok(Err(Failure::Unavailable(error.to_string())))
            }
            Err(error) => Ok(Err(Failure::Invalid(error.to_string()))),
        }
    }
}

fn manifest(manifest: crate::Manifest) -> Manifest {
    let crate::Manifest { origin, json, text } = manifest;
    let crate::Location { path, line, column } = origin;
    Manifest {
        origin: Location { path, line, column },
        json,
        text,
    }
}

fn is_clean(path: &str) -> bool {
    !path.contains('\0')
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}
