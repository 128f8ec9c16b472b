//! Finds a way to build for WebAssembly. Most people have, or can have, rustup's standard library for the target. Where it cannot be
//! downloaded, Debian's packages have a compiler together with the library's source, which is then built too.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{TARGET, run};

/// Debian's compiler, and the source of its standard library.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

pub(super) enum Toolchain {
    /// The compiler in use has the standard library.
    Complete,
    /// A packaged compiler builds the standard library first; the linker is that of the compiler in use.
    BuildStd {
        rustc: PathBuf,
        library: PathBuf,
        linker: PathBuf,
    },
}

impl Toolchain {
    pub(super) fn find() -> Result<Self> {
        let library = rustc(&["--print", "target-libdir", "--target", TARGET])?;
        if Path::new(&library).is_dir() {
            return Ok(Self::Complete);
        }
        if let Some(packaged) = Self::packaged()? {
            return Ok(packaged);
        }
        if install().is_ok()
            && let Some(packaged) = Self::packaged()?
        {
            return Ok(packaged);
        }
        bail!(
            "there is no standard library for {TARGET}: run `rustup target add {TARGET}`, or on Debian as root `apt-get install {}`",
            PACKAGES.join(" ")
        )
    }

    fn packaged() -> Result<Option<Self>> {
        let [compiler, source] = PACKAGES;
        let rustc = files_of(compiler)
            .into_iter()
            .find(|path| path.ends_with("bin/rustc"));
        let is_library = |path: &PathBuf| path.ends_with("library") && path.join("std").is_dir();
        let library = files_of(source).into_iter().find(is_library);
        let (Some(rustc), Some(library)) = (rustc, library) else {
            return Ok(None);
        };
        Ok(Some(Self::BuildStd {
            rustc,
            library,
            linker: linker()?,
        }))
    }

    /// Cargo, told how to build for the target.
    pub(super) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        if let Self::BuildStd {
            rustc,
            library,
            linker,
        } = self
        {
            let path = env::var_os("PATH").unwrap_or_default();
            let folders = linker
                .parent()
                .map(Path::to_path_buf)
                .into_iter()
                .chain(env::split_paths(&path));
            command
                .env("RUSTC", rustc)
                // The packaged compiler is a stable one; building the library needs what only nightly offers.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("__CARGO_TESTS_ONLY_SRC_ROOT", library)
                .env("PATH", env::join_paths(folders).unwrap_or(path))
                .arg("-Zbuild-std=std,panic_abort");
        }
        command
    }
}

/// The Cargo that runs this program.
pub(super) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn rustc(args: &[&str]) -> Result<String> {
    let output = Command::new("rustc")
        .args(args)
        .output()
        .context("running rustc")?;
    ensure!(
        output.status.success(),
        "rustc {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// `rust-lld`, which comes with every compiler of rustup.
fn linker() -> Result<PathBuf> {
    let sysroot = rustc(&["--print", "sysroot"])?;
    let host = rustc(&["--print", "host-tuple"])?;
    let linker = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    ensure!(linker.is_file(), "the Rust toolchain has no rust-lld");
    Ok(linker)
}

/// Files of an installed Debian package; none where there is no such package, or no Debian.
fn files_of(package: &str) -> Vec<PathBuf> {
    let Ok(output) = Command::new("dpkg").args(["-L", package]).output() else {
        return Vec::new();
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(PathBuf::from)
        .collect()
}

fn install() -> Result<()> {
    println!("installing {} to build WebAssembly", PACKAGES.join(" "));
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-y"])
            .args(args);
        run(&mut command)
    };
    let install = || apt(&[&["install", "--no-install-recommends"], &PACKAGES[..]].concat());
    install().or_else(|_| apt(&["update"]).and_then(|()| install()))
}
