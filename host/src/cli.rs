//! The command line: names and defaults of Flux's controllers where they have such a flag.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use crate::build::BuildArgs;
pub use crate::plugin::PluginArgs;
pub use crate::renderers::{CheckOptionsArgs, CompileArgs};
pub use crate::template::TemplateArgs;

/// Rosin turns what is in Git into what runs in Kubernetes, and keeps it so.
///
/// It serves Flux's own APIs: GitRepository and Kustomization objects, the `flux` command and the dashboards of a Flux
/// installation work with it unchanged.
#[derive(Debug, Parser)]
#[command(name = "rosin", version, max_term_width = 120)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the controllers against a cluster
    ///
    /// Watches GitRepository and Kustomization objects, fetches sources, renders them in a sandbox, applies the result with
    /// server-side apply, prunes what has gone and watches health. Finds the cluster as kubectl does, or by its service account
    /// inside a pod.
    Controller(Box<ControllerArgs>),
    /// Print what a kustomization renders to, as `kustomize build` does
    ///
    /// Runs the same sandboxed component as the controller: what it prints is what the cluster gets, before substitution.
    Build(Box<BuildArgs>),
    /// Print what a chart renders to, as `helm template` does
    ///
    /// Runs the same sandboxed component as the controller. Nothing is fetched: dependencies have to be in charts/.
    Template(Box<TemplateArgs>),
    /// Write, try and check renderers of your own
    Plugin(Box<PluginArgs>),
    #[command(hide = true)]
    CompileRenderer(CompileArgs),
    #[command(hide = true)]
    CheckOptions(CheckOptionsArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ControllerName {
    Source,
    Kustomize,
    Helm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogEncoding {
    Json,
    Console,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Error,
}

#[derive(Debug, Args)]
pub struct ControllerArgs {
    /// The controllers to run
    #[arg(long, value_delimiter = ',', default_value = "source,kustomize,helm")]
    pub controllers: Vec<ControllerName>,

    /// Kubeconfig file; without it KUBECONFIG, the default file, or the pod's service account
    #[arg(long, env = "KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,

    /// Watch objects in all namespaces, or only in that of the controller
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub watch_all_namespaces: bool,

    /// Watch only objects with these labels (sharding)
    #[arg(long, default_value = "")]
    pub watch_label_selector: String,

    /// The controller's own namespace
    #[arg(long, env = "RUNTIME_NAMESPACE", default_value = "flux-system")]
    pub runtime_namespace: String,

    /// Objects of a kind that are reconciled at the same time; those that wait for something do not count
    #[arg(long, default_value_t = 4)]
    pub concurrent: usize,

    /// Server-side dry runs at the same time for one Kustomization
    #[arg(long, default_value_t = 4)]
    pub concurrent_ssa: usize,

    /// How long to wait for a missing source or dependency, if no event comes first
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub requeue_dependency: std::time::Duration,

    /// First delay after a failed reconcile
    #[arg(long, default_value = "750ms", value_parser = duration)]
    pub min_retry_delay: std::time::Duration,

    /// Longest delay after failed reconciles
    #[arg(long, default_value = "15m", value_parser = duration)]
    pub max_retry_delay: std::time::Duration,

    /// Spread intervals by up to this many percent
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..100))]
    pub interval_jitter_percentage: u8,

    /// Refuse references to objects of other namespaces
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub no_cross_namespace_refs: bool,

    /// Refuse kustomize bases that are not in the source
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub no_remote_bases: bool,

    /// Service account to impersonate where an object names none
    #[arg(long, default_value = "")]
    pub default_service_account: String,

    /// Kinds to apply in a stage of their own before the rest, as `group/Kind`, comma-separated
    #[arg(long, value_delimiter = ',')]
    pub custom_apply_stage_kinds: Vec<String>,

    /// Further field managers whose fields are taken over
    #[arg(long)]
    pub override_manager: Vec<String>,

    /// Prune everything when a revision renders to nothing, as Flux does, without the confirming annotation
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub prune_empty: bool,

    /// Largest index of a Helm repository, in bytes
    #[arg(long, default_value_t = 50 << 20)]
    pub helm_index_max_size: u64,

    /// Largest packed Helm chart, in bytes
    #[arg(long, default_value_t = 10 << 20)]
    pub helm_chart_max_size: u64,

    /// Secret in the controller's namespace with age identities, for Kustomizations with spec.decryption but no secretRef
    #[arg(long, default_value = "")]
    pub sops_age_secret: String,

    /// Refuse encrypted files that were changed after they had been encrypted; Flux does not look
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub sops_check_mac: bool,

    /// Service account whose cloud identity decrypts where an object names none (with the ObjectLevelWorkloadIdentity gate)
    #[arg(long, default_value = "")]
    pub default_decryption_service_account: String,

    /// Service account that reaches the clusters of spec.kubeConfig.configMapRef where the ConfigMap names none
    #[arg(long, default_value = "")]
    pub default_kubeconfig_service_account: String,

    /// Reach a cloud's key service at another address, as NAME=URL: aws-kms, aws-sts, gcp-kms, gcp-sts, gcp-iam, gcp-metadata,
    /// azure-login, azure-vault, azure-identity
    #[arg(long, value_delimiter = ',')]
    pub sops_key_service: Vec<String>,

    // Who the controller is to clouds, as their admission controllers tell it.
    #[arg(long, env = "AWS_ROLE_ARN", hide = true)]
    pub aws_role_arn: Option<String>,
    #[arg(long, env = "AWS_WEB_IDENTITY_TOKEN_FILE", hide = true)]
    pub aws_web_identity_token_file: Option<PathBuf>,
    #[arg(long, env = "AZURE_TENANT_ID", hide = true)]
    pub azure_tenant_id: Option<String>,
    #[arg(long, env = "AZURE_CLIENT_ID", hide = true)]
    pub azure_client_id: Option<String>,
    #[arg(long, env = "AZURE_FEDERATED_TOKEN_FILE", hide = true)]
    pub azure_federated_token_file: Option<PathBuf>,

    /// Feature gates of Flux's controllers, as Name=true or Name=false, comma-separated
    #[arg(long, value_delimiter = ',')]
    pub feature_gates: Vec<String>,

    /// Labels of the ConfigMaps and Secrets whose changes start the reconciles that read them
    #[arg(long, default_value = "reconcile.fluxcd.io/watch=Enabled")]
    pub watch_configs_label_selector: String,

    /// Attempts to fetch an artifact from another controller's server
    #[arg(long, default_value_t = 9)]
    pub http_retry: u32,

    /// Flux's limit of requests in a second. It has no effect: requests are bounded by how many reconciles run at once
    #[arg(long, default_value_t = 50.0, hide_short_help = true)]
    pub kube_api_qps: f32,

    /// Flux's limit of requests at once. It has no effect, see --kube-api-qps
    #[arg(long, default_value_t = 300, hide_short_help = true)]
    pub kube_api_burst: u32,

    /// Correct changes of applied objects when they happen, not only at the interval
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub watch_drift: bool,

    /// Folder of the artifacts
    #[arg(long, env = "STORAGE_PATH", default_value = "/data")]
    pub storage_path: PathBuf,

    /// Address of the artifact server
    #[arg(long, env = "STORAGE_ADDR", default_value = ":9090")]
    pub storage_addr: String,

    /// Host, or URL, under which others reach the artifact server; default: the Service `source-controller`
    #[arg(long, env = "STORAGE_ADV_ADDR", default_value = "")]
    pub storage_adv_addr: String,

    /// How long an artifact stays after a newer one replaced it
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub artifact_retention_ttl: std::time::Duration,

    /// How many artifacts of an object stay
    #[arg(long, default_value_t = 2)]
    pub artifact_retention_records: usize,

    /// Address of metrics
    #[arg(long, env = "METRICS_ADDR", default_value = ":8080")]
    pub metrics_addr: String,

    /// Address of /healthz and /readyz
    #[arg(long, env = "HEALTH_ADDR", default_value = ":9440")]
    pub health_addr: String,

    /// Notification endpoint that events are posted to
    #[arg(long, env = "EVENTS_ADDR", default_value = "")]
    pub events_addr: String,

    /// Run only while holding the leases of Flux's controllers
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub enable_leader_election: bool,

    /// How long a lease lasts without a renewal
    #[arg(long, default_value = "35s", value_parser = duration)]
    pub leader_election_lease_duration: std::time::Duration,

    /// How long the leader tries to renew its lease before it gives up
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub leader_election_renew_deadline: std::time::Duration,

    /// Flux's pause between attempts to get a lease. It has no effect: the pause follows from the other two times
    #[arg(long, default_value = "5s", value_parser = duration, hide_short_help = true)]
    pub leader_election_retry_period: std::time::Duration,

    /// Flux's choice to give a lease back at the end. It has no effect: that is always done
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", hide_short_help = true)]
    pub leader_election_release_on_cancel: bool,

    #[arg(long, value_enum, default_value = "info")]
    pub log_level: LogLevel,

    #[arg(long, value_enum, default_value = "json")]
    pub log_encoding: LogEncoding,

    /// Folder with renderer plugins (*.wasm): each can be named in spec.renderer by its file's name, and gets files only
    #[arg(long)]
    pub renderers_path: Option<PathBuf>,

    /// Let Kustomizations name renderers that an OCIRepository delivers
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub renderers_from_sources: bool,

    /// File with the rules for renderers from sources: namespaces, registries, signers, capabilities, limits. Read again when it
    /// changes. Without it: signed and pinned by digest, files only
    #[arg(long)]
    pub renderers_policy: Option<PathBuf>,

    /// Longest time that a render may take
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub render_timeout: std::time::Duration,

    /// Most memory that a render may use, in MiB
    #[arg(long, default_value_t = 512)]
    pub render_memory: usize,

    /// Time for running reconciles to end after SIGTERM
    #[arg(long, default_value = "20s", value_parser = duration)]
    pub graceful_shutdown_timeout: std::time::Duration,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    text.parse::<rosin_api::Duration>()
        .map(rosin_api::Duration::to_std)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
