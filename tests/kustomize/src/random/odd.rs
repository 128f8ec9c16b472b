//! Mistakes and corner cases of whole files, in a few of the cases: what authors get wrong and a renderer must say.

use serde_json::{Map, Value, json};

use super::{Content, Draw};

impl Draw {
    /// Puts something odd into a kustomization that is about to be written, or beside it.
    pub(super) fn oddity(&mut self, folder: &str, kustomization: &mut Map<String, Value>) {
        let list = |kustomization: &mut Map<String, Value>, field: &str, item: Value| {
            let items = kustomization
                .entry(field)
                .or_insert_with(|| json!([]))
                .as_array_mut();
            if let Some(items) = items {
                items.push(item);
            }
        };
        match self.chance.below(22) {
            0 => list(kustomization, "resources", json!("missing.yaml")),
            1 => list(kustomization, "resources", json!("../missing")),
            2 => list(kustomization, "resources", json!(".")),
            3 => list(kustomization, "resources", json!("")),
            4 => list(kustomization, "components", json!("../base")),
            5 => {
                self.text(&format!("{folder}/empty.yaml"), String::new());
                list(kustomization, "resources", json!("empty.yaml"));
            }
            6 => {
                self.text(
                    &format!("{folder}/remarks.yaml"),
                    "# nothing\n---\n# here\n".into(),
                );
                list(kustomization, "resources", json!("remarks.yaml"));
            }
            7 => {
                self.text(&format!("{folder}/text.yaml"), "just a text\n".into());
                list(kustomization, "resources", json!("text.yaml"));
            }
            8 => {
                let broken = self.chance.pick(&[
                    "a: [b\n",
                    "a: b: c\n",
                    "a:\n\t- b\n",
                    "a: &x b\nc: *y\n",
                    "a: b\n a: c\n",
                    "- a\n",
                    "a: 'b\n",
                    "kind: X\n",
                ]);
                self.text(&format!("{folder}/broken.yaml"), broken.to_owned());
                let field = self.chance.pick(&[
                    "resources",
                    "patchesStrategicMerge",
                    "transformers",
                    "generators",
                    "configurations",
                    "crds",
                ]);
                list(kustomization, field, json!("broken.yaml"));
            }
            9 => drop(kustomization.insert("kind".into(), json!("Deployment"))),
            10 => {
                drop(kustomization.insert("apiVersion".into(), json!("kustomize.config.k8s.io/v1")))
            }
            11 => drop(kustomization.insert("unknownField".into(), json!(1))),
            12 => {
                let field = self.chance.pick(&[
                    "resources",
                    "namePrefix",
                    "commonLabels",
                    "images",
                    "patches",
                    "replicas",
                    "configMapGenerator",
                    "vars",
                    "labels",
                ]);
                let wrong = [
                    json!("text"),
                    json!(5),
                    json!({ "a": "b" }),
                    json!([1]),
                    json!([["x"]]),
                    json!(true),
                ];
                let at = self.chance.below(wrong.len());
                kustomization.insert(field.into(), wrong[at].clone());
            }
            13 => {
                let style = self.chance.next();
                self.files.insert(
                    format!("{folder}/kustomization.yml"),
                    Content::Documents(vec![json!({ "resources": [] })], style),
                );
                self.files.insert(
                    format!("{folder}/Kustomization"),
                    Content::Documents(vec![json!({ "resources": [] })], style),
                );
            }
            14 => drop(kustomization.insert(
                "namePrefix".into(),
                json!(self.chance.pick(&["UPPER-", "a/b", "-", "a b", ""])),
            )),
            15 => drop(kustomization.insert(
                "namespace".into(),
                json!(self.chance.pick(&["UPPER", "a/b", "", "default"])),
            )),
            16 => drop(kustomization.insert(
                "commonLabels".into(),
                json!({ "bad key": "x", "a/b/c": "y" }),
            )),
            17 => drop(kustomization.insert(
                "commonAnnotations".into(),
                json!({ "bad key": "x", "k": "any text: at all" }),
            )),
            18 => drop(kustomization.insert(
                "imageTags".into(),
                json!([{ "name": "nginx", "newTag": "old-spelling" }]),
            )),
            19 => drop(kustomization.insert("nameprefix".into(), json!("lower-"))),
            20 => {
                self.text(
                    "outside.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: outside\n".into(),
                );
                list(
                    kustomization,
                    "resources",
                    json!(format!(
                        "{}outside.yaml",
                        "../".repeat(folder.split('/').count())
                    )),
                );
            }
            _ => list(kustomization, "validators", json!("missing-validator.yaml")),
        }
    }
}
