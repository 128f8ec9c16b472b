//! Many small apps of one repository, and what git has of each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::{RngExt, rngs::StdRng};
use rosin_cluster_tests::api::{Api, Ref};
use rosin_cluster_tests::flux::{self, Ready, git_repository, inventory, kustomization};
use rosin_cluster_tests::wait::{Look, until};
use rosin_cluster_tests::{GitServer, Repository};
use serde_json::{Value, json};

const NAMESPACE: &str = "soak";

/// Values by the names of the ConfigMaps of an app.
type App = BTreeMap<String, u64>;

pub(crate) struct Fleet {
    api: Api,
    repository: Repository,
    apps: Vec<App>,
    commit: String,
    named: u64,
}

fn name(app: usize) -> String {
    format!("app-{app:04}")
}

impl Fleet {
    pub(crate) async fn deploy(api: Api, git: &GitServer, count: usize) -> Result<Self> {
        api.create_namespace(NAMESPACE).await?;
        let repository = Repository::create(git, "soak")?;
        let mut fleet = Self {
            api,
            repository,
            apps: vec![App::new(); count],
            commit: String::new(),
            named: 0,
        };
        for app in 0..count {
            for object in 0..4 {
                fleet.apps[app].insert(format!("{}-{object}", name(app)), 0);
            }
            fleet.write(app)?;
        }
        fleet.commit = fleet.repository.push("first")?;
        let source = git_repository(NAMESPACE, "soak", fleet.repository.url(), "20s");
        fleet.api.apply(&source).await?;
        for app in 0..count {
            let mut more = json!({
                "targetNamespace": NAMESPACE, "interval": "1m", "retryInterval": "2s",
            });
            // Some wait for others.
            if app % 10 == 9 {
                more["dependsOn"] = json!([{ "name": name(app - 1) }]);
            }
            let path = format!("./{}", name(app));
            let object = kustomization(NAMESPACE, &name(app), "soak", &path, &more);
            fleet.api.apply(&object).await?;
        }
        Ok(fleet)
    }

    pub(crate) fn repository_name(&self) -> &str {
        self.repository.name()
    }

    fn write(&self, app: usize) -> Result<()> {
        let documents: Vec<String> = self.apps[app]
            .iter()
            .map(|(name, value)| {
                format!(
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  value: \"{value}\"\n"
                )
            })
            .collect();
        let path = format!("{}/objects.yaml", name(app));
        self.repository.write(&path, &documents.join("---\n"))
    }

    /// Changes some apps: values, objects that come and objects that go.
    pub(crate) async fn commit(&mut self, random: &mut StdRng) -> Result<()> {
        for _ in 0..random.random_range(1..6) {
            let app = random.random_range(0..self.apps.len());
            self.named += 1;
            let objects = &mut self.apps[app];
            match random.random_range(0..4) {
                0 => {
                    objects.insert(format!("{}-x{}", name(app), self.named), self.named);
                }
                1 if objects.len() > 1 => {
                    objects.pop_last();
                }
                _ => {
                    for value in objects.values_mut() {
                        *value = self.named;
                    }
                }
            }
            self.write(app)?;
        }
        self.commit = self.repository.push(&format!("change {}", self.named))?;
        // Somebody may ask for it at once, or the interval finds it.
        if random.random_bool(0.7) {
            flux::request(&self.api, &Ref::git_repository(NAMESPACE, "soak")).await?;
        }
        Ok(())
    }

    /// Somebody changes or deletes an object by hand.
    pub(crate) async fn drift(&self, random: &mut StdRng) -> Result<()> {
        let app = &self.apps[random.random_range(0..self.apps.len())];
        let Some(name) = app.keys().nth(random.random_range(0..app.len().max(1))) else {
            return Ok(());
        };
        let object = Ref::config_map(NAMESPACE, name);
        if self.api.get(&object).await?.is_none() {
            return Ok(());
        }
        // It may go in between: then there is nothing to change.
        let _ = match random.random_bool(0.3) {
            true => self.api.delete(&object).await,
            false => {
                let theirs = json!({ "data": { "value": "theirs" } });
                self.api.merge(&object, &theirs, "somebody").await.map(drop)
            }
        };
        Ok(())
    }

    /// Waits until all are ready at the last commit, and the cluster is as git has it.
    pub(crate) async fn converge(&self, deadline: Duration) -> Result<Duration> {
        let started = Instant::now();
        flux::request(&self.api, &Ref::git_repository(NAMESPACE, "soak")).await?;
        until("all to be as git has it", deadline, async || {
            // Looking costs the API server as much as working does.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let all = self
                .api
                .list(
                    "kustomize.toolkit.fluxcd.io/v1",
                    "Kustomization",
                    NAMESPACE,
                    "",
                )
                .await?;
            let unready = all.iter().find(|object| {
                !Ready::of(object)
                    .is_some_and(|ready| ready.is_true() && ready.revision.contains(&self.commit))
            });
            if let Some(object) = unready {
                let shown = Ready::of(object).map_or_else(String::new, |ready| ready.to_string());
                return Ok(Look::Waiting(format!(
                    "{}: {shown}",
                    object["metadata"]["name"]
                )));
            }
            Ok(match self.check().await {
                Ok(()) => Look::Done(()),
                Err(error) => Look::Waiting(format!("{error:#}")),
            })
        })
        .await?;
        Ok(started.elapsed())
    }

    /// Objects, values and inventories are those of git.
    pub(crate) async fn check(&self) -> Result<()> {
        let owned = format!("kustomize.toolkit.fluxcd.io/namespace={NAMESPACE}");
        let live = self.api.list("v1", "ConfigMap", NAMESPACE, &owned).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let live: BTreeMap<String, String> = live
            .iter()
            .map(|object| {
                (
                    text(&object["metadata"]["name"]),
                    text(&object["data"]["value"]),
                )
            })
            .collect();
        let wanted: BTreeMap<String, String> = self
            .apps
            .iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect();
        let differs = |(name, value): &(&String, &String)| wanted.get(*name) != Some(*value);
        if let Some((name, value)) = live.iter().find(differs) {
            ensure!(
                false,
                "{name} is {value:?}, and git has {:?}",
                wanted.get(name)
            );
        }
        if let Some(name) = wanted.keys().find(|name| !live.contains_key(*name)) {
            ensure!(false, "{name} is not there");
        }
        let all = self
            .api
            .list(
                "kustomize.toolkit.fluxcd.io/v1",
                "Kustomization",
                NAMESPACE,
                "",
            )
            .await?;
        for object in all {
            let of = text(&object["metadata"]["name"]);
            let index: usize = of.trim_start_matches("app-").parse().context("a name")?;
            let listed = inventory(&object).into_iter().map(|object| object.name);
            let listed: BTreeSet<String> = listed.collect();
            let expected: BTreeSet<String> = self.apps[index].keys().cloned().collect();
            ensure!(listed == expected, "the inventory of {of} is {listed:?}");
        }
        Ok(())
    }

    /// Deletes all Kustomizations: they take along what they applied.
    pub(crate) async fn remove(&self, deadline: Duration) -> Result<()> {
        for app in 0..self.apps.len() {
            self.api
                .delete(&Ref::kustomization(NAMESPACE, &name(app)))
                .await?;
        }
        until("all to be gone", deadline, async || {
            let owned = format!("kustomize.toolkit.fluxcd.io/namespace={NAMESPACE}");
            let live = self.api.list("v1", "ConfigMap", NAMESPACE, &owned).await?;
            let apps = self
                .api
                .list(
                    "kustomize.toolkit.fluxcd.io/v1",
                    "Kustomization",
                    NAMESPACE,
                    "",
                )
                .await?;
            Ok(match (live.len(), apps.len()) {
                (0, 0) => Look::Done(()),
                (live, apps) => Look::Waiting(format!("{live} objects, {apps} Kustomizations")),
            })
        })
        .await
    }
}
