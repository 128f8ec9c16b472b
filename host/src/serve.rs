//! The small HTTP servers beside the artifact server: metrics and probes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Whether the process can do its work: its watches are complete. True also for a replica that waits for its lease.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub fn ready(&self) {
        self.0.store(true, Ordering::Release);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for {what}")]
pub struct ListenError {
    what: &'static str,
    address: SocketAddr,
    #[source]
    source: std::io::Error,
}

/// Binds at once, so that a taken port ends the start; serves until `stop`.
pub async fn serve(
    what: &'static str,
    address: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send), ListenError> {
    let error = |source| ListenError {
        what,
        address,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(error)?;
    let bound = listener.local_addr().map_err(error)?;
    let server = async move {
        let server = axum::serve(listener, router)
            .with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = server.await {
            tracing::error!(what, %error, "the server ended");
        }
    };
    Ok((bound, server))
}

pub fn metrics(registry: Arc<Registry>) -> Router {
    Router::new().route(
        "/metrics",
        get(move || async move { crate::metrics::exposition(&registry) }),
    )
}

pub fn probes(readiness: Readiness) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route(
            "/readyz",
            get(|State(readiness): State<Readiness>| async move {
                if readiness.0.load(Ordering::Acquire) {
                    (StatusCode::OK, "ok")
                } else {
                    (StatusCode::SERVICE_UNAVAILABLE, "starting")
                }
            }),
        )
        .with_state(readiness)
}
