//! Metrics for Prometheus, under Flux's names where Flux has them.

use std::{fmt::Write as _, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::controller::{Key, Next};

/// Labels of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ObjectLabels {
    pub kind: &'static str,
    pub name: String,
    pub namespace: String,
}

impl ObjectLabels {
    pub fn new(kind: &'static str, key: &Key) -> Self {
        Self {
            kind,
            name: key.name.clone(),
            namespace: key.namespace.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    controller: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RendererLabels {
    renderer: String,
    outcome: &'static str,
}

/// All metrics of the process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    duration: Family<ObjectLabels, Histogram>,
    reconciles: Family<ResultLabels, Counter>,
    renders: Family<RendererLabels, Counter>,
    drift: Counter,
    leader: Gauge,
}

/// How a render ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderOutcome {
    Rendered,
    Reused,
    Failed,
}

impl Metrics {
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            duration: Family::new_with_constructor(|| {
                Histogram::new(
                    (0..10)
                        .map(|exponent| 0.01 * 3f64.powi(exponent))
                        .collect::<Vec<_>>(),
                )
            }),
            reconciles: Family::default(),
            renders: Family::default(),
            drift: Counter::default(),
            leader: Gauge::default(),
        };
        registry.register(
            "gotk_reconcile_duration_seconds",
            "Duration of a reconcile of an object",
            metrics.duration.clone(),
        );
        registry.register(
            "controller_runtime_reconcile",
            "Reconciles by controller and result",
            metrics.reconciles.clone(),
        );
        registry.register(
            "rosin_renders",
            "Renders by renderer: made, answered from an unchanged read set, failed",
            metrics.renders.clone(),
        );
        registry.register(
            "rosin_drift_corrections",
            "Reconciles that a change of an applied object caused",
            metrics.drift.clone(),
        );
        registry.register(
            "rosin_leader",
            "1 while this process holds the leases",
            metrics.leader.clone(),
        );
        metrics
    }

    /// The results are named as controller-runtime names them.
    pub fn reconciled(&self, labels: ObjectLabels, took: Duration, next: Next) {
        let result = match next {
            Next::Backoff => "error",
            Next::After(_) => "requeue_after",
            Next::Now | Next::OnChange | Next::Forget => "success",
        };
        let controller = labels.kind.to_ascii_lowercase();
        self.reconciles
            .get_or_create(&ResultLabels { controller, result })
            .inc();
        self.duration
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// Forgets the series of an object that is gone.
    pub fn forget(&self, labels: &ObjectLabels) {
        self.duration.remove(labels);
    }

    pub fn rendered(&self, renderer: &str, outcome: RenderOutcome) {
        let outcome = match outcome {
            RenderOutcome::Rendered => "rendered",
            RenderOutcome::Reused => "reused",
            RenderOutcome::Failed => "failed",
        };
        self.renders
            .get_or_create(&RendererLabels {
                renderer: renderer.to_owned(),
                outcome,
            })
            .inc();
    }

    pub fn drift_corrected(&self) {
        self.drift.inc();
    }

    pub fn leading(&self) {
        self.leader.set(1);
    }
}

/// The exposition of a registry, with process figures that a scrape wants to see fresh.
pub fn exposition(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = prometheus_client::encoding::text::encode(&mut text, registry);
    if let Some(resident) = resident_bytes() {
        let end = text.len()
            - if text.ends_with("# EOF\n") {
                "# EOF\n".len()
            } else {
                0
            };
        text.truncate(end);
        let _ = write!(
            text,
            "# HELP process_resident_memory_bytes Resident memory size in bytes.\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {resident}\n# EOF\n"
        );
    }
    text
}

fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: KS-METRIC-001
    #[test]
    fn the_duration_has_the_name_and_labels_of_flux() {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        let labels = ObjectLabels {
            kind: "Kustomization",
            name: "app".into(),
            namespace: "ns".into(),
        };
        metrics.reconciled(labels.clone(), Duration::from_millis(20), Next::OnChange);
        let text = exposition(&registry);
        assert!(text.contains(r#"gotk_reconcile_duration_seconds_count{kind="Kustomization",name="app",namespace="ns"} 1"#), "{text}");
        assert!(text.contains(r#"controller_runtime_reconcile_total{controller="kustomization",result="success"} 1"#), "{text}");
        metrics.forget(&labels);
        assert!(!exposition(&registry).contains(r#"name="app""#));
    }
}
