//! Builds plugins: Rust → WebAssembly module → component → machine code. What did not change is not built again.

mod toolchain;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use rosin_render::Precompiled;
use rosin_tree::Digest;
use toolchain::Toolchain;

const TARGET: &str = "wasm32-unknown-unknown";
/// Profile in the workspace's manifest: small, without unwinding.
const PROFILE: &str = "wasm";
/// Of the guest's own stack in its linear memory: templates and merges are recursive.
const STACK: usize = 4 << 20;

/// Name and package of each plugin that is part of the program.
const PLUGINS: [(&str, &str); 2] = [("kustomize", "rosin-kustomize"), ("helm", "rosin-helm")];

/// Builds all plugins, or some.
pub(crate) fn build(names: &[String]) -> Result<()> {
    for name in names {
        ensure!(
            PLUGINS.iter().any(|(plugin, _)| plugin == name),
            "there is no plugin {name:?}"
        );
    }
    let workspace = workspace()?;
    let toolchain = Toolchain::find()?;
    for (name, package) in PLUGINS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            build_one(&workspace, &toolchain, name, package)
                .with_context(|| format!("building plugin {name}"))?;
        }
    }
    Ok(())
}

struct Workspace {
    root: PathBuf,
    /// Shared by clones where Cargo's target folder is.
    cache: PathBuf,
}

fn build_one(
    workspace: &Workspace,
    toolchain: &Toolchain,
    name: &str,
    package: &str,
) -> Result<()> {
    let start = Instant::now();
    let component = componentize(&build_module(workspace, toolchain, package)?)?;
    let compiled = compile(&workspace.cache, &component)?;

    let out = workspace.root.join("bin/plugins");
    fs::create_dir_all(&out)?;
    let digests = format!(
        "{} {}\n",
        hex::encode(compiled.digest.0),
        hex::encode(Digest::of(&compiled.code).0)
    );
    write_if_changed(&out.join(format!("{name}.wasm")), &component)?;
    write_if_changed(&out.join(format!("{name}.cwasm")), &compiled.code)?;
    write_if_changed(&out.join(format!("{name}.sha256")), digests.as_bytes())?;
    println!(
        "plugin {name}: component {} KiB, machine code {} KiB, in {:.1} s",
        component.len() >> 10,
        compiled.code.len() >> 10,
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

/// Builds the library of a package as a WebAssembly module.
fn build_module(workspace: &Workspace, toolchain: &Toolchain, package: &str) -> Result<Vec<u8>> {
    let target_dir = workspace.cache.join("build");
    let mut cargo = toolchain.cargo();
    cargo
        .current_dir(&workspace.root)
        .args([
            "rustc",
            "--quiet",
            "--package",
            package,
            "--lib",
            "--crate-type",
            "cdylib",
        ])
        .args(["--profile", PROFILE, "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .args(["--", "-C", &format!("link-arg=-zstack-size={STACK}")]);
    run(&mut cargo)?;
    let module = target_dir
        .join(TARGET)
        .join(PROFILE)
        .join(format!("{}.wasm", package.replace('-', "_")));
    fs::read(&module).with_context(|| format!("reading {}", module.display()))
}

/// Makes a module that was built against `wit/` a component.
fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context(
            "making a component; does the plugin call rosin_plugin::export_renderer! for wasm32?",
        )
}

/// Compiles a component to machine code, or takes it from the cache.
fn compile(cache: &Path, component: &[u8]) -> Result<Precompiled> {
    let mut settings = DefaultHasher::new();
    rosin_render::compatibility()?.hash(&mut settings);
    let digest = Digest::of(component);
    let cached = cache.join("code").join(format!(
        "{}-{:016x}.cwasm",
        hex::encode(digest.0),
        settings.finish()
    ));
    if let Ok(code) = fs::read(&cached) {
        return Ok(Precompiled {
            code: code.into(),
            digest,
        });
    }
    let compiled = rosin_render::precompile(component)?;
    fs::create_dir_all(cache.join("code"))?;
    // Another clone may be doing the same: whoever is last wins with equal bytes.
    let unfinished = cached.with_extension(format!("{}", std::process::id()));
    fs::write(&unfinished, &compiled.code)?;
    fs::rename(&unfinished, &cached)?;
    Ok(compiled)
}

/// Leaves equal files alone, so that nothing is built again for their sake.
fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|before| before == content) {
        return Ok(());
    }
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))
}

fn workspace() -> Result<Workspace> {
    let mut cargo = Command::new(toolchain::cargo());
    let output = cargo
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let folder = |key: &str| {
        metadata[key]
            .as_str()
            .map(PathBuf::from)
            .with_context(|| format!("cargo metadata has no {key}"))
    };
    Ok(Workspace {
        root: folder("workspace_root")?,
        cache: folder("target_directory")?.join("plugins"),
    })
}

fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("running {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}
