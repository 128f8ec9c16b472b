//! The flags of `rosin build`: those of `kustomize build`, and a reason for each that is refused.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::flux::Of;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BuildArgs {
    #[command(subcommand)]
    pub of: Option<Of>,

    #[command(flatten)]
    pub folder: FolderArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LoadRestrictor {
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    #[value(name = "LoadRestrictionsNone")]
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reorder {
    Legacy,
    None,
}

/// What `kustomize build` takes.
#[derive(Debug, Args)]
pub struct FolderArgs {
    /// Folder with a kustomization.yaml
    #[arg(default_value = ".")]
    pub path: PathBuf,

    /// Write to a file, or to one file for each object if it is a folder
    #[arg(short, long)]
    pub output: Option<PathBuf>,

    /// LoadRestrictionsRootOnly keeps files to the folder of their kustomization
    #[arg(long, default_value = "LoadRestrictionsRootOnly")]
    pub load_restrictor: LoadRestrictor,

    /// `legacy` sorts by kind, `none` keeps the order of loading; sortOptions of the kustomization win
    #[arg(long, default_value = "legacy")]
    pub reorder: Reorder,

    /// Label objects with app.kubernetes.io/managed-by
    #[arg(long)]
    pub enable_managedby_label: bool,

    /// Inflate helmCharts that are on disk, with the built-in Helm renderer
    #[arg(long)]
    pub enable_helm: bool,

    /// Version of Kubernetes that charts are told
    #[arg(long, default_value = "")]
    pub helm_kube_version: String,

    /// API version that charts are told of, beside the usual ones; can be given several times
    #[arg(long)]
    pub helm_api_versions: Vec<String>,

    #[command(flatten)]
    pub refused: Refused,
}

/// Flags of `kustomize build` that have no meaning here.
#[derive(Debug, Args)]
pub struct Refused {
    /// Refused: plugins that run programs or containers do not exist here
    #[arg(long)]
    pub enable_alpha_plugins: bool,

    /// Refused: nothing is executed here
    #[arg(long)]
    pub enable_exec: bool,

    /// Refused: nothing is executed here
    #[arg(long)]
    pub enable_star: bool,

    /// Refused: renderers have no network
    #[arg(long)]
    pub network: bool,

    /// Refused: renderers have no network
    #[arg(long)]
    pub network_name: Option<String>,

    /// Refused: there are no containers to mount anything in
    #[arg(long)]
    pub mount: Vec<String>,

    /// Refused: renderers have no environment
    #[arg(short, long)]
    pub env: Vec<String>,

    /// Refused: there are no containers to run as somebody
    #[arg(long)]
    pub as_current_user: bool,

    /// Refused: charts are rendered by the built-in Helm renderer, without a program
    #[arg(long)]
    pub helm_command: Option<String>,

    /// Ignored: there is no helm program whose output could be shown
    #[arg(long)]
    pub helm_debug: bool,
}

impl Refused {
    /// # Errors
    /// Says why, if one of them was given.
    pub fn check(&self) -> Result<()> {
        let Self {
            enable_alpha_plugins,
            enable_exec,
            enable_star,
            network,
            network_name,
            mount,
            env,
            as_current_user,
            helm_command,
            helm_debug: _,
        } = self;
        let plugins = "a renderer plugin in WebAssembly can take their place (docs/plugins.md)";
        let given = [
            (
                *enable_alpha_plugins,
                "--enable-alpha-plugins",
                format!("plugins that run programs or containers do not exist here; {plugins}"),
            ),
            (
                *enable_exec,
                "--enable-exec",
                format!("functions that are programs do not run here; {plugins}"),
            ),
            (
                *enable_star,
                "--enable-star",
                format!("functions in Starlark do not run here; {plugins}"),
            ),
            (
                *network || network_name.is_some(),
                "--network",
                "renderers have no network, so a build depends on the files alone".to_owned(),
            ),
            (
                !mount.is_empty(),
                "--mount",
                "there are no containers to mount anything in".to_owned(),
            ),
            (
                !env.is_empty(),
                "--env",
                "renderers have no environment, so a build depends on the files alone".to_owned(),
            ),
            (
                *as_current_user,
                "--as-current-user",
                "there are no containers to run as somebody".to_owned(),
            ),
            (
                helm_command.is_some(),
                "--helm-command",
                "charts are rendered by the built-in Helm renderer, no program is run".to_owned(),
            ),
        ];
        for (is_given, flag, why) in given {
            if is_given {
                bail!("{flag}: {why}");
            }
        }
        Ok(())
    }
}
