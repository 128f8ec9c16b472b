//! A cluster that the real Flux controllers run is switched over while it lives, and back again: nothing is deleted, made anew, or
//! written but what has changed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::api::{Api, Ref};
use rosin_cluster_tests::flux::{self, git_repository, inventory, kustomization};
use rosin_cluster_tests::{
    ControlPlane, Controller, FluxControllers, GitServer, Options, Repository, flux_controllers,
    install,
};
use serde_json::{Value, json};

use crate::case::{config_map, deployment, folder};

const NAMESPACE: &str = "t-switch";
const KINDS: [(&str, &str); 6] = [
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "CronJob"),
    ("rbac.authorization.k8s.io/v1", "Role"),
];
const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}, {port: 443, name: tls, protocol: TCP}]
";
const JOB: &str = "apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: '0 3 * * *'
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: main
              image: example.com/job:1
              resources: {requests: {cpu: 0.5, memory: 64Mi}}
";
const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: 'app:reader'}
rules: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
";

struct Fleet {
    api: Api,
    repository: Repository,
    apps: Vec<Ref>,
}

impl Fleet {
    /// Several apps that use what Kustomizations can do.
    async fn deploy(api: Api, repository: Repository) -> Result<Self> {
        api.create_namespace(NAMESPACE).await?;
        repository.write("base/one.yaml", &config_map("one", "key", "${value}"))?;
        repository.write("base/kept.yaml", &config_map("kept", "key", "value"))?;
        repository.write("web/web.yaml", &deployment("web", 1, None))?;
        repository.write("web/service.yaml", SERVICE)?;
        repository.write("jobs/job.yaml", JOB)?;
        repository.write("jobs/role.yaml", ROLE)?;
        repository.write(
            "overlay/kustomization.yaml",
            "namePrefix: over-\nresources: [../base]\nconfigMapGenerator:\n- name: made\n  literals: [a=b]\n",
        )?;
        repository.write(
            "base/kustomization.yaml",
            "resources: [one.yaml, kept.yaml]\n",
        )?;
        let variables = json!({ "postBuild": { "substitute": { "value": "five" } } });
        let apps = [
            ("base", variables.clone()),
            ("overlay", variables),
            (
                "web",
                json!({ "wait": true, "dependsOn": [{ "name": "base" }] }),
            ),
            (
                "jobs",
                json!({ "commonMetadata": { "labels": { "team": "blue" } } }),
            ),
        ];
        let commit = repository.push("first")?;
        api.apply(&git_repository(NAMESPACE, "app", repository.url(), "1h"))
            .await?;
        let mut references = Vec::new();
        for (name, mut more) in apps {
            more["targetNamespace"] = NAMESPACE.into();
            api.apply(&kustomization(
                NAMESPACE,
                name,
                "app",
                &format!("./{name}"),
                &more,
            ))
            .await?;
            references.push(Ref::kustomization(NAMESPACE, name));
        }
        let fleet = Self {
            api,
            repository,
            apps: references,
        };
        fleet.ready(&commit).await?;
        Ok(fleet)
    }

    async fn ready(&self, commit: &str) -> Result<()> {
        for app in &self.apps {
            let deadline = Duration::from_secs(120);
            let ready = |ready: &flux::Ready| ready.is_true() && ready.revision.contains(commit);
            flux::wait_for(&self.api, app, deadline, ready).await?;
        }
        Ok(())
    }

    /// Has the source and all apps looked at, and waits for it.
    async fn reconcile(&self) -> Result<()> {
        flux::reconcile(&self.api, &Ref::git_repository(NAMESPACE, "app")).await?;
        for app in &self.apps {
            flux::reconcile(&self.api, app).await?;
        }
        Ok(())
    }

    async fn push(&self, message: &str) -> Result<String> {
        let commit = self.repository.push(message)?;
        flux::request(&self.api, &Ref::git_repository(NAMESPACE, "app")).await?;
        self.ready(&commit).await?;
        Ok(commit)
    }

    /// Everything that was applied, without what others than the controller write into it.
    async fn live(&self) -> Result<BTreeMap<String, Value>> {
        let mut all = BTreeMap::new();
        for (version, kind) in KINDS {
            let owned = "kustomize.toolkit.fluxcd.io/namespace=t-switch";
            for mut object in self.api.list(version, kind, NAMESPACE, owned).await? {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                let name = format!("{kind}/{name}");
                // Its status is that of the cluster's own controllers.
                if kind == "Deployment" {
                    object["metadata"]["resourceVersion"] = Value::Null;
                    object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] =
                        Value::Null;
                }
                object["status"] = Value::Null;
                if let Some(managers) = object["metadata"]["managedFields"].as_array_mut() {
                    managers.retain(|manager| manager["subresource"] != "status");
                    managers.retain(|manager| manager["manager"] != "kube-controller-manager");
                }
                all.insert(name, object);
            }
        }
        Ok(all)
    }

    async fn inventories(&self) -> Result<Vec<Vec<Ref>>> {
        let mut all = Vec::new();
        for app in &self.apps {
            all.push(inventory(&self.api.read(app).await?));
        }
        Ok(all)
    }
}

fn same(
    what: &str,
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
) -> Result<()> {
    let names = |all: &BTreeMap<String, Value>| all.keys().cloned().collect::<Vec<_>>();
    ensure!(
        names(before) == names(after),
        "{what}: {:?} became {:?}",
        names(before),
        names(after)
    );
    for (name, old) in before {
        let new = &after[name];
        ensure!(old == new, "{what}: {name} was\n{old:#}\nand is\n{new:#}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane and Flux's controllers: make test-cluster"]
async fn from_flux_and_back_nothing_is_touched() -> Result<()> {
    let folder = folder("switch");
    let options = Options {
        nodes: true,
        ..Options::default()
    };
    let plane = ControlPlane::start(&folder.join("control-plane"), options).await?;
    let api = plane.api().await?;
    flux_controllers::define(&api).await?;
    api.create_namespace("flux-system").await?;
    let git = GitServer::start(&folder.join("git"))?;
    let repository = Repository::create(&git, "switch")?;
    let state = folder.join("state");
    if state.exists() {
        std::fs::remove_dir_all(&state)?;
    }
    let (of_flux, of_rosin) = (state.join("flux"), state.join("rosin"));

    let flux = FluxControllers::start(&of_flux, &plane.kubeconfig(), &[]).await?;
    let fleet = Fleet::deploy(api.clone(), repository).await?;
    let (before, inventories) = (fleet.live().await?, fleet.inventories().await?);
    ensure!(before.len() >= 9, "{:?}", before.keys());
    flux.stop();

    install::install(&api).await?;
    let flags = ["--concurrent=4"];
    let mut rosin = Controller::start(&of_rosin, &plane.kubeconfig(), &flags)?;
    rosin.wait_ready().await?;
    fleet.reconcile().await.context("right after the switch")?;
    same("after the switch", &before, &fleet.live().await?)?;
    ensure!(fleet.inventories().await? == inventories, "inventories");

    // It goes on where Flux left: one object changes, one goes, the others stay as they are.
    fleet.repository.write(
        "base/one.yaml",
        &config_map("one", "key", "changed-${value}"),
    )?;
    fleet.repository.remove("jobs/job.yaml")?;
    fleet
        .push("by rosin")
        .await
        .with_context(|| rosin.last_lines(10))?;
    let mut expected = fleet.live().await?;
    ensure!(
        !expected.contains_key("CronJob/nightly"),
        "the CronJob was not pruned"
    );
    ensure!(
        expected["ConfigMap/one"]["data"]["key"] == "changed-five",
        "{}",
        expected["ConfigMap/one"]
    );
    ensure!(
        expected["ConfigMap/one"]["metadata"]["uid"] == before["ConfigMap/one"]["metadata"]["uid"],
        "it was made anew"
    );
    let touched = ["ConfigMap/one", "ConfigMap/over-one", "CronJob/nightly"];
    let untouched = |all: &BTreeMap<String, Value>| -> BTreeMap<String, Value> {
        let mut all = all.clone();
        all.retain(|name, _| !touched.contains(&name.as_str()));
        all
    };
    same("after a commit", &untouched(&before), &untouched(&expected))?;
    ensure!(rosin.stop(), "it did not end when asked to");

    // And back: Flux finds what it would have made.
    flux_controllers::define(&api).await?;
    let flux = FluxControllers::start(&of_flux, &plane.kubeconfig(), &[]).await?;
    fleet
        .reconcile()
        .await
        .context("right after the way back")?;
    same("after the way back", &expected, &fleet.live().await?)?;
    fleet.repository.remove("base/kept.yaml")?;
    fleet
        .repository
        .write("base/kustomization.yaml", "resources: [one.yaml]\n")?;
    fleet.push("by flux").await?;
    for name in ["ConfigMap/kept", "ConfigMap/over-kept"] {
        ensure!(expected.remove(name).is_some(), "{name} was there");
    }
    same(
        "after a commit that Flux applied",
        &expected,
        &fleet.live().await?,
    )?;
    flux.stop();
    Ok(())
}
