//! Random patches and replacements, aimed at objects that are there, mostly.

use serde_json::{Map, Value, json};

use super::{Draw, objects};

impl Draw {
    pub(super) fn patches(&mut self, folder: &str) -> Value {
        (0..1 + self.chance.below(2))
            .map(|_| self.patch(folder))
            .collect()
    }

    fn patch(&mut self, folder: &str) -> Value {
        let json_patch = self.chance.one_in(2);
        let mut patch = Map::new();
        let target = self.target();
        let documents = if json_patch {
            vec![self.operations(&target)]
        } else {
            let mut documents = vec![self.strategic(&target)];
            // Several for one entry, mostly for objects of their own.
            while self.chance.one_in(6) {
                let other = self.target();
                documents.push(self.strategic(&other));
            }
            documents
        };
        if json_patch || self.chance.one_in(3) {
            let target = self.selector(&target);
            patch.insert("target".into(), target);
        }
        if self.chance.one_in(3) {
            let file = self.file(folder, "patch", documents);
            patch.insert("path".into(), json!(file));
        } else {
            let style = self.chance.next();
            patch.insert(
                "patch".into(),
                json!(super::style::write(&documents, style)),
            );
        }
        if self.chance.one_in(8) {
            let option = self.chance.pick(&["allowNameChange", "allowKindChange"]);
            patch.insert(
                "options".into(),
                json!({ option: self.chance.one_in(4) || !json_patch }),
            );
        }
        Value::Object(patch)
    }

    pub(super) fn patches_strategic_merge(&mut self, folder: &str) -> Value {
        let target = self.target();
        let patch = self.strategic(&target);
        if self.chance.one_in(2) {
            let style = self.chance.next();
            return json!([super::style::write(&[patch], style)]);
        }
        json!([self.file(folder, "smp", vec![patch])])
    }

    pub(super) fn patches_json6902(&mut self, folder: &str) -> Value {
        let target = self.target();
        let operations = self.operations(&target);
        let api_version = target["apiVersion"].as_str().unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let mut patch = Map::from_iter([(
            "target".to_owned(),
            json!({ "group": group, "version": version, "kind": target["kind"], "name": target["metadata"]["name"] }),
        )]);
        if self.chance.one_in(2) {
            let text = if self.chance.one_in(2) {
                operations.to_string()
            } else {
                super::style::write(&[operations], self.seed)
            };
            patch.insert("patch".into(), json!(text));
        } else {
            let file = self.file(folder, "json", vec![operations]);
            patch.insert("path".into(), json!(file));
        }
        json!([patch])
    }

    /// A selector that fits the object, and perhaps others.
    fn selector(&mut self, target: &Value) -> Value {
        let mut selector = Map::new();
        let name = target["metadata"]["name"].as_str().unwrap_or_default();
        if !self.chance.one_in(4) {
            selector.insert("kind".into(), target["kind"].clone());
        }
        match self.chance.below(5) {
            0 => {}
            1 => drop(selector.insert(
                "name".into(),
                json!(format!("{}.*", &name[..name.len().min(2)])),
            )),
            2 => drop(selector.insert(
                "name".into(),
                json!(self.chance.pick(&["app|web", "^a", ".*", "(db|api)", "[a-w].*", "nothing"])),
            )),
            _ => drop(selector.insert("name".into(), json!(name))),
        }
        if self.chance.one_in(8) {
            selector.insert(
                "labelSelector".into(),
                json!(self.chance.pick(&[
                    "app=web",
                    "app",
                    "!tier",
                    "app in (app, web)",
                    "env notin (x)"
                ])),
            );
        }
        if self.chance.one_in(10) {
            selector.insert(
                "annotationSelector".into(),
                json!(self.chance.pick(&["note", "config=app"])),
            );
        }
        if self.chance.one_in(10) {
            selector.insert(
                "namespace".into(),
                json!(self.chance.pick(&["one", "default", "t.*"])),
            );
        }
        if self.chance.one_in(12) {
            selector.insert("group".into(), json!(self.chance.pick(&["apps", "batch"])));
        }
        if self.chance.one_in(12) {
            selector.insert(
                "version".into(),
                json!(self.chance.pick(&["v1", "v1.*", "v2"])),
            );
        }
        if self.chance.one_in(60) {
            selector.insert(
                "name".into(),
                json!(self.chance.pick(&["[", "(?!x)", "a{2,1}", "\\d+", "a\\.b"])),
            );
        }
        Value::Object(selector)
    }

    /// A strategic merge patch for an object: parts of it with other values, and directives.
    pub(super) fn strategic(&mut self, target: &Value) -> Value {
        let mut metadata =
            Map::from_iter([("name".to_owned(), target["metadata"]["name"].clone())]);
        if let Some(namespace) = target["metadata"].get("namespace") {
            metadata.insert("namespace".into(), namespace.clone());
        }
        if self.chance.one_in(4) {
            metadata.insert(
                "labels".into(),
                objects::strings(&mut self.chance, &["app", "new", "tier"], 2),
            );
        }
        if self.chance.one_in(20) {
            metadata.insert("name".into(), json!(self.chance.pick(&["renamed", "app"])));
        }
        if self.chance.one_in(6) {
            metadata.insert(
                "annotations".into(),
                json!({ "note": null, "added": objects::text(&mut self.chance) }),
            );
        }
        let mut patch = Map::from_iter([
            ("apiVersion".to_owned(), target["apiVersion"].clone()),
            ("kind".to_owned(), target["kind"].clone()),
            ("metadata".to_owned(), Value::Object(metadata)),
        ]);
        if self.chance.one_in(15) {
            let directive = self
                .chance
                .pick(&["delete", "delete", "replace", "merge", "none"]);
            patch.insert("$patch".into(), json!(directive));
            return Value::Object(patch);
        }
        for field in [
            "data",
            "stringData",
            "spec",
            "subjects",
            "rules",
            "webhooks",
            "secrets",
            "type",
        ] {
            let Some(before) = target.get(field) else {
                continue;
            };
            let after = if field == "spec" && self.chance.one_in(3) {
                self.pod_patch(target)
            } else {
                self.changed(before)
            };
            patch.insert(field.to_owned(), after);
        }
        Value::Object(patch)
    }

    /// The value with some fields, some of them changed, gone or new.
    fn changed(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut changed = Map::new();
                for (key, value) in fields {
                    match self.chance.below(8) {
                        0 => drop(changed.insert(key.clone(), Value::Null)),
                        1..=3 => {}
                        _ => drop(changed.insert(key.clone(), self.changed(value))),
                    }
                }
                // Lists are merged by their keys.
                for key in ["name", "containerPort", "port", "mountPath"] {
                    if let Some(value) = fields.get(key).filter(|_| !self.chance.one_in(10)) {
                        changed.insert(key.to_owned(), value.clone());
                    }
                }
                if self.chance.one_in(6) {
                    changed.insert("added".into(), objects::scalar(&mut self.chance));
                }
                if self.chance.one_in(25) {
                    changed.insert(
                        "$patch".into(),
                        json!(self.chance.pick(&["replace", "delete", "merge"])),
                    );
                }
                Value::Object(changed)
            }
            Value::Array(items) => {
                let mut changed: Vec<Value> = Vec::new();
                for item in items {
                    if !self.chance.one_in(3) {
                        changed.push(self.changed(item));
                    }
                }
                if self.chance.one_in(4) && items.first().is_some_and(Value::is_object) {
                    changed.push(json!({ "name": "sidecar", "image": "side:1", "value": "v", "containerPort": 99, "mountPath": "/m" }));
                }
                if self.chance.one_in(20) {
                    changed.push(json!({ "$patch": "replace" }));
                }
                Value::Array(changed)
            }
            _ if self.chance.one_in(2) => value.clone(),
            Value::Number(_) => json!(self.chance.below(50)),
            _ => objects::scalar(&mut self.chance),
        }
    }

    fn pod_patch(&mut self, target: &Value) -> Value {
        let pod = target.pointer("/spec/template/spec").cloned();
        let container = |at: usize| {
            let name = pod
                .as_ref()
                .and_then(|pod| pod.pointer(&format!("/containers/{at}/name")));
            name.cloned().unwrap_or(json!("app"))
        };
        let first = container(0);
        let containers = match self.chance.below(16) {
            0 => json!([{ "name": first, "$patch": "delete" }]),
            6 => json!([{ "name": first, "$patch": "replace", "image": "new:1" }]),
            7 => {
                json!([{ "name": first, "env": [{ "$patch": "replace" }, { "name": "ONLY", "value": "v" }] }])
            }
            8 => {
                json!([{ "name": first, "env": [{ "name": "KEY_0", "value": "v", "valueFrom": null }], "$setElementOrder/env": [{ "name": "KEY_1" }, { "name": "KEY_0" }] }])
            }
            9 => {
                json!([{ "name": first, "volumeMounts": [{ "mountPath": "/data", "$patch": "delete" }, { "name": "more", "mountPath": "/more" }] }])
            }
            10 => {
                json!([{ "name": first, "ports": [{ "containerPort": 53, "protocol": "TCP", "name": "dns" }, { "containerPort": 53, "protocol": "UDP", "hostPort": 53 }] }])
            }
            11 => {
                json!([{ "name": first, "resources": { "$patch": "replace", "limits": { "cpu": 2 } }, "$deleteFromPrimitiveList/args": ["a"] }])
            }
            12 => json!({ "not": "a list" }),
            13 => json!([{ "image": "nameless:1" }]),
            1 => {
                json!([{ "name": "sidecar", "image": "side:1" }, { "$setElementOrder": ["x"], "name": first }])
            }
            2 => {
                json!([{ "name": first, "env": [{ "name": "KEY_0", "$patch": "delete" }, { "name": "NEW", "value": objects::text(&mut self.chance) }] }])
            }
            3 => {
                json!([{ "name": first, "args": ["only"], "ports": [{ "containerPort": 80, "name": "web" }] }])
            }
            4 => {
                json!([{ "name": first, "command": null, "resources": null }, { "name": container(1), "image": "second:2" }])
            }
            _ => json!([{ "name": first, "image": "patched:1", "imagePullPolicy": "Always" }]),
        };
        let mut spec = Map::from_iter([("containers".to_owned(), containers)]);
        if self.chance.one_in(4) {
            spec.insert(
                "tolerations".into(),
                json!([{ "key": "x", "operator": "Exists" }]),
            );
        }
        if self.chance.one_in(4) {
            spec.insert(
                "volumes".into(),
                json!([{ "name": "data", "emptyDir": {} }]),
            );
        }
        for (field, values) in [
            (
                "hostAliases",
                json!([{ "ip": "10.0.0.1", "hostnames": ["c"] }]),
            ),
            (
                "topologySpreadConstraints",
                json!([{ "topologyKey": "zone", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule" }]),
            ),
            ("imagePullSecrets", json!([{ "name": "pull" }])),
            (
                "initContainers",
                json!([{ "name": "init", "image": "init:1" }]),
            ),
            (
                "volumes",
                json!([{ "name": "app", "$retainKeys": ["name", "emptyDir"], "emptyDir": {} }, { "name": "web", "$patch": "delete" }]),
            ),
            ("affinity", json!(null)),
            ("containers", json!(null)),
            (
                "securityContext",
                json!({ "runAsUser": 0, "supplementalGroups": [1, 2] }),
            ),
        ] {
            if self.chance.one_in(16) {
                spec.insert(field.into(), values);
            }
        }
        if self.chance.one_in(10) {
            spec.insert(
                "$setElementOrder/containers".into(),
                json!([{ "name": "sidecar" }, { "name": "app" }]),
            );
        }
        if self.chance.one_in(10) {
            spec.insert("$retainKeys".into(), json!(["containers"]));
        }
        if self.chance.one_in(15) {
            spec.insert("$deleteFromPrimitiveList/finalizers".into(), json!(["a"]));
        }
        let mut out = json!({ "template": { "spec": spec } });
        if self.chance.one_in(3) {
            out["replicas"] = json!(self.chance.below(7));
        }
        out
    }

    /// A JSON patch with paths of the object.
    pub(super) fn operations(&mut self, target: &Value) -> Value {
        let mut paths = Vec::new();
        pointers(target, String::new(), &mut paths);
        (0..1 + self.chance.below(3))
            .map(|_| {
                let at = self.chance.below(paths.len());
                let path = if self.chance.one_in(10) { format!("{}/none/x", paths[at]) } else { paths[at].clone() };
                let value = objects::scalar(&mut self.chance);
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                match self.chance.below(9) {
                    0 | 1 => json!({ "op": "replace", "path": path, "value": value }),
                    2 => json!({ "op": "remove", "path": path }),
                    3 => json!({ "op": "add", "path": format!("{parent}/-"), "value": value }),
                    4 => json!({ "op": "copy", "from": path, "path": format!("{parent}/copied") }),
                    5 => json!({ "op": "move", "from": path, "path": "/metadata/moved" }),
                    6 => json!({ "op": "test", "path": path, "value": target.pointer(&path) }),
                    7 => json!({ "op": "add", "path": format!("{parent}/new~1key"), "value": { "a": [value] } }),
                    _ => json!({ "op": "add", "path": path, "value": value }),
                }
            })
            .collect()
    }

    pub(super) fn replacements(&mut self, folder: &str) -> Value {
        let replacement = self.replacement();
        if self.chance.one_in(5) {
            let documents = vec![if self.chance.one_in(2) {
                json!([replacement])
            } else {
                replacement
            }];
            let file = self.file(folder, "replacement", documents);
            return json!([{ "path": file }]);
        }
        json!([replacement])
    }

    pub(super) fn replacement(&mut self) -> Value {
        let source = self.target();
        let mut from = Map::new();
        if self.chance.one_in(10) {
            return json!({ "sourceValue": objects::text(&mut self.chance), "targets": self.targets() });
        }
        from.insert("kind".into(), source["kind"].clone());
        if self.chance.one_in(6)
            && let Some(namespace) = source["metadata"].get("namespace")
        {
            from.insert("namespace".into(), namespace.clone());
        }
        if self.chance.one_in(8) {
            from.insert("version".into(), json!(self.chance.pick(&["v1", "v2"])));
        }
        if !self.chance.one_in(5) {
            from.insert("name".into(), source["metadata"]["name"].clone());
        }
        if !self.chance.one_in(3) {
            let path = self.field_path(&source);
            from.insert("fieldPath".into(), json!(path));
        }
        if self.chance.one_in(4) {
            let options = self.field_options();
            from.insert("options".into(), options);
        }
        json!({ "source": from, "targets": self.targets() })
    }

    fn targets(&mut self) -> Value {
        (0..1 + self.chance.below(2))
            .map(|_| {
                let object = self.target();
                let mut select = Map::from_iter([("kind".to_owned(), object["kind"].clone())]);
                if self.chance.one_in(2) {
                    select.insert("name".into(), object["metadata"]["name"].clone());
                }
                if self.chance.one_in(8) {
                    select.insert("name".into(), json!(self.chance.pick(&["a.*", "app|web"])));
                }
                let paths: Vec<String> = (0..1 + self.chance.below(2))
                    .map(|_| self.field_path(&object))
                    .collect();
                let mut target = Map::from_iter([
                    ("select".to_owned(), Value::Object(select)),
                    ("fieldPaths".to_owned(), json!(paths)),
                ]);
                if self.chance.one_in(3) {
                    let options = self.field_options();
                    target.insert("options".into(), options);
                }
                if self.chance.one_in(6) {
                    target.insert(
                        "reject".into(),
                        json!([{ "name": objects::name(&mut self.chance) }]),
                    );
                }
                if self.chance.one_in(10) {
                    let label =
                        json!({ "labelSelector": self.chance.pick(&["app=web", "tier", "!app"]) });
                    let reject = target.entry("reject").or_insert_with(|| json!([]));
                    if let Some(rejects) = reject.as_array_mut() {
                        rejects.push(label);
                    }
                }
                Value::Object(target)
            })
            .collect()
    }

    fn field_options(&mut self) -> Value {
        let mut options = Map::new();
        if self.chance.one_in(2) {
            options.insert(
                "delimiter".into(),
                json!(self.chance.pick(&[":", "/", "-", ".", "@"])),
            );
        }
        if self.chance.one_in(2) {
            options.insert("index".into(), json!(self.chance.below(4) as i64 - 1));
        }
        if self.chance.one_in(3) {
            options.insert("create".into(), json!(true));
        }
        if self.chance.one_in(12) {
            options.insert("encoding".into(), json!("base64"));
        }
        Value::Object(options)
    }

    /// A path to a field, in the dotted notation, sometimes by a key of the list or with a star.
    fn field_path(&mut self, object: &Value) -> String {
        if self.chance.one_in(3) {
            let usual = [
                "metadata.name",
                "metadata.labels.app",
                "spec.template.spec.containers.*.image",
                "spec.template.spec.containers.[name=app].image",
                "spec.template.spec.containers.[name=web].env.[name=KEY_0].value",
                "metadata.annotations.[a.example.com/x]",
                "data.[a.txt]",
                "spec.replicas",
                "metadata.annotations.new",
                "metadata.annotations.[new.example.com/key]",
                "data.[config.json].name",
                "data.[config.json].spec.replicas",
                "data.[config.json].list.*",
                "data.[config.json].new.field",
                "spec.template.spec.containers.0.env.-",
                "spec.template.spec.containers.[name=new].image",
                "spec.template.spec.containers.[image=nginx.*].name",
                "spec.ports.[port=80].targetPort",
                "spec.list.[name=x].value",
                "spec.rules.0.host",
                "spec.template.metadata.labels",
            ];
            return self.chance.pick(&usual).to_owned();
        }
        let mut paths = Vec::new();
        pointers(object, String::new(), &mut paths);
        let at = self.chance.below(paths.len());
        let parts = paths[at].split('/').skip(1).map(|part| {
            let part = part.replace("~1", "/").replace("~0", "~");
            if part.contains('.') {
                format!("[{part}]")
            } else {
                part
            }
        });
        parts.collect::<Vec<_>>().join(".")
    }
}

/// All pointers into a value.
fn pointers(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(value, format!("{at}/{key}"), into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
    if !at.is_empty() {
        into.push(at);
    }
}
