//! Leader election by Lease, under the names that Flux's controllers use: a Flux that still runs keeps us waiting, and we keep it.

use kube_lease_manager::{LeaseManagerBuilder, LeaseManagerError};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

#[derive(Debug, Clone)]
pub struct LeaderConfig {
    pub namespace: String,
    pub leases: Vec<String>,
    pub identity: String,
    /// Seconds that a lease lasts without a renewal.
    pub duration: u64,
    /// Seconds before its end at which it is renewed.
    pub grace: u64,
}

/// Waits until we hold every lease. When one is lost, `stop` is cancelled: somebody else may be writing by then.
///
/// The returned guard keeps the leases; dropping it lets them go.
pub async fn lead(
    client: kube::Client,
    config: &LeaderConfig,
    stop: CancellationToken,
) -> Result<Vec<tokio::sync::watch::Receiver<bool>>, LeaseManagerError> {
    let mut held = Vec::new();
    for lease in &config.leases {
        let manager = LeaseManagerBuilder::new(client.clone(), lease)
            .with_namespace(&config.namespace)
            .with_identity(&config.identity)
            .with_duration(config.duration)
            .with_grace(config.grace)
            .build()
            .await?;
        let (mut leading, _task) = manager.watch().await;
        info!(lease, namespace = config.namespace, "waiting for the lease");
        tokio::select! {
            () = stop.cancelled() => return Ok(held),
            _ = leading.wait_for(|leading| *leading) => {}
        }
        info!(lease, "holding the lease");
        let (mut changes, stop, lease) = (leading.clone(), stop.clone(), lease.clone());
        held.push(leading);
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = changes.wait_for(|leading| !*leading) => {
                    error!(lease, "the lease was lost; stopping");
                    stop.cancel();
                }
            }
        });
    }
    Ok(held)
}
