//! Charts, HelmReleases of them, and the real helm commands.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::api::{Api, Ref};
use crate::flux::{self, Ready};
use crate::wait::{Look, until};
use crate::{Repository, paths};

/// Where [`write_chart`] puts a chart in a repository.
pub const CHART: &str = "charts/app";

/// A template of a ConfigMap `RELEASE-conf` with the value `message`.
pub const CONFIG: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-conf
data:
  message: {{ .Values.message | quote }}
";

/// A template of a Deployment with the name of the release; the value `on` names a node.
pub const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
    spec:
      {{- with .Values.on }}
      nodeSelector: {kubernetes.io/hostname: {{ . }}}
      {{- end }}
      containers:
      - name: main
        image: example.com/app:1
";

/// A template of an object that no server takes, where the value `bad` is set.
pub const BAD: &str = "{{- if .Values.bad }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-bad
spec:
  ports: [{port: 99999999}]
{{- end }}
";

/// A ConfigMap that is made at a moment of a release's life.
pub fn hook(event: &str) -> String {
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata:
  name: {{{{ .Release.Name }}}}-{event}
  annotations:
    helm.sh/hook: {event}
data:
  revision: {{{{ .Release.Revision | quote }}}}
"
    )
}

/// Writes the chart `app` with these templates, in place of what was there.
pub fn write_chart(
    repository: &Repository,
    version: &str,
    templates: &[(&str, &str)],
) -> Result<()> {
    let folder = repository.work().join(CHART);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let chart = format!("apiVersion: v2\nname: app\nversion: {version}\nappVersion: \"1.0\"\n");
    repository.write(&format!("{CHART}/Chart.yaml"), &chart)?;
    let values = "message: hello\nreplicas: 1\non: \"\"\nbad: false\n";
    repository.write(&format!("{CHART}/values.yaml"), values)?;
    for (name, content) in templates {
        repository.write(&format!("{CHART}/templates/{name}"), content)?;
    }
    Ok(())
}

/// A HelmRelease of the chart `app` in the GitRepository `app`.
pub fn release(namespace: &str, name: &str, more: &Value) -> Value {
    let mut spec = json!({
        "interval": "1h",
        "timeout": "30s",
        "chart": { "spec": {
            "chart": format!("./{CHART}"),
            "sourceRef": { "kind": "GitRepository", "name": "app" },
            "reconcileStrategy": "Revision",
        } },
    });
    if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
        spec.extend(more.clone());
        spec.retain(|_, value| !value.is_null());
    }
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": { "name": name, "namespace": namespace },
        "spec": spec,
    })
}

pub fn reference(namespace: &str, name: &str) -> Ref {
    Ref::new("helm.toolkit.fluxcd.io/v2", "HelmRelease", namespace, name)
}

/// Waits until the Ready condition is as wanted; answers the whole object.
pub async fn wait_for(
    api: &Api,
    object: &Ref,
    wanted: impl Fn(&Ready, &Value) -> bool,
) -> Result<Value> {
    until(object, Duration::from_secs(90), async || {
        let Some(found) = api.get(object).await? else {
            return Ok(Look::Waiting("it does not exist".into()));
        };
        Ok(match Ready::of(&found) {
            Some(ready) if wanted(&ready, &found) => Look::Done(found),
            Some(ready) => Look::Waiting(format!("{ready}, {}", found["status"]["history"])),
            None => Look::Waiting("it has no Ready condition for its generation".into()),
        })
    })
    .await
}

/// Waits until it is ready, with this revision of the release.
pub async fn wait_released(api: &Api, object: &Ref, revision: i64) -> Result<Value> {
    wait_for(api, object, |ready, found| {
        ready.is_true() && found["status"]["history"][0]["version"] == revision
    })
    .await
}

/// The records of a release in a namespace: revision and status, the oldest first.
pub async fn records(api: &Api, namespace: &str, name: &str) -> Result<Vec<(i64, String)>> {
    let selector = format!("owner=helm,name={name}");
    let secrets = api.list("v1", "Secret", namespace, &selector).await?;
    let label = |secret: &Value, key: &str| {
        let label = secret["metadata"]["labels"][key].as_str();
        label.unwrap_or_default().to_owned()
    };
    let mut records = Vec::with_capacity(secrets.len());
    for secret in &secrets {
        records.push((label(secret, "version").parse()?, label(secret, "status")));
    }
    records.sort();
    Ok(records)
}

/// Suspends or resumes.
pub async fn suspend(api: &Api, object: &Ref, suspended: bool) -> Result<()> {
    let patch = json!({ "spec": { "suspend": suspended } });
    api.merge(object, &patch, "flux").await?;
    if !suspended {
        flux::reconcile(api, object).await?;
    }
    Ok(())
}

/// A helm command.
pub struct Helm {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: tempfile::TempDir,
}

impl Helm {
    /// `program`: as the tools are named, `helm` or `helm3`.
    pub fn new(program: &str, kubeconfig: &Path) -> Result<Self> {
        Ok(Self {
            program: paths::tool(program)?,
            kubeconfig: kubeconfig.to_owned(),
            home: tempfile::tempdir()?,
        })
    }

    /// What it prints.
    pub fn run(&self, namespace: &str, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .args(["--namespace", namespace])
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.home.path())
            .output()
            .with_context(|| format!("starting {}", self.program.display()))?;
        ensure!(
            output.status.success(),
            "helm {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    pub fn json(&self, namespace: &str, arguments: &[&str]) -> Result<Value> {
        let text = self.run(namespace, &[arguments, &["--output", "json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("helm printed {text}"))
    }

    /// Revision and status of all records of a release, the oldest first.
    pub fn history(&self, namespace: &str, release: &str) -> Result<Vec<(i64, String)>> {
        let history = self.json(namespace, &["history", release])?;
        let entries = history.as_array().into_iter().flatten();
        Ok(entries
            .map(|entry| {
                let status = entry["status"].as_str().unwrap_or_default();
                (
                    entry["revision"].as_i64().unwrap_or_default(),
                    status.to_owned(),
                )
            })
            .collect())
    }
}
