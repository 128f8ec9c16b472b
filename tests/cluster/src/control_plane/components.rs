//! The command lines of the components. Flags that differ from a production cluster are for speed (no fsync, no throttling of the
//! clients) or for loopback; admission, authorization and API are those of a real cluster.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::paths;

pub(super) const NODE: &str = "kwok-0";

pub(super) struct User {
    pub(super) name: &'static str,
    groups: &'static str,
    pub(super) kubeconfig: &'static str,
}

/// Who may come in, each with a token of its own.
pub(super) const USERS: &[User] = &[
    User {
        name: "admin",
        groups: "system:masters",
        kubeconfig: "kubeconfig",
    },
    User {
        name: "system:kube-controller-manager",
        groups: "",
        kubeconfig: "controller-manager.kubeconfig",
    },
    User {
        name: "system:kube-scheduler",
        groups: "",
        kubeconfig: "scheduler.kubeconfig",
    },
    User {
        name: "kwok",
        groups: "system:masters",
        kubeconfig: "kwok.kubeconfig",
    },
    User {
        name: "controller",
        groups: "system:masters",
        kubeconfig: "controller.kubeconfig",
    },
];

/// Only what the program under test asks for, and only how it ended.
const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: Metadata
    users: [controller]
  - level: None
";

pub(super) fn write_tokens(folder: &Path) -> Result<()> {
    let mut lines = String::new();
    for user in USERS {
        let User { name, groups, .. } = user;
        // Random, since any process of the machine can reach the port.
        let token = format!("{:032x}", rand::random::<u128>());
        lines += &format!("{token},{name},{name},\"{groups}\"\n");
    }
    fs::write(folder.join("tokens.csv"), lines)?;
    Ok(())
}

pub(super) fn token(folder: &Path, user: &User) -> Result<String> {
    let lines = fs::read_to_string(folder.join("tokens.csv"))?;
    let of_user = |line: &str| {
        line.split_once(',')
            .filter(|(_, rest)| rest.starts_with(user.name))
            .map(|(token, _)| token.to_owned())
    };
    lines
        .lines()
        .find_map(of_user)
        .with_context(|| format!("no token of {}", user.name))
}

pub(super) fn etcd(folder: &Path, port: u16, peer: u16) -> Result<Command> {
    let mut command = Command::new(paths::tool("etcd")?);
    command
        .arg(format!("--data-dir={}", folder.join("etcd").display()))
        .arg(format!("--listen-client-urls=http://127.0.0.1:{port}"))
        .arg(format!("--advertise-client-urls=http://127.0.0.1:{port}"))
        .arg(format!("--listen-peer-urls=http://127.0.0.1:{peer}"))
        .arg(format!(
            "--initial-advertise-peer-urls=http://127.0.0.1:{peer}"
        ))
        .arg(format!("--initial-cluster=default=http://127.0.0.1:{peer}"))
        .args(["--unsafe-no-fsync", "--log-level=warn"]);
    Ok(command)
}

pub(super) fn api_server(folder: &Path, etcd: u16, port: u16, audit: bool) -> Result<Command> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(paths::tool("kube-apiserver")?);
    command
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"))
        .arg(format!("--secure-port={port}"))
        .args([
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
        ])
        .arg(format!("--tls-cert-file={}", file("server.crt")))
        .arg(format!("--tls-private-key-file={}", file("server.key")))
        .arg(format!("--token-auth-file={}", file("tokens.csv")))
        .arg(format!(
            "--service-account-key-file={}",
            file("service-account.pub")
        ))
        .arg(format!(
            "--service-account-signing-key-file={}",
            file("service-account.key")
        ))
        .args([
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-cluster-ip-range=10.0.0.0/16",
        ])
        .args([
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            "--profiling=false",
        ])
        .arg(format!("--cert-dir={}", folder.display()));
    if audit {
        fs::write(folder.join("audit-policy.yaml"), AUDIT_POLICY)?;
        command
            .arg(format!("--audit-policy-file={}", file("audit-policy.yaml")))
            .arg(format!("--audit-log-path={}", file("audit.log")));
    }
    Ok(command)
}

pub(super) fn controller_manager(folder: &Path, port: u16) -> Result<Command> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(paths::tool("kube-controller-manager")?);
    command
        .arg(format!(
            "--kubeconfig={}",
            file("controller-manager.kubeconfig")
        ))
        .arg(format!(
            "--service-account-private-key-file={}",
            file("service-account.key")
        ))
        .arg(format!("--root-ca-file={}", file("ca.crt")))
        .arg(format!("--secure-port={port}"))
        .arg(format!("--cert-dir={}", folder.display()))
        .args([
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
        ])
        .args([
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--profiling=false",
        ]);
    Ok(command)
}

pub(super) fn scheduler(folder: &Path) -> Result<Command> {
    let mut command = Command::new(paths::tool("kube-scheduler")?);
    command
        .arg(format!(
            "--kubeconfig={}",
            folder.join("scheduler.kubeconfig").display()
        ))
        .args([
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--profiling=false",
        ]);
    Ok(command)
}

pub(super) fn kwok(folder: &Path) -> Result<Command> {
    let mut command = Command::new(paths::tool("kwok")?);
    command
        .arg(format!(
            "--kubeconfig={}",
            folder.join("kwok.kubeconfig").display()
        ))
        .arg(format!(
            "--config={}",
            paths::tool("kwok-stages.yaml")?.display()
        ))
        .args([
            "--manage-all-nodes",
            "--node-ip=127.0.0.1",
            "--cidr=10.244.0.0/16",
        ]);
    Ok(command)
}

/// One node with room for everything.
pub(super) fn node() -> Value {
    let room = json!({ "cpu": "1000", "memory": "1Ti", "pods": "100000" });
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "annotations": { "kwok.x-k8s.io/node": "fake" },
            "labels": { "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "type": "kwok" },
        },
        "status": { "allocatable": room, "capacity": room },
    })
}
