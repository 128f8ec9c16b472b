//! Documents made to hurt: deep, bombs, huge. Each must end quickly, in a result or in an error that says where.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rosin_manifest::schema::Schema;
use rosin_manifest::yaml::{self, Dialect};
use rosin_manifest::{Node, merge};

const DIALECTS: [Dialect; 2] = [Dialect::Kyaml, Dialect::Sigs];

/// The time that this thread had a processor, so that a busy machine does not disturb the figures; elsewhere than on Linux just time.
fn now() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let on_processor = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = on_processor.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Runs on a stack of so many KiB.
fn on_a_stack_of(size: usize, run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(size << 10)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

fn flow(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

fn block(depth: usize) -> String {
    format!("{}a\n", "- ".repeat(depth))
}

// parity: SEC-YAML-02
#[test]
fn nesting_up_to_ten_thousand_levels_is_read_and_written() {
    on_a_stack_of(1024, || {
        for text in [flow(9_999), block(9_999)] {
            for dialect in DIALECTS {
                let node = yaml::read_one(text.as_bytes(), dialect).unwrap();
                let copy = node.clone();
                assert!(copy == node);
                assert_eq!(node.to_json_string().unwrap().matches('[').count(), 9_999);
                assert!(node.to_json().is_err());
                assert!(yaml::to_string_kyaml(&node).len() > 9_999);
            }
        }
    });
}

// parity: SEC-YAML-02
#[test]
fn deeper_nesting_is_an_error() {
    on_a_stack_of(1024, || {
        for text in [
            flow(10_001),
            block(10_001),
            "[".repeat(1_000_000),
            "- ".repeat(1_000_000),
            "{a: ".repeat(100_000),
        ] {
            for dialect in DIALECTS {
                let error = yaml::read_one(text.as_bytes(), dialect)
                    .unwrap_err()
                    .to_string();
                assert!(error.contains("exceeded max depth of 10000"), "{error}");
            }
        }
    });
}

// parity: SEC-YAML-01
#[test]
fn alias_bombs_end_in_an_error_that_names_line_and_factor() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let text = format!(
        "k: &k {}\nl: [{}]\n",
        "x".repeat(100_000),
        vec!["*k"; 100_000].join(", ")
    );
    for input in [bomb, text] {
        for dialect in DIALECTS {
            let start = now();
            let error = yaml::read_one(input.as_bytes(), dialect).unwrap_err();
            assert!(
                (now() - start) < Duration::from_secs(2),
                "took {:?}",
                (now() - start)
            );
            assert!(error.to_string().contains("excessive aliasing"), "{error}");
            assert!(
                error.to_string().contains("times what is written"),
                "{error}"
            );
            assert!(error.line > 1);
        }
    }
}

#[test]
fn aliases_that_are_merely_useful_are_expanded() {
    let text = format!(
        "base: &base {{a: 1, b: [1, 2, 3]}}\nall:\n{}",
        "- *base\n".repeat(2_000)
    );
    let node = yaml::read_one(text.as_bytes(), Dialect::Kyaml).unwrap();
    assert_eq!(node.get("all").unwrap().as_sequence().unwrap().len(), 2_000);
}

#[test]
fn an_alias_of_itself_is_an_error() {
    let error = yaml::read_one(b"a: &a [1, *a]\n", Dialect::Kyaml).unwrap_err();
    assert_eq!(error.to_string(), "yaml: anchor 'a' value contains itself");
    assert_eq!((error.line, error.column), (1, 11));
}

/// Seconds for a document of a size, the best of three.
fn seconds(make: impl Fn(usize) -> String, size: usize) -> f64 {
    let text = make(size);
    let run = || {
        let start = now();
        let nodes = yaml::read_resources(text.as_bytes()).unwrap();
        for node in &nodes {
            yaml::node_to_string_sigs(node).unwrap();
        }
        (now() - start).as_secs_f64()
    };
    (0..3).map(|_| run()).fold(f64::MAX, f64::min)
}

// parity: SEC-YAML-04
#[test]
fn time_is_linear_in_the_size() {
    let keys = |n: usize| {
        (0..n)
            .map(|i| format!("key{i}: value\n"))
            .collect::<String>()
    };
    let documents = |n: usize| (0..n).map(|i| format!("a: {i}\n---\n")).collect::<String>();
    let scalar = |n: usize| format!("a: |\n{}", "  some text of a line\n".repeat(n));
    let quoted = |n: usize| format!("a: \"{}\"\n", "word \\u00e9 ".repeat(n));
    let list = |n: usize| format!("[{}]\n", "{a: 1}, ".repeat(n));
    let makers: [&dyn Fn(usize) -> String; 5] = [&keys, &documents, &scalar, &quoted, &list];
    for (at, make) in makers.into_iter().enumerate() {
        let (small, large) = (seconds(make, 2_000), seconds(make, 16_000));
        assert!(
            large < small * 8.0 * 4.0 + 0.05,
            "document {at}: {small:.4} s, eight times as much {large:.4} s"
        );
    }
}

#[test]
fn merging_large_lists_is_not_quadratic() {
    let list = |n: usize| {
        let env: String = (0..n)
            .map(|i| format!("    - {{name: V{i}, value: x}}\n"))
            .collect();
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    env:\n{env}"
        )
    };
    let schema = Schema::builtin();
    let time = |n: usize| {
        let node = yaml::read_one(list(n).as_bytes(), Dialect::Kyaml).unwrap();
        let patch: Node = node.clone();
        let start = now();
        merge::strategic(node, &patch, &schema).unwrap();
        (now() - start).as_secs_f64()
    };
    let (small, large) = (time(500), time(4_000));
    assert!(
        large < small * 8.0 * 4.0 + 0.05,
        "{small:.4} s, eight times as much {large:.4} s"
    );
}

#[test]
fn deep_objects_are_not_merged() {
    // Unoptimised frames are several times as large as those of a plugin.
    on_a_stack_of(4096, || {
        let node = yaml::read_one(
            format!("kind: A\na: {}", flow(5_000)).as_bytes(),
            Dialect::Kyaml,
        )
        .unwrap();
        // Lists without merge keys are replaced as a whole, at any depth.
        assert!(merge::strategic(node.clone(), &node, &Schema::builtin()).is_ok());
        let text = "{a: ".repeat(2_000) + &"}".repeat(2_000);
        let node = yaml::read_one(text.as_bytes(), Dialect::Kyaml).unwrap();
        assert_eq!(
            merge::strategic(node.clone(), &node, &Schema::builtin()),
            Err(merge::MergeError::Depth)
        );
    });
}

/// Figures for the record: `cargo test --release -p rosin-manifest --test limits -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures"]
fn throughput_of_ten_thousand_objects() {
    let object = |n: usize| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{n}\n  namespace: team-{}\n  labels: {{app: app-{n}, tier: web}}\n\
             spec:\n  replicas: {}\n  selector:\n    matchLabels:\n      app: app-{n}\n  template:\n    metadata:\n      labels:\n        \
             app: app-{n}\n    spec:\n      containers:\n      - name: main\n        image: registry.example.com/team/app-{n}:1.2.3\n        \
             args: [\"--port=8080\", '--verbose']\n        env:\n        - name: MODE\n          value: \"production\"\n        - name: TEXT\n          \
             value: |\n            some text\n            over lines\n        ports:\n        - containerPort: 8080\n          protocol: TCP\n        \
             resources:\n          limits: {{cpu: 100m, memory: 128Mi}}\n---\n",
            n % 50,
            n % 7
        )
    };
    let text: String = (0..10_000).map(object).collect();
    let patch = b"apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: main\n        env:\n        - {name: MODE, value: test}\n";
    let patch = yaml::read_one(patch, Dialect::Kyaml).unwrap();
    let schema = Schema::builtin();
    let megabytes = text.len() as f64 / 1e6;
    let timed = |name: &str, start: Duration| {
        let seconds = (now() - start).as_secs_f64();
        println!("{name}: {seconds:.3} s, {:.0} MB/s", megabytes / seconds);
    };
    println!("{megabytes:.1} MB");
    let start = now();
    let nodes = yaml::read_resources(text.as_bytes()).unwrap();
    timed("read", start);
    let start = now();
    let copies = nodes.clone();
    timed("clone", start);
    let start = now();
    let merged: Vec<Node> = copies
        .into_iter()
        .map(|node| merge::strategic(node, &patch, &schema).unwrap().unwrap())
        .collect();
    timed("merge", start);
    let start = now();
    let json: usize = nodes
        .iter()
        .map(|node| node.to_json_string().unwrap().len())
        .sum();
    timed("to JSON text", start);
    let start = now();
    let values: Vec<_> = nodes.iter().map(|node| node.to_json().unwrap()).collect();
    timed("to JSON values", start);
    let start = now();
    let yaml: usize = values
        .iter()
        .map(|value| yaml::to_string_sigs(value).len())
        .sum();
    timed("write sigs", start);
    let start = now();
    let kyaml: usize = nodes
        .iter()
        .map(|node| yaml::to_string_kyaml(node).len())
        .sum();
    timed("write kyaml", start);
    let start = now();
    drop(merged);
    drop(nodes);
    timed("drop twice", start);
    println!("{json} bytes of JSON, {yaml} and {kyaml} of YAML");
}
