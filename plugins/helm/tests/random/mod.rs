//! Random templates that end: loops run over what is at hand, and nothing is repeated a random number of times.

mod chance;
mod odd;
mod words;

pub(crate) use chance::Chance;
use odd::*;
use serde_json::{Value, json};
use words::*;

const PLAIN_CONTENTS: &[&str] = &[
    "Hello World",
    "",
    "a,b,c",
    "1.2.3",
    "0755",
    "yes",
    "~",
    "2024-01-02",
    "line\nline\n",
    "  padded ",
    "ünïcode ✓",
    "a: b # c",
    "- x",
    "1e3",
    "snake_case-kebab camelCase",
    "'single' \"double\"",
];

/// Values for a template: the same names each time, other contents.
pub(crate) fn values(chance: &mut Chance) -> Value {
    let numbers = [
        json!(7),
        json!(0),
        json!(-3),
        json!(3.7),
        json!(1e6),
        json!(9_007_199_254_740_993_i64),
        json!(1e21),
        json!(0.1),
        json!(65535),
        json!(1.5e-7),
        json!(-0.0),
        json!(123_456_789.0),
        json!(9_223_372_036_854_775_807_i64),
        json!(2_147_483_648_i64),
        json!("12"),
    ];
    let mut number = || numbers[chance.below(numbers.len())].clone();
    let (n, f, k) = (number(), number(), number());
    let (s, v) = (
        chance.either(PLAIN_CONTENTS, CONTENTS),
        chance.either(PLAIN_CONTENTS, CONTENTS),
    );
    json!({
        "s": s, "n": n, "f": f, "t": chance.below(2) == 0, "nul": null,
        "l": ["b", k, null, "a", s], "e": [], "m": { "k": v, "b": n, "z": { "y": [f, { "x": s }] } }, "em": {},
        "deep": { "a": { "b": { "c": [1, { "d": "e" }] } } },
        "strings": ["x", v, "a", "x"],
    })
}

/// Operands of a kind.
fn operands(kind: char) -> &'static [&'static str] {
    match kind {
        't' => TEXT,
        'n' => NUMBER,
        'i' => INT,
        'I' => SMALL,
        'l' => LIST,
        's' => TEXTS,
        'T' => TIME,
        'd' => DURATION,
        'z' => ZONE,
        'L' => LAYOUT,
        'R' => REPLACEMENT,
        'C' => CONSTRAINT,
        'e' => VERSION,
        'Y' => ODD,
        'J' => JSON,
        'O' => TOML,
        'U' => ADDRESS,
        'F' => STARS,
        'G' => MORE_FORMATS,
        'X' => MORE_TEMPLATES,
        'M' => DOTS,
        'v' => &["(semver \"1.2.3-rc.1+b\")", "(semver \"v1.4\")"],
        'S' => &["(keys .Values.m)", "(values .Values.em)"],
        'm' => MAP,
        'b' => TRUTH,
        'r' => PATTERN,
        'f' => FORMAT,
        'x' => TEMPLATES,
        'p' => &["\"part\""],
        _ => ANY,
    }
}

/// Name, kinds of arguments, and kind of the result, of each function.
fn functions() -> impl Iterator<Item = (&'static str, &'static str, char)> {
    FUNCTIONS.split([';', '\n']).filter_map(|entry| {
        let (name, kinds) = entry.trim().split_once(' ')?;
        let (arguments, result) = kinds.split_once(':')?;
        Some((name, arguments, result.chars().next()?))
    })
}

/// An expression of a kind; now and then of another.
fn operand(chance: &mut Chance, kind: char, depth: usize) -> String {
    let kind = match (chance.below(40), kind) {
        (0, _) | (_, 'a') => ['t', 'n', 'i', 'l', 's', 'm', 'b', 'a'][chance.below(8)],
        _ => kind,
    };
    if depth > 0 && chance.below(2) == 0 {
        let fitting: Vec<_> = functions()
            .filter(|(_, _, result)| *result == kind)
            .collect();
        if !fitting.is_empty() {
            let (name, arguments, _) = fitting[chance.below(fitting.len())];
            return format!("({})", call(chance, name, arguments, depth - 1));
        }
    }
    chance.pick(operands(kind)).to_owned()
}

/// A call, sometimes with its last argument through a pipe.
fn call(chance: &mut Chance, name: &str, arguments: &str, depth: usize) -> String {
    let mut given: Vec<String> = arguments
        .chars()
        .map(|kind| operand(chance, kind, depth))
        .collect();
    if chance.below(3) == 0
        && let Some(last) = given.pop()
        && last != "nil"
    {
        return format!("{last} | {name} {}", given.join(" "))
            .trim_end()
            .to_owned();
    }
    format!("{name} {}", given.join(" ")).trim_end().to_owned()
}

fn pipeline(chance: &mut Chance, depth: usize) -> String {
    // The order of keys is chance, and times and versions are pointers: what gives them is only an argument.
    let all: Vec<_> = functions()
        .filter(|(_, _, result)| !"STv".contains(*result))
        .collect();
    let (name, arguments, _) = all[chance.below(all.len())];
    call(chance, name, arguments, depth)
}

const OPEN: &[&str] = &["{{ ", "{{- ", "{{"];
const CLOSE: &[&str] = &[" }}", " -}}", "}}"];

fn body(chance: &mut Chance, depth: usize, looping: bool) -> String {
    let mut text = String::new();
    for _ in 0..=chance.below(2) {
        let inner = |chance: &mut Chance, looping| match depth {
            0 => chance
                .pick(&["x", " y\n", "{{ kindOf . }}", "\n  z"])
                .to_owned(),
            _ => body(chance, depth - 1, looping),
        };
        let (open, close) = (chance.pick(OPEN), chance.pick(CLOSE));
        let pipe = pipeline(chance, 2);
        text.push_str(&match chance.below(30) {
            0 => {
                let (yes, other) = (inner(chance, looping), pipeline(chance, 1));
                format!("{open}if {pipe}{close}{yes}{{{{ else if {other} }}}}o{{{{ else }}}}n{{{{ end }}}}")
            }
            1 => format!("{open}with {pipe}{close}{{{{ kindOf . }}}}{}{{{{ else }}}}-{{{{ end }}}}", inner(chance, looping)),
            2 => format!("{open}range $i, $e := {pipe}{close}{{{{ $i }}}}:{{{{ $e }}}} {}{{{{ end }}}}", inner(chance, true)),
            3 => format!("{open}range {}{close}{}{{{{ else }}}}none{{{{ end }}}}", chance.either(LOOPS, MORE_LOOPS), inner(chance, true)),
            4 => format!("{open}$x = {pipe}{close}{{{{ $x }}}}"),
            5 => format!("{open}$y := {pipe}{close}{{{{ $y | toJson }}}}"),
            6 if looping => chance.pick(&["{{ break }}", "{{ continue }}", "{{ if .Values.t }}{{ break }}{{ end }}"]).to_owned(),
            7 => format!("{open}include \"part\" {}{close}", operand(chance, 'a', 1)),
            8 => format!("{open}template \"part\" {}{close}", operand(chance, 'a', 1)),
            9 => format!("{open}tpl {} {}{close}", chance.either(TEMPLATES, MORE_TEMPLATES), chance.pick(&["$", "(dict \"Values\" $.Values)", "."])),
            10 => format!("a\n {open}{pipe}{close}\n b"),
            11 => {
                let (yes, other) = (inner(chance, looping), pipeline(chance, 1));
                format!("{open}with {pipe}{close}{yes}{{{{ else with {other} }}}}w{{{{ . }}}}{{{{ else }}}}n{{{{ end }}}}")
            }
            12 => format!("{open}with $v := {pipe}{close}{{{{ $v | toYaml | nindent 2 }}}}{{{{ $.Release.Name }}}}{{{{ end }}}}"),
            13 => format!("{open}block \"own{}\" {}{close}{}{{{{ end }}}}", chance.below(3), operand(chance, 'a', 1), inner(chance, false)),
            14 => format!("k:{open}toYaml ({pipe}) | nindent {}{close}", chance.below(5)),
            15 => format!("{open}include \"part\" {} | {}{close}", operand(chance, 'a', 1), chance.pick(AFTER_INCLUDE)),
            16 => {
                // What a function changes is seen wherever it is held.
                let (held, other) = (operand(chance, 'm', 1), operand(chance, 'a', 1));
                let how = chance.pick(CHANGES);
                format!("{{{{- $h := {held} }}}}{{{{- $o := {other} }}}}{{{{- $r := {how} }}}}{{{{ $h | toJson }}}}{{{{ $r | toJson }}}}{{{{ .Values.m | toJson }}}}")
            }
            17 => {
                let how = chance.pick(&["append", "prepend", "without", "mustAppend"]);
                let (held, other) = (operand(chance, 'l', 1), operand(chance, 'a', 1));
                format!("{{{{- $h := {held} }}}}{{{{- $r := {how} $h {other} }}}}{{{{- $q := {how} $h 7 }}}}{{{{ list $h $r $q | toJson }}}}")
            }
            18 => format!("{open}$x = {pipe}{close}{open}if {}{close}{open}$x = 1{close}{open}$x := 2{close}{{{{ end }}}}{{{{ $x }}}}", operand(chance, 'b', 1)),
            19 => format!("{open}{pipe} | {}{close}", chance.pick(FILTERS)),
            20 => format!("{open}/* comment */{close}{}{open}{pipe}{close}", chance.pick(&["", "\n", "  \n  "])),
            21 => format!("{open}({pipe}).{}{close}", chance.pick(&["k", "a.b", "none", "Name", "z.y"])),
            22 => format!("{open}{}{close}", chance.pick(ODDITIES)),
            _ => format!("{open}{pipe}{close};"),
        });
    }
    text
}

/// A template with a partial.
pub(crate) fn template(chance: &mut Chance) -> String {
    let part = pipeline(chance, 1);
    let depth = chance.below(2);
    format!(
        "{{{{- define \"part\" }}}}<{{{{ kindOf . }}}}:{{{{ {part} }}}}>{{{{ end -}}}}{{{{- $x := 0 -}}}}{}",
        body(chance, depth, false)
    )
}
