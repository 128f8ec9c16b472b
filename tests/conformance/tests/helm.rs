//! The recorded cases of the template language and of functions, where they are: the figures must not fall.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rosin_conformance::helm::Answers;
use rosin_render::{Engine, EngineConfig, Limits, Registry, Renderer, Request, Services, Source};
use rosin_tree::Tree;
use serde_json::Value;

/// Cases that pass, of those recorded. Raise them with the renderer, never lower them.
const LANGUAGE_FLOOR: usize = 2_431;
const FUNCTIONS_FLOOR: usize = 2_215;

fn corpus() -> Option<PathBuf> {
    let folder = match std::env::var_os("ROSIN_CONFORMANCE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
    };
    Some(folder.join("helm")).filter(|folder| folder.is_dir())
}

/// Passed, and all.
fn run(corpus: &Path, file: &str, kind: &str) -> (usize, usize) {
    let answers = Answers::new(Some(&corpus.join("fixture-chart"))).unwrap();
    let cases = std::fs::read_to_string(corpus.join(file)).unwrap();
    let (mut passed, mut all) = (0, 0);
    for line in cases.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        case["kind"] = kind.into();
        let answer: Value = serde_json::from_str(&answers.answer(&case.to_string())).unwrap();
        all += 1;
        passed += usize::from(match case.get("expect") {
            Some(expected) => answer.get("output") == Some(expected),
            None => answer
                .get("error")
                .and_then(Value::as_str)
                .is_some_and(|error| !error.is_empty()),
        });
    }
    println!("{file}: {passed} of {all}");
    (passed, all)
}

#[test]
fn recorded_templates_and_functions_give_what_the_original_gives() {
    // parity: HR-TPL-001, HR-TPL-002, HR-TPL-003, HR-TPL-006, HR-TPL-008
    let Some(corpus) = corpus() else {
        eprintln!("skipped: the recorded cases are not here");
        return;
    };
    let (language, all) = run(&corpus, "template.jsonl", "template");
    assert!(
        all > 2_000 && language >= LANGUAGE_FLOOR,
        "{language} of {all}"
    );
    let (functions, all) = run(&corpus, "functions.jsonl", "engine");
    assert!(
        all > 2_000 && functions >= FUNCTIONS_FLOOR,
        "{functions} of {all}"
    );
}

/// What the component says of a chart with this template in line 2.
fn stopped(runtime: &tokio::runtime::Runtime, renderer: &Renderer, template: &str) -> String {
    let files = [
        (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\n".to_owned(),
        ),
        (
            "templates/a.yaml",
            format!("{{{{/* hostile */}}}}\n{template}"),
        ),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.into_bytes()));
    let request = Request {
        options: r#"{"release": {"name": "a", "namespace": "b"}}"#.to_owned(),
        ..Request::default()
    };
    let (source, services) = (Source::from(Tree::from_files(files)), Services::default());
    // Time enough on any machine: what ends these is the engine, which knows where it is.
    let limits = Limits {
        deadline: Duration::from_secs(900),
        ..Limits::default()
    };
    match runtime.block_on(renderer.render(&request, &source, &services, &limits)) {
        Ok(_) => "it renders".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn renderings_without_end_stop_in_the_sandbox_with_template_and_line() {
    // parity: SEC-TPL-01, SEC-TPL-02, SEC-TPL-03
    let hostile = [
        (
            "loops",
            "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}",
        ),
        ("a long sequence", "{{ range until 1000000000 }}{{ end }}"),
        ("a long text of numbers", "{{ seq 1 1000000000 }}"),
        (
            "keys without end",
            "{{ $d := dict }}{{ range $i, $_ := until 1000000 }}{{ range $j, $_ := until 1000000 }}{{ $_ := set $d (printf \"%d-%d\" $i $j) (list $i $j) }}{{ end }}{{ end }}",
        ),
        (
            "a doubled list",
            "{{ $x := list 1 }}{{ range until 100 }}{{ $x = concat $x $x }}{{ end }}",
        ),
        (
            "a replaced text",
            "{{ $x := \"xxxxxxxx\" }}{{ range until 100 }}{{ $x = replace \"x\" \"xxxxxxxx\" $x }}{{ end }}",
        ),
        ("a repeated text", "{{ repeat 2000000000 \"x\" }}"),
        ("an indented text", "{{ indent 2000000000 \"x\" }}"),
        ("many random letters", "{{ randAlphaNum 2000000000 }}"),
        (
            "an include of itself",
            "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
        ),
        (
            "a template of itself",
            "{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}",
        ),
        (
            "a tpl of itself",
            "{{ $d := dict \"t\" \"{{ tpl .t . }}\" \"Template\" .Template }}{{ tpl $d.t $d }}",
        ),
        (
            "a chain of includes",
            "{{ define \"a\" }}{{ include \"b\" . }}{{ include \"b\" . }}{{ end }}{{ define \"b\" }}{{ include \"c\" . }}{{ include \"a\" . }}{{ end }}{{ define \"c\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
        ),
        (
            "deep lists of YAML",
            "{{ fromYamlArray (repeat 1000000 \"[\") | len }}{{ fail \"end\" }}",
        ),
        (
            "deep lists of JSON",
            "{{ fromJsonArray (repeat 1000000 \"[\") | len }}{{ fail \"end\" }}",
        ),
        (
            "deep TOML",
            "{{ fromToml (printf \"a = %s\" (repeat 1000000 \"[\")) | len }}{{ fail \"end\" }}",
        ),
        (
            "a bomb of aliases",
            "{{ $x := \"a0: &a0 [x, x, x, x, x, x, x, x, x]\\n\" }}{{ range $i, $_ := until 12 }}{{ $x = printf \"%sa%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\\n\" $x (add1 $i) (add1 $i) $i $i $i $i $i $i $i $i $i }}{{ end }}{{ fromYaml $x | toJson | len }}{{ fail \"end\" }}",
        ),
        (
            "a large pattern",
            "{{ regexMatch \"((((a{1000}){1000}){1000}){1000})\" \"a\" }}{{ mustRegexMatch \"((((a{1000}){1000}){1000}){1000})\" \"a\" }}",
        ),
        (
            "deep parentheses",
            "{{ tpl (printf \"{{ %s1%s }}\" (repeat 100000 \"(\") (repeat 100000 \")\")) . }}",
        ),
        (
            "deep controls",
            "{{ tpl (printf \"%s%s\" (repeat 100000 \"{{ if 1 }}\") (repeat 100000 \"{{ end }}\")) . }}",
        ),
        (
            "many keys",
            "{{ range until 1000000 }}{{ genPrivateKey \"ed25519\" | len }}{{ end }}",
        ),
    ];
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let renderer = Registry::built_in(&engine)
        .unwrap()
        .get("helm")
        .unwrap()
        .clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut wrong = Vec::new();
    for (name, template) in hostile {
        let started = Instant::now();
        let message = stopped(&runtime, &renderer, template);
        let short: String = message.chars().take(300).collect();
        println!("{name}: {:?}: {short}", started.elapsed());
        if !message.contains("web/templates/a.yaml:2") {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "without a place: {wrong:?}");
}
