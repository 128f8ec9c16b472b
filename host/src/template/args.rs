//! The flags of `rosin template`: those of `helm template` that need no network, and a reason for each that is refused.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

#[derive(Debug, Args)]
pub struct TemplateArgs {
    /// Name of the release, if it is given, and the chart: a folder or an archive
    #[arg(required = true, num_args = 1..=2, value_names = ["NAME] [CHART"])]
    pub names: Vec<String>,

    #[command(flatten)]
    pub values: ValueArgs,

    /// Namespace of the release
    #[arg(short, long, default_value = "default")]
    pub namespace: String,

    /// Template that makes the name of the release
    #[arg(long)]
    pub name_template: Option<String>,

    /// Make a name of the chart's and the time
    #[arg(short, long)]
    pub generate_name: bool,

    /// Version of Kubernetes that the chart is told
    #[arg(long)]
    pub kube_version: Option<String>,

    /// API versions that the chart is told of, beside the usual ones
    #[arg(short, long, value_delimiter = ',')]
    pub api_versions: Vec<String>,

    /// Print the definitions of crds/ as well
    #[arg(long)]
    pub include_crds: bool,

    /// Tell the chart that this is an upgrade
    #[arg(long)]
    pub is_upgrade: bool,

    /// Only the documents of these templates
    #[arg(short, long, value_delimiter = ',')]
    pub show_only: Vec<String>,

    /// Leave out hooks
    #[arg(long)]
    pub no_hooks: bool,

    /// Leave out tests
    #[arg(long)]
    pub skip_tests: bool,

    /// Without effect: definitions are left out unless --include-crds asks for them
    #[arg(long)]
    pub skip_crds: bool,

    /// Do not check values against values.schema.json
    #[arg(long)]
    pub skip_schema_validation: bool,

    /// Render the notes of subcharts too; they are not printed
    #[arg(long)]
    pub render_subchart_notes: bool,

    /// Write a file for each template into this folder instead of printing
    #[arg(long)]
    pub output_dir: Option<PathBuf>,

    /// With --output-dir: into a folder that is named after the release
    #[arg(long)]
    pub release_name: bool,

    #[command(flatten)]
    pub refused: RefusedArgs,
}

/// Values over the chart's defaults; each kind of flag wins over those before it.
#[derive(Debug, Args)]
pub struct ValueArgs {
    /// File of values; - is standard input
    #[arg(short = 'f', long, value_delimiter = ',')]
    pub values: Vec<String>,

    /// Values as JSON: key=json, or an object
    #[arg(long)]
    pub set_json: Vec<String>,

    /// Values: key=value,other.key=value
    #[arg(long)]
    pub set: Vec<String>,

    /// The same; values stay text
    #[arg(long)]
    pub set_string: Vec<String>,

    /// Values from files: key=path
    #[arg(long)]
    pub set_file: Vec<String>,

    /// One value, taken as it is written
    #[arg(long)]
    pub set_literal: Vec<String>,
}

#[derive(Debug, Args)]
pub struct RefusedArgs {
    /// Refused: there is no cluster to ask; rosin diff asks one
    #[arg(long)]
    validate: bool,

    /// Refused: nothing is fetched
    #[arg(long)]
    dependency_update: bool,

    /// Refused: charts are folders or archives here
    #[arg(long)]
    repo: Option<String>,

    /// Refused: charts are folders or archives here
    #[arg(long)]
    version: Option<String>,

    /// Refused: programs are not run; a renderer plugin can take their place
    #[arg(long)]
    post_renderer: Option<String>,

    /// Refused: templates cannot ask name servers
    #[arg(long)]
    enable_dns: bool,
}

impl RefusedArgs {
    pub(super) fn check(&self) -> Result<()> {
        let Self {
            validate,
            dependency_update,
            repo,
            version,
            post_renderer,
            enable_dns,
        } = self;
        if *validate {
            bail!("--validate: a rendering asks no cluster here");
        }
        if *dependency_update {
            bail!(
                "--dependency-update: nothing is fetched here; put the dependencies into charts/"
            );
        }
        if repo.is_some() || version.is_some() {
            bail!(
                "--repo and --version: charts are folders or archives here, not entries of a repository"
            );
        }
        if post_renderer.is_some() {
            bail!("--post-renderer: no program is run here; a renderer plugin can take its place");
        }
        if *enable_dns {
            bail!("--enable-dns: templates have no network");
        }
        Ok(())
    }
}
