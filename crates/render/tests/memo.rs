//! Output is rendered again when something that it was made from changed, and only then.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use rosin_render::{Limits, Memo, Remembered, Renderer, Request, Services, Source};
use support::{engine, load, request, source};

async fn render(
    memo: &Memo,
    tenant: &str,
    plugin: &Renderer,
    request: &Request,
    source: &Source,
) -> Remembered {
    memo.render(
        tenant,
        plugin,
        request,
        source,
        &Services::default(),
        &Limits::default(),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn only_changes_of_what_was_read_render_again() {
    let good = load(&engine(1), "good");
    let memo = Memo::new(1 << 20);
    let first = source(&[("object.json", r#"{"a":1}"#), ("other", "1")]);
    let elsewhere = source(&[("object.json", r#"{"a":1}"#), ("other", "2"), ("new", "")]);
    let changed = source(&[("object.json", r#"{"a":2}"#)]);

    assert!(
        !render(&memo, "apps", &good, &request(), &first)
            .await
            .reused
    );
    assert!(
        render(&memo, "apps", &good, &request(), &first)
            .await
            .reused
    );
    assert!(
        render(&memo, "apps", &good, &request(), &elsewhere)
            .await
            .reused
    );
    let again = render(&memo, "apps", &good, &request(), &changed).await;
    assert!(!again.reused);
    assert_eq!(again.rendered.manifests[0].json, r#"{"a":2}"#);
    let gone = render(&memo, "apps", &good, &request(), &source(&[])).await;
    assert!(!gone.reused && gone.rendered.manifests.is_empty());
    assert!(
        !render(&memo, "apps", &good, &request(), &first)
            .await
            .reused,
        "the file that was missed is there"
    );
}

#[tokio::test]
async fn tenants_requests_and_plugins_are_kept_apart() {
    // parity: SEC-WASM-14
    let engine = engine(1);
    let (good, other) = (load(&engine, "good"), load(&engine, "grow_and_cope"));
    let memo = Memo::new(1 << 20);
    let source = source(&[("object.json", "{}")]);
    let elsewhere = Request {
        path: "elsewhere".to_owned(),
        ..request()
    };
    let options = Request {
        options: r#"{"x":1}"#.to_owned(),
        ..request()
    };

    assert!(
        !render(&memo, "apps", &good, &request(), &source)
            .await
            .reused
    );
    assert!(
        !render(&memo, "other", &good, &request(), &source)
            .await
            .reused
    );
    assert!(
        !render(&memo, "apps", &good, &elsewhere, &source)
            .await
            .reused
    );
    assert!(!render(&memo, "apps", &good, &options, &source).await.reused);
    assert!(
        !render(&memo, "apps", &other, &request(), &source)
            .await
            .reused
    );
    assert!(
        render(&memo, "apps", &good, &request(), &source)
            .await
            .reused
    );
}
