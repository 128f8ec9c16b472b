//! Flags, checked once. Nothing below reads a flag or the environment.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use rosin_decrypt::Endpoints;

use crate::{
    cli::{ControllerArgs, ControllerName},
    gates::Gates,
    reconcile::kustomization::OwnIdentity,
};

#[derive(Debug, Clone)]
pub struct Config {
    pub source: bool,
    pub kustomize: bool,
    pub helm: bool,
    /// `None`: all namespaces.
    pub namespace: Option<String>,
    pub runtime_namespace: String,
    pub watch_label_selector: Option<String>,
    pub concurrent: usize,
    pub concurrent_ssa: usize,
    pub requeue_dependency: Duration,
    pub min_retry_delay: Duration,
    pub max_retry_delay: Duration,
    pub interval_jitter_percentage: u8,
    pub no_cross_namespace_refs: bool,
    pub no_remote_bases: bool,
    pub default_service_account: Option<String>,
    pub custom_apply_stage_kinds: Vec<String>,
    pub override_managers: Vec<String>,
    pub prune_empty: bool,
    pub helm_index_max_size: u64,
    pub helm_chart_max_size: u64,
    /// Secret in our namespace with age identities for Kustomizations that name none.
    pub sops_age_secret: Option<String>,
    pub sops_check_mac: bool,
    pub gates: Gates,
    pub default_decryption_service_account: Option<String>,
    pub default_kubeconfig_service_account: Option<String>,
    pub watch_configs_label_selector: String,
    /// Where key services are, if not at their usual addresses.
    pub key_services: Endpoints,
    pub own_identity: OwnIdentity,
    pub http_retry: u32,
    pub watch_drift: bool,
    pub storage_path: PathBuf,
    pub storage_addr: SocketAddr,
    pub storage_adv_addr: String,
    pub artifact_retention_ttl: Duration,
    pub artifact_retention_records: usize,
    pub metrics_addr: SocketAddr,
    pub health_addr: SocketAddr,
    pub events_addr: Option<String>,
    pub leader_election: Option<LeaderElection>,
    pub renderers_path: Option<PathBuf>,
    pub renderers_from_sources: bool,
    pub renderers_policy: Option<PathBuf>,
    pub render_timeout: Duration,
    pub render_memory: usize,
    pub graceful_shutdown_timeout: Duration,
}

#[derive(Debug, Clone)]
pub struct LeaderElection {
    pub lease_duration: Duration,
    pub renew_deadline: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("--{flag}: {value:?} is not an address such as :8080 or 127.0.0.1:8080")]
    Address { flag: &'static str, value: String },
    #[error("--{flag} must be at least {least}")]
    TooSmall { flag: &'static str, least: usize },
    #[error(
        "--leader-election-renew-deadline must be shorter than --leader-election-lease-duration"
    )]
    Lease,
    #[error("--feature-gates: {0}")]
    Gates(String),
    #[error("--sops-key-service: {0:?} is not the name of a service, an equals sign and a URL")]
    KeyService(String),
    #[error(
        "--default-decryption-service-account and --default-kubeconfig-service-account need \
         --feature-gates=ObjectLevelWorkloadIdentity=true"
    )]
    ObjectLevelIdentity,
}

impl Config {
    /// Checks what the flags say together.
    pub fn new(args: ControllerArgs) -> Result<Self, ConfigError> {
        if args.concurrent == 0 {
            return Err(ConfigError::TooSmall {
                flag: "concurrent",
                least: 1,
            });
        }
        if args.concurrent_ssa == 0 {
            return Err(ConfigError::TooSmall {
                flag: "concurrent-ssa",
                least: 1,
            });
        }
        if args.leader_election_renew_deadline >= args.leader_election_lease_duration {
            return Err(ConfigError::Lease);
        }
        let gates = Gates::parse(&args.feature_gates).map_err(ConfigError::Gates)?;
        let defaults = [
            &args.default_decryption_service_account,
            &args.default_kubeconfig_service_account,
        ];
        if !gates.object_level_workload_identity && defaults.iter().any(|name| !name.is_empty()) {
            return Err(ConfigError::ObjectLevelIdentity);
        }
        let some = |text: String| (!text.is_empty()).then_some(text);
        let storage_adv_addr = some(args.storage_adv_addr).unwrap_or_else(|| {
            format!(
                "source-controller.{}.svc.cluster.local.",
                args.runtime_namespace
            )
        });
        Ok(Self {
            source: args.controllers.contains(&ControllerName::Source),
            kustomize: args.controllers.contains(&ControllerName::Kustomize),
            helm: args.controllers.contains(&ControllerName::Helm),
            namespace: (!args.watch_all_namespaces).then(|| args.runtime_namespace.clone()),
            runtime_namespace: args.runtime_namespace,
            watch_label_selector: some(args.watch_label_selector),
            concurrent: args.concurrent,
            concurrent_ssa: args.concurrent_ssa,
            requeue_dependency: args.requeue_dependency,
            min_retry_delay: args.min_retry_delay,
            max_retry_delay: args.max_retry_delay,
            interval_jitter_percentage: args.interval_jitter_percentage,
            no_cross_namespace_refs: args.no_cross_namespace_refs,
            no_remote_bases: args.no_remote_bases,
            default_service_account: some(args.default_service_account),
            custom_apply_stage_kinds: args.custom_apply_stage_kinds,
            override_managers: args.override_manager,
            prune_empty: args.prune_empty,
            helm_index_max_size: args.helm_index_max_size,
            helm_chart_max_size: args.helm_chart_max_size,
            sops_age_secret: some(args.sops_age_secret),
            sops_check_mac: args.sops_check_mac,
            gates,
            default_decryption_service_account: some(args.default_decryption_service_account),
            default_kubeconfig_service_account: some(args.default_kubeconfig_service_account),
            watch_configs_label_selector: args.watch_configs_label_selector,
            key_services: key_services(&args.sops_key_service)?,
            own_identity: OwnIdentity {
                aws_role: args.aws_role_arn,
                aws_token: args.aws_web_identity_token_file,
                azure_tenant: args.azure_tenant_id,
                azure_client: args.azure_client_id,
                azure_token: args.azure_federated_token_file,
            },
            http_retry: args.http_retry,
            watch_drift: args.watch_drift,
            storage_path: args.storage_path,
            storage_addr: address("storage-addr", &args.storage_addr)?,
            storage_adv_addr,
            artifact_retention_ttl: args.artifact_retention_ttl,
            artifact_retention_records: args.artifact_retention_records,
            metrics_addr: address("metrics-addr", &args.metrics_addr)?,
            health_addr: address("health-addr", &args.health_addr)?,
            events_addr: some(args.events_addr),
            leader_election: args.enable_leader_election.then_some(LeaderElection {
                lease_duration: args.leader_election_lease_duration,
                renew_deadline: args.leader_election_renew_deadline,
            }),
            renderers_path: args.renderers_path,
            renderers_from_sources: args.renderers_from_sources,
            renderers_policy: args.renderers_policy,
            render_timeout: args.render_timeout,
            render_memory: args.render_memory << 20,
            graceful_shutdown_timeout: args.graceful_shutdown_timeout,
        })
    }
}

/// Addresses that requests with credentials go to are not guessed.
fn key_services(given: &[String]) -> Result<Endpoints, ConfigError> {
    let mut endpoints = Endpoints::default();
    for entry in given {
        let known = entry.split_once('=').is_some_and(|(name, url)| {
            let web = url.starts_with("https://") || url.starts_with("http://");
            web && endpoints.set(name, url)
        });
        if !known {
            return Err(ConfigError::KeyService(entry.clone()));
        }
    }
    Ok(endpoints)
}

/// `:8080` is Go's spelling of "all addresses".
fn address(flag: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    let full = if value.starts_with(':') {
        format!("0.0.0.0{value}")
    } else {
        value.replace("localhost:", "127.0.0.1:")
    };
    full.parse().map_err(|_| ConfigError::Address {
        flag,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn config(flags: &[&str]) -> Result<Config, ConfigError> {
        let cli = Cli::parse_from(["rosin", "controller"].iter().chain(flags));
        let Command::Controller(args) = cli.command else {
            panic!("the controller command was given")
        };
        Config::new(*args)
    }

    // parity: KS-FLAG-001, SRC-GEN-009
    #[test]
    fn the_defaults_are_those_of_flux() {
        let config = config(&[]).unwrap();
        assert_eq!(config.metrics_addr, "0.0.0.0:8080".parse().unwrap());
        assert_eq!(config.health_addr, "0.0.0.0:9440".parse().unwrap());
        assert_eq!(
            config.storage_adv_addr,
            "source-controller.flux-system.svc.cluster.local."
        );
        assert_eq!(config.requeue_dependency, Duration::from_secs(30));
        assert!(config.leader_election.is_none() && config.namespace.is_none());
    }

    // parity: KS-FLAG-006
    #[test]
    fn arguments_of_an_installation_of_flux_are_taken() {
        // What `flux install` writes, and what its documentation tells people to add.
        let config = config(&[
            "--events-addr=http://notification-controller.flux-system.svc.cluster.local./",
            "--watch-all-namespaces=true",
            "--log-level=info",
            "--log-encoding=json",
            "--enable-leader-election",
            "--concurrent=10",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--requeue-dependency=5s",
            "--http-retry=3",
            "--leader-election-retry-period=5s",
            "--leader-election-release-on-cancel=false",
            "--no-cross-namespace-refs=true",
            "--no-remote-bases=true",
            "--default-service-account=default",
            "--watch-configs-label-selector=owner!=helm",
            "--feature-gates=AdditiveCELDependencyCheck=true,DisableConfigWatchers=true",
        ])
        .unwrap();
        assert_eq!((config.concurrent, config.http_retry), (10, 3));
        assert!(config.gates.additive_cel_dependency_check && config.gates.disable_config_watchers);
        assert_eq!(config.watch_configs_label_selector, "owner!=helm");
    }

    #[test]
    fn a_bad_flag_is_named() {
        assert_eq!(
            config(&["--concurrent=0"]).unwrap_err().to_string(),
            "--concurrent must be at least 1"
        );
        assert_eq!(
            config(&["--metrics-addr=nowhere"]).unwrap_err().to_string(),
            "--metrics-addr: \"nowhere\" is not an address such as :8080 or 127.0.0.1:8080"
        );
        // parity: KS-FLAG-007
        let lonely = config(&["--default-decryption-service-account=reader"]).unwrap_err();
        assert!(matches!(lonely, ConfigError::ObjectLevelIdentity));
        assert!(config(&["--sops-key-service=aws-kms=https://kms.internal"]).is_ok());
        assert!(config(&["--sops-key-service=aws-kms=kms.internal"]).is_err());
        assert!(config(&["--sops-key-service=other=https://kms.internal"]).is_err());
        assert_eq!(
            config(&["--feature-gates=Nonsense=true"])
                .unwrap_err()
                .to_string(),
            "--feature-gates: feature-gate 'Nonsense' not supported"
        );
    }
}
