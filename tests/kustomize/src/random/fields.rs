//! Random fields of a kustomization.

use serde_json::{Map, Value, json};

use super::{Draw, objects};

type Field = fn(&mut Draw, &str) -> Option<(&'static str, Value)>;

/// All fields that need no network, program or chart.
const FIELDS: &[Field] = &[
    |draw, _| {
        Some((
            "namePrefix",
            json!(draw.chance.pick(&["p-", "prod-", "x."])),
        ))
    },
    |draw, _| Some(("nameSuffix", json!(draw.chance.pick(&["-s", "-v2"])))),
    |draw, _| {
        Some((
            "namespace",
            json!(draw.chance.pick(&["one", "three", "default"])),
        ))
    },
    |draw, _| {
        Some((
            "commonLabels",
            objects::strings(&mut draw.chance, &["app", "team", "env"], 2),
        ))
    },
    |draw, _| {
        Some((
            "commonAnnotations",
            objects::strings(&mut draw.chance, &["note", "team", "x.example.com/y"], 2),
        ))
    },
    |draw, _| Some(("labels", labels(draw))),
    |draw, _| Some(("images", images(draw))),
    |draw, _| Some(("replicas", replicas(draw))),
    |draw, folder| Some(("configMapGenerator", generator(draw, folder, false))),
    |draw, folder| Some(("secretGenerator", generator(draw, folder, true))),
    |draw, _| Some(("generatorOptions", options(draw))),
    |draw, folder| Some(("patches", draw.patches(folder))),
    |draw, folder| Some(("patches", draw.patches(folder))),
    |draw, folder| {
        Some((
            "patchesStrategicMerge",
            draw.patches_strategic_merge(folder),
        ))
    },
    |draw, folder| Some(("patchesJson6902", draw.patches_json6902(folder))),
    |draw, folder| Some(("replacements", draw.replacements(folder))),
    |draw, folder| Some(("replacements", draw.replacements(folder))),
    |draw, _| Some(("vars", vars(draw))),
    |draw, _| Some(("buildMetadata", build_metadata(draw))),
    |draw, _| Some(("sortOptions", sort_options(draw))),
    |draw, folder| Some(("resources", extra_resource(draw, folder))),
    |draw, folder| Some(("transformers", draw.transformers(folder))),
    |draw, folder| Some(("generators", draw.generators(folder))),
    |draw, folder| Some(("configurations", configurations(draw, folder))),
    |draw, folder| Some(("crds", crds(draw, folder))),
    |draw, _| {
        draw.chance.one_in(4).then(|| {
            (
                "metadata",
                json!({ "name": "k", "annotations": { "x": "y" } }),
            )
        })
    },
    |draw, _| draw.chance.one_in(8).then(|| ("nameSufix", json!("typo"))),
];

impl Draw {
    pub(super) fn fields(&mut self, folder: &str, into: &mut Map<String, Value>, most: usize) {
        for _ in 0..1 + self.chance.below(most) {
            let field = FIELDS[self.chance.below(FIELDS.len())];
            let Some((name, value)) = field(self, folder) else {
                continue;
            };
            match (into.get_mut(name), value) {
                (Some(Value::Array(before)), Value::Array(more)) => before.extend(more),
                (_, value) => {
                    into.insert(name.to_owned(), value);
                }
            }
        }
    }

    /// Puts documents into a file beside the kustomization, and returns its name.
    pub(super) fn file(&mut self, folder: &str, stem: &str, documents: Vec<Value>) -> String {
        let name = format!("{stem}-{}.yaml", self.next());
        self.documents(&format!("{folder}/{name}"), documents);
        name
    }
}

fn labels(draw: &mut Draw) -> Value {
    let mut label = Map::from_iter([(
        "pairs".to_owned(),
        objects::strings(&mut draw.chance, &["app", "team", "env", "release"], 2),
    )]);
    if draw.chance.one_in(2) {
        label.insert("includeSelectors".into(), json!(draw.chance.one_in(2)));
    }
    if draw.chance.one_in(2) {
        label.insert("includeTemplates".into(), json!(draw.chance.one_in(2)));
    }
    if draw.chance.one_in(4) {
        label.insert(
            "fields".into(),
            json!([{ "path": "spec/extra/labels", "create": true, "kind": "Deployment" }]),
        );
    }
    json!([label])
}

fn images(draw: &mut Draw) -> Value {
    let chance = &mut draw.chance;
    let full = objects::image(chance);
    let name = full.split('@').next().unwrap_or(full);
    let name = match name.rfind(':') {
        Some(at) if !name[at..].contains('/') => &name[..at],
        _ => name,
    };
    let mut image = Map::from_iter([("name".to_owned(), json!(name))]);
    if chance.one_in(2) {
        image.insert(
            "newName".into(),
            json!(chance.pick(&["mirror.example.com/x", "other", "host:5000/y"])),
        );
    }
    if chance.one_in(2) {
        image.insert(
            "newTag".into(),
            json!(chance.pick(&["v9", "1.0", "2020", "latest"])),
        );
    }
    if chance.one_in(5) {
        image.insert(
            "digest".into(),
            json!("sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3"),
        );
    }
    if chance.one_in(10) {
        image.insert("tagSuffix".into(), json!("-debug"));
    }
    json!([image])
}

fn replicas(draw: &mut Draw) -> Value {
    json!([{ "name": objects::name(&mut draw.chance), "count": draw.chance.below(9) }])
}

fn options(draw: &mut Draw) -> Value {
    let chance = &mut draw.chance;
    let mut options = Map::new();
    if chance.one_in(2) {
        options.insert("disableNameSuffixHash".into(), json!(chance.one_in(2)));
    }
    if chance.one_in(2) {
        options.insert(
            "labels".into(),
            objects::strings(chance, &["gen", "app"], 2),
        );
    }
    if chance.one_in(2) {
        options.insert(
            "annotations".into(),
            objects::strings(chance, &["gen", "note"], 2),
        );
    }
    if chance.one_in(4) {
        options.insert("immutable".into(), json!(chance.one_in(2)));
    }
    Value::Object(options)
}

/// What a generator of either kind says, beside its own kind of fields.
pub(super) fn generator_args(draw: &mut Draw, folder: &str, secret: bool) -> Map<String, Value> {
    let mut args = Map::from_iter([("name".to_owned(), json!(objects::name(&mut draw.chance)))]);
    if draw.chance.one_in(4) {
        args.insert(
            "namespace".into(),
            json!(objects::namespace(&mut draw.chance)),
        );
    }
    if draw.chance.one_in(2) {
        let literals = (0..1 + draw.chance.below(3)).map(|at| {
            let value = objects::text(&mut draw.chance);
            let quote = draw.chance.pick(&["", "", "", "'", "\""]);
            json!(format!("key{at}={quote}{value}{quote}"))
        });
        args.insert("literals".into(), literals.collect());
    }
    if draw.chance.one_in(3) {
        let name = format!("file-{}.txt", draw.next());
        let text = objects::text(&mut draw.chance).to_owned();
        draw.text(&format!("{folder}/{name}"), text);
        let key = draw.chance.pick(&["", "renamed=", "a.b_c-d="]);
        args.insert("files".into(), json!([format!("{key}{name}")]));
    }
    if draw.chance.one_in(4) {
        let name = format!("vars-{}.env", draw.next());
        let value = objects::text(&mut draw.chance).replace('\n', " ");
        draw.text(
            &format!("{folder}/{name}"),
            format!("# comment\nA=1\n\nB={value}\n  C = x\nD=\"q\"\n"),
        );
        if draw.chance.one_in(5) {
            args.insert("env".into(), json!(name));
        } else {
            args.insert("envs".into(), json!([name]));
        }
    }
    if draw.chance.one_in(5) {
        args.insert(
            "behavior".into(),
            json!(draw.chance.pick(&["create", "merge", "replace", "merge"])),
        );
    }
    if draw.chance.one_in(4) {
        let options = options(draw);
        args.insert("options".into(), options);
    }
    if secret && draw.chance.one_in(3) {
        args.insert(
            "type".into(),
            json!(draw.chance.pick(&["Opaque", "kubernetes.io/tls"])),
        );
    }
    args
}

fn generator(draw: &mut Draw, folder: &str, secret: bool) -> Value {
    json!([generator_args(draw, folder, secret)])
}

fn vars(draw: &mut Draw) -> Value {
    let target = draw.target();
    let mut var = Map::from_iter([
        (
            "name".to_owned(),
            json!(draw.chance.pick(&["VAR", "OTHER"])),
        ),
        (
            "objref".to_owned(),
            json!({ "apiVersion": target["apiVersion"], "kind": target["kind"], "name": target["metadata"]["name"] }),
        ),
    ]);
    if draw.chance.one_in(2) {
        var.insert("fieldref".into(), json!({ "fieldpath": draw.chance.pick(&["metadata.name", "metadata.namespace", "data.k", "spec.replicas"]) }));
    }
    json!([var])
}

fn build_metadata(draw: &mut Draw) -> Value {
    let all = [
        "originAnnotations",
        "transformerAnnotations",
        "managedByLabel",
    ];
    all.iter()
        .filter(|_| draw.chance.one_in(2))
        .map(|option| json!(option))
        .collect()
}

fn sort_options(draw: &mut Draw) -> Value {
    match draw.chance.below(3) {
        0 => json!({ "order": "fifo" }),
        1 => json!({ "order": "legacy" }),
        _ => {
            json!({ "order": "legacy", "legacySortOptions": { "orderFirst": ["ConfigMap", "Namespace"], "orderLast": ["Deployment"] } })
        }
    }
}

fn extra_resource(draw: &mut Draw, folder: &str) -> Value {
    let object = objects::object(&mut draw.chance);
    draw.known.push(object.clone());
    let file = draw.file(folder, "extra", vec![object]);
    json!([file])
}

fn configurations(draw: &mut Draw, folder: &str) -> Value {
    let document = match draw.chance.below(5) {
        0 => {
            json!({ "nameReference": [{ "kind": "ConfigMap", "version": "v1", "fieldSpecs": [{ "path": "spec/ref/name", "kind": "Widget" }] }] })
        }
        1 => json!({ "images": [{ "path": "spec/image", "kind": "Widget" }] }),
        2 => {
            json!({ "commonLabels": [{ "path": "spec/labels", "kind": "Widget", "create": true }] })
        }
        3 => {
            json!({ "varReference": [{ "path": "data", "kind": "ConfigMap" }, { "path": "spec/any", "kind": "Widget" }] })
        }
        _ => {
            json!({ "namespace": [{ "path": "spec/namespace", "kind": "Widget", "create": true }], "replicas": [{ "path": "spec/replicas", "kind": "Widget", "create": true }] })
        }
    };
    let file = draw.file(folder, "config", vec![document]);
    json!([file])
}

fn crds(draw: &mut Draw, folder: &str) -> Value {
    if draw.chance.one_in(2) {
        let definition = json!({ "com.example.v1.Widget": { "Schema": { "properties": {
            "apiVersion": { "type": "string" }, "kind": { "type": "string" }, "metadata": { "type": "object" },
            "spec": { "$ref": "com.example.v1.WidgetSpec" } } } },
            "com.example.v1.WidgetSpec": { "Schema": { "properties": {
                "ref": { "type": "object", "x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Service" },
                "labels": { "x-kubernetes-label-selector": "" }, "any": { "x-kubernetes-annotation": "" } } } } });
        let file = draw.file(folder, "definition", vec![definition]);
        return json!([file]);
    }
    let document = json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": "widgets.example.com" },
        "spec": { "group": "example.com", "names": { "kind": "Widget" }, "scope": draw.chance.pick(&["Namespaced", "Cluster"]),
            "versions": [{ "name": "v1", "served": true, "storage": true }] } });
    let file = draw.file(folder, "crd", vec![document]);
    json!([file])
}
