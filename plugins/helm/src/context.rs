//! What templates find at the top: `.Capabilities`, `.Files`, `.Release`.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use rosin_template::{Kind, List, ListType, Map, Object, Param, Signature, Str, Value};

use crate::Error;
use crate::chart::File;
use crate::options::{CapabilityOptions, Release};
use rosin_chart::yaml;

/// The Kubernetes version that Helm 4.3 assumes without a cluster.
const DEFAULT_KUBE_VERSION: &str = "v1.37.0";
/// The version of Helm that is matched.
const HELM_VERSION: &str = "v4.3";
const HELM_GO_VERSION: &str = "go1.26.8";

/// API versions that Helm assumes without a cluster: all that its client library knows.
#[must_use]
pub fn default_api_versions() -> Vec<&'static str> {
    include_str!("api-versions.txt").lines().collect()
}

/// What a cluster can do.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// As given, with a `v`.
    pub kube_version: String,
    /// Without what does not belong to a semantic version.
    normalized: String,
    major: String,
    minor: String,
    pub api_versions: Rc<Vec<Str>>,
}

impl Capabilities {
    pub(crate) fn new(options: &CapabilityOptions) -> Result<Self, Error> {
        let text = options
            .kube_version
            .as_deref()
            .unwrap_or(DEFAULT_KUBE_VERSION);
        let version = generic(text).ok_or_else(|| {
            let quoted = rosin_template::strconv::quote(text.as_bytes());
            Error::Values(format!(
                "invalid kube version '{text}': could not parse {quoted} as version"
            ))
        })?;
        let kube_version = if text.starts_with('v') {
            text.to_owned()
        } else {
            format!("v{text}")
        };
        let mut api_versions: Vec<Str> = match &options.api_versions {
            Some(versions) => versions
                .iter()
                .map(|version| Str::from(version.as_str()))
                .collect(),
            None => default_api_versions().into_iter().map(Str::from).collect(),
        };
        api_versions.extend(
            options
                .extra_api_versions
                .iter()
                .map(|version| Str::from(version.as_str())),
        );
        let [major, minor, patch] = version;
        Ok(Self {
            kube_version,
            normalized: format!("v{major}.{minor}.{patch}"),
            major: major.to_string(),
            minor: minor.to_string(),
            api_versions: Rc::new(api_versions),
        })
    }

    /// What constraints are checked against.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.normalized
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::object(CapabilitiesObject(self.clone()))
    }
}

/// Kubernetes' own reading of versions: two or three numbers, anything behind them.
fn generic(text: &str) -> Option<[u64; 3]> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let parts: Vec<&str> = text[..end].split('.').collect();
    if parts.len() < 2
        || parts
            .iter()
            .any(|part| part.is_empty() || (part.len() > 1 && part.starts_with('0')))
    {
        return None;
    }
    let mut version = [0; 3];
    for (slot, part) in version.iter_mut().zip(&parts) {
        *slot = part.parse().ok()?;
    }
    Some(version)
}

const NO_ARGUMENTS: Signature = Signature {
    params: &[],
    variadic: None,
};
const ONE_STRING: Signature = Signature {
    params: &[Param::String],
    variadic: None,
};

struct CapabilitiesObject(Capabilities);

impl Object for CapabilitiesObject {
    fn type_name(&self) -> &str {
        "*common.Capabilities"
    }

    fn kind(&self) -> Kind {
        Kind::Pointer
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "KubeVersion" => Some(Value::object(KubeVersion(self.0.clone()))),
            "APIVersions" => Some(Value::object(VersionSet(self.0.api_versions.clone()))),
            "HelmVersion" => Some(Value::object(HelmVersion)),
            _ => None,
        }
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "Copy").then_some(NO_ARGUMENTS)
    }

    fn call(&self, _: &str, _: &[Value]) -> Result<Value, String> {
        Ok(self.0.to_value())
    }

    fn plain(&self) -> Value {
        let part = |name: &str| (name.to_owned(), self.field(name).unwrap_or_default());
        Value::Map(
            ["APIVersions", "HelmVersion", "KubeVersion"]
                .map(part)
                .into_iter()
                .collect(),
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct KubeVersion(Capabilities);

impl Object for KubeVersion {
    fn type_name(&self) -> &str {
        "common.KubeVersion"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(Value::from(self.0.kube_version.as_str())),
            "Major" => Some(Value::from(self.0.major.as_str())),
            "Minor" => Some(Value::from(self.0.minor.as_str())),
            _ => None,
        }
    }

    fn method(&self, name: &str) -> Option<Signature> {
        matches!(name, "String" | "GitVersion").then_some(NO_ARGUMENTS)
    }

    fn call(&self, name: &str, _: &[Value]) -> Result<Value, String> {
        Ok(Value::from(if name == "GitVersion" {
            self.0.kube_version.as_str()
        } else {
            self.0.version()
        }))
    }

    fn string(&self) -> Option<String> {
        Some(self.0.normalized.clone())
    }

    fn plain(&self) -> Value {
        let part = |name: &str| (name.to_owned(), self.field(name).unwrap_or_default());
        Value::Map(
            ["Major", "Minor", "Version"]
                .map(part)
                .into_iter()
                .collect(),
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct VersionSet(Rc<Vec<Str>>);

impl Object for VersionSet {
    fn type_name(&self) -> &str {
        "common.VersionSet"
    }

    fn kind(&self) -> Kind {
        Kind::Slice
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "Has").then_some(ONE_STRING)
    }

    fn call(&self, _: &str, args: &[Value]) -> Result<Value, String> {
        Ok(Value::Bool(
            args.first()
                .and_then(Value::as_str)
                .is_some_and(|wanted| self.0.contains(wanted)),
        ))
    }

    fn plain(&self) -> Value {
        Value::List(List::strings(self.0.iter().cloned()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct HelmVersion;

impl Object for HelmVersion {
    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(Value::from(HELM_VERSION)),
            "GitCommit" | "GitTreeState" => Some(Value::from("")),
            "GoVersion" => Some(Value::from(HELM_GO_VERSION)),
            "KubeClientVersion" => Some(Value::from("v1.37")),
            _ => None,
        }
    }

    fn plain(&self) -> Value {
        let part = |name: &str| (name.to_owned(), self.field(name).unwrap_or_default());
        Value::Map(
            [
                "GitCommit",
                "GitTreeState",
                "GoVersion",
                "KubeClientVersion",
                "Version",
            ]
            .map(part)
            .into_iter()
            .collect(),
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(crate) fn release(release: &Release) -> Value {
    Value::Map(Map::from_iter([
        ("Name", Value::from(release.name.as_str())),
        ("Namespace", Value::from(release.namespace.as_str())),
        ("IsUpgrade", Value::Bool(release.is_upgrade)),
        ("IsInstall", Value::Bool(!release.is_upgrade)),
        ("Revision", Value::int(release.revision)),
        ("Service", Value::from(release.service.as_str())),
    ]))
}

/// `.Files`: the chart's files that are neither templates nor its own.
pub(crate) struct FilesObject(Rc<BTreeMap<Str, Str>>);

impl FilesObject {
    pub(crate) fn new(files: &[File]) -> Self {
        Self(Rc::new(
            files
                .iter()
                .map(|file| (Str::from(file.name.as_str()), file.data.clone()))
                .collect(),
        ))
    }

    fn get(&self, name: Option<&Str>) -> Str {
        name.and_then(|name| self.0.get(name).cloned())
            .unwrap_or_else(|| Str::from(""))
    }

    /// By base names, later paths over earlier ones.
    fn by_base(&self, show: impl Fn(&Str) -> Value) -> Value {
        let entries = self.0.iter().map(|(name, data)| {
            let name = name.to_text();
            (
                name.rsplit('/').next().unwrap_or(&name).to_owned(),
                show(data),
            )
        });
        Value::Map(entries.collect())
    }
}

impl Object for FilesObject {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn kind(&self) -> Kind {
        Kind::Map
    }

    fn missing(&self) -> Option<Value> {
        Some(Value::Bytes(Str::from("")))
    }

    fn method(&self, name: &str) -> Option<Signature> {
        match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => Some(ONE_STRING),
            "AsConfig" | "AsSecrets" => Some(NO_ARGUMENTS),
            _ => None,
        }
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let path = args.first().and_then(Value::as_str);
        Ok(match name {
            "Get" => Value::Str(self.get(path)),
            "GetBytes" => Value::Bytes(self.get(path)),
            "Lines" => {
                let data = self.get(path);
                let body = data.strip_suffix(b"\n").unwrap_or(&data);
                if data.is_empty() {
                    return Ok(Value::List(List::typed(ListType::String, Vec::new())));
                }
                Value::List(List::strings(body.split(|byte| *byte == b'\n')))
            }
            "Glob" => {
                let pattern = path
                    .map(|path| path.to_text().into_owned())
                    .unwrap_or_default();
                let glob = crate::glob::Glob::new(&pattern);
                let found = self
                    .0
                    .iter()
                    .filter(|(name, _)| glob.matches(&name.to_text()));
                let found = found
                    .map(|(name, data)| (name.clone(), data.clone()))
                    .collect();
                Value::object(Self(Rc::new(found)))
            }
            "AsConfig" => Value::from(yaml::write(&self.by_base(|data| Value::Str(data.clone())))?),
            "AsSecrets" => Value::from(yaml::write(
                &self.by_base(|data| Value::from(rosin_template::base64_encode(data))),
            )?),
            _ => return Err(format!("no method {name}")),
        })
    }

    fn plain(&self) -> Value {
        Value::Map(
            self.0
                .iter()
                .map(|(name, data)| (name.clone(), Value::Bytes(data.clone())))
                .collect(),
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Helm compares the version of a chart's `kubeVersion` with this.
pub(crate) fn kube_version_fits(range: &str, capabilities: &Capabilities) -> bool {
    rosin_chart::dependencies::compatible(range, capabilities.version())
}
