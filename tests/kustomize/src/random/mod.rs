//! Random builds, for comparison with the original: a base or two, components, generators, patches and an overlay, drawn from the
//! grammar of a kustomization's fields. The same seed gives the same build.

mod chance;
mod fields;
mod kinds;
mod mend;
mod objects;
mod odd;
mod oracle;
mod patches;
mod plugins;
mod shrink;
mod style;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub use mend::mend;
pub use oracle::{Answer, Oracle};
pub use shrink::shrink;

use chance::Chance;

/// A build in memory: files as the values that they hold, so that a case that fails can be made smaller.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub seed: u64,
    /// The folder to build.
    pub path: String,
    pub legacy_order: bool,
    pub any_file: bool,
    pub files: BTreeMap<String, Content>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// YAML documents, and the seed of the style that they are written in.
    Documents(Vec<Value>, u64),
    Text(String),
    /// What is not text.
    Bytes(Vec<u8>),
}

impl Case {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Draw::new(seed).case()
    }

    /// The files as they are on disk.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let bytes = |content: &Content| match content {
            Content::Text(text) => text.clone().into_bytes(),
            Content::Documents(documents, seed) => style::write(documents, *seed).into_bytes(),
            Content::Bytes(bytes) => bytes.clone(),
        };
        self.files
            .iter()
            .map(|(path, content)| (path.clone(), bytes(content)))
            .collect()
    }
}

/// The state of drawing one case.
struct Draw {
    chance: Chance,
    seed: u64,
    files: BTreeMap<String, Content>,
    /// Objects that exist so far, as the base has them: kind and name, to aim at.
    known: Vec<Value>,
    /// Numbers the files.
    counter: usize,
}

impl Draw {
    fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed),
            seed,
            files: BTreeMap::new(),
            known: Vec::new(),
            counter: 0,
        }
    }

    fn case(mut self) -> Case {
        let mut layers = vec![self.base("base")];
        if self.chance.one_in(5) {
            layers.push(self.base("other"));
        }
        if self.chance.one_in(6) {
            layers = self.variants(&layers);
        }
        let mut top = self.overlay("overlay", &layers);
        if self.chance.one_in(4) {
            top = self.overlay("envs/prod", &[top]);
        }
        Case {
            seed: self.seed,
            path: top,
            legacy_order: self.chance.one_in(3),
            any_file: self.chance.one_in(10),
            files: self.files,
        }
    }

    /// Two overlays of the same bases, which an overlay of both can tell apart by prefix, suffix or namespace.
    fn variants(&mut self, layers: &[String]) -> Vec<String> {
        let field = self.chance.pick(&["namePrefix", "nameSuffix", "namespace"]);
        ["a", "b"]
            .map(|variant| {
                let folder = format!("variants/{variant}");
                let mut kustomization = Map::new();
                let bases = layers.iter().map(|layer| json!(format!("../../{layer}")));
                kustomization.insert("resources".into(), bases.collect());
                if self.chance.one_in(2) {
                    self.fields(&folder, &mut kustomization, 2);
                }
                let value = match field {
                    "namePrefix" => format!("{variant}-"),
                    "nameSuffix" => format!("-{variant}"),
                    _ => format!("of-{variant}"),
                };
                kustomization.insert(field.into(), json!(value));
                self.kustomization(&folder, kustomization, "Kustomization");
                folder
            })
            .into()
    }

    /// A folder with objects. Returns its path.
    fn base(&mut self, folder: &str) -> String {
        let mut resources = Vec::new();
        let mut taken = BTreeSet::new();
        for file in 0..1 + self.chance.below(3) {
            let mut documents = Vec::new();
            for _ in 0..1 + self.chance.below(4) {
                let object = objects::object(&mut self.chance);
                if taken.insert(objects::identity(&object)) || self.chance.one_in(60) {
                    self.known.push(object.clone());
                    documents.push(object);
                }
            }
            if documents.is_empty() {
                continue;
            }
            let name = format!("objects-{file}.yaml");
            self.documents(&format!("{folder}/{name}"), documents);
            resources.push(json!(name));
        }
        let mut kustomization = Map::new();
        kustomization.insert("resources".into(), Value::Array(resources));
        if self.chance.one_in(3) {
            self.fields(folder, &mut kustomization, 2);
        }
        self.kustomization(folder, kustomization, "Kustomization");
        folder.to_owned()
    }

    fn overlay(&mut self, folder: &str, layers: &[String]) -> String {
        let up = "../".repeat(folder.split('/').count());
        let mut kustomization = Map::new();
        let bases = layers.iter().map(|layer| json!(format!("{up}{layer}")));
        let field = if self.chance.one_in(12) {
            "bases"
        } else {
            "resources"
        };
        kustomization.insert(field.into(), bases.collect());
        if self.chance.one_in(5) {
            let count = 1 + usize::from(self.chance.one_in(4));
            let components = (0..count).map(|_| json!(format!("{up}{}", self.component())));
            kustomization.insert("components".into(), components.collect());
        }
        let most = 1 + self.chance.below(5);
        self.fields(folder, &mut kustomization, most);
        self.kustomization(folder, kustomization, "Kustomization");
        folder.to_owned()
    }

    fn component(&mut self) -> String {
        let name = format!("components/c{}", self.next());
        let mut component = Map::new();
        if self.chance.one_in(8) {
            let inner = self.component();
            component.insert("components".into(), json!([format!("../../{inner}")]));
        }
        self.fields(&name, &mut component, 3);
        self.kustomization(&name, component, "Component");
        name
    }

    fn kustomization(&mut self, folder: &str, mut fields: Map<String, Value>, kind: &str) {
        if kind == "Component" || self.chance.one_in(2) {
            let version = if kind == "Component" {
                "v1alpha1"
            } else {
                "v1beta1"
            };
            fields.insert(
                "apiVersion".into(),
                json!(format!("kustomize.config.k8s.io/{version}")),
            );
            fields.insert("kind".into(), json!(kind));
        }
        if self.chance.one_in(70) {
            self.oddity(folder, &mut fields);
        }
        let name =
            ["kustomization.yaml", "kustomization.yml", "Kustomization"][if self.chance.one_in(8) {
                1 + self.chance.below(2)
            } else {
                0
            }];
        self.documents(&format!("{folder}/{name}"), vec![Value::Object(fields)]);
    }

    fn documents(&mut self, path: &str, documents: Vec<Value>) {
        let style = self.chance.next();
        self.files
            .insert(path.to_owned(), Content::Documents(documents, style));
    }

    fn text(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), Content::Text(text));
    }

    fn next(&mut self) -> usize {
        self.counter += 1;
        self.counter
    }

    /// An object that a patch could be for.
    fn target(&mut self) -> Value {
        if self.known.is_empty() {
            return objects::object(&mut self.chance);
        }
        let at = self.chance.below(self.known.len());
        self.known[at].clone()
    }
}
