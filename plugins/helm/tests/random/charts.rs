//! Random little charts: subcharts with conditions, tags, aliases and values that they hand up, globals, hooks, kinds in any
//! order, notes, ignored files, schemas, and flags of the command.

use super::Chance;

/// A chart as paths and texts, and the flags to render it with.
pub(crate) struct Random {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) flags: Vec<String>,
}

const KINDS: &[&str] = &[
    "Service",
    "ConfigMap",
    "Deployment",
    "Namespace",
    "CustomResourceDefinition",
    "Secret",
    "Job",
    "ClusterRole",
    "Widget",
    "APIService",
    "Pod",
    "NetworkPolicy",
    "ServiceAccount",
    "List",
];
const ANNOTATIONS: &[&str] = &[
    "",
    "  annotations:\n    helm.sh/hook: pre-install\n",
    "  annotations:\n    helm.sh/hook: post-install,pre-upgrade\n    helm.sh/hook-weight: \"-5\"\n",
    "  annotations:\n    \"helm.sh/hook\": test\n    helm.sh/hook-weight: \"x\"\n",
    "  annotations:\n    helm.sh/hook: crd-install\n",
    "  annotations:\n    helm.sh/hook: nonsense\n",
    "  annotations:\n    helm.sh/resource-policy: keep\n",
    "  annotations: {a: 1}\n",
    "  annotations:\n    helm.sh/hook: \" Test-Success , \"\n",
    "  annotations: ~\n  labels: {{ toYaml .Values.global | nindent 4 }}\n",
];
/// Most likely an error.
const BAD_ANNOTATIONS: &[&str] = &["  annotations: {a: [x]}\n"];
const DATA: &[&str] = &[
    "data:\n  a: {{ .Values.a | quote }}\n",
    "data:\n  b: {{ .Values.b | default \"none\" }}\n",
    "data: {{ toYaml .Values | nindent 2 }}\n",
    "data: {{ toJson .Values.global }}\n",
    "data:\n  c: {{ include \"common.name\" . }}\n",
    "data:\n  d: {{ .Values.sub1 | toJson | quote }}\n",
    "data:\n  f: {{ .Chart.Name }}-{{ .Chart.Version }}-{{ .Release.Name }}-{{ .Release.Service }}\n",
    "data:\n  g: {{ .Files.Get \"files/a.txt\" | quote }}\n  h: {{ (.Files.Glob \"files/*\").AsConfig | nindent 4 }}\n",
    "data:\n  i: {{ .Subcharts | keys | sortAlpha | join \",\" | quote }}\n",
    "data:\n  j: {{ .Template.Name }} {{ .Chart.IsRoot }} {{ .Chart.Type }}\n",
    "data:\n  k: {{ tpl (.Values.t | default \"x\") . }}\n",
    "data: {{ range $k, $v := .Values }}\n  {{ $k }}: {{ kindOf $v }}{{ end }}\n",
    "data:\n  l: {{ .Capabilities.APIVersions.Has \"x/v1\" }} {{ .Release.IsUpgrade }} {{ .Release.Revision }}\n",
    "data:\n  n: {{ .Files.Lines \"files/a.txt\" | toJson }}\n  o: {{ (.Files.Glob \"**\").AsSecrets | quote }}\n",
];
/// Most likely an error.
const BAD_DATA: &[&str] = &[
    "data:\n  e: {{ .Values.missing.deeper }}\n",
    "data:\n  m: {{ required \"a is wanted\" .Values.a }}\n",
    "data: [unclosed\n",
];
const VALUES: &[&str] = &[
    "a: 1\n",
    "a: {x: 1, y: [1, 2]}\n",
    "b: text\n",
    "b:\n",
    "b: ~\n",
    "global: {g: 1, own: {z: true}}\n",
    "global:\n  g: changed\n",
    "sub1: {a: over, enabled: true}\n",
    "sub1:\n  enabled: false\n",
    "sub1:\n  b: null\n",
    "tags: {front: true}\n",
    "tags: {front: false}\n",
    "sub2: {enabled: true, c: [1]}\n",
    "other: {a: {x: ~, w: 2}}\n",
    "exports: {data: {e: 1, a: exported}}\n",
    "child: {v: {n: 1}}\n",
    "a: {x: {deep: 1}}\n",
    "a: 0x1F\n",
    "c: 1e3\nd: 012\nyes: no\n",
    "sub1: {global: {g: fromsub}}\n",
    "a: [1, {b: c}]\n",
    "sub1: {a: {x: ~}}\n",
    "sub3: {sub4: {a: nested}}\n",
];
/// Most likely an error.
const BAD_VALUES: &[&str] = &[
    "t: '{{ .Release.Name }}'\n",
    "sub1: text\n",
    "global: text\n",
];
const FLAGS: &[&[&str]] = &[
    &["--set", "a=2"],
    &["--set", "sub1.enabled=true,tags.front=false"],
    &["--set-string", "a=012"],
    &["--set-json", "a={\"x\":[1,null]}"],
    &["--set-literal", "b=x,y=z"],
    &["--is-upgrade"],
    &["--no-hooks"],
    &["--skip-tests"],
    &["--include-crds"],
    &["-a", "x/v1"],
    &["-n", "space"],
    &["--set", "global.g=flag"],
    &["--set", "sub1.b=null"],
    &["--skip-schema-validation"],
    &["--set", "other.a.x=7"],
    &["--set", "b=a\\,c,d.e\\.f=1"],
    &["--set", "a=true,b=0.1,c=1e3,d=null"],
];
/// Most likely an error.
const BAD_FLAGS: &[&[&str]] = &[
    &["--set", "a.x=null"],
    &["--set", "a[1]=z,b={p,q}"],
    &["--kube-version", "1.27.3"],
    &["--set", "sub1=null"],
    &["-s", "templates/a.yaml"],
    &["-s", "charts/*/templates/*.yaml"],
    &["--set-json", "sub1={\"a\":1}"],
    &["--set", "a[0].b=1"],
    &["--set", "t={{ .Chart.Name }}"],
];
const SCHEMAS: &[&str] = &[
    "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"number\"}}}",
    "{\"properties\": {\"b\": {\"type\": [\"string\", \"null\"], \"maxLength\": 3}}, \"additionalProperties\": true}",
    "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"properties\": {\"a\": {\"$ref\": \"#/definitions/x\"}}, \"definitions\": {\"x\": {\"minimum\": 5}}}",
    "{\"properties\": {\"global\": {\"additionalProperties\": false, \"properties\": {\"g\": {}}}}}",
    "{\"properties\": {\"a\": {\"oneOf\": [{\"type\": \"number\"}, {\"minimum\": 1}]}}}",
];
/// Most likely an error.
const BAD_SCHEMAS: &[&str] = &[
    "{\"required\": [\"a\", \"zz\"]}",
    "{\"properties\": {\"a\": {\"type\": \"nonsense\"}}}",
    "{\"properties\": {\"a\": {\"$ref\": \"#/definitions/none\"}}}",
    "{\"minProperties\": 50}",
    "{\"properties\": {\"t\": {\"pattern\": \"[\"}}}",
    "{\"properties\": {\"a\": {\"minLength\": -1, \"enum\": []}}}",
    "{bad",
];
const IGNORES: &[&str] = &[
    "files/\n",
    "*.txt\n",
    "templates/b.yaml\n",
    "/files/a.txt\n# c\n\n",
    "a?txt\n",
    "[ab].txt\n",
    "charts/\n",
];
/// Most likely an error.
const BAD_IGNORES: &[&str] = &["!templates/*\n", "*\n", "**\n"];
const SUBCHARTS: &[&str] = &["sub1", "sub2", "sub3", "common"];

fn manifest(chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..=chance.below(2) {
        let (kind, annotations, data) = (
            chance.pick(KINDS),
            chance.mostly(ANNOTATIONS, BAD_ANNOTATIONS),
            chance.mostly(DATA, BAD_DATA),
        );
        let separator = chance.pick(&[
            "---\n",
            "---\n",
            "--- \n",
            "---\n---\n",
            "---\n# only a comment\n---\n",
            "\n",
            "--- # remark\n",
        ]);
        let name = chance.pick(&[
            "a",
            "b",
            "{{ .Release.Name }}",
            "{{ include \"common.name\" . }}",
        ]);
        text.push_str(&format!(
            "{separator}apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{annotations}{data}"
        ));
    }
    text
}

fn chart(
    chance: &mut Chance,
    name: &str,
    prefix: &str,
    depth: usize,
    files: &mut Vec<(String, String)>,
) {
    let add = |files: &mut Vec<(String, String)>, path: &str, text: String| {
        files.push((format!("{prefix}{path}"), text));
    };
    let mut about = format!(
        "apiVersion: {}\nname: {name}\nversion: {}\n",
        chance.pick(&["v2", "v2", "v2", "v1"]),
        chance.pick(&["1.0.0", "0.1.2-rc.1", "v1.2.3+b", "1.2"])
    );
    about.push_str(chance.pick(&[
        "",
        "",
        "appVersion: 1.10\n",
        "appVersion: \"v2\"\n",
        "type: application\n",
        "kubeVersion: \">=1.20-0\"\n",
        "description: x\n",
    ]));
    if name == "common" && chance.below(2) == 0 {
        about.push_str("type: library\n");
    }
    let mut values = String::new();
    for _ in 0..chance.below(4) {
        let more = chance.mostly(VALUES, BAD_VALUES);
        let key = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
        if !values.lines().any(|line| key(line) == key(more)) {
            values.push_str(more);
        }
    }
    if depth > 0 {
        let mut dependencies = String::new();
        for sub in SUBCHARTS {
            if chance.below(2) == 0 {
                continue;
            }
            chart(
                chance,
                sub,
                &format!("{prefix}charts/{sub}/"),
                depth - 1,
                files,
            );
            if chance.below(3) == 0 {
                continue;
            }
            dependencies.push_str(&format!(
                "- name: {sub}\n  version: {}\n",
                chance.pick(&["\"*\"", "1.x.x", "\">=0.1.0-0\"", "~1.2"])
            ));
            dependencies.push_str(chance.pick(&["", "  repository: https://x\n"]));
            dependencies.push_str(chance.pick(&[
                "",
                "",
                "  condition: sub1.enabled\n",
                "  condition: sub2.enabled,other.on\n",
                "  condition: global.own.z\n",
            ]));
            dependencies.push_str(chance.pick(&[
                "",
                "",
                "  tags: [front]\n",
                "  tags:\n  - front\n  - back\n",
            ]));
            if *sub == "sub2" {
                dependencies.push_str(chance.pick(&["", "  alias: other\n"]));
            }
            dependencies.push_str(chance.pick(&[
                "",
                "",
                "  import-values: [data]\n",
                "  import-values:\n  - child: child.v\n    parent: imported\n",
                "  import-values:\n  - child: a\n    parent: .\n  - data\n",
            ]));
        }
        if !dependencies.is_empty() {
            about.push_str(&format!("dependencies:\n{dependencies}"));
        }
    }
    add(files, "Chart.yaml", about);
    add(files, "values.yaml", values);
    for path in ["templates/a.yaml", "templates/b.yaml"] {
        if chance.below(4) > 0 {
            let text = manifest(chance);
            add(files, path, text);
        }
    }
    let helpers = "{{ define \"common.name\" }}{{ .Chart.Name }}-NAME{{ end }}\n{{- define \"x.{{ .Chart.Name }}\" }}{{ end }}";
    match chance.below(3) {
        0 => add(files, "templates/_helpers.tpl", helpers.replace("NAME", name)),
        1 => add(files, "templates/_h.tpl", "{{ define \"common.name\" -}}\n{{ .Values.global | toJson | sha1sum | trunc 7 }}\n{{- end }}".into()),
        _ => {}
    }
    if chance.below(4) == 0 {
        add(
            files,
            "templates/NOTES.txt",
            "notes of {{ .Chart.Name }}".into(),
        );
    }
    if chance.below(4) == 0 {
        add(files, "crds/x.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: {{ no }}\n".into());
    }
    if chance.below(3) == 0 {
        add(files, "files/a.txt", "one\ntwo\n".into());
        add(files, "files/b.txt", "no newline".into());
    }
    if chance.below(8) == 0 {
        add(
            files,
            "values.schema.json",
            chance.mostly(SCHEMAS, BAD_SCHEMAS).into(),
        );
    }
    if chance.below(8) == 0 {
        add(
            files,
            ".helmignore",
            chance.mostly(IGNORES, BAD_IGNORES).into(),
        );
    }
}

/// A chart and flags.
pub(crate) fn random(chance: &mut Chance) -> Random {
    let mut files = Vec::new();
    chart(chance, "top", "", 2, &mut files);
    let mut flags = Vec::new();
    for _ in 0..chance.below(4) {
        let from = if chance.below(12) == 0 {
            BAD_FLAGS
        } else {
            FLAGS
        };
        let more = from[chance.below(from.len())];
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    }
    Random { files, flags }
}
