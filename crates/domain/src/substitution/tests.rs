use proptest::prelude::*;
use serde_json::json;

use super::*;

fn variables() -> BTreeMap<String, String> {
    [
        ("var", "value"),
        ("empty", ""),
        ("path", "a/b/c.tar.gz"),
        ("name", "World"),
        ("umlaut", "\u{e4}bc"),
        ("digits", "0123456789"),
        ("offset", "3"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn strict(text: &str) -> Result<String, String> {
    substitute(text, &variables(), Strictness::Strict).map_err(|error| error.to_string())
}

fn all(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(strict(text).as_deref(), Ok(*expected), "{text}");
    }
}

#[test]
fn references_escapes_and_what_is_none() {
    // parity: KS-VAR-011, KS-VAR-012
    all(&[
        ("${var}", "value"),
        ("a ${var}${var} b", "a valuevalue b"),
        ("$var $ {var} $", "$var $ {var} $"),
        ("$${var}", "${var}"),
        ("$$", "$"),
        ("$$$${var}", "$${var}"),
        ("$$${var}", "$value"),
        ("100$", "100$"),
        ("", ""),
        ("\u{e4}${var}\u{f6}", "\u{e4}value\u{f6}"),
    ]);
}

#[test]
fn defaults() {
    // parity: KS-VAR-013, KS-VAR-014
    all(&[
        ("${none:=d}", "d"),
        ("${none:-d}", "d"),
        ("${none=d}", "d"),
        ("${empty:=d}", "d"),
        ("${empty=d}", "d"),
        ("${var:=d}", "value"),
        ("${none:=}", ""),
        ("${none:=${var}}", "value"),
        ("${none:=a-${var}-${var}-b}", "a-value-value-b"),
        ("${none:=${other:=${var}}}", "value"),
        ("${none:+d}", "d"),
        ("${var:+d}", "value"),
        ("${none:?d}", "d"),
        ("${none:=a$$b}", "a$$b"),
        ("${none:={\"a\":1}}", "{\"a\":1}"),
    ]);
    for text in ["${var-d}", "${var+d}", "${var?d}"] {
        assert_eq!(
            strict(text),
            Err("variable substitution failed: missing closing brace".into()),
            "{text}"
        );
    }
    assert!(
        strict("${var:=${none}}").is_err(),
        "a default must exist even where it is not needed"
    );
}

#[test]
fn length_and_case() {
    // parity: KS-VAR-015
    all(&[
        ("${#var}", "5"),
        ("${#umlaut}", "4"),
        ("${#empty}", "0"),
        ("${name,}", "world"),
        ("${name,,}", "world"),
        ("${var^}", "Value"),
        ("${var^^}", "VALUE"),
        ("${umlaut^}", "\u{c4}bc"),
        ("${var,^}", "value"),
    ]);
}

#[test]
fn substrings() {
    // parity: KS-VAR-016
    all(&[
        ("${digits:3}", "3456789"),
        ("${digits:3:2}", "34"),
        ("${digits:0:100}", "0123456789"),
        ("${digits:100}", ""),
        ("${digits:100:1}", ""),
        ("${digits: -3}", "0123456789"),
        ("${digits:x}", "0123456789"),
        ("${digits:1:x}", "0123456789"),
        ("${digits:${offset}}", "3456789"),
        ("${digits:1::2}", "12"),
    ]);
    assert!(strict("${umlaut:1}").is_err(), "half a character");
    assert!(strict("${digits:3:-9}").is_err());
}

#[test]
fn trimming() {
    // parity: KS-VAR-017
    all(&[
        ("${path#*/}", "b/c.tar.gz"),
        ("${path##*/}", "c.tar.gz"),
        ("${path%.*}", "a/b/c.tar"),
        ("${path%%.*}", "a/b/c"),
        ("${path#a?}", "b/c.tar.gz"),
        ("${path#[a-c]/}", "b/c.tar.gz"),
        ("${path#[^x]}", "/b/c.tar.gz"),
        ("${path#[}", "a/b/c.tar.gz"),
        ("${path#x}", "a/b/c.tar.gz"),
        ("${path##*}", ""),
        ("${path#\\a}", "/b/c.tar.gz"),
        ("${umlaut#?}", "bc"),
    ]);
}

#[test]
fn replacing() {
    // parity: KS-VAR-018
    all(&[
        ("${path/a/x}", "x/b/c.tar.gz"),
        ("${digits//1/x}", "0x23456789"),
        ("${path//./_}", "a/b/c_tar_gz"),
        ("${path/\\//-}", "a-b/c.tar.gz"),
        ("${path//\\//}", "abc.tar.gz"),
        ("${path/#a/x}", "x/b/c.tar.gz"),
        ("${path/#b/x}", "a/b/c.tar.gz"),
        ("${path/%gz/x}", "a/b/c.tar.x"),
        ("${path/*/x}", "a/b/c.tar.gz"),
        ("${path/a/${name}}", "World/b/c.tar.gz"),
        ("${var/a}b/c}", "value"),
        ("${path/#a/}", "a/b/c.tar.gz"),
    ]);
}

#[test]
fn what_cannot_be_read_is_refused_in_the_words_of_the_original() {
    // parity: KS-VAR-019
    for (text, expected) in [
        ("${", "unable to parse variable name"),
        ("${}", "unable to parse variable name"),
        ("${{ x }}", "unable to parse variable name"),
        ("${var", "missing closing brace"),
        ("${a.b}", "missing closing brace"),
        ("${a b}", "missing closing brace"),
        ("${var:}", "unable to parse substitution within function"),
        ("${var:=x", "unable to parse substitution within function"),
        ("${var/a}", "bad substitution"),
        ("${var#}", "unable to parse substitution within function"),
        ("${#}", "bad substitution"),
        ("${#var", "bad substitution"),
        ("${var^x}", "bad substitution"),
        ("${var:\u{e4}}", "bad substitution"),
    ] {
        assert_eq!(
            strict(text),
            Err(format!("variable substitution failed: {expected}")),
            "{text}"
        );
    }
    assert!(
        strict(&"${a:=".repeat(100_000))
            .unwrap_err()
            .contains("too deeply")
    );
}

#[test]
fn all_variables_that_do_not_exist_are_named() {
    // parity: KS-VAR-007
    assert_eq!(
        strict("${unknown}"),
        Err("variable substitution failed: variable not set (strict mode): \"unknown\"".into())
    );
    assert_eq!(
        strict("${a} ${#b} ${c^^} ${a} ${d:=x}"),
        Err(
            "variable substitution failed: variable not set (strict mode): \"a\", \"b\", \"c\""
                .into()
        )
    );
    assert_eq!(
        substitute("[${a}]", &variables(), Strictness::Lenient).unwrap(),
        "[]"
    );
}

fn object(data: Value, annotations: Value) -> Object {
    let metadata = json!({ "name": "a", "annotations": annotations });
    Object::new(
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data }),
    )
    .unwrap()
}

fn run(
    object: Object,
    strategy: Option<SubstituteStrategy>,
    variables: &[(&str, &str)],
) -> Result<Value, String> {
    let spec = PostBuild {
        substitute_strategy: strategy,
        ..PostBuild::default()
    };
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    match post_build(vec![object], &spec, &variables) {
        Ok(objects) => Ok(objects[0].to_value()["data"].clone()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn errors_name_object_and_field() {
    // parity: KS-VAR-020
    assert_eq!(
        run(
            object(json!({ "x": "ok", "y": "${unknown} ${known}" }), json!({})),
            None,
            &[("known", "1")]
        )
        .unwrap_err(),
        "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable substitution failed: \
         variable not set (strict mode): \"unknown\" (in data.y)"
    );
}

#[test]
fn names_follow_a_rule_even_where_they_are_not_used() {
    // parity: KS-VAR-005
    assert_eq!(
        run(object(json!({}), json!({})), None, &[("a-b", "1")]).unwrap_err(),
        "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: 'a-b' var name is invalid, \
         must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'"
    );
}

#[test]
fn the_strategy_says_what_happens_without_variables() {
    // parity: KS-VAR-006
    let data = json!({ "x": "${none:=d}" });
    assert_eq!(
        run(object(data.clone(), json!({})), None, &[]),
        Ok(data.clone())
    );
    assert_eq!(
        run(
            object(data, json!({})),
            Some(SubstituteStrategy::Always),
            &[]
        ),
        Ok(json!({ "x": "d" }))
    );
}

#[test]
fn an_object_can_opt_out() {
    // parity: KS-VAR-009
    let data = json!({ "x": "${known}" });
    assert_eq!(
        run(
            object(data.clone(), json!({ SUBSTITUTE_KEY: "disabled" })),
            None,
            &[("known", "1")]
        ),
        Ok(data.clone())
    );
    assert_ne!(
        run(
            object(data.clone(), json!({ SUBSTITUTE_KEY: "Disabled" })),
            None,
            &[("known", "1")]
        ),
        Ok(data)
    );
}

#[test]
fn values_work_on_the_text_and_may_change_types() {
    // parity: KS-VAR-008, KS-VAR-021
    let data = json!({ "x": "${known}" });
    let with =
        |value: &str| run(object(data.clone(), json!({})), None, &[("known", value)]).unwrap();
    assert_eq!(with("text"), json!({ "x": "text" }));
    assert_eq!(with("8080"), json!({ "x": 8080 }));
    assert_eq!(with("true"), json!({ "x": true }));
    assert_eq!(with("\"8080\""), json!({ "x": "8080" }));
    assert_eq!(with("{a: b}"), json!({ "x": { "a": "b" } }));
}

#[test]
fn what_is_base64_is_not_looked_into() {
    // parity: KS-VAR-010
    // "${known}", and what it would be.
    let hidden = "JHtrbm93bn0=";
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" },
        "data": { "x": hidden }, "stringData": { "y": "${known}" },
    });
    let variables = [("known".to_owned(), "1a".to_owned())].into();
    let objects = vec![Object::new(secret).unwrap()];
    let done = post_build(objects, &PostBuild::default(), &variables).unwrap();
    let done = done[0].to_value();
    assert_eq!(done["data"]["x"], hidden);
    assert_eq!(done["stringData"]["y"], "1a");
}

#[test]
fn results_have_a_limit() {
    let large = "x".repeat(1 << 20);
    let variables: BTreeMap<_, _> = [("big".to_owned(), large)].into();
    for text in ["${big}".repeat(40), "${big//x/${big}}".to_owned()] {
        let error = substitute(&text, &variables, Strictness::Strict)
            .unwrap_err()
            .to_string();
        assert!(error.contains("larger than 16 MiB"), "{error}");
    }
    let error = substitute(
        &format!("${{big##{}}}", "?*".repeat(5_000)),
        &variables,
        Strictness::Strict,
    )
    .unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

proptest! {
    #[test]
    fn any_text_ends_in_a_result_or_an_error(text in "[${}a-c:=/#%^,\\\\*?\\[\\] -]{0,40}") {
        let _ = substitute(&text, &variables(), Strictness::Lenient);
    }

    #[test]
    fn text_without_dollars_is_left_alone(text in "[^$]{0,60}") {
        prop_assert_eq!(strict(&text), Ok(text));
    }

    #[test]
    fn escaped_text_comes_out_as_it_was(text in "[a-z${}]{0,30}") {
        prop_assert_eq!(strict(&text.replace('$', "$$")), Ok(text));
    }
}
