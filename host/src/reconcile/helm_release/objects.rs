//! Objects of a manifest on their way to the API server: read, placed, created, changed and deleted as Helm does.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::{StreamExt, stream};
use http::Method;
use rosin_api::{helm_release::DeletionPropagation, names::HELM_CONTROLLER};
use rosin_domain::{ObjectId, ObjectRef};
use rosin_manifest::yaml::{self, Dialect};
use rosin_release::merge::client_patch;
use serde_json::{Value, json};

use super::{log::opaque, place::Place};
use crate::cluster::{ApiError, DiscoveryError, Gvk, Resource, Session};

/// Objects of a kind that are written at the same time.
const AT_ONCE: usize = 8;

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// An object and where the API server has it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub value: Value,
    pub resource: Resource,
    /// None for what is in no namespace.
    pub namespace: Option<String>,
    pub name: String,
}

/// Why an action on objects did not come to its end, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Failure(pub String);

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same failure, said of something larger.
    pub(super) fn of(self, what: &str) -> Self {
        Self(format!("{what}: {}", self.0))
    }

    fn joined(all: Vec<Self>, between: &str) -> Option<Self> {
        let texts: Vec<String> = all.into_iter().map(|failure| failure.0).collect();
        (!texts.is_empty()).then(|| Self(texts.join(between)))
    }
}

impl Item {
    pub(super) fn id(&self) -> ObjectId {
        ObjectId {
            namespace: self.namespace.clone().unwrap_or_default(),
            name: self.name.clone(),
            group: self.resource.gvk.group.clone(),
            kind: self.resource.gvk.kind.clone(),
        }
    }

    pub(super) fn reference(&self) -> ObjectRef {
        ObjectRef {
            id: self.id(),
            version: self.resource.gvk.version.clone(),
        }
    }

    /// As Helm names it where it exists already.
    fn described(&self) -> String {
        format!(
            "{} {:?} in namespace {:?}",
            self.resource.gvk.kind,
            self.name,
            self.namespace.as_deref().unwrap_or_default()
        )
    }

    /// As Helm names it where it could not be applied: `ns/name apps/v1, Kind=Deployment`.
    fn applied(&self) -> String {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        format!("{namespace}/{} {}", self.name, self.gvk())
    }

    /// Its kind in Go's words.
    pub(super) fn gvk(&self) -> String {
        let gvk = &self.resource.gvk;
        format!("{}/{}, Kind={}", gvk.group, gvk.version, gvk.kind)
    }

    fn path(&self) -> String {
        self.resource.path(self.namespace.as_deref(), &self.name)
    }

    /// The server is to make up its name.
    fn is_unnamed(&self) -> bool {
        self.name.is_empty()
    }

    /// Says whose it is, as Helm reads it.
    pub(super) fn own(&mut self, release: &str, namespace: &str) {
        let metadata = &mut self.value["metadata"];
        metadata["labels"][MANAGED_BY] = "Helm".into();
        metadata["annotations"][RELEASE_NAME] = release.into();
        metadata["annotations"][RELEASE_NAMESPACE] = namespace.into();
    }
}

/// Reads a manifest: every document, and the items of lists. Objects of kinds that live in namespaces get the release's.
pub(super) async fn build(
    session: &Session,
    manifest: &str,
    namespace: &str,
) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    let mut unknown = Vec::new();
    for value in documents(manifest)? {
        match place(session, value, namespace).await {
            Ok(item) => items.push(item),
            Err(failure) => unknown.push(failure),
        }
    }
    match Failure::joined(unknown, "\n") {
        Some(failure) => Err(failure),
        None => Ok(items),
    }
}

/// The objects of a manifest, as JSON.
pub(super) fn documents(manifest: &str) -> Result<Vec<Value>, Failure> {
    let nodes = yaml::read(manifest.as_bytes(), Dialect::Sigs)
        .map_err(|error| Failure::new(format!("error parsing manifest: {error}")))?;
    let mut objects = Vec::new();
    for node in nodes {
        let value = node
            .to_json()
            .map_err(|error| Failure::new(format!("error parsing manifest: {error}")))?;
        objects.extend(rosin_domain::finish::flatten(value));
    }
    Ok(objects)
}

/// Finds where an object belongs.
pub(super) async fn place(
    session: &Session,
    mut value: Value,
    namespace: &str,
) -> Result<Item, Failure> {
    let text = |path: &str| {
        let text = value.pointer(path).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let (api_version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
    let own = text("/metadata/namespace");
    if api_version.is_empty() || kind.is_empty() {
        let missing = if kind.is_empty() {
            "Kind"
        } else {
            "apiVersion"
        };
        return Err(Failure::new(format!(
            "error validating \"\": error validating data: {missing} not set"
        )));
    }
    let gvk = Gvk::parse(&api_version, &kind);
    let resource = session.resource(&gvk).await.map_err(|error| match error {
        DiscoveryError::UnknownKind(_) => Failure::new(format!(
            "resource mapping not found for name: {name:?} namespace: {own:?} from \"\": {error}\nensure CRDs are installed first"
        )),
        DiscoveryError::Api(error) => Failure::new(error.to_string()),
    })?;
    let namespace = resource.namespaced.then(|| {
        if own.is_empty() {
            namespace.to_owned()
        } else {
            own
        }
    });
    if let Some(namespace) = &namespace {
        value["metadata"]["namespace"] = namespace.as_str().into();
    }
    Ok(Item {
        value,
        resource,
        namespace,
        name,
    })
}

/// How objects are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// The API server merges; else a patch is made here.
    pub server_side: bool,
    /// Replace instead of patching; only where the patch is made here.
    pub replace: bool,
    /// Merge with what is in the cluster where no schema says how.
    pub adopt: bool,
    /// What there is was not applied by the server's merge; Helm says so, and looks at the fields' owners.
    pub migrate: bool,
    /// Say what was created.
    pub tell_created: bool,
}

/// What is done about fields that others own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflicts {
    Fail,
    Force,
    /// As `Force`, for objects that should not be there yet. Helm looks whether they are, and creates them without force; to ask
    /// for both with one request comes to the same.
    Adopt,
}

impl How {
    /// Says how missing objects will be created, and others changed.
    fn say(&self, place: &Place) {
        say_creation(place, self.server_side, true);
        let log = &place.log;
        if self.replace {
            let fields = json!({ "fieldValidationDirective": "Strict" });
            log.say("using resource replace update strategy", &fields);
        } else if self.server_side {
            log.say(
                "using server-side apply for resource update",
                &json!({
                    "dryRun": false,
                    "fieldValidationDirective": "Strict",
                    "forceConflicts": true,
                    "upgradeClientSideFieldManager": self.migrate,
                }),
            );
        } else {
            log.say(
                "using client-side apply for resource update",
                &json!({ "threeWayMergeForUnstructured": self.adopt }),
            );
        }
    }
}

fn say_creation(place: &Place, server_side: bool, force: bool) {
    if server_side {
        place.log.say(
            "using server-side apply for resource creation",
            &json!({
                "dryRun": false,
                "fieldValidationDirective": "Strict",
                "forceConflicts": force,
            }),
        );
    } else {
        let text = "using client-side apply for resource creation";
        place.log.say(text, &json!({}));
    }
}

/// What an update did, whether it came to its end or not.
#[derive(Debug, Default)]
pub(super) struct Updated {
    pub created: Vec<Item>,
}

/// Creates objects, those of a kind at the same time; all are tried.
pub(super) async fn create(
    place: &Place,
    items: &[Item],
    server_side: bool,
    conflicts: Conflicts,
) -> Result<(), Failure> {
    let count = json!({ "resources": items.len() });
    place.log.say("creating resource(s)", &count);
    say_creation(place, server_side, conflicts == Conflicts::Force);
    let force = conflicts != Conflicts::Fail;
    let mut failures = Vec::new();
    let mut rest = items;
    while let Some(first) = rest.first() {
        let kind = &first.resource.gvk.kind;
        let many = rest
            .iter()
            .take_while(|item| item.resource.gvk.kind == *kind)
            .count();
        let (wave, after) = rest.split_at(many);
        let mut writes = Vec::with_capacity(many);
        for item in wave {
            writes.push(create_and_tell(place, item, server_side, force));
        }
        let results: Vec<_> = stream::iter(writes).buffered(AT_ONCE).collect().await;
        failures.extend(results.into_iter().filter_map(Result::err));
        rest = after;
    }
    Failure::joined(failures, "\n").map_or(Ok(()), Err)
}

async fn create_and_tell(
    place: &Place,
    item: &Item,
    server_side: bool,
    force: bool,
) -> Result<(), Failure> {
    let created = create_one(place, item, server_side, force).await;
    if server_side {
        let log = &place.log;
        match &created {
            Ok(()) => log.of_gvk("Created resource via patch", item, json!({})),
            Err(_) => log.of_gvk("Error creating resource via patch", item, opaque()),
        }
    }
    created
}

async fn create_one(
    place: &Place,
    item: &Item,
    server_side: bool,
    force: bool,
) -> Result<(), Failure> {
    if server_side && !item.is_unnamed() {
        let live = apply_one(place, item, force).await?;
        return migrate_and_apply_if_needed(place, item, &live).await;
    }
    let collection = item.resource.path(item.namespace.as_deref(), "");
    let path = format!("{collection}?fieldManager={HELM_CONTROLLER}&fieldValidation=Strict");
    let live = place
        .session
        .create(&path, &item.value)
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    place.live.applied(&item.resource, &item.id(), &live);
    Ok(())
}

async fn apply_one(place: &Place, item: &Item, force: bool) -> Result<Value, Failure> {
    let path = format!(
        "{}?fieldManager={HELM_CONTROLLER}&fieldValidation=Strict&force={force}",
        item.path()
    );
    let content = Some("application/apply-patch+yaml");
    let answer = place
        .session
        .send(Method::PATCH, &path, content, Some(&item.value))
        .await;
    let live = answer.map_err(|error| {
        let what = if error.code() == 409 {
            "conflict occurred while applying object"
        } else {
            "server-side apply failed for object"
        };
        Failure::new(format!("{what} {}: {error}", item.applied()))
    })?;
    place.live.applied(&item.resource, &item.id(), &live);
    Ok(live)
}

/// Makes what is in the cluster from `before` into `after`: missing objects are created, others changed, and those that `after` lacks are
/// deleted, unless the cluster says that they stay.
pub(super) async fn update(
    place: &Place,
    before: &[Item],
    after: &[Item],
    how: How,
    updated: &mut Updated,
) -> Result<(), Failure> {
    how.say(place);
    let count = json!({ "resources": after.len() });
    place.log.say("checking resources for changes", &count);
    let mut failures = Vec::new();
    // Of two with one identity the first counts, as in Helm.
    let mut known = HashMap::with_capacity(before.len());
    for old in before {
        known.entry(old.id()).or_insert(old);
    }
    let mut kept = HashSet::with_capacity(after.len());
    for item in after {
        let id = item.id();
        let old = known.get(&id).copied();
        kept.insert(id);
        let done = update_one(place, old, item, how).await;
        tell(place, old, item, how, &done);
        match done {
            Ok(true) => updated.created.push(item.clone()),
            Ok(false) => {}
            Err(Stumble::Creating(failure)) => {
                updated.created.push(item.clone());
                return Err(failure.of("failed to create resource"));
            }
            Err(Stumble::Reading(failure)) => return Err(failure),
            Err(Stumble::Changing(failure)) => failures.push(failure),
        }
    }
    if let Some(failure) = Failure::joined(std::mem::take(&mut failures), " && ") {
        return Err(failure);
    }
    for old in before {
        if kept.contains(&old.id()) {
            continue;
        }
        let log = &place.log;
        log.of_kind("deleting resource", old, json!({}));
        let Ok(Some(live)) = get(&place.session, old).await else {
            log.of_kind("unable to get object", old, opaque());
            continue;
        };
        if keeps(&live) {
            let policy = json!({ "annotation": RESOURCE_POLICY, "value": "keep" });
            log.of_kind("skipping delete due to annotation", old, policy);
            continue;
        }
        let deleted = remove(&place.session, old, DeletionPropagation::Background).await;
        if let Err(error) = deleted {
            log.refused("failed to delete resource", old, &error);
            failures.push(Failure::new(format!(
                "failed to delete resource namespace={}, name={}, kind={}: {error}",
                old.namespace.as_deref().unwrap_or_default(),
                old.name,
                old.resource.gvk.kind
            )));
        }
    }
    Failure::joined(failures, " && ").map_or(Ok(()), Err)
}

/// Says what became of an object. Where the server merges, it does not tell what it created: what the release had is taken to have
/// been there.
fn tell(place: &Place, old: Option<&Item>, item: &Item, how: How, done: &Result<bool, Stumble>) {
    let log = &place.log;
    let merges = how.server_side && !item.is_unnamed();
    let created = match done {
        Ok(created) => *created || (merges && !how.tell_created && old.is_none()),
        Err(stumble) => matches!(stumble, Stumble::Creating(_)),
    };
    match (created, done.is_ok()) {
        (true, true) => {
            if how.server_side {
                log.of_gvk("Created resource via patch", item, json!({}));
            }
            log.of_kind("created a new resource", item, json!({}));
        }
        (true, false) if how.server_side => {
            log.of_gvk("Error creating resource via patch", item, opaque());
        }
        (false, true) if how.replace => {
            let kind = item.resource.gvk.kind.as_str();
            let fields = json!({ "initialKind": kind, "kind": kind, "name": item.name });
            log.say("replace succeeded", &fields);
        }
        (false, false) if how.replace => {
            log.of_gvk("error replacing the resource", item, opaque());
        }
        (false, true) if how.server_side => log.of_gvk("Patched resource", item, json!({})),
        (false, false) if how.server_side => {
            log.of_gvk("Error patching resource", item, opaque());
        }
        _ => {}
    }
}

/// At which step a change failed; it decides whether others are still changed.
enum Stumble {
    Reading(Failure),
    Creating(Failure),
    Changing(Failure),
}

/// `Ok(true)`: it was not there before.
async fn update_one(
    place: &Place,
    old: Option<&Item>,
    item: &Item,
    how: How,
) -> Result<bool, Stumble> {
    if item.is_unnamed() {
        let created = create_one(place, item, how.server_side, true).await;
        return created.map(|()| true).map_err(Stumble::Creating);
    }
    if how.server_side && !how.tell_created {
        return apply_any(place, item).await.map(|()| false);
    }
    let live = get(&place.session, item).await.map_err(|error| {
        Stumble::Reading(Failure::new(format!(
            "could not get information about the resource: {error}"
        )))
    })?;
    let Some(live) = live else {
        let created = create_one(place, item, how.server_side, true).await;
        return created.map(|()| true).map_err(Stumble::Creating);
    };
    let changed = if how.replace {
        replace(place, item, &live).await
    } else if how.server_side {
        migrate_and_apply(place, item, &live).await
    } else {
        let old = old.map_or(&live, |old| &old.value);
        patch(place, item, old, &live, how.adopt).await
    };
    changed.map(|()| false).map_err(Stumble::Changing)
}

/// Applies without a look at what is there: the answer says all that is needed.
async fn apply_any(place: &Place, item: &Item) -> Result<(), Stumble> {
    match apply_one(place, item, true).await {
        Ok(live) => migrate_and_apply_if_needed(place, item, &live)
            .await
            .map_err(Stumble::Changing),
        Err(failure) => Err(match get(&place.session, item).await {
            Ok(None) => Stumble::Creating(failure),
            _ => Stumble::Changing(failure),
        }),
    }
}

async fn migrate_and_apply_if_needed(
    place: &Place,
    item: &Item,
    live: &Value,
) -> Result<(), Failure> {
    if migrate(place, item, live).await? {
        apply_one(place, item, true).await?;
    }
    Ok(())
}

async fn migrate_and_apply(place: &Place, item: &Item, live: &Value) -> Result<(), Failure> {
    migrate(place, item, live).await?;
    apply_one(place, item, true).await.map(drop)
}

/// Fields that we once wrote without server-side apply become fields that we apply, so that what is left out vanishes. `false`: there
/// were none.
async fn migrate(place: &Place, item: &Item, live: &Value) -> Result<bool, Failure> {
    let Some(patch) = rosin_domain::drift::migrate_manager(live, HELM_CONTROLLER) else {
        return Ok(false);
    };
    let (path, json) = (item.path(), crate::cluster::PatchKind::Json);
    let session = &place.session;
    let patched = session.patch(&path, json, HELM_CONTROLLER, &patch).await;
    patched.map_err(|error| Failure::new(error.to_string()))?;
    Ok(true)
}

async fn replace(place: &Place, item: &Item, live: &Value) -> Result<(), Failure> {
    let mut value = item.value.clone();
    value["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
    let path = format!(
        "{}?fieldManager={HELM_CONTROLLER}&fieldValidation=Strict",
        item.path()
    );
    let live = place
        .session
        .send(Method::PUT, &path, Some("application/json"), Some(&value))
        .await
        .map_err(|error| Failure::new(format!("failed to replace object: {error}")))?;
    place.live.applied(&item.resource, &item.id(), &live);
    Ok(())
}

/// The three-way merge that `kubectl apply` and Helm 3 know.
async fn patch(
    place: &Place,
    item: &Item,
    old: &Value,
    live: &Value,
    adopt: bool,
) -> Result<(), Failure> {
    let made = client_patch(old, &item.value, live, adopt);
    if made.is_empty() {
        return Ok(());
    }
    let path = format!("{}?fieldManager={HELM_CONTROLLER}", item.path());
    let live = place
        .session
        .send(
            Method::PATCH,
            &path,
            Some(made.content_type()),
            Some(&made.patch),
        )
        .await
        .map_err(|error| {
            let kind = &item.resource.gvk.kind;
            Failure::new(format!(
                "cannot patch {:?} with kind {kind}: {error}",
                item.name
            ))
        })?;
    place.live.applied(&item.resource, &item.id(), &live);
    Ok(())
}

/// Fails where an object exists that is not of the release; the texts are Helm's.
pub(super) async fn check_ownership(
    session: &Session,
    items: &[Item],
    release: &str,
    namespace: &str,
) -> Result<(), Failure> {
    for item in items.iter().filter(|item| !item.is_unnamed()) {
        let live = get(session, item).await.map_err(|error| {
            Failure::new(format!(
                "could not get information about the resource {}: {error}",
                item.described()
            ))
        })?;
        let Some(live) = live else { continue };
        let wrong = foreign(&live, release, namespace);
        if !wrong.is_empty() {
            return Err(Failure::new(format!(
                "{} exists and cannot be imported into the current release: invalid ownership metadata; {}",
                item.described(),
                wrong.join("; ")
            )));
        }
    }
    Ok(())
}

/// What keeps an object from being the release's.
fn foreign(live: &Value, release: &str, namespace: &str) -> Vec<String> {
    let wanted = [
        ("label", "labels", MANAGED_BY, "Helm"),
        ("annotation", "annotations", RELEASE_NAME, release),
        ("annotation", "annotations", RELEASE_NAMESPACE, namespace),
    ];
    let check = |(what, field, key, value): (&str, &str, &str, &str)| {
        let found = live["metadata"][field].get(key).and_then(Value::as_str);
        let wrong = match found {
            None => format!("missing key {key:?}: must be set to {value:?}"),
            Some(found) if found != value => {
                format!("key {key:?} must equal {value:?}: current value is {found:?}")
            }
            Some(_) => return None,
        };
        Some(format!("{what} validation error: {wrong}"))
    };
    wanted.into_iter().filter_map(check).collect()
}

/// Does an object ask to stay?
pub(super) fn keeps(object: &Value) -> bool {
    object["metadata"]["annotations"][RESOURCE_POLICY]
        .as_str()
        .is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
}

pub(super) async fn get(session: &Session, item: &Item) -> Result<Option<Value>, ApiError> {
    session
        .get(&item.resource, item.namespace.as_deref(), &item.name)
        .await
}

/// Deletes an object. `Ok(false)`: it was gone already.
pub(super) async fn delete(
    place: &Place,
    item: &Item,
    propagation: DeletionPropagation,
) -> Result<bool, ApiError> {
    place
        .log
        .of_kind("starting delete resource", item, json!({}));
    match remove(&place.session, item, propagation).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_not_found() => {
            place.log.refused("ignoring delete failure", item, &error);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn remove(
    session: &Session,
    item: &Item,
    propagation: DeletionPropagation,
) -> Result<(), ApiError> {
    let policy = match propagation {
        DeletionPropagation::Background => "Background",
        DeletionPropagation::Foreground => "Foreground",
        DeletionPropagation::Orphan => "Orphan",
    };
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
    let content = Some("application/json");
    session
        .send(Method::DELETE, &item.path(), content, Some(&options))
        .await
        .map(drop)
}

/// Labels of an object that are set on all objects of a HelmRelease.
pub(super) fn label(object: &mut Value, labels: &BTreeMap<&str, &str>) {
    for (key, value) in labels {
        object["metadata"]["labels"][*key] = (*value).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: HR-INST-004
    #[test]
    fn what_is_not_ours_is_said_as_helm_says_it() {
        let live = json!({"metadata": {"annotations": {RELEASE_NAME: "other"}}});
        assert_eq!(
            foreign(&live, "app", "ns"),
            [
                r#"label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm""#,
                r#"annotation validation error: key "meta.helm.sh/release-name" must equal "app": current value is "other""#,
                r#"annotation validation error: missing key "meta.helm.sh/release-namespace": must be set to "ns""#,
            ]
        );
    }

    #[test]
    fn lists_and_empty_documents_are_taken_apart() {
        let text = "---\n# Source: a\n---\nkind: List\napiVersion: v1\nitems:\n- kind: A\n- kind: B\n---\nkind: C\n";
        let kinds: Vec<Value> = documents(text)
            .unwrap()
            .into_iter()
            .map(|object| object["kind"].clone())
            .collect();
        assert_eq!(kinds, ["A", "B", "C"]);
    }
}
