//! Charts as records keep them, beside Go's loading, settling of dependencies, and writing.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod oracle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oracle::Oracle;
use rosin_chart::{dependencies, load_archive};
use rosin_release::{Chart, Release, values};
use serde_json::{Value, json};

/// A packed chart; files have the time that stands before their name.
fn packed(files: &[(u64, &str, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for (time, name, data) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(*time);
        header.set_cksum();
        archive
            .append_data(&mut header, format!("web/{name}"), *data)
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn ours(archive: &[u8], given: &Value) -> String {
    let mut chart = load_archive(archive).unwrap();
    let rosin_template::Value::Map(given) = values::to_template(&values::decoded(given.clone()))
    else {
        panic!()
    };
    dependencies::process(&mut chart, &given).unwrap();
    let mut release = Release {
        chart: Chart::from(&chart),
        ..Release::default()
    };
    release.info.status = rosin_release::Status::Deployed;
    let text = release.to_json();
    let chart = text.split_once(r#""chart":"#).unwrap().1;
    chart.strip_suffix('}').unwrap().to_owned()
}

fn compare(files: &[(u64, &str, &[u8])], given: &Value) {
    let archive = packed(files);
    let ours = ours(&archive, given);
    let Some(mut oracle) = Oracle::start() else {
        return;
    };
    let question = json!({"op": "chart", "text": STANDARD.encode(&archive), "values": given});
    let theirs = oracle.ask(question).unwrap();
    assert_eq!(ours, theirs.as_str().unwrap());
}

#[test]
fn plain_charts_are_kept_as_go_keeps_them() {
    // parity: HR-STORAGE-007
    compare(
        &[
            (1_700_000_000, "Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: 1.10\nkeywords: [a, 2]\nmaintainers:\n- name: x\n  email: <y>\nannotations: {n: \"1\", b: 'true'}\ndeprecated: true\nkubeVersion: '>=1.20'\nicon: https://x/?a&b\n"),
            (1_700_000_001, "values.yaml", b"a: 1\nbig: 12345678901234567890\nf: 1e3\nn: null\ntext: \"<b>\"\nlist: [1, two, {three: 3.5}]\n---\nb: {c: d}\na: 2\n"),
            (1_700_000_002, "values.schema.json", b"{\"type\": \"object\"}"),
            (0, "templates/a.yaml", b"\xef\xbb\xbfkind: {{ .Values.a }}\n"),
            (1_700_000_004, "templates/_b.tpl", b"\x00\xff"),
            (1_700_000_005, "README.md", b""),
            (1_700_000_006, "crds/x.yaml", b"kind: CustomResourceDefinition\n"),
            (1_700_000_007, "Chart.lock", b"dependencies: []\ndigest: sha256:1\ngenerated: \"2024-05-01T10:00:00.123456+02:00\"\n"),
        ],
        &json!({}),
    );
    compare(
        &[(
            5,
            "Chart.yaml",
            b"apiVersion: v1\nname: web\nversion: 0.1.0\n",
        )],
        &json!({"a": 1}),
    );
    compare(
        &[
            (5, "Chart.yaml", b"name: web\nversion: 0.1.0\n"),
            (5, "values.yaml", b"# nothing\n"),
            (6, "requirements.yaml", b"dependencies: []\n"),
            (
                7,
                "requirements.lock",
                b"generated: 2024-05-01T10:00:00Z\ndigest: x\n",
            ),
        ],
        &json!({}),
    );
}

#[test]
fn settled_dependencies_are_kept_as_go_keeps_them() {
    // parity: HR-STORAGE-007
    let files: &[(u64, &str, &[u8])] = &[
        (1, "Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- name: db\n  version: ^1.0.0\n  repository: https://charts\n  condition: db.enabled,global.db\n  tags: [back]\n  import-values:\n  - data\n  - child: inner\n    parent: own.inner\n- name: db\n  alias: second\n  version: 1.x.x\n  repository: ''\n  tags: [front]\n- name: absent\n  version: '*'\n  repository: file://../absent\n  condition: absent.enabled\n"),
        (2, "values.yaml", b"own: {inner: {a: 1}}\ndb: {enabled: true, x: null}\nglobal: {g: 1}\nabsent: {enabled: false}\n"),
        (3, "templates/a.yaml", b"a"),
        (4, "charts/db/Chart.yaml", b"apiVersion: v2\nname: db\nversion: 1.4.0\n"),
        (5, "charts/db/values.yaml", b"exports: {data: {imported: 2.5}}\ninner: {a: 9, b: 3}\nx: 1\nenabled: true\n"),
        (6, "charts/db/charts/deep/Chart.yaml", b"apiVersion: v2\nname: deep\nversion: 0.1.0\n"),
        (7, "charts/db/charts/deep/values.yaml", b"d: 1\n"),
    ];
    for given in [
        json!({}),
        json!({"db": {"enabled": false}}),
        json!({"tags": {"front": false}}),
        json!({"tags": {"back": false, "front": true}, "second": {"inner": {"b": null}}}),
        json!({"global": {"db": false, "h": 2}}),
    ] {
        compare(files, &given);
    }
}
