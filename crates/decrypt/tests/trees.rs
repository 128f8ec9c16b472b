//! What is decrypted before a build and after it, by Flux's rules.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rosin_decrypt::{
    Endpoints, Error, Integrity, Keys, decrypt_object, decrypt_tree, is_encrypted_secret,
};
use rosin_tree::Tree;
use serde_json::{Value, json};
use support::{DATA_KEY, Server, encrypted, remote};

/// Keys that open what `sealed` made, and nothing else.
struct World {
    server: Server,
    keys: Keys,
}

impl World {
    fn new() -> Self {
        let server = Server::start(|_| {
            (
                200,
                json!({ "data": { "plaintext": STANDARD.encode(DATA_KEY) } }),
            )
        });
        let keys = Keys::from_secret([("sops.vault-token", &b"t"[..])])
            .unwrap()
            .with_remote(remote(), Endpoints::default());
        Self { server, keys }
    }

    /// `{"a": "b"}` in JSON, with the marker that sops's own layout has.
    fn sealed(&self) -> String {
        let key = json!({ "hc_vault": [{ "vault_address": self.server.address, "engine_path": "sops", "key_name": "k", "enc": "v" }] });
        encrypted(&key).replace(r#""mac":"ENC["#, r#""mac": "ENC["#)
    }

    fn decrypt(
        &self,
        files: &[(&str, &str)],
        path: &str,
    ) -> Result<BTreeMap<String, String>, Error> {
        let tree = Tree::from_files(
            files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())),
        );
        let view = decrypt_tree(
            &tree,
            path,
            &["../extra".to_owned()],
            &self.keys,
            Integrity::Verify,
        )?;
        let view = view.unwrap_or_else(|| tree.clone());
        Ok(files
            .iter()
            .map(|(path, text)| {
                (
                    (*path).to_owned(),
                    String::from_utf8(view.read(path).unwrap()).unwrap(),
                    *text,
                )
            })
            .filter(|(_, now, before)| now != before)
            .map(|(path, now, _)| (path, now))
            .collect())
    }
}

const PLAIN: &str = "{\n\t\"a\": \"b\"\n}\n";

// parity: KS-DEC-016, KS-DEC-018, KS-DEC-019, KS-DEC-020
#[test]
fn generators_and_patches_of_all_kustomizations_are_decrypted() {
    let world = World::new();
    let sealed = world.sealed();
    let files = [
        (
            "app/kustomization.yaml",
            "resources: [../base, https://example.com/x, missing]\ncomponents: [../component]\n\
          secretGenerator:\n- name: s\n  files: [one.json, renamed.json=two.txt, other.txt, ../outside/../../../up.json]\n\
          configMapGenerator:\n- name: c\n  files: [config.json]\npatches:\n- path: patch.json\n- path: https://example.com/p.json\n- patch: '{}'\n",
        ),
        ("app/one.json", sealed.as_str()),
        ("app/two.txt", &sealed),
        ("app/config.json", &sealed),
        ("app/patch.json", &sealed),
        ("app/other.txt", "plain"),
        ("app/unreferenced.json", &sealed),
        (
            "base/kustomization.yml",
            "secretGenerator:\n- name: s\n  files: [in-base.json]\n",
        ),
        ("base/in-base.json", &sealed),
        (
            "component/Kustomization",
            "secretGenerator:\n- name: s\n  files: [in-component.json]\n",
        ),
        ("component/in-component.json", &sealed),
        (
            "extra/kustomization.yaml",
            "resources: [../app]\nsecretGenerator:\n- name: s\n  files: [in-extra.json]\n",
        ),
        ("extra/in-extra.json", &sealed),
        ("up.json", &sealed),
    ];
    let changed = world.decrypt(&files, "./app/").unwrap();
    let expected = [
        "app/one.json",
        "app/patch.json",
        "app/two.txt",
        "base/in-base.json",
        "component/in-component.json",
        "extra/in-extra.json",
    ];
    assert_eq!(
        changed.keys().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
    assert!(changed.values().all(|text| text == PLAIN), "{changed:?}");
}

// parity: KS-DEC-017
#[test]
fn env_files_are_dotenv_unless_their_name_says_otherwise() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let read = |path: &str| std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    let (dotenv, ini) = (
        read("cases/dotenv/encrypted.env"),
        read("cases/ini/encrypted.ini"),
    );
    let key = read("keys/one.agekey");
    let keys = Keys::from_secret([("one.agekey", key.as_bytes())]).unwrap();
    let tree = Tree::from_files([
        (
            "kustomization.yaml".to_owned(),
            b"secretGenerator:\n- name: s\n  envs: [settings, a.ini]\n".to_vec(),
        ),
        ("settings".to_owned(), dotenv.into_bytes()),
        ("a.ini".to_owned(), ini.into_bytes()),
    ]);
    let view = decrypt_tree(&tree, "", &[], &keys, Integrity::Verify)
        .unwrap()
        .unwrap();
    assert_eq!(
        view.read("settings").unwrap(),
        read("cases/dotenv/expected.env").as_bytes()
    );
    assert_eq!(
        view.read("a.ini").unwrap(),
        read("cases/ini/expected.ini").as_bytes()
    );
}

#[test]
fn a_folder_without_kustomization_is_what_flux_would_generate() {
    let world = World::new();
    let sealed = world.sealed();
    let files = [
        ("app/deployment.yaml", "kind: Deployment"),
        (
            "app/deep/er/kustomization.yaml",
            "secretGenerator:\n- name: s\n  files: [x.json]\n",
        ),
        ("app/deep/er/x.json", sealed.as_str()),
        (
            "app/deep/er/inner/kustomization.yaml",
            "secretGenerator:\n- name: s\n  files: [y.json]\n",
        ),
        ("app/deep/er/inner/y.json", &sealed),
    ];
    let changed = world.decrypt(&files, "app").unwrap();
    assert_eq!(changed.keys().collect::<Vec<_>>(), ["app/deep/er/x.json"]);
}

// parity: KS-DEC-019, KS-DEC-021
#[test]
fn what_is_ambiguous_or_too_large_is_refused() {
    let world = World::new();
    let two = [("kustomization.yaml", ""), ("kustomization.yml", "")];
    assert!(matches!(
        world.decrypt(&two, ""),
        Err(Error::SeveralKustomizations(_))
    ));
    let none = [
        ("kustomization.yaml", "resources: [sub]"),
        ("sub/x.txt", ""),
    ];
    assert!(
        matches!(world.decrypt(&none, ""), Err(Error::NoKustomization(folder)) if folder == "sub")
    );
    let large = world.sealed() + &" ".repeat(5 << 20);
    let large = [
        ("kustomization.yaml", "secretGenerator: [{files: [x.json]}]"),
        ("x.json", &large),
    ];
    assert!(matches!(world.decrypt(&large, ""), Err(Error::File { path, .. }) if path == "x.json"));
}

/// Flux does not look at the code of manifests at all; here a changed one is refused, while it is what was encrypted.
#[test]
fn manifests_that_were_changed_after_encryption_are_refused() {
    let world = World::new();
    let whole = world.sealed();
    let changed = whole.replacen(r#"{"a":"#, r#"{"added_unencrypted":"x","a":"#, 1);
    assert_ne!(whole, changed);
    let listed = |text: &str| {
        let files = [
            ("kustomization.yaml", "resources: [x.json]"),
            ("x.json", text),
        ];
        world.decrypt(&files, "")
    };
    let found = |text: &str| {
        let text = rosin_manifest::yaml::to_string_sigs(&serde_json::from_str(text).unwrap());
        world.decrypt(&[("x.yaml", text.as_str())], "")
    };
    assert_eq!(
        listed(&whole).unwrap(),
        BTreeMap::new(),
        "it stays encrypted for the build"
    );
    assert_eq!(
        found(&whole).unwrap(),
        BTreeMap::new(),
        "it stays encrypted for the build"
    );
    for (name, error) in [("x.json", listed(&changed)), ("x.yaml", found(&changed))] {
        let error = error.unwrap_err();
        assert!(
            matches!(&error, Error::File { path, .. } if path == name),
            "{error}"
        );
    }
}

// parity: KS-DEC-014
#[test]
fn objects_of_any_kind_are_decrypted_as_a_whole() {
    let world = World::new();
    let mut object: Value = serde_json::from_str(&world.sealed()).unwrap();
    object["kind"] = "ConfigMap".into();
    object["sops"]["encrypted_regex"] = "^a$".into();
    object["metadata"] =
        json!({ "name": "n", "namespace": "ns", "labels": { "put": "in by a build" } });
    let plain = decrypt_object(&object, &world.keys, Integrity::Verify)
        .unwrap()
        .unwrap();
    assert_eq!(plain["a"], "b");
    assert_eq!(plain["metadata"], object["metadata"]);
    assert_eq!(plain.get("sops"), None);
    object["sops"]["mac"] = "".into();
    assert_eq!(
        decrypt_object(&object, &world.keys, Integrity::Verify).unwrap(),
        None
    );
}

// parity: KS-DEC-015
#[test]
fn encrypted_files_in_the_data_of_a_secret_are_decrypted() {
    let world = World::new();
    let data = |text: &str| STANDARD.encode(text);
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "ns" },
        "data": {
            "conf.json": data(&world.sealed()), ".dockerconfigjson": data(&world.sealed()), "conf.yaml": data(&world.sealed()),
            "plain": data("plain"), "broken": "not base64!",
        },
    });
    let plain = decrypt_object(&object, &world.keys, Integrity::Verify)
        .unwrap()
        .unwrap();
    assert_eq!(plain["data"]["conf.json"], data(PLAIN));
    assert_eq!(plain["data"][".dockerconfigjson"], data(PLAIN));
    assert_eq!(plain["data"]["conf.yaml"], data("a: b\n"));
    assert_eq!(plain["data"]["plain"], object["data"]["plain"]);
    assert_eq!(plain["data"]["broken"], object["data"]["broken"]);
    let whole = json!({ "kind": "Secret", "metadata": { "name": "s", "namespace": "ns" }, "data": { "opaque": data(&world.sealed()) } });
    let error = decrypt_object(&whole, &world.keys, Integrity::Verify).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to decrypt field 'opaque' of Secret 'ns/s'"
    );
    let config = json!({ "kind": "ConfigMap", "data": { "conf.json": data(&world.sealed()) } });
    assert_eq!(
        decrypt_object(&config, &world.keys, Integrity::Verify).unwrap(),
        None
    );
}

// parity: KS-DEC-023
#[test]
fn an_object_may_ask_to_stay_encrypted() {
    let world = World::new();
    let mut object: Value = serde_json::from_str(&world.sealed()).unwrap();
    object["apiVersion"] = "v1".into();
    object["kind"] = "Secret".into();
    object["sops"]["encrypted_regex"] = "^a$".into();
    assert!(is_encrypted_secret(&object));
    for value in ["Disabled", "disabled", "DISABLED"] {
        object["metadata"] =
            json!({ "annotations": { "kustomize.toolkit.fluxcd.io/decrypt": value } });
        assert_eq!(
            decrypt_object(&object, &world.keys, Integrity::Verify).unwrap(),
            None
        );
    }
    object["metadata"] =
        json!({ "annotations": { "kustomize.toolkit.fluxcd.io/decrypt": "Enabled" } });
    assert!(
        decrypt_object(&object, &world.keys, Integrity::Verify).is_ok_and(|plain| plain.is_some())
    );
}
