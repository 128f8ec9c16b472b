//! The table at the end, with ratios.

use crate::run::{Rollout, Steady};
use crate::{Layout, Peer};

#[derive(Default)]
pub(crate) struct Report {
    rollouts: Vec<(Peer, Layout, usize, Rollout)>,
    steady: Vec<(Peer, Steady)>,
}

impl Report {
    pub(crate) fn add(&mut self, peer: Peer, layout: Layout, count: usize, rollout: Rollout) {
        self.rollouts.push((peer, layout, count, rollout));
    }

    pub(crate) fn steady(&mut self, peer: Peer, steady: Steady) {
        self.steady.push((peer, steady));
    }

    pub(crate) fn print(&self) {
        println!("\nN Kustomizations of four objects each, all with wait: true");
        println!(
            "x bare: against the bare client's last request; x healthy: against the moment at which all that it sent was healthy"
        );
        println!(
            "{:>5} {:17} {:12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10}",
            "N",
            "layout",
            "who",
            "seconds",
            "x bare",
            "x healthy",
            "x rosin",
            "MiB",
            "CPU each",
            "own reqs",
            "all reqs"
        );
        for (peer, layout, count, rollout) in &self.rollouts {
            let of = |other: Peer| {
                self.rollouts
                    .iter()
                    .find(|(p, l, c, _)| *p == other && l == layout && c == count)
            };
            let ratio = |other: Peer| match of(other) {
                Some((.., base)) => format!(
                    "{:.2}",
                    rollout.took.as_secs_f64() / base.took.as_secs_f64()
                ),
                None => "-".to_owned(),
            };
            let to_healthy = match of(Peer::Bare).and_then(|(.., base)| base.healthy) {
                Some(base) => {
                    let own = rollout.healthy.unwrap_or(rollout.took);
                    format!("{:.2}", own.as_secs_f64() / base.as_secs_f64())
                }
                None => "-".to_owned(),
            };
            let given_up = if rollout.ready < rollout.count {
                ">"
            } else {
                ""
            };
            println!(
                "{count:>5} {:17} {:12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9.3} {:>10.1} {:>10.1}",
                layout.name(),
                peer.name(),
                format!("{given_up}{:.1}", rollout.took.as_secs_f64()),
                ratio(Peer::Bare),
                to_healthy,
                ratio(Peer::Rosin),
                rollout.peak_memory >> 20,
                rollout.cpu.as_secs_f64() / rollout.count as f64,
                rollout.own,
                rollout.all,
            );
        }
        if self.steady.is_empty() {
            return;
        }
        println!(
            "\n{:12} {:>22} {:>26} {:>26}",
            "who",
            "chain of 20, seconds",
            "no-op asked for, requests",
            "no-op by interval, requests"
        );
        for (peer, steady) in &self.steady {
            println!(
                "{:12} {:>22.1} {:>26.1} {:>26.1}",
                peer.name(),
                steady.chain.as_secs_f64(),
                steady.requested,
                steady.by_interval
            );
        }
    }
}
