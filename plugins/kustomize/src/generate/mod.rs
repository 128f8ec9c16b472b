//! Generators: ConfigMaps and Secrets from literals, files and env files, and service accounts for IAM policies.

mod hash;
mod iam;
mod key_values;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rosin_manifest::node::{Mapping, Node};

pub(crate) use hash::hash;
pub(crate) use iam::{IamPolicyArgs, iam_policy};

use crate::error::{Error, Result, Wrap, bail};
use crate::kustomization::{ConfigMapArgs, GeneratorArgs, SecretArgs};
use crate::kyaml;
use crate::loader::Loader;
use crate::resource::{Behavior, Resource, Source};

/// Lines of encoded values are as long as the original breaks them.
const BASE64_LINE: usize = 70;

pub(crate) fn config_map(
    args: &ConfigMapArgs,
    loader: &Loader<'_>,
    source: Source,
) -> Result<Resource> {
    let args = &args.generator;
    let mut object = base("ConfigMap", args)?;
    for (key, value) in data(args, loader)? {
        let (field, value) = match String::from_utf8(value) {
            Ok(text) => ("data", text),
            Err(error) => ("binaryData", base64(error.as_bytes())),
        };
        set_in(&mut object, field, &key, value);
    }
    finish(object, args, source)
}

pub(crate) fn secret(args: &SecretArgs, loader: &Loader<'_>, source: Source) -> Result<Resource> {
    let kind = if args.secret_type.is_empty() {
        "Opaque"
    } else {
        &args.secret_type
    };
    let args = &args.generator;
    let mut object = base("Secret", args)?;
    object.insert("type", Node::string(kind));
    object.insert("data", Mapping::new());
    for (key, value) in data(args, loader)? {
        set_in(&mut object, "data", &key, base64(&value));
    }
    finish(object, args, source)
}

fn base(kind: &str, args: &GeneratorArgs) -> Result<Node> {
    if args.name.is_empty() {
        bail!("a configmap must have a name");
    }
    let mut metadata = Mapping::new();
    metadata.insert("name", Node::string(args.name.as_str()));
    if !args.namespace.is_empty() {
        metadata.insert("namespace", Node::string(args.namespace.as_str()));
    }
    let object: Mapping = [
        ("apiVersion", Node::string("v1")),
        ("kind", Node::string(kind)),
        ("metadata", metadata.into()),
    ]
    .into_iter()
    .collect();
    Ok(object.into())
}

/// All pairs, by key.
fn data(args: &GeneratorArgs, loader: &Loader<'_>) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut data = BTreeMap::new();
    for (key, value) in key_values::load(args, loader).wrap("loading KV pairs")? {
        if data.contains_key(&key) {
            return Err(Error::new(format!(
                "configmap {} illegally repeats the key `{key}`",
                args.name
            ))
            .at_field(&key));
        }
        data.insert(key, value);
    }
    Ok(data)
}

fn finish(mut object: Node, args: &GeneratorArgs, source: Source) -> Result<Resource> {
    let mut hashed = true;
    if let Some(options) = &args.options {
        for (field, entries) in [
            ("labels", &options.labels),
            ("annotations", &options.annotations),
        ] {
            for (key, value) in entries {
                if let Some(node) = object
                    .lookup_create(&["metadata", field])
                    .and_then(Node::make_mapping)
                {
                    kyaml::put(node, key, Node::string(value.as_str()));
                }
            }
        }
        if options.immutable {
            object.insert("immutable", Node::bool(true));
        }
        hashed = !options.disable_name_suffix_hash;
    }
    let mut resource = Resource::new(object, source);
    resource.needs_hash = hashed;
    resource.behavior = Some(Behavior::parse(&args.behavior));
    Ok(resource)
}

fn set_in(object: &mut Node, field: &str, key: &str, value: String) {
    if let Some(data) = object.lookup_create(&[field]).and_then(Node::make_mapping) {
        kyaml::put(data, key, Node::string(value));
    }
}

/// Base64 in lines, if it is longer than one.
fn base64(value: &[u8]) -> String {
    let encoded = STANDARD.encode(value);
    if encoded.len() < BASE64_LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / BASE64_LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(BASE64_LINE.min(rest.len()));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines
}

/// A Secret with its `stringData` encoded into `data`, where it wins, as the API server does it. None for other objects.
pub(crate) fn data_with_string_data(object: &Node) -> Result<Option<Node>> {
    if object.api_version() != "v1" || object.object_kind() != "Secret" {
        return Ok(None);
    }
    let Some(string_data) = object.get("stringData").filter(|data| !data.is_null()) else {
        return Ok(None);
    };
    kyaml::demand(string_data, kyaml::NodeKind::Mapping)?;
    let mut object_with_data = object.clone();
    for (key, value) in string_data.as_mapping().into_iter().flat_map(Mapping::iter) {
        if !value.is_scalar() {
            return Err(
                Error::new(format!("stringData value for key {key:?} must be a scalar"))
                    .at_line(value.line),
            );
        }
        set_in(
            &mut object_with_data,
            "data",
            key,
            base64(kyaml::value(value).as_bytes()),
        );
    }
    Ok(Some(object_with_data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;
    use crate::kustomization::GeneratorOptions;
    use crate::loader::LoadRestrictor;

    fn files() -> BTreeMap<String, Vec<u8>> {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        files.insert("kustomization.yaml".to_owned(), Vec::new());
        files.insert("a.txt".to_owned(), b"hello\n".to_vec());
        files.insert("binary".to_owned(), vec![0xff, 0xfe]);
        files.insert(
            "x.env".to_owned(),
            b"\xef\xbb\xbfA=1\n# no\n\n  B = 2 \nC\n".to_vec(),
        );
        files
    }

    fn make(args: GeneratorArgs) -> Result<String> {
        let files = files();
        let loader = Loader::new(&files as &dyn Files, LoadRestrictor::RootOnly, "/r", "")?;
        let resource = config_map(
            &ConfigMapArgs { generator: args },
            &loader,
            Source::default(),
        )?;
        Ok(resource.node.to_json().unwrap().to_string())
    }

    fn named(args: GeneratorArgs) -> GeneratorArgs {
        GeneratorArgs {
            name: "m".to_owned(),
            ..args
        }
    }

    #[test]
    fn pairs_come_from_env_files_literals_and_files() {
        let json = make(named(GeneratorArgs {
            literals: vec!["l='quoted'".to_owned(), "e=a=b".to_owned()],
            files: vec![
                "a.txt".to_owned(),
                "key=a.txt".to_owned(),
                "binary".to_owned(),
            ],
            envs: vec!["x.env".to_owned()],
            ..GeneratorArgs::default()
        }))
        .unwrap();
        assert!(json.contains(r#""data":{"A":"1","B ":" 2 ","C":"","a.txt":"hello\n","e":"a=b","key":"hello\n","l":"quoted"}"#));
        assert!(json.contains(r#""binaryData":{"binary":"//4="}"#));
    }

    #[test]
    fn a_key_must_not_be_given_twice() {
        let args = GeneratorArgs {
            literals: vec!["a=1".to_owned(), "a=2".to_owned()],
            ..GeneratorArgs::default()
        };
        assert_eq!(
            make(named(args)).unwrap_err().message,
            "configmap m illegally repeats the key `a`"
        );
    }

    #[test]
    fn options_of_the_file_and_of_the_generator_are_merged() {
        let local = GeneratorOptions {
            labels: [("a".to_owned(), "local".to_owned())].into(),
            ..GeneratorOptions::default()
        };
        let global = GeneratorOptions {
            labels: [
                ("a".to_owned(), "global".to_owned()),
                ("b".to_owned(), "global".to_owned()),
            ]
            .into(),
            immutable: true,
            ..GeneratorOptions::default()
        };
        let merged = GeneratorOptions::merged(Some(&local), Some(&global)).unwrap();
        assert_eq!(merged.labels["a"], "local");
        assert_eq!(merged.labels["b"], "global");
        assert!(merged.immutable);
    }

    #[test]
    fn long_values_of_secrets_are_broken_into_lines() {
        let encoded = base64(&[0; 60]);
        assert_eq!(encoded.lines().next().map(str::len), Some(70));
        assert!(encoded.ends_with('\n'));
        assert_eq!(base64(b"short"), "c2hvcnQ=");
    }
}
