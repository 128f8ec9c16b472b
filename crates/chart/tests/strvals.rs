//! `--set` and its kin, by tables: text, and the values that come of it.

use rosin_chart::values::strvals::{Mode, set, set_literal};
use rosin_template::{Map, Value, json};

fn parsed(text: &str, mode: Mode<'_>) -> Result<String, String> {
    let values = Map::default();
    set(text, &values, mode)?;
    json::encode(&Value::Map(values))
}

#[test]
fn set_reads_paths_lists_and_types() {
    for (text, expected) in [
        ("a=1,b=x", r#"{"a":1,"b":"x"}"#),
        (
            "a.b.c=true,a.b.d=null",
            r#"{"a":{"b":{"c":true,"d":null}}}"#,
        ),
        ("l={1,x,}", r#"{"l":[1,"x",""]}"#),
        ("l[1].k=v", r#"{"l":[null,{"k":"v"}]}"#),
        ("m[0][1]=z", r#"{"m":[[null,"z"]]}"#),
        ("a\\.b=1,c=x\\,y", r#"{"a.b":1,"c":"x,y"}"#),
        ("n=0123,z=0,f=1.5", r#"{"f":"1.5","n":"0123","z":0}"#),
        ("e=", r#"{"e":""}"#),
    ] {
        assert_eq!(parsed(text, Mode::Typed).unwrap(), expected, "{text}");
    }
    assert_eq!(
        parsed("a=1,b=true", Mode::Text).unwrap(),
        r#"{"a":"1","b":"true"}"#
    );
    assert_eq!(
        parsed(r#"a={"x": [1]},b=2"#, Mode::Json).unwrap(),
        r#"{"a":{"x":[1]},"b":2}"#
    );
    let read = |path: &str| Ok(format!("<{path}>"));
    assert_eq!(
        parsed("a=f.txt", Mode::File(&read)).unwrap(),
        r#"{"a":"\u003cf.txt\u003e"}"#
    );
    let values = Map::default();
    set_literal("a.b={1,2},c", &values).unwrap();
    assert_eq!(
        json::encode(&Value::Map(values)).unwrap(),
        r#"{"a":{"b":"{1,2},c"}}"#
    );
}

#[test]
fn set_refuses_what_makes_no_sense_or_takes_too_much() {
    // parity: SEC-TPL-09
    for text in [
        "a",
        "a,b=1",
        "a[x]=1",
        "a[-1]=1",
        "a[99999999]=1",
        "a[0]x=1",
        "a={1,2",
        "a.=1,b",
    ] {
        assert!(parsed(text, Mode::Typed).is_err(), "{text}");
    }
    assert!(
        parsed(&format!("{}x=1", "a.".repeat(100_000)), Mode::Typed)
            .unwrap_err()
            .contains("nested level")
    );
    assert!(parsed("a=\\", Mode::Typed).is_ok());
}
