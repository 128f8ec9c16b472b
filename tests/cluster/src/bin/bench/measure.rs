//! What the API server counts.

use std::collections::BTreeMap;

use anyhow::Result;
use rosin_cluster_tests::Api;

/// All requests that the API server has answered, without watches and without those of the measurement itself.
pub(crate) async fn requests(api: &Api) -> Result<u64> {
    let metrics = api.text("/metrics").await?;
    let all: f64 = metrics
        .lines()
        .filter(|line| {
            line.starts_with("apiserver_request_total{") && !line.contains("verb=\"WATCH\"")
        })
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum();
    Ok((all as u64).saturating_sub(api.sent()))
}

/// The requests of the peer itself by verb and resource, the most frequent first.
pub(crate) fn by_kind(audited: &[String]) -> Vec<(usize, String)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for request in audited {
        *counts.entry(request).or_default() += 1;
    }
    let mut counts: Vec<(usize, String)> = counts
        .into_iter()
        .map(|(request, count)| (count, request.to_owned()))
        .collect();
    counts.sort_by(|a, b| b.cmp(a));
    counts
}
