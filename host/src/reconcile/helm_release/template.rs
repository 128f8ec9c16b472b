//! The HelmChart that `spec.chart` asks for: made, kept as the template says, and removed when nothing asks for it any more.

use std::hash::{DefaultHasher, Hash, Hasher};

use rosin_api::{FluxObject, HelmRelease, Reason, helm_release::ChartTemplate, names};
use serde_json::{Value, json};
use tracing::info;

use super::{HelmReleases, Running, error::Error, memo::Memo, report::Report};
use crate::{
    cluster::{Apply, Gvk, Resource},
    controller::Key,
};

impl HelmReleases {
    /// Brings the HelmChart up to date with the template.
    pub(super) async fn chart_of_template(
        &self,
        object: &HelmRelease,
        progress: &mut Running<'_>,
        memo: &mut Memo,
        report: &Report<'_>,
    ) -> Result<(), Error> {
        let wanted = object
            .chart_object()
            .map(|chart| Key::new(chart.namespace, chart.name));
        let before = progress.status.helm_chart.clone();
        if before.is_some() && before != wanted.as_ref().map(Key::to_string) {
            self.remove_chart(object, progress, report).await?;
        }
        let (Some(key), Some(template)) = (wanted, &object.spec.chart) else {
            return Ok(());
        };
        self.allow(object, "HelmChart", &key)?;
        let chart = chart(object, template, &key);
        let present = self.sources.charts.get(&key);
        let made = Made {
            digest: digest(&chart),
            generation: present.as_ref().map(|chart| chart.generation()),
        };
        if present.is_none() || memo.chart != Some(made) {
            let resource = self.chart_resource().await?;
            let how = Apply {
                manager: names::HELM_CONTROLLER,
                dry_run: false,
            };
            let answer = self
                .session
                .apply(&resource, Some(&key.namespace), &chart, how)
                .await
                .map_err(|error| {
                    let error = Error::ChartTemplate(error);
                    report.trace(Reason::HelmChartSyncErr, &error.to_string());
                    error
                })?;
            let generation = answer
                .pointer("/metadata/generation")
                .and_then(Value::as_i64);
            let action = match &present {
                None if generation == Some(1) => Some(("Created", Reason::HelmChartCreated)),
                Some(present) if Some(present.generation()) != generation => {
                    Some(("Configured", Reason::HelmChartConfigured))
                }
                _ => None,
            };
            if let Some((action, reason)) = action {
                let source = &template.spec.source_ref;
                let message = format!(
                    "{action} HelmChart/{key} with SourceRef '{}/{}/{}'",
                    source.kind.as_str(),
                    key.namespace,
                    source.name
                );
                info!("{message}");
                report.trace(reason, &message);
            }
            memo.chart = Some(Made { generation, ..made });
        }
        progress.status.helm_chart = Some(key.to_string());
        Ok(())
    }

    /// Deletes the HelmChart that the status names.
    pub(super) async fn remove_chart(
        &self,
        object: &HelmRelease,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Error> {
        let Some(chart) = progress.status.helm_chart.clone() else {
            return Ok(());
        };
        if let Some((namespace, name)) = chart.split_once('/') {
            self.allow(object, "HelmChart", &Key::new(namespace, name))?;
            let resource = self.chart_resource().await?;
            let gone = self
                .session
                .delete(&resource, Some(namespace), name, None)
                .await?;
            if gone {
                report.trace(
                    Reason::HelmChartDeleted,
                    &format!("deleted HelmChart '{chart}'"),
                );
            }
        }
        progress.status.helm_chart = None;
        Ok(())
    }

    async fn chart_resource(&self) -> Result<Resource, Error> {
        let gvk = Gvk::new(names::SOURCE_GROUP, "v1", "HelmChart");
        self.session
            .resource(&gvk)
            .await
            .map_err(|error| Error::Client(error.to_string()))
    }
}

/// What a HelmChart was last made from, and the generation that the server gave it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Made {
    digest: u64,
    generation: Option<i64>,
}

fn digest(chart: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    chart.hash(&mut hasher);
    hasher.finish()
}

fn chart(object: &HelmRelease, template: &ChartTemplate, key: &Key) -> Value {
    let ChartTemplate { metadata, spec } = template;
    let metadata = metadata.clone().unwrap_or_default();
    let mut labels = metadata.labels;
    labels.insert(names::HELM_OWNER_NAME.to_owned(), object.name().to_owned());
    labels.insert(
        names::HELM_OWNER_NAMESPACE.to_owned(),
        object.namespace().to_owned(),
    );
    let mut chart = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": { "name": key.name, "namespace": key.namespace, "labels": labels },
        "spec": {
            "chart": spec.chart,
            "interval": spec.interval.unwrap_or(object.spec.interval).to_string(),
            "reconcileStrategy": spec.reconcile_strategy,
            "sourceRef": { "kind": spec.source_ref.kind.as_str(), "name": spec.source_ref.name },
        },
    });
    if !metadata.annotations.is_empty() {
        chart["metadata"]["annotations"] = json!(metadata.annotations);
    }
    let spec_value = &mut chart["spec"];
    if let Some(version) = spec.version.as_deref().filter(|v| !v.is_empty()) {
        spec_value["version"] = version.into();
    }
    if !spec.values_files.is_empty() {
        spec_value["valuesFiles"] = json!(spec.values_files);
    }
    if spec.ignore_missing_values_files {
        spec_value["ignoreMissingValuesFiles"] = true.into();
    }
    if let Some(verify) = &spec.verify {
        spec_value["verify"] = json!(verify);
    }
    chart
}

#[cfg(test)]
mod tests {
    use rosin_api::Decode;

    use super::*;

    // parity: HR-CHART-001
    #[test]
    fn the_chart_has_what_the_template_says() {
        let object = HelmRelease::from_value(json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "app", "namespace": "ns"},
            "spec": { "interval": "10m", "chart": {
                "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
                "spec": {"chart": "app", "version": "1.x", "valuesFiles": ["x.yaml"], "sourceRef": {"kind": "HelmRepository", "name": "stable"}},
            }},
        }))
        .unwrap();
        let made = chart(
            &object,
            object.spec.chart.as_ref().unwrap(),
            &Key::new("ns", "ns-app"),
        );
        assert_eq!(
            made,
            json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
                "metadata": {
                    "name": "ns-app", "namespace": "ns", "annotations": {"c": "d"},
                    "labels": {"a": "b", "helm.toolkit.fluxcd.io/name": "app", "helm.toolkit.fluxcd.io/namespace": "ns"},
                },
                "spec": {
                    "chart": "app", "version": "1.x", "interval": "10m0s", "reconcileStrategy": "ChartVersion", "valuesFiles": ["x.yaml"],
                    "sourceRef": {"kind": "HelmRepository", "name": "stable"},
                },
            })
        );
    }
}
