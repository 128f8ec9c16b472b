//! What is said when a chart cannot be rendered.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use rosin_helm::Error;
use serde_json::json;
use support::try_render;

fn error(files: &[(&str, &str)]) -> String {
    match try_render(files, json!({})) {
        Ok(rendered) => panic!("{}", rendered.text()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn template_errors_are_worded_as_helm_words_them() {
    for (template, expected) in [
        (
            "{{ .Values.a.b }}",
            "web/templates/x.yaml:1:10\n  executing \"web/templates/x.yaml\" at <.Values.a.b>:\n    nil pointer evaluating interface {}.b",
        ),
        (
            "a: {{ fail \"no good\" }}",
            "execution error at (web/templates/x.yaml:1:6): no good",
        ),
        (
            "a: {{ required \"is needed\" .Values.a }}",
            "execution error at (web/templates/x.yaml:1:6): is needed",
        ),
        (
            "{{ nope }}",
            "parse error at (web/templates/x.yaml:1): function \"nope\" not defined",
        ),
        (
            "a: {{ include \"t\" . }}",
            "web/templates/x.yaml:1:6\n  executing \"web/templates/x.yaml\" at <include \"t\" .>:\n    error calling include:\ntemplate: no template \"t\" associated with template \"gotpl\"",
        ),
        (
            "a: [",
            "YAML parse error on web/templates/x.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content",
        ),
    ] {
        assert_eq!(
            error(&[("templates/x.yaml", template)]),
            expected,
            "{template}"
        );
    }
}

#[test]
fn charts_that_are_none_are_refused() {
    assert_eq!(
        error(&[("Chart.yaml", "apiVersion: v2\nversion: 1.0.0\n")]),
        "validation: chart.metadata.name is required"
    );
    assert_eq!(
        error(&[("Chart.yaml", "apiVersion: v2\nname: x\nversion: one\n")]),
        "validation: chart.metadata.version \"one\" is invalid"
    );
    assert_eq!(
        error(&[("Chart.yaml", "apiVersion: v9\nname: x\nversion: 1.0.0\n")]),
        "unsupported chart version"
    );
    let library = "apiVersion: v2\nname: x\nversion: 1.0.0\ntype: library\n";
    assert_eq!(
        error(&[("Chart.yaml", library)]),
        "library charts are not installable"
    );
    let needs =
        "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: db, version: 1.0.0}]\n";
    assert!(error(&[("Chart.yaml", needs)]).ends_with("missing in charts/ directory: db"));
    assert!(
        error(&[("charts/x/values.yaml", "")])
            .starts_with("error unpacking subchart x in web: Chart.yaml file is missing")
    );
}

#[test]
fn values_that_break_the_schema_are_listed() {
    let schema = r#"{"$schema": "http://json-schema.org/draft-07/schema#", "required": ["name"], "properties": {"port": {"type": "integer", "maximum": 65535}, "mode": {"enum": ["a", "b"]}}}"#;
    let files = [
        ("values.schema.json", schema),
        ("values.yaml", "port: 70000\nmode: c\n"),
    ];
    let expected =
        "values don't meet the specifications of the schema(s) in the following chart(s):
web:
- at '': missing property 'name'
- at '/mode': value must be one of 'a', 'b'
- at '/port': maximum: got 70,000, want 65,535
";
    assert_eq!(error(&files), expected);
    assert!(try_render(&files, json!({"skipSchemaValidation": true})).is_ok());
}

#[test]
fn schemas_cannot_fetch_loop_or_explode() {
    // parity: SEC-TPL-08
    for schema in [
        r#"{"$ref": "http://169.254.169.254/latest"}"#,
        r#"{"$ref": "file:///etc/passwd"}"#,
        r##"{"$ref": "#"}"##,
        r##"{"allOf": [{"$ref": "#"}, {"$ref": "#"}]}"##,
        r##"{"$ref": "#/nowhere"}"##,
    ] {
        let failed = error(&[("values.schema.json", schema), ("values.yaml", "a: 1\n")]);
        assert!(
            failed.starts_with("values don't meet"),
            "{schema}: {failed}"
        );
    }
    let slow = r#"{"properties": {"a": {"pattern": "^(a+)+$"}}}"#;
    let values = format!("a: {}b\n", "a".repeat(20_000));
    assert!(
        error(&[("values.schema.json", slow), ("values.yaml", &values)])
            .contains("does not match pattern")
    );
}

#[test]
fn recursion_and_floods_end() {
    // parity: SEC-TPL-02, SEC-TPL-03, HR-TPL-009
    let run = || {
        let include = error(&[
            (
                "templates/_a.tpl",
                "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}",
            ),
            ("templates/x.yaml", "{{ include \"a\" . }}"),
        ]);
        assert!(
            include.contains("nested reference name: a"),
            "{}",
            &include[include.len().saturating_sub(200)..]
        );
        let tpl = error(&[
            ("values.yaml", "t: '{{ tpl .Values.t . }}'\n"),
            ("templates/x.yaml", "{{ tpl .Values.t . }}"),
        ]);
        assert!(tpl.len() <= 600_000, "{}", tpl.len());
    };
    std::thread::Builder::new()
        .stack_size(512 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn archives_cannot_leave_their_folder() {
    // parity: SEC-TPL-07
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.as_mut_bytes()[..13].copy_from_slice(b"web/../../etc");
    header.set_cksum();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append(&header, std::io::empty()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &builder.into_inner().unwrap()).unwrap();
    let files = rosin_plugin::MemoryFiles::from([("x.tgz", gzip.finish().unwrap())]);
    let failed = rosin_helm::chart::load(&files, "x.tgz")
        .unwrap_err()
        .to_string();
    assert_eq!(failed, "chart illegally references parent directory");
}

/// The message, and the template and line that it is about.
fn stopped(template: &str) -> (String, String, usize) {
    let error = try_render(&[("templates/a.yaml", template)], json!({})).unwrap_err();
    let Error::Template {
        cause: Some(cause), ..
    } = &error
    else {
        panic!("{error}");
    };
    let place = cause.origin().unwrap();
    (error.to_string(), place.template.to_string(), place.line)
}

#[test]
fn renderings_without_end_or_bound_stop_with_template_and_line() {
    // parity: SEC-TPL-01
    let doubling: String = (1..=30)
        .map(|level| {
            let below = level - 1;
            format!("{{{{ define \"t{level}\" }}}}{{{{ include \"t{below}\" . }}}}{{{{ include \"t{below}\" . }}}}{{{{ end }}}}\n")
        })
        .collect();
    let cases = [
        ("\n{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}".to_owned(), "more than 20000000 steps"),
        ("\n{{ range until 1000000000 }}{{ end }}".to_owned(), "sequence of more than 1000000 numbers"),
        ("\n{{ $d := dict \"x\" \"xxxxxxxx\" }}{{ range until 100 }}{{ $_ := set $d \"x\" (print $d.x $d.x) }}{{ end }}".to_owned(), "longer than 67108864 bytes"),
        ("\n{{ $d := dict \"x\" (list 1) }}{{ range until 100 }}{{ $_ := set $d \"x\" (concat $d.x $d.x) }}{{ end }}".to_owned(), "more than 1000000 items"),
        (format!("{{{{ define \"t0\" }}}}{{{{ end }}}}\n{doubling}{{{{ include \"t30\" . }}}}"), "more than 20000000 steps"),
    ];
    for (template, expected) in cases {
        let (message, name, line) = stopped(&template);
        assert!(message.contains(expected), "{message}");
        assert_eq!(name, "web/templates/a.yaml");
        assert!(line >= 2, "{message}");
    }
}
