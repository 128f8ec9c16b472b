//! The language, by tables: template, data (JSON), and what Go prints.

mod support;

use rosin_template::{MissingKey, Value};
use support::{error, output, render, render_with};

/// The frames of debug builds do not fit the stack of a test's thread.
#[allow(clippy::unwrap_used, reason = "a failure is a failed test")]
fn on_a_large_stack(run: fn()) {
    std::thread::Builder::new()
        .stack_size(16 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

fn table(cases: &[(&str, &str, &str)]) {
    for (template, data, expected) in cases {
        assert_eq!(output(template, data), *expected, "{template} with {data}");
    }
}

#[test]
fn actions_print_values_as_go_does() {
    table(&[
        ("{{ .a }}", r#"{"a": "x"}"#, "x"),
        ("{{ .n }}", r#"{"n": 1000000}"#, "1e+06"),
        ("{{ .n }}", r#"{"n": 0.5}"#, "0.5"),
        ("{{ .n }}", r#"{"n": 123456789}"#, "1.23456789e+08"),
        (
            "{{ 1_000 }} {{ 0x1F }} {{ 'a' }} {{ 1e3 }} {{ 1.50 }}",
            "{}",
            "1000 31 97 1000 1.5",
        ),
        (
            "{{ . }}",
            r#"{"b": [1, "x", null, true], "a": {"k": ""}}"#,
            "map[a:map[k:] b:[1 x <nil> true]]",
        ),
        (
            "{{ .missing }}|{{ .nil }}",
            r#"{"nil": null}"#,
            "<no value>|<no value>",
        ),
        (
            "{{ \"q\\\"\\u00e9\\n\" }}{{ `raw\\n` }}",
            "{}",
            "q\"é\nraw\\n",
        ),
        (
            "{{ true }} {{ false }} {{ print nil }}",
            "{}",
            "true false <nil>",
        ),
    ]);
}

#[test]
fn trim_markers_eat_white_space_and_nothing_else() {
    table(&[
        ("a {{- 1 -}} b", "{}", "a1b"),
        ("a \n\t{{- \"x\" }} b", "{}", "ax b"),
        ("{{/* c */}}a{{- /* c */ -}} b", "{}", "ab"),
        ("{{ 3 -}} \n 4", "{}", "34"),
        ("{{-3}}", "{}", "-3"),
    ]);
}

#[test]
fn control_structures_scope_their_variables() {
    table(&[
        (
            "{{ if .a }}y{{ else if .b }}e{{ else }}n{{ end }}",
            r#"{"b": 1}"#,
            "e",
        ),
        (
            "{{ with .a }}{{ . }}{{ else with .b }}{{ . }}{{ else }}n{{ end }}",
            r#"{"b": "B"}"#,
            "B",
        ),
        (
            "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ $y }}{{ end }}{{ $x }}",
            "{}",
            "32",
        ),
        (
            "{{ range $i, $e := .l }}{{ $i }}{{ $e }};{{ end }}",
            r#"{"l": ["a", "b"]}"#,
            "0a;1b;",
        ),
        (
            "{{ range $k, $v := .m }}{{ $k }}={{ $v }} {{ end }}",
            r#"{"m": {"b": 2, "a": 1}}"#,
            "a=1 b=2 ",
        ),
        ("{{ range 3 }}{{ . }}{{ end }}", "{}", "012"),
        (
            "{{ range .l }}x{{ else }}none{{ end }}",
            r#"{"l": []}"#,
            "none",
        ),
        (
            "{{ range .l }}{{ if eq . 2.0 }}{{ continue }}{{ end }}{{ if eq . 4.0 }}{{ break }}{{ end }}{{ . }}{{ end }}",
            r#"{"l": [1, 2, 3, 4, 5]}"#,
            "13",
        ),
        (
            "{{ define \"t\" }}<{{ .x }}>{{ end }}{{ template \"t\" . }}{{ template \"t\" }}",
            r#"{"x": 1}"#,
            "<1><<no value>>",
        ),
        (
            "{{ block \"b\" .x }}[{{ . }}]{{ end }}",
            r#"{"x": 1}"#,
            "[1]",
        ),
    ]);
}

#[test]
fn comparisons_keep_to_gos_kinds() {
    table(&[
        (
            "{{ eq 1 1 }} {{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ lt 1 2 }} {{ ge 2.5 2.5 }}",
            "{}",
            "true true true true true",
        ),
        (
            "{{ and 1 0 \"x\" }} {{ or 0 \"\" \"x\" }} {{ not .nope }}",
            "{}",
            "0 x true",
        ),
        ("{{ or true (index .l 9) }}", r#"{"l": []}"#, "true"),
        (
            "{{ len .l }} {{ index .l 1 }} {{ index .m \"k\" }}",
            r#"{"l": [1, 2], "m": {"k": "v"}}"#,
            "2 2 v",
        ),
    ]);
    assert!(
        error("{{ eq .n 1 }}", r#"{"n": 1}"#)
            .ends_with("incompatible types for comparison: float64 and int")
    );
    assert!(error("{{ lt true false }}", "{}").ends_with("invalid type for comparison"));
}

#[test]
fn printf_reports_what_does_not_fit() {
    table(&[
        (
            "{{ printf \"%5d|%-5s|%05.1f|%x|%q|%v\" 42 \"ab\" 3.14159 255 \"q\" .l }}",
            r#"{"l": [1]}"#,
            "   42|ab   |003.1|ff|\"q\"|[1]",
        ),
        ("{{ printf \"%d\" .n }}", r#"{"n": 1}"#, "%!d(float64=1)"),
        ("{{ printf \"%s %s\" \"a\" }}", "{}", "a %!s(MISSING)"),
        (
            "{{ printf \"%s\" \"a\" \"b\" }}",
            "{}",
            "a%!(EXTRA string=b)",
        ),
        (
            "{{ printf \"%[2]s %[1]s %*d|%.2s|%T\" \"a\" \"b\" }}",
            "{}",
            "b a %!(BADWIDTH)%!d(MISSING)|%!s(MISSING)|%!T(MISSING)",
        ),
        (
            "{{ printf \"%#v %+q %U %c %t %e %08b\" \"x\" \"é\" 128512 128512 true 1234.5 5 }}",
            "{}",
            "\"x\" \"\\u00e9\" U+1F600 😀 true 1.234500e+03 00000101",
        ),
        (
            "{{ printf \"%v %6.2f%%\" 1e21 12.345 }}",
            "{}",
            "1e+21  12.35%",
        ),
    ]);
}

#[test]
fn errors_name_template_line_column_and_expression() {
    let nil = error("a\nb {{ .x.y.z }}", r#"{"x": {}}"#);
    assert_eq!(
        nil,
        "template: case:2:7: executing \"case\" at <.x.y.z>: nil pointer evaluating interface {}.z"
    );
    let field = error("{{ .x.y }}", r#"{"x": "s"}"#);
    assert_eq!(
        field,
        "template: case:1:5: executing \"case\" at <.x.y>: can't evaluate field y in type interface {}"
    );
    assert_eq!(
        error("{{ nope }}", "{}"),
        "template: case:1: function \"nope\" not defined"
    );
    assert_eq!(
        error("{{ if }}", "{}"),
        "template: case:1: missing value for if"
    );
    assert_eq!(
        error("\n{{ \"a }}", "{}"),
        "template: case:2: unterminated quoted string"
    );
    assert_eq!(
        error("{{ range .l }}", "{}"),
        "template: case:1: unexpected EOF"
    );
    assert_eq!(
        error("{{ break }}", "{}"),
        "template: case:1: {{break}} outside {{range}}"
    );
    assert_eq!(
        error("{{ $x }}", "{}"),
        "template: case:1: undefined variable \"$x\""
    );
    let count = error("{{ len }}", "{}");
    assert_eq!(
        count,
        "template: case:1:3: executing \"case\" at <len>: wrong number of args for len: want 1 got 0"
    );
    let missing = error("{{ template \"t\" }}", "{}");
    assert_eq!(
        missing,
        "template: case:1:12: executing \"case\" at <{{template \"t\"}}>: template \"t\" not defined"
    );
}

#[test]
fn errors_tell_what_is_missing_and_what_is_near() {
    let failed = render(
        "{{ .image.repositry.name }}",
        r#"{"image": {"repository": {"name": "x"}}}"#,
    )
    .unwrap_err();
    let missing = failed.missing().unwrap();
    assert_eq!(missing.path, ".image.repositry");
    assert_eq!(missing.nearest.as_deref(), Some("repository"));
    let place = failed.origin().unwrap();
    assert_eq!((place.line, place.column), (1, 9));
}

#[test]
fn missing_keys_follow_the_mode() {
    let template = "{{ .a }}{{ .b }}";
    let data = r#"{"a": 1}"#;
    assert_eq!(
        render_with(MissingKey::Invalid, template, data).unwrap(),
        "1<no value>"
    );
    assert_eq!(
        render_with(MissingKey::Zero, template, data).unwrap(),
        "1<no value>"
    );
    let failed = render_with(MissingKey::Error, template, data).unwrap_err();
    assert!(
        failed.text.ends_with("map has no entry for key \"b\""),
        "{}",
        failed.text
    );
}

#[test]
fn recursion_ends_with_an_error() {
    // parity: SEC-TPL-03
    on_a_large_stack(|| {
        let mutual = "{{ define \"a\" }}{{ template \"b\" . }}{{ end }}{{ define \"b\" }}{{ template \"a\" . }}{{ end }}";
        let failed = error(&format!("{mutual}{{{{ template \"a\" . }}}}"), "{}");
        assert!(
            failed.contains("exceeded maximum template depth"),
            "{failed}"
        );
    });
}

#[test]
fn nesting_in_the_text_ends_with_an_error() {
    on_a_large_stack(|| {
        let deep = format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000));
        assert!(error(&deep, "{}").contains("max expression depth exceeded"));
        let deep = format!(
            "{}{}",
            "{{ if true }}".repeat(20_000),
            "{{ end }}".repeat(20_000)
        );
        assert!(error(&deep, "{}").contains("max expression depth exceeded"));
        let allowed = format!("{{{{ {}1{} }}}}", "(".repeat(240), ")".repeat(240));
        assert_eq!(output(&allowed, "{}"), "1");
    });
}

#[test]
fn output_has_a_limit() {
    // parity: SEC-TPL-02
    let doubling: String = (1..60)
        .map(|level| format!("{{{{ define \"t{level}\" }}}}{{{{ template \"t{0}\" }}}}{{{{ template \"t{0}\" }}}}{{{{ end }}}}", level - 1))
        .collect();
    let template = format!(
        "{{{{ define \"t0\" }}}}{}{{{{ end }}}}{doubling}{{{{ template \"t59\" }}}}",
        "x".repeat(1 << 20)
    );
    let failed = error(&template, "{}");
    assert!(
        failed.contains("all texts together are longer than"),
        "{failed}"
    );
}

#[test]
fn values_that_contain_themselves_can_be_printed() {
    on_a_large_stack(|| {
        let text = output("{{ $_ := set . \"self\" . }}{{ . }}", "{}");
        assert!(text.starts_with("map[self:map[self:") && text.contains("..."));
        assert!(
            error("{{ $_ := set . \"self\" . }}{{ deepCopy . }}", "{}").contains("contains itself")
        );
        assert_eq!(
            output("{{ $_ := set . \"self\" . }}{{ toJson . }}", "{}"),
            ""
        );
    });
}

#[test]
fn strings_are_bytes() {
    let text = render(
        "{{ trunc 1 \"é\" | len }} {{ \"gIE=\" | b64dec | b64enc }}",
        "{}",
    )
    .unwrap();
    assert_eq!(text, "1 gIE=");
    assert!(!Value::from("").truth());
}
