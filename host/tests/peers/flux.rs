//! `rosin build kustomization` beside `flux build kustomization --dry-run`.

use super::{folder, peer, rosin, run, same};

const KUSTOMIZATION: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: app
  namespace: flux-system
spec:
  interval: 1h
  path: ./app
  prune: true
  sourceRef: {kind: GitRepository, name: fleet}
";

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {team: \"${team}\", tier: \"${tier:=back}\"}
spec:
  selector: {app: web}
  ports: [{port: 80}]
";

const SETTINGS: &str = "kind: ConfigMap
apiVersion: v1
metadata: {name: settings, labels: {a: b}}
data: {greeting: \"hello ${who}\", number: \"1\"}
";

const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: sealed}
data: {token: \"ENC[AES256_GCM,data:x,type:str]\"}
sops: {mac: \"ENC[AES256_GCM,data:y,type:str]\", version: 3.8.1}
";

/// Files of a case, the flags of the command, and whether it succeeds.
struct Case {
    name: &'static str,
    files: Vec<(&'static str, String)>,
    flags: &'static [&'static str],
    builds: bool,
}

fn case(name: &'static str, files: &[(&'static str, &str)]) -> Case {
    let mut all = vec![("flux.yaml", KUSTOMIZATION.to_owned())];
    all.retain(|(path, _)| !files.iter().any(|(own, _)| own == path));
    all.extend(files.iter().map(|(path, text)| (*path, (*text).to_owned())));
    Case {
        name,
        files: all,
        flags: &[],
        builds: true,
    }
}

fn with(spec: &str) -> String {
    format!("{KUSTOMIZATION}{spec}")
}

fn inner(name: &str, namespace: &str, path: &str, more: &str) -> String {
    KUSTOMIZATION
        .replace("name: app", &format!("name: {name}"))
        .replace("namespace: flux-system", &format!("namespace: {namespace}"))
        .replace("./app", path)
        + more
}

fn cases() -> Vec<Case> {
    let sources = &[
        "--recursive",
        "--local-sources",
        "GitRepository/flux-system/fleet=.,GitRepository/first/fleet=.,GitRepository/apps/fleet=./other",
    ];
    vec![
        case("a folder without kustomization file", &[
            ("app/web.yaml", SERVICE),
            ("app/deep/settings.yml", SETTINGS),
            ("app/nested/kustomization.yaml", "resources: [s.yaml]\nnamePrefix: in-\n"),
            ("app/nested/s.yaml", SETTINGS),
            ("app/notes.txt", "none"),
        ]),
        case("an overlay, and all fields of the Kustomization", &[
            ("flux.yaml", &with("  targetNamespace: shop
  namePrefix: a-
  nameSuffix: -z
  images: [{name: nginx, newTag: v2}]
  commonMetadata: {labels: {team: us}, annotations: {seen: \"yes\"}}
  components: [../parts]
  patches:
  - patch: |
      - {op: add, path: /spec/type, value: ClusterIP}
    target: {kind: Service}
  postBuild:
    substitute: {team: us, who: \"wor\\nld\"}
    substituteFrom: [{kind: ConfigMap, name: none}]
")),
            ("app/kustomization.yaml", "resources: [web.yaml, ../base]\nimages: [{name: nginx, newTag: v1}]\n"),
            ("app/web.yaml", SERVICE),
            ("base/kustomization.yaml", "resources: [settings.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n"),
            ("base/settings.yaml", SETTINGS),
            ("parts/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {part: \"1\"}\n"),
        ]),
        case("a kustomization without resources says where things come from", &[
            ("app/kustomization.yaml", "bases: [../base]\n"),
            ("base/kustomization.yaml", "resources: [settings.yaml]\n"),
            ("base/settings.yaml", SETTINGS),
        ]),
        case("generators alone say where things come from", &[
            ("app/kustomization.yaml", "configMapGenerator: [{name: made, literals: [a=b]}]\n"),
        ]),
        case("encrypted secrets are masked", &[
            ("app/secret.yaml", SECRET),
            ("app/plain.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: plain}\nstringData: {a: b}\ndata: {c: ZA==}\n"),
        ]),
        case("lists are taken apart", &[
            ("app/list.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n"),
        ]),
        Case {
            flags: &["--strict-substitute"],
            builds: false,
            ..case("a variable that is not set, strictly", &[
                ("flux.yaml", &with("  postBuild: {substitute: {team: us}}\n")),
                ("app/settings.yaml", SETTINGS),
            ])
        },
        case("a variable that is not set", &[
            ("flux.yaml", &with("  postBuild: {substitute: {team: us}}\n")),
            ("app/settings.yaml", SETTINGS),
            ("app/web.yaml", &SERVICE.replace("  name: web\n", "  name: web\n  labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}\n")),
        ]),
        Case {
            flags: &["--ignore-paths", "deep/,*-draft.yaml", "--in-memory-build"],
            ..case("files that are ignored", &[
                ("app/web.yaml", SERVICE),
                ("app/web-draft.yaml", "not: [yaml"),
                ("app/deep/settings.yml", SETTINGS),
                ("app/.gitlab-ci.yml", "stages: []\n"),
                ("app/sub/.sourceignore", "b.yaml\n"),
                ("app/sub/a.yaml", &SETTINGS.replace("settings", "a")),
                ("app/sub/b.yaml", &SETTINGS.replace("settings", "b")),
            ])
        },
        Case {
            flags: &["--ignore-paths", "settings.yaml"],
            ..case("resources that are ignored", &[
                ("app/kustomization.yaml", "resources: [web.yaml, settings.yaml, ../base]\n"),
                ("app/web.yaml", SERVICE),
                ("app/settings.yaml", SETTINGS),
                ("base/kustomization.yaml", "resources: [settings.yaml]\n"),
                ("base/settings.yaml", &SETTINGS.replace("settings", "base")),
            ])
        },
        case("a file of ignored ones", &[
            ("app/.sourceignore", "*.yml\n!keep.yml\n"),
            ("app/web.yaml", SERVICE),
            ("app/settings.yml", SETTINGS),
            ("app/keep.yml", &SETTINGS.replace("settings", "keep")),
        ]),
        Case {
            flags: sources,
            ..case("Kustomizations in Kustomizations", &[
                ("app/apps.yaml", &format!(
                    "{}---\n{}",
                    inner("one", "flux-system", "./one", "  targetNamespace: first\n  commonMetadata: {labels: {x: y}}\n"),
                    inner("two", "apps", "two", "  postBuild: {substitute: {who: two}}\n"),
                )),
                ("app/self.yaml", KUSTOMIZATION),
                ("app/web.yaml", SERVICE),
                ("one/three.yaml", &inner("three", "flux-system", "./three", "")),
                ("one/settings.yaml", SETTINGS),
                ("other/two/settings.yaml", SETTINGS),
                ("three/web.yaml", SERVICE),
            ])
        },
        Case {
            flags: sources,
            builds: false,
            ..case("a source that is not here", &[
                ("app/apps.yaml", &inner("one", "elsewhere", "./one", "")),
            ])
        },
        case("no namespace in the file", &[
            ("flux.yaml", &KUSTOMIZATION.replace("  namespace: flux-system\n", "")),
            ("app/settings.yaml", SETTINGS),
        ]),
        Case {
            builds: false,
            ..case("another name in the file", &[
                ("flux.yaml", &KUSTOMIZATION.replace("name: app", "name: other")),
                ("app/settings.yaml", SETTINGS),
            ])
        },
        Case {
            builds: false,
            ..case("a file that is no object", &[("app/settings.yaml", "a: b\n")])
        },
    ]
}

// parity: KS-GEN-006
#[test]
fn builds_print_what_flux_prints() {
    let Some(flux) = peer("flux") else { return };
    let command = "build kustomization app --path app --dry-run --kustomization-file flux.yaml";
    for case in cases() {
        let files = case.files.iter().map(|(path, text)| (*path, text.as_str()));
        let folder = folder(files);
        let arguments: Vec<&str> = command
            .split(' ')
            .chain(case.flags.iter().copied())
            .collect();
        let theirs = run(&flux, folder.path(), &arguments);
        let ours = run(rosin(), folder.path(), &arguments);
        same(case.name, case.builds, &theirs, &ours);
    }
}
