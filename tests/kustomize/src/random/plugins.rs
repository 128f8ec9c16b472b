//! Built-in generators and transformers that are configured by objects of their own.

use serde_json::{Value, json};

use super::{Draw, fields, objects};

impl Draw {
    pub(super) fn transformers(&mut self, folder: &str) -> Value {
        let name = json!({ "name": "t" });
        let label_specs = json!([{ "path": "metadata/labels", "create": true }, { "path": "spec/template/metadata/labels", "create": self.chance.one_in(2), "kind": "Deployment" }]);
        let (kind, mut body) = match self.chance.below(15) {
            0 => (
                "LabelTransformer",
                json!({ "labels": objects::strings(&mut self.chance, &["app", "x"], 2), "fieldSpecs": label_specs }),
            ),
            1 => (
                "AnnotationsTransformer",
                json!({ "annotations": objects::strings(&mut self.chance, &["a", "x"], 2), "fieldSpecs": [{ "path": "metadata/annotations", "create": true }] }),
            ),
            2 => (
                "PrefixTransformer",
                json!({ "prefix": "t-", "fieldSpecs": [{ "path": "metadata/name" }] }),
            ),
            3 => (
                "SuffixTransformer",
                json!({ "suffix": "-t", "fieldSpecs": [{ "path": "metadata/name", "kind": "ConfigMap" }] }),
            ),
            4 => (
                "NamespaceTransformer",
                json!({ "unsetOnly": self.chance.one_in(2), "setRoleBindingSubjects": self.chance.pick(&["defaultOnly", "allServiceAccounts", "none"]),
                "fieldSpecs": [{ "path": "metadata/namespace", "create": true }] }),
            ),
            5 => (
                "ImageTagTransformer",
                json!({ "imageTag": { "name": "nginx", "newTag": "t" }, "fieldSpecs": [{ "path": "spec/image", "kind": "Widget" }] }),
            ),
            6 => (
                "ReplicaCountTransformer",
                json!({ "replica": { "name": objects::name(&mut self.chance), "count": 7 }, "fieldSpecs": [{ "path": "spec/replicas", "create": true, "kind": "Deployment" }] }),
            ),
            8 => {
                let target = self.target();
                (
                    "PatchStrategicMergeTransformer",
                    json!({ "patches": super::style::write(&[self.strategic(&target)], 1) }),
                )
            }
            9 => {
                let target = self.target();
                let operations = self.operations(&target).to_string();
                (
                    "PatchJson6902Transformer",
                    json!({ "target": { "kind": target["kind"], "name": target["metadata"]["name"] }, "jsonOp": operations }),
                )
            }
            10 => (
                "ValueAddTransformer",
                json!({ "value": objects::text(&mut self.chance), "targets": [{
                "selector": { "kind": "Deployment" }, "fieldPath": self.chance.pick(&["metadata/annotations/added", "spec/paused", "metadata/name"]),
                "filePathPosition": self.chance.below(3) }] }),
            ),
            11 => ("HashTransformer", json!({})),
            12 => (
                "PrefixSuffixTransformer",
                json!({ "prefix": "t-", "suffix": "-t", "fieldSpecs": [{ "path": "metadata/name" }] }),
            ),
            13 => ("NoSuchTransformer", json!({})),
            7 => ("PatchTransformer", self.patch_transformer()),
            _ => (
                "ReplacementTransformer",
                json!({ "replacements": [self.replacement()] }),
            ),
        };
        body["apiVersion"] = json!("builtin");
        body["kind"] = json!(kind);
        body["metadata"] = if kind == "NamespaceTransformer" {
            json!({ "name": "t", "namespace": "by-plugin" })
        } else {
            name
        };
        if self.chance.one_in(30) {
            body["apiVersion"] = json!("example.com/v1");
        }
        self.entry(folder, "transformer", body)
    }

    fn patch_transformer(&mut self) -> Value {
        let patches = self.patches("unused");
        let mut patch = patches[0].clone();
        if let Some(fields) = patch.as_object_mut() {
            // Files that it names are beside another kustomization.
            if fields.remove("path").is_some() {
                fields.insert(
                    "patch".into(),
                    json!("- op: add\n  path: /metadata/annotations\n  value: {a: b}\n"),
                );
                fields.insert("target".into(), json!({ "kind": "Service" }));
            }
            fields.remove("options");
        }
        patch
    }

    pub(super) fn generators(&mut self, folder: &str) -> Value {
        let secret = self.chance.one_in(2);
        let mut body = fields::generator_args(self, folder, secret);
        let name = body.remove("name");
        let kind = if secret {
            "SecretGenerator"
        } else {
            "ConfigMapGenerator"
        };
        body.remove("namespace");
        body.insert("apiVersion".into(), json!("builtin"));
        body.insert("kind".into(), json!(kind));
        body.insert("metadata".into(), json!({ "name": name }));
        self.entry(folder, "generator", Value::Object(body))
    }

    /// The configuration in a file, or in the list itself.
    fn entry(&mut self, folder: &str, stem: &str, body: Value) -> Value {
        if self.chance.one_in(3) {
            let style = self.chance.next();
            return json!([super::style::write(&[body], style)]);
        }
        if self.chance.one_in(6) {
            // A folder of plugins is a kustomization.
            let inner = format!("{folder}/plugins-{}", self.next());
            let file = self.file(&inner, stem, vec![body]);
            self.documents(
                &format!("{inner}/kustomization.yaml"),
                vec![json!({ "resources": [file] })],
            );
            return json!([inner.rsplit('/').next()]);
        }
        json!([self.file(folder, stem, vec![body])])
    }
}
