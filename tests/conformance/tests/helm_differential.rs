//! Random templates, against the original engine: `tests/tools/helm-oracle`, where `HELM_ORACLE` names its binary.
//! `HELM_CASES` says how many (500 without it), `HELM_SEED` where to begin.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use rosin_conformance::helm::render_case;
use serde_json::{Value, json};

/// Numbers in an order that is the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

const OPERANDS: &[&str] = &[
    ".Values.s",
    ".Values.n",
    ".Values.f",
    ".Values.t",
    ".Values.nul",
    ".Values.l",
    ".Values.m",
    ".Values.m.k",
    ".Values.deep.a.b",
    ".Values.none",
    ".Values.none.x",
    "$x",
    "1",
    "0",
    "-3",
    "2.5",
    "1e6",
    "\"str\"",
    "\"\"",
    "\"a-b c\"",
    "true",
    "nil",
    "'x'",
    "0x1F",
    ".",
    ".Values.big",
    "\"12\"",
    "\"1.5\"",
    "(list 1 \"a\" nil)",
    "(dict \"k\" 1 \"z\" (list 2))",
    ".Release.Name",
    ".Chart.Version",
];
const ONE: &[&str] = &[
    "len",
    "not",
    "toJson",
    "toYaml",
    "quote",
    "squote",
    "upper",
    "title",
    "trim",
    "int",
    "int64",
    "float64",
    "toString",
    "kindOf",
    "typeOf",
    "empty",
    "first",
    "last",
    "rest",
    "initial",
    "reverse",
    "uniq",
    "compact",
    "keys | sortAlpha",
    "sortAlpha",
    "b64enc",
    "sha256sum",
    "snakecase",
    "camelcase",
    "kebabcase",
    "floor",
    "ceil",
    "add1",
    "toStrings",
    "html",
    "js",
    "urlquery",
    "print",
    "println",
    "toRawJson",
    "toPrettyJson",
    "until",
    "deepCopy | toJson",
    "values | len",
    "semver",
    "dir",
    "base",
    "b64dec",
    "atoi",
    "indent 2",
    "nindent 2",
    "fromYaml",
    "fromJson",
    "toToml",
];
const TWO: &[&str] = &[
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "and",
    "or",
    "index",
    "add",
    "sub",
    "mul",
    "div",
    "mod",
    "max",
    "min",
    "default",
    "cat",
    "append",
    "prepend",
    "has",
    "hasKey",
    "get",
    "trunc",
    "repeat",
    "contains",
    "hasPrefix",
    "trimSuffix",
    "split",
    "splitList",
    "join",
    "list",
    "dict",
    "merge",
    "pluck",
    "without",
    "concat",
    "printf \"%v|%s\"",
    "printf \"%5d %q\"",
    "printf \"%05.1f %x\"",
    "print",
    "coalesce",
    "ternary 1 2",
    "regexMatch",
    "semverCompare",
    "round",
    "addf",
    "divf",
    "untilStep 0",
    "dig \"k\"",
];

fn operand(chance: &mut Chance, depth: usize) -> String {
    if depth > 0 && chance.below(3) == 0 {
        return format!("({})", pipeline(chance, depth - 1));
    }
    chance.pick(OPERANDS).to_owned()
}

fn pipeline(chance: &mut Chance, depth: usize) -> String {
    let first = match chance.below(4) {
        0 => operand(chance, depth),
        1 => format!(
            "{} {}",
            chance.pick(ONE).split(" | ").next().unwrap(),
            operand(chance, depth)
        ),
        _ => format!(
            "{} {} {}",
            chance.pick(TWO),
            operand(chance, depth),
            operand(chance, depth)
        ),
    };
    match chance.below(3) {
        0 => format!("{first} | {}", chance.pick(ONE)),
        _ => first,
    }
}

fn body(chance: &mut Chance, depth: usize) -> String {
    let mut text = String::new();
    for _ in 0..1 + chance.below(3) {
        let inner = if depth > 0 {
            body(chance, depth - 1)
        } else {
            "x".into()
        };
        let pipe = pipeline(chance, 2);
        let trim = [
            ("{{ ", " }}"),
            ("{{- ", " }}"),
            ("{{ ", " -}}"),
            ("{{- ", " -}}"),
        ][chance.below(4)];
        let (open, close) = trim;
        text.push_str(&match chance.below(9) {
            0 => format!("{open}if {pipe}{close}{inner}{{{{ else }}}}n{{{{ end }}}}"),
            1 => format!("{open}with {pipe}{close}{{{{ . }}}}{inner}{{{{ end }}}}"),
            2 => format!(
                "{open}range $i, $e := {pipe}{close}{{{{ $i }}}}:{{{{ $e }}}} {{{{ end }}}}"
            ),
            3 => format!("{open}$x = {pipe}{close}{{{{ $x }}}}"),
            4 => format!("a\n {open}{pipe}{close}\n b"),
            _ => format!("{open}{pipe}{close};"),
        });
    }
    text
}

#[test]
fn random_templates_give_what_the_original_gives() {
    let Some(oracle) = std::env::var_os("HELM_ORACLE") else {
        eprintln!("skipped: HELM_ORACLE does not name the original");
        return;
    };
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let cases = number("HELM_CASES", 500);
    let mut chance = Chance(number("HELM_SEED", 1));
    let values = json!({
        "s": "Hello World", "n": 7, "f": 3.7, "t": true, "nul": null, "l": ["b", 1, null, "a"], "m": {"k": "v", "b": 2},
        "deep": {"a": {"b": {"c": [1, {"d": "e"}]}}}, "big": 9007199254740993i64,
    });
    let mut child = Command::new(oracle)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut differences = 0;
    for case in 0..cases {
        let template = format!("{{{{- $x := 0 -}}}}{}", body(&mut chance, 1));
        let question = json!({ "id": case.to_string(), "template": template, "values": values });
        writeln!(input, "{question}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        let expected = answer["output"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| answer["error"].as_str().unwrap_or("").to_owned());
        let got = render_case(&template, &values);
        let same = match (&expected, &got) {
            (Ok(expected), Ok(got)) => expected == got,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if !same {
            differences += 1;
            println!("{template:?}\n  original {expected:?}\n  ours     {got:?}");
        }
    }
    drop(input);
    child.wait().unwrap();
    assert_eq!(differences, 0, "of {cases} templates");
}
