//! Sprig's functions, by tables: expression, data (JSON), and what the original gives.

mod support;

use support::{error, output};

fn table(cases: &[(&str, &str, &str)]) {
    for (expression, data, expected) in cases {
        assert_eq!(
            output(&format!("{{{{ {expression} }}}}"), data),
            *expected,
            "{expression} with {data}"
        );
    }
}

#[test]
fn text() {
    table(&[
        ("trim \"  a \\n\" | quote", "{}", "\"a\""),
        ("trunc 3 \"abcdef\"", "{}", "abc"),
        ("trunc -3 \"abcdef\"", "{}", "def"),
        ("nindent 2 \"a\\nb\" | quote", "{}", "\"\\n  a\\n  b\""),
        ("replace \".\" \"-\" \"a.b.c\"", "{}", "a-b-c"),
        ("cat \"a\" nil 1 true", "{}", "a 1 true"),
        ("squote \"a\" 1", "{}", "'a' '1'"),
        ("quote nil \"x\" .n", r#"{"n": 2}"#, "\"x\" \"2\""),
        ("title \"hello wORLD-x\"", "{}", "Hello WORLD-X"),
        ("snakecase \"HTTPServerName\"", "{}", "http_server_name"),
        ("kebabcase \"FirstName1\"", "{}", "first-name1"),
        ("camelcase \"http_server\"", "{}", "HttpServer"),
        ("join \"-\" .l", r#"{"l": [1, null, "b"]}"#, "1-b"),
        ("(split \".\" \"a.b\")._1", "{}", "b"),
        (
            "splitList \",\" \"a,b,\" | toJson",
            "{}",
            "[\"a\",\"b\",\"\"]",
        ),
        ("wrap 5 \"aa bb cc\" | quote", "{}", "\"aa bb\\ncc\""),
        ("abbrev 6 \"abcdefgh\"", "{}", "abc..."),
        ("plural \"one\" \"many\" 2", "{}", "many"),
        ("substr 1 3 \"abcd\"", "{}", "bc"),
        ("initials \"First Try\"", "{}", "FT"),
    ]);
}

#[test]
fn numbers() {
    table(&[
        ("add 1 \"2\" 3.9", "{}", "6"),
        ("div 7 2", "{}", "3"),
        ("mod 7 3", "{}", "1"),
        ("int \"0755\"", "{}", "493"),
        ("int64 .n | typeOf", r#"{"n": 5}"#, "int64"),
        ("round 2.567 2", "{}", "2.57"),
        ("addf 0.1 0.2", "{}", "0.3"),
        ("divf 1 3", "{}", "0.3333333333333333"),
        ("max 1 5 3", "{}", "5"),
        ("untilStep 6 0 -2", "{}", "[6 4 2]"),
        ("untilStep 0 10 0", "{}", "[]"),
        ("seq 3", "{}", "1 2 3"),
        ("seq 5 -2 1", "{}", "5 3 1"),
        ("toDecimal \"777\"", "{}", "511"),
        ("float64 \"1.5\"", "{}", "1.5"),
    ]);
    assert!(error("{{ div 1 0 }}", "{}").contains("integer divide by zero"));
}

#[test]
fn lists_and_dicts() {
    table(&[
        ("first (list 1 2) | add 1", "{}", "2"),
        ("list 1 2 | rest | toJson", "{}", "[2]"),
        ("uniq (list 1 1 \"1\") | toJson", "{}", "[1,\"1\"]"),
        ("without (list 1 2 3) 2 | toJson", "{}", "[1,3]"),
        ("has 2 (list 1 2)", "{}", "true"),
        ("has 2 .l", r#"{"l": [2]}"#, "false"),
        ("chunk 2 (list 1 2 3)", "{}", "[[1 2] [3]]"),
        ("sortAlpha (list \"b\" \"a\")", "{}", "[a b]"),
        ("concat (list 1) (list 2) | toJson", "{}", "[1,2]"),
        ("dict \"a\" 1 \"b\" | toJson", "{}", "{\"a\":1,\"b\":\"\"}"),
        (
            "dig \"a\" \"b\" \"none\" .m",
            r#"{"m": {"a": {"b": "found"}}}"#,
            "found",
        ),
        ("dig \"a\" \"x\" \"none\" .m", r#"{"m": {"a": {}}}"#, "none"),
        (
            "omit (dict \"a\" 1 \"b\" 2) \"a\" | toJson",
            "{}",
            "{\"b\":2}",
        ),
        (
            "merge (dict \"a\" 1) (dict \"a\" 2 \"b\" (dict \"c\" 3)) | toJson",
            "{}",
            "{\"a\":1,\"b\":{\"c\":3}}",
        ),
        (
            "mergeOverwrite (dict \"a\" (dict \"x\" 1 \"y\" 1)) (dict \"a\" (dict \"x\" 2)) | toJson",
            "{}",
            "{\"a\":{\"x\":2,\"y\":1}}",
        ),
        (
            "merge (dict \"a\" \"\" \"l\" (list 1)) (dict \"a\" \"x\" \"l\" (list 2)) | toJson",
            "{}",
            "{\"a\":\"x\",\"l\":[1]}",
        ),
        ("default \"d\" .n", r#"{"n": 0}"#, "d"),
        ("coalesce nil \"\" 0 \"x\"", "{}", "x"),
        (
            "ternary \"y\" \"n\" (hasKey . \"k\")",
            r#"{"k": null}"#,
            "y",
        ),
        ("kindOf .n", r#"{"n": 1}"#, "float64"),
    ]);
}

#[test]
fn maps_are_shared_as_in_go() {
    let template = "{{ $a := dict \"k\" 1 }}{{ $b := $a }}{{ $_ := set $b \"k\" 2 }}{{ $a.k }}{{ $c := deepCopy $a }}{{ $_ := set $c \"k\" 3 }}{{ $a.k }}";
    assert_eq!(output(template, "{}"), "22");
    let nested = "{{ $d := merge (dict) . }}{{ $_ := set $d.m \"k\" \"changed\" }}{{ .m.k }}";
    assert_eq!(output(nested, r#"{"m": {"k": "old"}}"#), "changed");
}

#[test]
fn patterns_are_re2() {
    table(&[
        ("regexMatch \"^[a-z]+$\" \"abc\"", "{}", "true"),
        (
            "regexFindAll \"a*\" \"baaac\" -1 | toJson",
            "{}",
            "[\"\",\"aaa\",\"\"]",
        ),
        (
            "regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"${1}W\"",
            "{}",
            "-W-xxW-",
        ),
        (
            "regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"$1W\"",
            "{}",
            "---",
        ),
        (
            "regexReplaceAllLiteral \"a(x*)b\" \"-ab-\" \"${1}\"",
            "{}",
            "-${1}-",
        ),
        (
            "regexSplit \"z+\" \"pizza\" -1 | toJson",
            "{}",
            "[\"pi\",\"a\"]",
        ),
        ("regexFind \"\\\\d+\" \"a12b\"", "{}", "12"),
        ("regexMatch \"\\\\w\" \"é\"", "{}", "false"),
        ("regexQuoteMeta \"a.b\"", "{}", "a\\.b"),
    ]);
    assert!(
        error("{{ mustRegexMatch \"[\" \"a\" }}", "{}")
            .ends_with("error parsing regexp: missing closing ]: `[`")
    );
}

#[test]
fn patterns_run_in_linear_time() {
    // parity: SEC-TPL-05
    assert_eq!(
        output(
            "{{ regexMatch \"^(a+)+$\" (printf \"%sb\" (repeat 50000 \"a\")) }}",
            "{}"
        ),
        "false"
    );
    let long = format!("{{{{ mustRegexMatch \"{}\" \"a\" }}}}", "a".repeat(1 << 20));
    assert!(error(&long, "{}").contains("expression too large"));
    assert!(error("{{ mustRegexMatch \"a{1001}\" \"a\" }}", "{}").contains("invalid repeat count"));
}

#[test]
fn versions() {
    table(&[
        (
            "semverCompare \">=1.21-0\" \"v1.29.3-gke.100\"",
            "{}",
            "true",
        ),
        ("semverCompare \"^1.2\" \"1.9.0\"", "{}", "true"),
        ("semverCompare \"~1.2.3\" \"1.3.0\"", "{}", "false"),
        ("semverCompare \"1.2 - 1.4\" \"1.4.9\"", "{}", "true"),
        ("semverCompare \"<1.0 || >=2.x\" \"2.1.0\"", "{}", "true"),
        ("(semver \"v1.2.3-rc.1+b\").Prerelease", "{}", "rc.1"),
    ]);
    assert!(error("{{ semverCompare \">=1\" \"x\" }}", "{}").ends_with("invalid semantic version"));
}

#[test]
fn dates_and_durations() {
    table(&[
        (
            "toDate \"2006-01-02\" \"2024-02-29\" | date \"Mon Jan _2 2006 15:04:05 MST\"",
            "{}",
            "Thu Feb 29 2024 00:00:00 UTC",
        ),
        (
            "dateInZone \"2006-01-02T15:04:05Z07:00\" (toDate \"2006-01-02\" \"2024-07-01\") \"Europe/Berlin\"",
            "{}",
            "2024-07-01T02:00:00+02:00",
        ),
        (
            "toDate \"2006-01-02\" \"2024-03-15\" | dateModify \"-1.5h\" | unixEpoch",
            "{}",
            "1710455400",
        ),
        ("duration 3661", "{}", "0s"),
        ("duration \"3661\"", "{}", "1h1m1s"),
        ("durationRound \"2h10m5s\"", "{}", "2h"),
        ("now | date \"2006\"", "{}", "1970"),
    ]);
}

#[test]
fn encodings_urls_and_paths() {
    table(&[
        ("b64enc \"héllo\"", "{}", "aMOpbGxv"),
        ("b64dec \"a\"", "{}", "illegal base64 data at input byte 0"),
        ("b32enc \"hi\"", "{}", "NBUQ===="),
        (
            "sha256sum \"a\"",
            "{}",
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        ),
        ("adler32sum \"abc\"", "{}", "38600999"),
        (
            "(urlParse \"https://u:p@h.io:8080/a/b?q=1#f\").hostname",
            "{}",
            "h.io",
        ),
        (
            "urlJoin (dict \"scheme\" \"https\" \"host\" \"h\" \"path\" \"/a b\")",
            "{}",
            "https://h/a%20b",
        ),
        ("clean \"/a/../b//c/\"", "{}", "/b/c"),
        ("ext \"a.tar.gz\"", "{}", ".gz"),
        (
            "toJson (dict \"a\" \"<&>\" \"n\" 1e21 \"s\" 1e-7)",
            "{}",
            "{\"a\":\"\\u003c\\u0026\\u003e\",\"n\":1e+21,\"s\":1e-7}",
        ),
        (
            "fromJson \"[1, {\\\"a\\\": null}]\" | toRawJson",
            "{}",
            "[1,{\"a\":null}]",
        ),
    ]);
}

#[test]
fn results_have_bounds() {
    // parity: SEC-TPL-01, SEC-TPL-04
    for template in [
        "{{ repeat 2000000000 \"abc\" }}",
        "{{ indent 2000000000 \"a\\nb\" }}",
        "{{ until 1000000000 | len }}",
        "{{ seq 1000000000 }}",
        "{{ repeat -1 \"a\" }}",
        "{{ randAlphaNum 1000000000 }}",
    ] {
        assert!(
            error(template, "{}").contains("error calling"),
            "{template}"
        );
    }
    assert!(output("{{ printf \"%2000000000d\" 1 }}", "{}").len() < 100);
    assert!(error("{{ substr 5 9 \"abc\" }}", "{}").contains("slice bounds out of range"));
}

#[test]
fn nothing_of_the_machine_shows() {
    // parity: SEC-TPL-07
    for name in ["env", "expandenv", "getHostByName"] {
        assert!(error(&format!("{{{{ {name} \"HOME\" }}}}"), "{}").contains("not defined"));
    }
}
