//! Whatever the input: an answer or an error, never a panic.

mod support;

use proptest::prelude::*;
use rosin_template::{Functions, parse};

/// Pieces that templates are made of, in any order.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        "if",
        "else",
        "end",
        "range",
        "with",
        "define \"t\"",
        "template \"t\"",
        "block \"b\"",
        "break",
        "continue",
        "$x",
        ":=",
        "=",
        ",",
        "|",
        "(",
        ")",
        ".",
        ".a",
        ".a.b",
        "$.l",
        "nil",
        "true",
        "1",
        "-1.5e3",
        "0x",
        "'a'",
        "'",
        "\"s\"",
        "\"",
        "`r`",
        "/*",
        "*/",
        "printf \"%5.2f%[3]*d\"",
        "index",
        "slice",
        "len",
        "eq",
        "and",
        "toJson",
        "list",
        "dict",
        "merge",
        "trunc",
        "substr",
        "regexReplaceAll",
        "semverCompare",
        "date",
        "untilStep",
        "é",
        "\n",
        "#",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,4}".prop_map(|text| text)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics(pieces in proptest::collection::vec(piece(), 0..24)) {
        let _ = parse("case", pieces.concat(), &Functions::builtin());
    }

    #[test]
    fn running_never_panics(actions in proptest::collection::vec(proptest::collection::vec(piece(), 1..6), 0..6)) {
        let template: String = actions.iter().map(|words| format!("{{{{ {} }}}}", words.join(" "))).collect();
        let _ = support::render(&template, r#"{"a": {"b": [1, "x", null]}, "l": [3, 1, 2], "s": "text"}"#);
    }

    #[test]
    fn quoting_is_undone_by_reading(text in ".*") {
        let quoted = rosin_template::strconv::quote(text.as_bytes());
        prop_assert_eq!(support::output(&format!("{{{{ {quoted} }}}}"), "{}"), text);
    }

    #[test]
    fn floats_survive_their_text(value in proptest::num::f64::NORMAL) {
        for verb in [b'g', b'e', b'f'] {
            let text = rosin_template::strconv::format_float(value, verb, -1);
            prop_assert_eq!(rosin_template::strconv::parse_float(text.as_bytes()), Ok(value));
        }
    }
}
