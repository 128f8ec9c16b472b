//! Records as JSON, with the fields in the order of Helm's structs.

use rosin_chart::{Dependency, Metadata};

use super::{Chart, File, Hook, HookExecution, Info, Lock, Release};
use crate::Time;
use crate::json::{self, Object, list, object, text};

/// The JSON of a record.
pub(super) fn release(release: &Release) -> String {
    let mut out = String::with_capacity(release.manifest.len() * 2 + 4096);
    object(&mut out, |object| {
        object.some_text("name", &release.name);
        object.field("info", |out| write_info(out, &release.info, true));
        object.field("chart", |out| write_chart(out, &release.chart));
        if !release.config.is_empty() {
            object.field("config", |out| json::map(out, &release.config));
        }
        object.some_text("manifest", &release.manifest);
        object.some_list("hooks", &release.hooks, |out, hook| {
            write_hook(out, hook, true);
        });
        object.some_number("version", release.version);
        object.some_text("namespace", &release.namespace);
        if let Some(method) = &release.apply_method {
            object.some_text("apply_method", method.as_str());
        }
        object.raw(&release.unknown);
    });
    out
}

/// `unknown`: with the fields that this program does not know.
pub(crate) fn write_info(out: &mut String, info: &Info, unknown: bool) {
    object(out, |object| {
        some_time(object, "first_deployed", &info.first_deployed);
        some_time(object, "last_deployed", &info.last_deployed);
        some_time(object, "deleted", &info.deleted);
        object.some_text("description", &info.description);
        object.some_text("status", info.status.as_str());
        object.some_text("notes", &info.notes);
        if let Some(resources) = &info.resources {
            object.field("resources", |out| out.push_str(resources));
        }
        if unknown {
            object.raw(&info.unknown);
        }
    });
}

pub(crate) fn write_chart(out: &mut String, chart: &Chart) {
    object(out, |object| {
        object.field("metadata", |out| write_metadata(out, &chart.metadata));
        object.field("lock", |out| match &chart.lock {
            Some(lock) => write_lock(out, lock),
            None => out.push_str("null"),
        });
        object.field("templates", |out| {
            nullable(out, chart.templates.as_deref(), write_file);
        });
        object.field("values", |out| match &chart.values {
            Some(values) => json::map(out, values),
            None => out.push_str("null"),
        });
        object.field("schema", |out| nullable_text(out, chart.schema.as_deref()));
        object.field("schemamodtime", |out| time(out, &chart.schema_modified));
        object.field("files", |out| {
            nullable(out, chart.files.as_deref(), write_file);
        });
        some_time(object, "modtime", &chart.modified);
        object.raw(&chart.unknown);
    });
}

fn write_file(out: &mut String, file: &File) {
    object(out, |object| {
        object.text("name", &file.name);
        object.field("data", |out| nullable_text(out, file.data.as_deref()));
        some_time(object, "modtime", &file.modified);
    });
}

/// `Chart.lock` likewise.
pub fn write_lock(out: &mut String, lock: &Lock) {
    object(out, |object| {
        object.field("generated", |out| time(out, &lock.generated));
        object.text("digest", &lock.digest);
        object.field("dependencies", |out| {
            nullable(out, lock.dependencies.as_deref(), write_dependency);
        });
    });
}

/// `Chart.yaml` as Helm's struct writes it.
pub fn write_metadata(out: &mut String, metadata: &Metadata) {
    object(out, |object| {
        object.some_text("name", &metadata.name);
        object.some_text("home", &metadata.home);
        object.some_texts("sources", &metadata.sources);
        object.some_text("version", &metadata.version);
        object.some_text("description", &metadata.description);
        object.some_texts("keywords", &metadata.keywords);
        object.some_list(
            "maintainers",
            &metadata.maintainers,
            |out, maintainer| match maintainer {
                None => out.push_str("null"),
                Some(maintainer) => json::object(out, |object| {
                    object.some_text("name", &maintainer.name);
                    object.some_text("email", &maintainer.email);
                    object.some_text("url", &maintainer.url);
                }),
            },
        );
        object.some_text("icon", &metadata.icon);
        object.some_text("apiVersion", &metadata.api_version);
        object.some_text("condition", &metadata.condition);
        object.some_text("tags", &metadata.tags);
        object.some_text("appVersion", &metadata.app_version);
        if metadata.deprecated {
            object.field("deprecated", |out| out.push_str("true"));
        }
        if !metadata.annotations.is_empty() {
            object.field("annotations", |out| {
                json::object(out, |object| {
                    for (name, value) in &metadata.annotations {
                        object.text(name, value);
                    }
                });
            });
        }
        object.some_text("kubeVersion", &metadata.kube_version);
        let dependencies = metadata.dependencies.as_deref().unwrap_or_default();
        object.some_list("dependencies", dependencies, write_dependency);
        object.some_text("type", &metadata.kind);
    });
}

fn write_dependency(out: &mut String, dependency: &Dependency) {
    object(out, |object| {
        object.text("name", &dependency.name);
        object.some_text("version", &dependency.version);
        object.text("repository", &dependency.repository);
        object.some_text("condition", &dependency.condition);
        object.some_texts("tags", &dependency.tags);
        if dependency.enabled {
            object.field("enabled", |out| out.push_str("true"));
        }
        object.some_list("import-values", &dependency.import_values, json::value);
        object.some_text("alias", &dependency.alias);
    });
}

pub(crate) fn write_hook(out: &mut String, hook: &Hook, unknown: bool) {
    object(out, |object| {
        object.some_text("name", &hook.name);
        object.some_text("kind", &hook.kind);
        object.some_text("path", &hook.path);
        object.some_text("manifest", &hook.manifest);
        object.some_texts("events", &hook.events);
        object.field("last_run", |out| write_execution(out, &hook.last_run));
        object.some_number("weight", hook.weight);
        object.some_texts("delete_policies", &hook.delete_policies);
        object.some_texts("output_log_policies", &hook.output_log_policies);
        if unknown {
            object.raw(&hook.unknown);
        }
    });
}

fn write_execution(out: &mut String, run: &HookExecution) {
    object(out, |object| {
        some_time(object, "started_at", &run.started_at);
        some_time(object, "completed_at", &run.completed_at);
        object.text("phase", &run.phase);
    });
}

fn nullable<T>(out: &mut String, items: Option<&[T]>, write: impl FnMut(&mut String, &T)) {
    match items {
        Some(items) => list(out, items, write),
        None => out.push_str("null"),
    }
}

fn nullable_text(out: &mut String, given: Option<&str>) {
    match given {
        Some(given) => text(out, given),
        None => out.push_str("null"),
    }
}

fn time(out: &mut String, time: &Time) {
    text(out, &time.to_string());
}

fn some_time(object: &mut Object<'_>, name: &str, value: &Time) {
    if !value.is_zero() {
        object.field(name, |out| time(out, value));
    }
}
