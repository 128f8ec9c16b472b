//! Where an object came from and what changed it, for `buildMetadata`.

use std::fmt::Write as _;

use crate::path;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Origin {
    /// The file that the object was read from.
    pub(crate) path: String,
    /// The file that asked for it or changed it, and the plugin that did.
    pub(crate) configured_in: String,
    pub(crate) configured_by: ConfiguredBy,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ConfiguredBy {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl Origin {
    /// The origin of something at a path below this one.
    pub(crate) fn append(&self, path: &str) -> Self {
        Self {
            path: join(&self.path, path),
            ..self.clone()
        }
    }

    /// What a built-in generator or transformer of the kustomization in this folder leaves behind.
    pub(crate) fn of_builtin(&self, file: &str, kind: &str) -> Self {
        Self {
            path: String::new(),
            configured_in: join(&self.path, file),
            configured_by: ConfiguredBy {
                api_version: "builtin".to_owned(),
                kind: kind.to_owned(),
                ..ConfiguredBy::default()
            },
        }
    }

    pub(crate) fn to_yaml(&self) -> String {
        let mut text = String::new();
        for line in self.lines() {
            let _ = writeln!(text, "{line}");
        }
        if text.is_empty() {
            "{}\n".to_owned()
        } else {
            text
        }
    }

    pub(crate) fn list_to_yaml(origins: &[Self]) -> String {
        let mut text = String::new();
        for origin in origins {
            for (at, line) in origin.lines().into_iter().enumerate() {
                let _ = writeln!(text, "{}{line}", if at == 0 { "- " } else { "  " });
            }
        }
        text
    }

    fn lines(&self) -> Vec<String> {
        let ConfiguredBy {
            api_version,
            kind,
            name,
            namespace,
        } = &self.configured_by;
        let mut lines = Vec::new();
        let mut field = |indent: &str, name: &str, value: &str| {
            if !value.is_empty() {
                lines.push(format!(
                    "{indent}{name}: {}",
                    crate::yaml::scalar_text(value)
                ));
            }
        };
        field("", "path", &self.path);
        field("", "configuredIn", &self.configured_in);
        let by: [(&str, &str); 4] = [
            ("apiVersion", api_version),
            ("kind", kind),
            ("name", name),
            ("namespace", namespace),
        ];
        if by.iter().any(|(_, value)| !value.is_empty()) {
            lines.push("configuredBy:".to_owned());
            for (name, value) in by {
                if !value.is_empty() {
                    lines.push(format!("  {name}: {}", crate::yaml::scalar_text(value)));
                }
            }
        }
        lines
    }
}

fn join(folder: &str, file: &str) -> String {
    let joined = path::join(folder, file);
    if joined.is_empty() {
        ".".to_owned()
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_the_annotation_has_it() {
        let folder = Origin::default().append("base");
        assert_eq!(folder.append("x.yaml").to_yaml(), "path: base/x.yaml\n");
        let generated = folder.of_builtin("kustomization.yaml", "ConfigMapGenerator");
        assert_eq!(
            generated.to_yaml(),
            "configuredIn: base/kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
        );
        assert_eq!(
            Origin::list_to_yaml(&[generated]),
            "- configuredIn: base/kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: ConfigMapGenerator\n"
        );
    }
}
