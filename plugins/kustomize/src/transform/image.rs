//! `images`: new names, tags and digests for container images.

use regex::Regex;
use rosin_manifest::node::{Kind, Node};

use crate::error::Result;
use crate::kustomization::{FieldSpec, Image};
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;

pub(crate) struct ImageTag {
    image: Image,
    specs: Vec<FieldSpec>,
    /// None where the name is no pattern: then it fits nothing.
    pattern: Option<Regex>,
}

impl ImageTag {
    pub(crate) fn new(image: Image, specs: Vec<FieldSpec>) -> Self {
        // A tag is of these characters; some tools write braces into it. The digest is any that OCI allows.
        let pattern = format!(
            "^{}(:[a-zA-Z0-9_.{{}}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{{}}-]*)?$",
            image.name
        );
        Self {
            image,
            specs,
            pattern: crate::pattern::compile(&pattern).ok(),
        }
    }

    pub(super) fn apply(&self, resources: &mut ResMap) -> Result<()> {
        for resource in resources.contents_mut() {
            if resource.kind() == "CustomResourceDefinition" {
                continue;
            }
            self.in_containers(&mut resource.node)?;
            kyaml::apply_specs(&mut resource.node, &self.specs, None, &mut |node| {
                self.update(node)
            })?;
        }
        Ok(())
    }

    /// Wherever something is called `containers` or `initContainers`, in any kind and at any depth.
    fn in_containers(&self, object: &mut Node) -> Result<()> {
        let mut waiting = vec![object];
        while let Some(node) = waiting.pop() {
            match &mut node.kind {
                Kind::Scalar(_) => {}
                Kind::Sequence(items) => waiting.extend(items.iter_mut()),
                Kind::Mapping(fields) => {
                    for (name, value) in fields.iter_mut() {
                        if matches!(name, "containers" | "initContainers") {
                            self.update_images(value)?;
                        }
                        if !value.is_scalar() {
                            waiting.push(value);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn update_images(&self, containers: &mut Node) -> Result<()> {
        for container in containers.as_sequence_mut().into_iter().flatten() {
            kyaml::demand(container, NodeKind::Mapping)?;
            if let Some(image) = container.get_mut("image") {
                self.update(image)?;
            }
        }
        Ok(())
    }

    fn update(&self, node: &mut Node) -> Result<()> {
        kyaml::demand(node, NodeKind::Scalar)?;
        let value = kyaml::text(node);
        if !self
            .pattern
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(value))
        {
            return Ok(());
        }
        let updated = self.updated(value);
        kyaml::set_scalar(node, &updated, None)
    }

    fn updated(&self, value: &str) -> String {
        let (name, mut tag, mut digest) = split(value);
        let Image {
            new_name,
            new_tag,
            digest: new_digest,
            tag_suffix,
            ..
        } = &self.image;
        let mut suffix = "";
        if !new_tag.is_empty() || !new_digest.is_empty() {
            (tag, digest) = (new_tag, new_digest);
        } else if !tag_suffix.is_empty() {
            suffix = tag_suffix;
            digest = "";
        }
        let mut updated = if new_name.is_empty() { name } else { new_name }.to_owned();
        if !tag.is_empty() || !suffix.is_empty() {
            updated.push(':');
            updated.push_str(tag);
            updated.push_str(suffix);
        }
        if !digest.is_empty() {
            updated.push('@');
            updated.push_str(digest);
        }
        updated
    }
}

/// Name, tag and digest. A colon before the first slash belongs to the host.
fn split(image: &str) -> (&str, &str, &str) {
    let host = match image.find('/') {
        Some(at) if at > 0 => at,
        _ => 0,
    };
    let colon = image[host..].find(':').map(|at| at + host);
    let at_sign = image[host..].find('@').map(|at| at + host);
    match (colon, at_sign) {
        (None, None) => (image, "", ""),
        (Some(colon), None) => (&image[..colon], &image[colon + 1..], ""),
        (Some(colon), Some(at)) if colon < at => {
            (&image[..colon], &image[colon + 1..at], &image[at + 1..])
        }
        (_, Some(at)) => (&image[..at], "", &image[at + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tests_node;

    fn update(image: Image, value: &str) -> String {
        let image = ImageTag::new(image, Vec::new());
        let mut node = Node::string(value);
        image.update(&mut node).unwrap();
        node.as_text().unwrap().to_owned()
    }

    fn named(name: &str) -> Image {
        Image {
            name: name.to_owned(),
            ..Image::default()
        }
    }

    #[test]
    fn references_are_split_into_their_parts() {
        assert_eq!(
            split("host:5000/a/b:1@sha256:x"),
            ("host:5000/a/b", "1", "sha256:x")
        );
        assert_eq!(split("nginx@sha256:x"), ("nginx", "", "sha256:x"));
        assert_eq!(split("nginx"), ("nginx", "", ""));
    }

    #[test]
    fn a_new_tag_or_digest_replaces_both() {
        let tag = Image {
            new_tag: "2".to_owned(),
            ..named("nginx")
        };
        assert_eq!(update(tag.clone(), "nginx:1@sha256:abc"), "nginx:2");
        assert_eq!(update(tag, "other/nginx:1"), "other/nginx:1");
        let digest = Image {
            digest: "sha256:x".to_owned(),
            new_name: "n".to_owned(),
            ..named("nginx")
        };
        assert_eq!(update(digest, "nginx:1"), "n@sha256:x");
        let suffix = Image {
            tag_suffix: "-a".to_owned(),
            ..named("nginx")
        };
        assert_eq!(update(suffix, "nginx:1@sha256:x"), "nginx:1-a");
    }

    #[test]
    fn a_name_that_is_no_pattern_fits_nothing() {
        assert_eq!(
            update(
                Image {
                    new_tag: "2".to_owned(),
                    ..named("[")
                },
                "[:1"
            ),
            "[:1"
        );
    }

    #[test]
    fn containers_are_found_in_kinds_that_nobody_knows() {
        let mut node = tests_node(
            "{kind: X, deep: [{containers: [{image: 'nginx:1'}]}], other: {image: 'nginx:1'}}",
        );
        let image = ImageTag::new(
            Image {
                new_tag: "2".to_owned(),
                ..named("nginx")
            },
            Vec::new(),
        );
        image.in_containers(&mut node).unwrap();
        assert_eq!(
            node.to_json().unwrap().to_string(),
            r#"{"deep":[{"containers":[{"image":"nginx:2"}]}],"kind":"X","other":{"image":"nginx:1"}}"#
        );
    }
}
