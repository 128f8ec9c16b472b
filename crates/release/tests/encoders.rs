//! Our encoders beside Go's, with random releases and values: the same bytes both ways.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod oracle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oracle::Oracle;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rosin_release::{Algorithm, Release, Values, observe, record, values};
use serde_json::{Map, Value, json};

/// Texts with everything that Go escapes, and what YAML would take for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 _./:-]{0,12}",
        2 => prop::sample::select(vec![
            "<script>&\"\\", "\u{2028}\u{2029}\u{7f}", "y", "on", "Yes", "null", "~", "1e3", "0x1f", "1_000", "2024-01-01",
            "a\nb\n", "\ttab", "x\r\ny", "é ü 漢 🚀", "- a", "a: b", "#c", "'", "{}", "1:30", "=", "<<", "", " lead", "trail ",
            "\u{0}\u{1}\u{8}\u{c}\u{1f}", "%", "@x", "`", "!tag", "&anchor", "*alias", "a #b", "|", ">", "...", "---", "\n", "\n\n", "x\n\n",
            "a long text that is folded because it has more than eighty characters in it, and more of them than fit a line of eighty",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,20}",
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<i32>().prop_map(f64::from),
        prop::num::f64::NORMAL,
        prop::sample::select(vec![
            0.0,
            -0.0,
            1.5,
            0.1,
            1e20,
            677_228_004_418_309.3,
            0.000_677_25,
            12_345_678_901_234.5,
            1e21,
            1e-6,
            9.999e-7,
            1e-7,
            123_456_789.125,
            9_007_199_254_740_993.0,
            1e6,
            1_234_567.0,
            -9_223_372_036_854_775_808.0,
            9_223_372_036_854_775_808.0,
            18_446_744_073_709_551_616.0,
            5e-324,
            1.797e308,
        ]),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(|float| json!(float)),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn values_map() -> impl Strategy<Value = Values> {
    prop::collection::btree_map(text(), value(), 0..6)
        .prop_map(|entries| entries.into_iter().collect::<Map<_, _>>())
}

fn time() -> impl Strategy<Value = String> {
    let instant = (1i32..9999, 1u8..=12, 1u8..=28, 0u8..24, 0u8..60, 0u8..60);
    let fraction = prop_oneof![Just(String::new()), "\\.[0-9]{1,9}"];
    let offset = prop::sample::select(vec!["Z", "+00:00", "+02:00", "-11:30"]);
    (instant, fraction, offset).prop_map(|((y, mo, d, h, mi, s), fraction, offset)| {
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}{fraction}{offset}")
    })
}

/// A record's JSON as some version of Helm may have written it: fields may be missing, null, or empty.
fn record() -> impl Strategy<Value = Value> {
    let texts = || prop::collection::vec(text(), 0..3);
    let file = || {
        (
            text(),
            prop::option::of(prop::collection::vec(any::<u8>(), 0..9)),
            prop::option::of(time()),
        )
            .prop_map(|(name, data, modified)| {
                let mut file =
                    json!({ "name": name, "data": data.map(|data| STANDARD.encode(data)) });
                if let Some(time) = modified {
                    file["modtime"] = time.into();
                }
                file
            })
    };
    let files = || prop::option::of(prop::collection::vec(file(), 0..3));
    let dependency = (text(), text(), texts(), any::<bool>(), prop::collection::vec(value(), 0..2)).prop_map(
        |(name, version, tags, enabled, imports)| {
            json!({"name": name, "version": version, "repository": "", "tags": tags, "enabled": enabled, "import-values": imports})
        },
    );
    let metadata = (
        text(),
        texts(),
        prop::collection::btree_map(text(), text(), 0..3),
        any::<bool>(),
        prop::collection::vec((text(), text()), 0..2),
        prop::option::of(prop::collection::vec(dependency, 0..3)),
    )
        .prop_map(|(name, keywords, annotations, deprecated, people, dependencies)| {
            let people: Vec<Value> = people.into_iter().map(|(name, url)| json!({"name": name, "url": url})).collect();
            json!({
                "name": name, "keywords": keywords, "annotations": annotations, "deprecated": deprecated, "apiVersion": "v2",
                "maintainers": people, "dependencies": dependencies, "version": "1.0.0", "type": "application",
            })
        });
    let chart = (metadata, files(), files(), prop::option::of(values_map()), prop::option::of(time())).prop_map(
        |(metadata, templates, files, values, modified)| {
            let mut chart = json!({"metadata": metadata, "lock": null, "templates": templates, "values": values, "schema": null, "files": files});
            if let Some(time) = modified {
                chart["modtime"] = time.clone().into();
                chart["schemamodtime"] = time.clone().into();
                chart["schema"] = "e30=".into();
                chart["lock"] = json!({"generated": time, "digest": "sha256:1", "dependencies": null});
            }
            chart
        },
    );
    let hook = (
        text(),
        prop::collection::vec(prop::sample::select(vec!["pre-install", "test", "post-delete"]), 0..3),
        any::<i8>(),
        prop::option::of(time()),
        texts(),
    )
        .prop_map(|(name, events, weight, ran, policies)| {
            let run = match ran {
                None => json!({"started_at": "", "completed_at": "", "phase": ""}),
                Some(time) => json!({"started_at": time, "completed_at": time, "phase": "Succeeded"}),
            };
            json!({"name": name, "kind": "Pod", "path": "a", "manifest": "kind: Pod\n", "events": events, "last_run": run,
                "weight": weight, "delete_policies": policies, "output_log_policies": policies})
        });
    let info = (prop::option::of(time()), text(), text(), prop::sample::select(vec!["deployed", "failed", "pending-upgrade", "odd", ""])).prop_map(
        |(time, description, notes, status)| {
            json!({"first_deployed": time, "last_deployed": time.clone().unwrap_or_default(), "deleted": "",
                "description": description, "notes": notes, "status": status})
        },
    );
    let method = prop::sample::select(vec!["", "ssa", "csa"]);
    (text(), info, chart, values_map(), text(), prop::collection::vec(hook, 0..3), 0i64..9, method).prop_map(
        |(name, info, chart, config, manifest, hooks, version, method)| {
            json!({"name": name, "info": info, "chart": chart, "config": config, "manifest": manifest, "hooks": hooks,
                "version": version, "namespace": "ns", "apply_method": method})
        },
    )
}

fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config).run(&strategy, test).unwrap();
}

#[test]
fn records_are_the_same_bytes_as_gos() {
    // parity: HR-STORAGE-004, HR-STORAGE-005, HR-STORAGE-006, HR-STORAGE-007, HR-STORAGE-008, HR-HIST-003, HR-HIST-004, HR-HIST-005
    let Some(oracle) = Oracle::start() else {
        return;
    };
    let oracle = std::cell::RefCell::new(oracle);
    check(
        600,
        (
            record(),
            prop::sample::select(vec!["", "sha256:0cc9a8446c95"]),
        ),
        |(record, oci)| {
            let text = record.to_string();
            let theirs = oracle
                .borrow_mut()
                .ask(json!({"op": "recode", "text": text, "ociDigest": oci}))
                .unwrap();
            let ours = Release::from_json(&text).unwrap();
            prop_assert_eq!(ours.to_json(), theirs["text"].as_str().unwrap());
            prop_assert_eq!(
                observe::observed_text(&ours, oci),
                theirs["observed"].as_str().unwrap()
            );
            prop_assert_eq!(
                observe::digest(Algorithm::Sha256, &ours, oci),
                theirs["digest"].as_str().unwrap()
            );
            prop_assert_eq!(
                values::digest(Algorithm::Sha256, &ours.config),
                theirs["configDigest"].as_str().unwrap()
            );
            // What we pack, Go unpacks; what we unpack is what we packed.
            let packed = record::encode(&ours);
            let unpacked = oracle
                .borrow_mut()
                .ask(json!({"op": "open", "text": packed}))
                .unwrap();
            prop_assert_eq!(unpacked.as_str().unwrap(), ours.to_json());
            prop_assert_eq!(record::decode(packed.as_bytes()).unwrap(), ours);
            Ok(())
        },
    );
}

#[test]
fn values_are_digested_as_go_digests_them() {
    // parity: HR-VAL-011
    let known = values::read(b"replicaCount: 2\n").unwrap();
    assert_eq!(
        values::digest(Algorithm::Sha256, &known),
        "sha256:e15c415d62760896bd8bec192a44c5716dc224db9e0fc609b9ac14718f8f9e56"
    );
    assert_eq!(
        values::digest(Algorithm::Sha256, &Values::new()),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let Some(oracle) = Oracle::start() else {
        return;
    };
    let oracle = std::cell::RefCell::new(oracle);
    check(1500, values_map(), |given| {
        let text = rosin_release::json::to_string(&Value::Object(given));
        let theirs = oracle
            .borrow_mut()
            .ask(json!({"op": "digest", "text": text}));
        let (ours, theirs) = match (values::read(text.as_bytes()), theirs) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (Err(_), Err(_)) => return Ok(()),
            (ours, theirs) => {
                prop_assert!(false, "{:?} but {:?} of {}", ours, theirs, text);
                return Ok(());
            }
        };
        if !ours.is_empty() {
            prop_assert_eq!(
                values::digested_text(&ours),
                theirs["text"].as_str().unwrap()
            );
        }
        prop_assert_eq!(
            values::digest(Algorithm::Sha256, &ours),
            theirs["digest"].as_str().unwrap()
        );
        Ok(())
    });
}

#[test]
fn target_paths_set_what_go_sets() {
    // parity: HR-VAL-004, HR-VAL-005, HR-VAL-006
    let Some(oracle) = Oracle::start() else {
        return;
    };
    let oracle = std::cell::RefCell::new(oracle);
    let base = prop::sample::select(vec![
        "{}",
        "a: 1\nb: {c: [1, {d: 2}], e: x}\nl: [1, 2, 3]\n",
        "a: {b: {c: d}}\n",
    ]);
    let path = prop::sample::select(vec![
        "a", "b.c", "b.c[0]", "b.c[1].d", "l[1]", "l[5]", "a.b", "x.y.z", "a\\.b", "b.e", "n[0][1]",
    ]);
    let value = prop_oneof![
        text(),
        prop::sample::select(vec![
            "5", "0", "007", "true", "null", "1.5", "1234567", "{a,b}", "{1,2}", "'5'", "\"x\"",
            "''", "'", "a,b", "a=b", "x,y=1", "a\\,b", "{", "[1]"
        ])
        .prop_map(str::to_owned),
    ];
    check(
        1500,
        (base, path, value, any::<bool>()),
        |(base, path, value, literal)| {
            let question = json!({"op": "compose", "inline": base, "references": [{"path": path, "value": value, "literal": literal}]});
            let theirs = oracle.borrow_mut().ask(question);
            let ours = compose(base, &[(path, value.as_str(), literal)]);
            match (theirs, ours) {
                (Ok(theirs), Ok(ours)) => {
                    prop_assert_eq!(
                        rosin_release::json::to_string(&Value::Object(ours.clone())),
                        theirs["text"].as_str().unwrap()
                    );
                    prop_assert_eq!(
                        values::digest(Algorithm::Sha256, &ours),
                        theirs["digest"].as_str().unwrap()
                    );
                }
                (Err(theirs), Err(ours)) => prop_assert_eq!(ours, theirs),
                (theirs, ours) => prop_assert!(false, "{:?} but {:?}", ours, theirs),
            }
            Ok(())
        },
    );
}

/// Each reference is a Secret of its own; an empty path means values as a whole.
fn compose(inline: &str, references: &[(&str, &str, bool)]) -> Result<Values, String> {
    let inline = values::read(inline.as_bytes()).unwrap();
    let names: Vec<String> = (0..references.len())
        .map(|index| format!("ref-{index}"))
        .collect();
    let references: Vec<values::Reference<'_>> = references
        .iter()
        .zip(&names)
        .map(|((path, value, literal), name)| values::Reference {
            kind: "Secret",
            namespace: "ns",
            name,
            key: "values.yaml",
            target_path: path,
            optional: false,
            literal: *literal,
            data: values::Data::Found(value.as_bytes()),
        })
        .collect();
    values::compose(&inline, &references).map_err(|error| error.to_string())
}

#[test]
fn references_are_put_together_as_flux_does() {
    // parity: HR-VAL-001, HR-VAL-003, HR-VAL-010
    let Some(oracle) = Oracle::start() else {
        return;
    };
    let oracle = std::cell::RefCell::new(oracle);
    let inline = prop::sample::select(vec![
        "{}",
        "a: 1",
        "b: {c: inline, x: null}",
        "l: [1, 2]",
        "b: {l: [{n: 1}]}",
    ]);
    let reference = prop_oneof![
        prop::sample::select(vec![
            "a: 2\nb: {c: ref, d: 3}",
            "b: null",
            "l: [9]",
            "b: {l: [{n: 2}, 3]}",
            "",
            "a: {deep: 1}"
        ])
        .prop_map(|text| (String::new(), text.to_owned())),
        (
            prop::sample::select(vec![
                "a", "b.c", "b.x", "l[0]", "l[2]", "b.l[0].n", "new.path"
            ]),
            prop::sample::select(vec!["7", "set", "null", "{p,q}"]),
        )
            .prop_map(|(path, value)| (path.to_owned(), value.to_owned())),
    ];
    check(
        2000,
        (inline, prop::collection::vec(reference, 0..4)),
        |(inline, references)| {
            let asked: Vec<Value> = references
                .iter()
                .map(|(path, value)| json!({"path": path, "value": value, "literal": false}))
                .collect();
            let theirs = oracle
                .borrow_mut()
                .ask(json!({"op": "compose", "inline": inline, "references": asked}));
            let references: Vec<(&str, &str, bool)> = references
                .iter()
                .map(|(path, value)| (path.as_str(), value.as_str(), false))
                .collect();
            let ours = compose(inline, &references);
            match (theirs, ours) {
                (Ok(theirs), Ok(ours)) => prop_assert_eq!(
                    rosin_release::json::to_string(&Value::Object(ours)),
                    theirs["text"].as_str().unwrap()
                ),
                (Err(theirs), Err(ours)) => prop_assert_eq!(ours, theirs),
                (theirs, ours) => prop_assert!(false, "{:?} but {:?}", ours, theirs),
            }
            Ok(())
        },
    );
}
