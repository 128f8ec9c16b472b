//! What a test stands on: one control plane, git server and controller for all of them, and a namespace and a repository of its own.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rosin_cluster_tests::api::{Api, Ref};
use rosin_cluster_tests::flux::{self, Ready};
use rosin_cluster_tests::wait::{Look, until};
use rosin_cluster_tests::{ControlPlane, Controller, GitServer, Options, Repository, install};
use serde_json::{Value, json};

use crate::plugins::HOSTILE;

/// What all tests share. It ends with the process, which takes its children along.
pub(crate) struct Shared {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) git: GitServer,
    pub(crate) controller: Mutex<Controller>,
    /// The operator's key for renderers from sources.
    pub(crate) signer: rcgen::KeyPair,
    _control_plane: ControlPlane,
}

/// The folder for state and logs of a control plane of this run.
pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

pub(crate) fn shared() -> Result<&'static Shared> {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    SHARED
        .get_or_init(|| {
            // A test runs inside a runtime of its own, and what is shared must not be bound to that.
            let started =
                thread::spawn(|| tokio::runtime::Runtime::new()?.block_on(start())).join();
            started
                .map_err(|_| "starting panicked".to_owned())?
                .map_err(|error| format!("{error:#}"))
        })
        .as_ref()
        .map_err(|error| anyhow!("{error}"))
}

async fn start() -> Result<Shared> {
    let folder = folder("shared");
    let control_plane = ControlPlane::start(
        &folder.join("control-plane"),
        Options {
            nodes: true,
            ..Options::default()
        },
    )
    .await?;
    install::install(&control_plane.api().await?).await?;
    let controller_folder = folder.join("controller");
    if controller_folder.exists() {
        std::fs::remove_dir_all(&controller_folder)?;
    }
    let renderers = folder.join("renderers");
    rosin_hostile::write(&HOSTILE.map(|(name, _)| name), &renderers)?;
    let signer = rcgen::KeyPair::generate()?;
    let policy = folder.join("renderers-policy.yaml");
    std::fs::write(&policy, crate::drop_in::policy(&signer.public_key_pem()))?;
    let flags = [
        "--concurrent=16",
        "--requeue-dependency=2s",
        "--render-timeout=10s",
        "--render-memory=128",
        // Tests with a controller of their own give their objects a shard.
        "--watch-label-selector=!sharding.fluxcd.io/key",
        &format!("--renderers-path={}", renderers.display()),
        &format!("--renderers-policy={}", policy.display()),
    ];
    let mut controller =
        Controller::start(&controller_folder, &control_plane.kubeconfig(), &flags)?;
    controller.wait_ready().await?;
    let git = GitServer::start(&folder.join("git"))?;
    Ok(Shared {
        kubeconfig: control_plane.kubeconfig(),
        git,
        controller: Mutex::new(controller),
        signer,
        _control_plane: control_plane,
    })
}

/// One test's own namespace and repository.
pub(crate) struct Case {
    pub(crate) shared: &'static Shared,
    pub(crate) api: Api,
    pub(crate) namespace: String,
    pub(crate) repository: Repository,
}

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

impl Case {
    pub(crate) async fn new(name: &str) -> Result<Self> {
        let shared = shared()?;
        let api = Api::connect(&shared.kubeconfig).await?;
        let namespace = format!("t-{name}");
        api.create_namespace(&namespace).await?;
        let repository = Repository::create(&shared.git, name)?;
        Ok(Self {
            shared,
            api,
            namespace,
            repository,
        })
    }

    /// The GitRepository `app` of this test's repository.
    pub(crate) async fn add_source(&self) -> Result<Ref> {
        let object = flux::git_repository(&self.namespace, "app", self.repository.url(), "1h");
        self.api.apply(&object).await?;
        Ok(self.source())
    }

    pub(crate) fn source(&self) -> Ref {
        Ref::git_repository(&self.namespace, "app")
    }

    /// A Kustomization that applies `path` into this test's namespace.
    pub(crate) async fn add_kustomization(
        &self,
        name: &str,
        path: &str,
        more: Value,
    ) -> Result<Ref> {
        let mut spec = json!({ "targetNamespace": self.namespace });
        if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
            spec.extend(more);
            spec.retain(|_, value| !value.is_null());
        }
        self.api
            .apply(&flux::kustomization(
                &self.namespace,
                name,
                "app",
                path,
                &spec,
            ))
            .await?;
        Ok(Ref::kustomization(&self.namespace, name))
    }

    /// Pushes what was written and has the source look.
    pub(crate) async fn push(&self, message: &str) -> Result<String> {
        let commit = self.repository.push(message)?;
        if self.api.get(&self.source()).await?.is_some() {
            flux::request(&self.api, &self.source()).await?;
        }
        Ok(commit)
    }

    pub(crate) async fn ready(&self, object: &Ref, commit: &str) -> Result<Ready> {
        self.explain(flux::wait_ready(&self.api, object, commit).await)
    }

    /// Waits until an object is not ready, with a message that has these words.
    pub(crate) async fn fails(&self, object: &Ref, reason: &str, words: &str) -> Result<Ready> {
        let wanted = |ready: &Ready| {
            ready.is_false() && ready.reason == reason && ready.message.contains(words)
        };
        let waited = flux::wait_for(&self.api, object, DEADLINE, wanted).await;
        self.explain(
            waited.with_context(|| format!("Ready=False, {reason}, with {words:?} in its message")),
        )
    }

    pub(crate) fn config_map(&self, name: &str) -> Ref {
        Ref::config_map(&self.namespace, name)
    }

    /// A value of a live ConfigMap, if both are there.
    pub(crate) async fn value(&self, name: &str, key: &str) -> Result<Option<String>> {
        let found = self.api.get(&self.config_map(name)).await?;
        Ok(found.and_then(|object| object["data"][key].as_str().map(str::to_owned)))
    }

    pub(crate) async fn uid(&self, object: &Ref) -> Result<String> {
        Ok(self.api.read(object).await?["metadata"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    pub(crate) async fn until_there(&self, object: &Ref) -> Result<()> {
        let waited = until(format!("{object} to be there"), DEADLINE, async || {
            let there = self.api.get(object).await?;
            Ok(if there.is_some() {
                Look::Done(())
            } else {
                Look::Waiting("it is not".into())
            })
        });
        self.explain(waited.await)
    }

    pub(crate) async fn until_gone(&self, object: &Ref) -> Result<()> {
        let waited = until(format!("{object} to be gone"), DEADLINE, async || {
            let there = self.api.get(object).await?;
            Ok(if there.is_none() {
                Look::Done(())
            } else {
                Look::Waiting("it is there".into())
            })
        });
        self.explain(waited.await)
    }

    /// Waits until a live ConfigMap has a value.
    pub(crate) async fn until_value(&self, name: &str, key: &str, wanted: &str) -> Result<()> {
        let waited = until(
            format!("ConfigMap {name} to have {key}={wanted}"),
            DEADLINE,
            async || {
                let found = self.value(name, key).await?;
                Ok(if found.as_deref() == Some(wanted) {
                    Look::Done(())
                } else {
                    Look::Waiting(format!("{found:?}"))
                })
            },
        );
        self.explain(waited.await)
    }

    /// What the controller says belongs to a failure.
    fn explain<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match self.shared.controller.lock() {
            Ok(mut controller) => match controller.check() {
                Err(ended) => error.context(format!("{ended:#}")),
                Ok(()) => error,
            },
            Err(_) => error,
        })
    }
}

/// A ConfigMap as YAML.
pub(crate) fn config_map(name: &str, key: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  {key}: {value}\n")
}

/// A Deployment as YAML. Its pods run on the fake node; with `on` they want another one, and stay pending.
pub(crate) fn deployment(name: &str, replicas: usize, on: Option<&str>) -> String {
    let selector = on
        .map(|node| format!("\n      nodeSelector:\n        kubernetes.io/hostname: {node}"))
        .unwrap_or_default();
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: main
          image: example.com/{name}:1{selector}
"
    )
}
