//! Each hostile plugin of `tests/hostile` ends in the error that tells what it did, within its limits, while others go on.

mod support;

use std::time::{Duration, Instant};

use rosin_render::{
    Crash, Engine, EngineConfig, Limits, Location, RenderError, Rendered, Services, Severity,
};
use support::{OBJECT, engine, good_source, load, request, source};

/// Limits that tests reach quickly.
fn limits() -> Limits {
    Limits {
        memory: 128 << 20,
        output: 16 << 20,
        deadline: Duration::from_secs(20),
        ..Limits::default()
    }
}

async fn render_with(
    engine: &Engine,
    name: &str,
    limits: &Limits,
) -> Result<Rendered, RenderError> {
    load(engine, name)
        .render(&request(), &good_source(), &Services::default(), limits)
        .await
}

async fn render(name: &str) -> Result<Rendered, RenderError> {
    render_with(&engine(1), name, &limits()).await
}

async fn fails(name: &str) -> RenderError {
    match render(name).await {
        Ok(rendered) => panic!("{name} rendered {rendered:?}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn good_plugin_renders_and_its_reads_are_known() {
    let rendered = render("good").await.unwrap();
    assert_eq!(rendered.manifests[0].json, OBJECT);
    assert_eq!(rendered.reads.files().collect::<Vec<_>>(), ["object.json"]);
    assert!(rendered.reads.is_reusable());
    assert!(rendered.stats.peak_memory >= 2 << 16);
    let plugin = load(&engine(1), "good");
    assert_eq!(plugin.describe(&limits()).await.unwrap().name, "hostile");
}

#[tokio::test]
async fn traps_name_plugin_and_cause() {
    // parity: SEC-WASM-03, SEC-WASM-06
    for (name, crash, words) in [
        (
            "trap",
            Crash::Unreachable,
            "renderer trap crashed: it gave up (unreachable code)",
        ),
        (
            "divide",
            Crash::Arithmetic,
            "renderer divide crashed: it divided by zero or overflowed an integer",
        ),
        (
            "out_of_bounds",
            Crash::OutOfBounds,
            "renderer out_of_bounds crashed: it accessed memory out of bounds",
        ),
        (
            "wrong_call",
            Crash::IndirectCall,
            "renderer wrong_call crashed: it called a function that does not exist or has another type",
        ),
        (
            "recursion",
            Crash::StackOverflow,
            "renderer recursion crashed: it ran out of stack",
        ),
    ] {
        let error = fails(name).await;
        assert_eq!(error.to_string(), words);
        assert!(
            matches!(error, RenderError::Trapped { crash: actual, .. } if actual == crash),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_panic_tells_its_message_without_control_characters() {
    // parity: SEC-WASM-06
    let error = fails("panic").await;
    assert_eq!(
        error.to_string(),
        "renderer panic crashed: it gave up (unreachable code): boom\u{fffd}[2J at line 7"
    );
}

#[tokio::test]
async fn endless_loops_end_at_the_deadline() {
    // parity: SEC-WASM-01, SEC-WASM-05
    let deadline = Duration::from_millis(200);
    for name in ["loop", "loop_in_start", "loop_of_reads"] {
        let engine = engine(1);
        let plugin = load(&engine, name);
        let start = Instant::now();
        let limits = Limits {
            deadline,
            ..limits()
        };
        let error = plugin
            .render(&request(), &good_source(), &Services::default(), &limits)
            .await
            .unwrap_err();
        assert!(matches!(error, RenderError::Deadline { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!("renderer {name} was stopped: it did not end within its deadline of 200ms")
        );
        assert!(start.elapsed() >= deadline);
        assert!(
            start.elapsed() < deadline + Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
        assert!(
            render_with(&engine, "good", &limits).await.is_ok(),
            "the instance is free again"
        );
    }
}

#[tokio::test]
async fn memory_is_limited() {
    // parity: SEC-WASM-02
    let error = fails("grow").await;
    assert_eq!(
        error.to_string(),
        "renderer grow was stopped: it needs more memory than its limit of 128 MiB"
    );
    assert!(matches!(
        fails("grow_table").await,
        RenderError::Memory { .. }
    ));
    let coped = render("grow_and_cope").await.unwrap();
    assert!(coped.stats.peak_memory > 100 << 20 && coped.stats.peak_memory <= 128 << 20);
}

#[tokio::test]
async fn memory_of_all_renders_together_is_limited() {
    // parity: SEC-WASM-19
    let config = EngineConfig {
        total_memory: 32 << 20,
        ..EngineConfig::default()
    };
    let engine = Engine::new(config).unwrap();
    for _ in 0..3 {
        let error = render_with(&engine, "grow", &limits()).await.unwrap_err();
        assert!(error.is_transient());
        assert_eq!(
            error.to_string(),
            "renderer grow was stopped: all renders together need more memory than the host's limit of 32 MiB"
        );
    }
    assert!(
        render_with(&engine, "good", &limits()).await.is_ok(),
        "what a render had is given back"
    );
}

#[tokio::test]
async fn output_is_limited_before_it_is_copied() {
    // parity: SEC-WASM-04, SEC-WASM-05
    for name in ["large_object", "many_objects", "large_message"] {
        let error = fails(name).await;
        assert_eq!(
            error.to_string(),
            format!("renderer {name} was stopped: its output is larger than its limit of 16 MiB")
        );
    }
}

#[tokio::test]
async fn diagnostics_are_kept_in_bounded_number() {
    // parity: SEC-WASM-05
    let rendered = render("many_messages").await.unwrap();
    assert_eq!(rendered.diagnostics.len(), 1000);
    assert_eq!(rendered.diagnostics_dropped, 99_000);
    assert_eq!(rendered.diagnostics[0].severity, Severity::Warning);
    assert_eq!(rendered.diagnostics[0].to_string(), "again");
}

#[tokio::test]
async fn paths_that_lead_outside_are_refused_and_named() {
    // parity: SEC-WASM-16
    for (name, path) in [
        ("path_above", "\"../../etc/passwd\""),
        ("path_absolute", "\"/etc/passwd\""),
        ("path_nul", "\"object.json\u{fffd}.txt\""),
        ("path_listing", "\"apps/..\""),
        ("path_then_trap", "\"..\""),
    ] {
        let words =
            format!("renderer {name} asked for {path}, which is not a path inside the source");
        assert_eq!(fails(name).await.to_string(), words);
    }
}

#[tokio::test]
async fn malformed_objects_are_refused() {
    // parity: SEC-WASM-04, SEC-WASM-16
    let error = fails("json_broken").await;
    assert_eq!(
        error.to_string(),
        "renderer json_broken returned an object that is not valid (number 1): expected value at line 1 column 10"
    );
    let RenderError::Malformed { index, origin, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((index, origin), (1, Location::default()));
    assert!(
        fails("json_list")
            .await
            .to_string()
            .contains("a JSON object")
    );
}

#[tokio::test]
async fn values_that_are_none_are_traps() {
    // parity: SEC-WASM-04
    for name in [
        "not_utf8",
        "list_beyond_memory",
        "result_beyond_memory",
        "false_handle",
    ] {
        let error = fails(name).await;
        let is_contract = matches!(
            &error,
            RenderError::Trapped {
                crash: Crash::Contract(_),
                ..
            }
        );
        assert!(is_contract, "{name}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("renderer {name} crashed: it broke the rules")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn nothing_is_left_of_an_instance_for_the_next() {
    // parity: SEC-WASM-13
    let engine = engine(1);
    let leave = load(&engine, "leave_marks");
    let look = load(&engine, "look_for_marks");
    for _ in 0..50 {
        let (source, services) = (source(&[]), Services::default());
        leave
            .render(&request(), &source, &services, &limits())
            .await
            .unwrap();
        let looked = look
            .render(&request(), &source, &services, &limits())
            .await
            .unwrap();
        assert!(
            looked.manifests.is_empty(),
            "memory of an earlier instance was found"
        );
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_the_guest_with_it() {
    // parity: SEC-WASM-21
    let engine = engine(1);
    let plugin = load(&engine, "loop");
    let good = load(&engine, "good");
    for _ in 0..5 {
        let (source, services, limits, request) =
            (good_source(), Services::default(), limits(), request());
        let endless = plugin.render(&request, &source, &services, &limits);
        assert!(
            tokio::time::timeout(Duration::from_millis(30), endless)
                .await
                .is_err()
        );
        let start = Instant::now();
        good.render(&request, &source, &services, &limits)
            .await
            .unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "the only place was taken for {:?}",
            start.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_renders_go_on_beside_all_the_hostile_ones() {
    // parity: SEC-WASM-01
    let engine = engine(16);
    let good = load(&engine, "good");
    let hostile = [
        "loop",
        "loop_of_reads",
        "loop_in_start",
        "grow",
        "recursion",
        "large_object",
        "trap",
    ];
    let attackers: Vec<_> = hostile
        .into_iter()
        .map(|name| {
            let plugin = load(&engine, name);
            tokio::spawn(async move {
                let limits = Limits {
                    deadline: Duration::from_secs(2),
                    ..limits()
                };
                let result = plugin
                    .render(&request(), &good_source(), &Services::default(), &limits)
                    .await;
                assert!(result.is_err(), "{name}");
            })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    let mut count = 0;
    while !attackers.iter().all(tokio::task::JoinHandle::is_finished) {
        let start = Instant::now();
        let rendered = good
            .render(&request(), &good_source(), &Services::default(), &limits())
            .await
            .unwrap();
        assert_eq!(rendered.manifests[0].json, OBJECT);
        slowest = slowest.max(start.elapsed());
        count += 1;
    }
    for attacker in attackers {
        attacker.await.unwrap();
    }
    assert!(count >= 10, "only {count} renders beside the hostile ones");
    // Three endless loops share two threads and take turns of 10 ms.
    assert!(
        slowest < Duration::from_secs(2),
        "the slowest took {slowest:?}"
    );
}
