//! Random fields of a kustomization.

use serde_json::{Map, Value, json};

use super::{Content, Draw, objects};

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
    |draw, folder| Some(("openapi", openapi(draw, folder))),
    |draw, folder| Some(("validators", draw.transformers(folder))),
    |draw, folder| Some(("patches", draw.patches(folder))),
    |draw, folder| Some(("configurations", configurations(draw, folder))),
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
    (0..1 + usize::from(draw.chance.one_in(4)))
        .map(|_| label(draw))
        .collect()
}

fn label(draw: &mut Draw) -> Value {
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
        let specs = [
            json!({ "path": "spec/extra/labels", "create": true, "kind": "Deployment" }),
            json!({ "path": "spec/template/metadata/labels", "group": "apps", "version": "v1" }),
            json!({ "path": "spec/template/metadata/labels", "create": true }),
            json!({ "path": "metadata/labels", "create": true, "kind": "Service", "version": "v1" }),
            json!({ "path": "spec/selector/matchLabels", "group": "apps", "create": true }),
            json!({ "path": "spec/volumeClaimTemplates[]/metadata/labels", "create": true, "kind": "StatefulSet" }),
        ];
        let fields: Vec<&Value> = specs.iter().filter(|_| draw.chance.one_in(3)).collect();
        label.insert("fields".into(), json!(fields));
    }
    Value::Object(label)
}

fn images(draw: &mut Draw) -> Value {
    (0..1 + usize::from(draw.chance.one_in(4)))
        .map(|_| changed_image(draw))
        .collect()
}

fn changed_image(draw: &mut Draw) -> Value {
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
            json!(chance.pick(&["v9", "1.0", "2020", "latest", "1_0", "0o17", "1e3", "yes"])),
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
    Value::Object(image)
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
    if draw.chance.one_in(12) {
        let name = format!("binary-{}.dat", draw.next());
        let bytes = (0..draw.chance.below(90))
            .map(|_| draw.chance.next() as u8)
            .collect();
        draw.files
            .insert(format!("{folder}/{name}"), Content::Bytes(bytes));
        let files = json!([name, format!("again={name}")]);
        args.insert("files".into(), files);
    }
    if draw.chance.one_in(15) {
        let odd = [
            "key0=twice",
            "novalue",
            "=nokey",
            "bad key=v",
            "k=a=b",
            "'quoted=x'",
            "k=\"half",
            "missing.txt",
            "../outside.txt",
            "a=b/../missing",
        ];
        let field = draw.chance.pick(&["literals", "files", "envs"]);
        let entry = json!(draw.chance.pick(&odd));
        match args.get_mut(field).and_then(Value::as_array_mut) {
            Some(entries) => entries.push(entry),
            None => drop(args.insert(field.into(), json!([entry]))),
        }
    }
    if draw.chance.one_in(20) {
        let name = format!("odd-{}.env", draw.next());
        let text = [
            "UNSET_VARIABLE_OF_NOBODY\n",
            "\u{feff}A=1\n",
            "A=1\nA=2\n",
            "A B=1\n",
            "=1\n",
            "A=1\r\nB=2\r\n",
            "  # c\n\tA=\t1\n",
        ];
        let text = draw.chance.pick(&text).to_owned();
        draw.text(&format!("{folder}/{name}"), text);
        args.insert("envs".into(), json!([name]));
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
        let path = draw.chance.pick(&[
            "metadata.name",
            "metadata.namespace",
            "metadata.labels.app",
            "data.k",
            "spec.replicas",
            "spec.template.spec.containers[0].image",
            "spec.template.spec.containers.0.name",
            "spec.any",
            "spec.ports[0].port",
            "spec",
            "kind",
        ]);
        var.insert("fieldref".into(), json!({ "fieldpath": path }));
    }
    if draw.chance.one_in(4)
        && let Some(namespace) = target["metadata"].get("namespace")
    {
        var["objref"]["namespace"] = namespace.clone();
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
    let mut document = Map::new();
    for _ in 0..1 + draw.chance.below(3) {
        let (field, specs) = configuration(draw);
        document.insert(field.to_owned(), specs);
    }
    let file = draw.file(folder, "config", vec![Value::Object(document)]);
    json!([file])
}

fn configuration(draw: &mut Draw) -> (&'static str, Value) {
    match draw.chance.below(13) {
        0 => (
            "nameReference",
            json!([{ "kind": "ConfigMap", "version": "v1", "fieldSpecs": [{ "path": "spec/ref/name", "kind": "Widget" }] }]),
        ),
        1 => (
            "nameReference",
            json!([{ "kind": draw.chance.pick(&["Widget", "Service", "Secret"]), "fieldSpecs": [{ "path": "spec/list/name", "kind": "Widget" },
                { "path": "data/k", "kind": "ConfigMap" }, { "path": "metadata/annotations/config" }] }]),
        ),
        2 => (
            "images",
            json!([{ "path": "spec/image", "kind": "Widget" }]),
        ),
        3 => (
            "images",
            json!([{ "path": "spec/template/spec/containers[]/image", "kind": "Gadget" }]),
        ),
        4 => (
            "commonLabels",
            json!([{ "path": "spec/labels", "kind": "Widget", "create": true }]),
        ),
        5 => (
            "commonAnnotations",
            json!([{ "path": "spec/template/metadata/annotations", "create": true, "kind": "Gadget" }]),
        ),
        6 => (
            "varReference",
            json!([{ "path": "data", "kind": "ConfigMap" }, { "path": "spec/any", "kind": "Widget" }]),
        ),
        7 => (
            "varReference",
            json!([{ "path": "metadata/annotations" }, { "path": "spec/template/spec/containers/image" }]),
        ),
        8 => (
            "namespace",
            json!([{ "path": "spec/namespace", "kind": "Widget", "create": true }]),
        ),
        9 => (
            "replicas",
            json!([{ "path": "spec/replicas", "kind": draw.chance.pick(&["Widget", "Gadget"]), "create": draw.chance.one_in(2) }]),
        ),
        10 => (
            "namePrefix",
            json!([{ "path": "metadata/name", "kind": "ConfigMap" }, { "path": "spec/ref/name", "kind": "Widget" }]),
        ),
        11 => (
            "nameSuffix",
            json!([{ "path": "metadata/name", "version": "v1" }]),
        ),
        _ => (
            "labels",
            json!([{ "path": "spec/labels", "kind": "Widget", "create": true }]),
        ),
    }
}

/// A schema of the author's: lists of widgets are merged by name; in some, builtin kinds have none then.
fn openapi(draw: &mut Draw, folder: &str) -> Value {
    if draw.chance.one_in(5) {
        return json!({ "version": draw.chance.pick(&["v1.21.2", "v1.20.4", "v9"]) });
    }
    let item = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    let kind = |kind: &str, group: &str, version: &str, spec: Value| {
        json!({ "type": "object", "properties": { "spec": spec },
            "x-kubernetes-group-version-kind": [{ "group": group, "kind": kind, "version": version }] })
    };
    let key = draw.chance.pick(&["name", "value"]);
    let strategy = draw
        .chance
        .pick(&["merge", "merge", "replace", "merge,retainKeys"]);
    let list = json!({ "type": "array", "items": item, "x-kubernetes-patch-merge-key": key, "x-kubernetes-patch-strategy": strategy });
    let mut definitions = json!({
        "com.example.v1.Widget": kind("Widget", "example.com", "v1", json!({ "$ref": "#/definitions/com.example.v1.Spec" })),
        "com.example.v1.Spec": { "type": "object", "properties": { "list": list } },
    });
    if draw.chance.one_in(3) {
        let containers = json!({ "type": "array", "items": item, "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge" });
        let spec = json!({ "properties": { "template": { "properties": { "spec": { "properties": { "containers": containers } } } } } });
        definitions["io.k8s.api.apps.v1.Deployment"] = kind("Deployment", "apps", "v1", spec);
    }
    let document = json!({ "definitions": definitions });
    let name = format!("schema-{}.json", draw.next());
    if draw.chance.one_in(2) {
        draw.text(&format!("{folder}/{name}"), document.to_string());
    } else {
        draw.documents(&format!("{folder}/{name}"), vec![document]);
    }
    json!({ "path": name })
}

fn crds(draw: &mut Draw, folder: &str) -> Value {
    if !draw.chance.one_in(5) {
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
