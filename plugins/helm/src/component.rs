//! The library as a plugin: options in, documents out, clock, chance and cluster through the host.

use std::mem::ManuallyDrop;
use std::rc::Rc;

use rosin_plugin::{
    Descriptor, Failure, Files, Location, Manifest, Output, Renderer, Request, Severity, ambient,
    cluster, crypto, report,
};
use rosin_template::{Ambient, Crypto, KeyKind, Map, ScryptCost, Value, json};

use crate::chart::load;
use crate::options::{CapabilityOptions, SCHEMA};
use crate::render::{Rendered, render_with};
use crate::values::user_values;
use crate::{Error, Options, Scene, render_alone};

struct Component;

/// What Helm's command says where the rendering itself failed.
const OFFER: &str = "\n\nUse --debug flag to render out invalid YAML";
/// The host gives no more at once.
const MOST_RANDOM: usize = 65_536;

struct World;

impl Ambient for World {
    fn now(&self) -> i64 {
        ambient::now()
    }

    fn random(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(MOST_RANDOM) {
            let given = ambient::random(part.len() as u32);
            let length = part.len().min(given.len());
            part[..length].copy_from_slice(&given[..length]);
        }
    }

    fn crypto(&self) -> Option<&dyn Crypto> {
        Some(self)
    }
}

impl Crypto for World {
    fn generate_key(&self, kind: KeyKind) -> Vec<u8> {
        crypto::generate_key(match kind {
            KeyKind::Rsa2048 => crypto::KeyKind::Rsa2048,
            KeyKind::Rsa4096 => crypto::KeyKind::Rsa4096,
            KeyKind::Dsa2048 => crypto::KeyKind::Dsa2048,
            KeyKind::EcdsaP256 => crypto::KeyKind::EcdsaP256,
            KeyKind::Ed25519 => crypto::KeyKind::Ed25519,
        })
    }

    fn public_key(&self, private_key: &[u8]) -> Result<Vec<u8>, String> {
        crypto::public_key(private_key)
    }

    fn sign(&self, private_key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
        crypto::sign(private_key, message)
    }

    fn bcrypt(&self, password: &[u8], cost: u32) -> Result<String, String> {
        crypto::bcrypt(password, cost)
    }

    fn scrypt(
        &self,
        password: &[u8],
        salt: &[u8],
        cost: ScryptCost,
        length: u32,
    ) -> Result<Vec<u8>, String> {
        let ScryptCost {
            log_cost,
            blocks,
            lanes,
        } = cost;
        crypto::scrypt(password, salt, log_cost, blocks, lanes, length)
    }
}

fn lookup(api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, String> {
    match cluster::lookup(api_version, kind, namespace, name)? {
        Some(object) => json::decode(object.as_bytes()),
        None => Ok(Value::Map(Map::default())),
    }
}

/// What the cluster says, where the request says nothing and there is a cluster.
fn discover() -> Option<CapabilityOptions> {
    let found = cluster::discover()?;
    Some(CapabilityOptions {
        kube_version: Some(found.kube_version),
        api_versions: Some(found.api_versions),
        extra_api_versions: Vec::new(),
    })
}

impl Renderer for Component {
    fn describe() -> Descriptor {
        Descriptor {
            name: "helm".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options_schema: SCHEMA.to_owned(),
        }
    }

    fn render(request: Request, source: &dyn Files) -> Result<Output, Failure> {
        let mut options: Options = serde_json::from_str(&request.options)
            .map_err(|error| Failure::invalid(format!("options: {error}")))?;
        if let Some(text) = &options.text {
            let text = render_alone(text, Rc::new(World)).map_err(Failure::invalid)?;
            return Ok(printed(text));
        }
        if options.capabilities.is_none() {
            options.capabilities = discover();
        }
        // The instance ends with this call: nothing needs to be taken apart.
        let scene = ManuallyDrop::new(Scene::with_lookup(Rc::new(World), lookup));
        let values = user_values(&options).map_err(|error| failed(&error))?;
        let chart = load(source, &request.path).map_err(|error| failed(&error))?;
        let name = chart.name().to_owned();
        let place = |path: &str| in_tree(&request.path, &name, path);
        let rendered = render_with(chart, &values, &options, &scene).map_err(|error| {
            if let Error::Template {
                cause: Some(cause), ..
            } = &error
                && let Some(origin) = cause.origin()
            {
                let mut at = Location::line(place(&origin.template.to_text()), line(origin.line));
                at.column = line(origin.column + 1);
                let mut message = error.to_string();
                if let Some(missing) = cause.missing() {
                    message.push_str(&format!("\n{} does not exist", missing.path));
                    if let Some(nearest) = &missing.nearest {
                        message.push_str(&format!("; there is {nearest}"));
                    }
                }
                report(Severity::Error, &message, Some(&at));
            }
            if options.print && error.is_rendering() {
                return Failure::invalid(format!("{error}{OFFER}"));
            }
            failed(&error)
        })?;
        if options.print {
            let text = match options.show_only.as_slice() {
                [] => rendered.text(),
                patterns => rendered.text_of(patterns).map_err(|error| failed(&error))?,
            };
            return Ok(printed(text));
        }
        Ok(output(rendered, &options, place))
    }
}

rosin_plugin::export_renderer!(Component);

fn printed(text: String) -> Output {
    Output {
        notes: Some(text),
        ..Output::empty()
    }
}

fn line(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

fn failed(error: &Error) -> Failure {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    Failure::invalid(text)
}

/// Helm names templates by chart (`web/templates/a.yaml`); the tree has them below the chart's folder.
fn in_tree(folder: &str, chart: &str, path: &str) -> String {
    let inner = path
        .strip_prefix(chart)
        .and_then(|path| path.strip_prefix('/'))
        .unwrap_or(path);
    if folder.is_empty() {
        inner.to_owned()
    } else {
        format!("{folder}/{inner}")
    }
}

fn output(rendered: Rendered, options: &Options, place: impl Fn(&str) -> String) -> Output {
    let selected = |source: &str| {
        options.show_only.is_empty()
            || options.show_only.iter().any(|pattern| {
                let inner = source.split_once('/').map_or(source, |(_, inner)| inner);
                rosin_chart::matches(pattern, inner).unwrap_or(false)
            })
    };
    let manifest = |manifest: crate::Manifest| {
        let json = manifest.json.clone()?;
        Some(Manifest {
            text: Some(manifest.text),
            ..Manifest::new(Location::line(place(&manifest.source), manifest.line), json)
        })
    };
    let mut output = Output::empty();
    let hooks = rendered.hooks.into_iter().map(|hook| hook.manifest);
    output.manifests = rendered
        .manifests
        .into_iter()
        .chain(hooks)
        .filter(|manifest| selected(&manifest.source))
        .filter_map(manifest)
        .collect();
    for (path, text) in rendered.definitions {
        let text = text.to_text();
        for (offset, document) in rosin_chart::manifests::split(&text) {
            let line = line(1 + text[..offset].matches('\n').count());
            if let Ok(json) = rosin_chart::manifests::document_json(document) {
                let at = Location::line(place(&path), line);
                output.definitions.push(Manifest {
                    text: Some(document.to_owned()),
                    ..Manifest::new(at, json)
                });
            }
        }
    }
    output.notes = Some(rendered.notes).filter(|notes| !notes.is_empty());
    output
}
