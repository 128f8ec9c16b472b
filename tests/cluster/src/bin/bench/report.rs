//! The table at the end, with ratios.

use std::time::Duration;

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

    fn print_lives(&self) {
        let lives = || {
            self.rollouts
                .iter()
                .filter_map(|(peer, layout, count, rollout)| {
                    Some((peer, layout, count, rollout.life.as_ref()?))
                })
        };
        if lives().next().is_none() {
            return;
        }
        println!(
            "\nAfterwards: nothing to do; a commit that changes one app; drift; kill -9 and start"
        );
        println!(
            "{:>5} {:17} {:12} {:>9} {:>8} {:>9} {:>9} {:>10} {:>9} {:>9} {:>9} {:>10} {:>9}",
            "N",
            "layout",
            "who",
            "reqs/min",
            "CPU %",
            "live s",
            "all s",
            "reqs each",
            "drift ms",
            "start ms",
            "settled s",
            "reqs each",
            "MiB"
        );
        for (peer, layout, count, life) in lives() {
            let millis = |time: Option<Duration>| {
                time.map_or("-".to_owned(), |time| time.as_millis().to_string())
            };
            let (settled, requests) = match &life.restart {
                Some(restart) => (
                    format!("{:.1}", restart.settled.as_secs_f64()),
                    format!("{:.1}", restart.requests),
                ),
                None => ("-".to_owned(), "-".to_owned()),
            };
            println!(
                "{count:>5} {:17} {:12} {:>9.1} {:>8.1} {:>9.2} {:>9.1} {:>10.2} {:>9} {:>9} {:>9} {:>10} {:>9}",
                layout.name(),
                peer.name(),
                life.idle_requests,
                life.idle_cpu * 100.0,
                life.live.as_secs_f64(),
                life.moved.as_secs_f64(),
                life.moved_requests,
                millis(life.drift),
                millis(life.restart.as_ref().map(|restart| restart.ready)),
                settled,
                requests,
                life.peak_memory >> 20,
            );
        }
    }

    pub(crate) fn print(&self) {
        println!("\nN Kustomizations or HelmReleases of four objects each, all waited for");
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
        self.print_lives();
        if self.steady.is_empty() {
            return;
        }
        println!(
            "\n{:12} {:>22} {:>26} {:>26}",
            "who",
            "chain of 50, seconds",
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
