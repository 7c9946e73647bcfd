//! The program that is released, and the pages that it prints about itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::{output, run};
use crate::paths;

/// Builds it. The release knows nothing of this machine: folders are remapped, so that the bytes do not depend on them.
pub(super) fn build(repository: &Path, quick: bool) -> Result<PathBuf> {
    let target = paths::target(repository);
    let mut cargo = Command::new("cargo");
    cargo.current_dir(repository).args(["build", "--locked", "--package", "appmanage", "--bin", "appmanage"]);
    if quick {
        run(&mut cargo)?;
        return Ok(target.join("debug/appmanage"));
    }
    // A folder of its own: builds with other flags would throw each other's results away.
    let folder = target.join("release-build");
    // The last that fits counts, and the folder may lie in the repository.
    let flags = [
        format!("--remap-path-prefix={}=/appmanage", repository.display()),
        format!("--remap-path-prefix={}=/cargo", cargo_home()?.display()),
        format!("--remap-path-prefix={}=/target", folder.display()),
    ];
    cargo.arg("--release").arg("--target-dir").arg(&folder);
    println!("building the release; all crates are optimized together, which takes minutes");
    run(cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))?;
    Ok(folder.join("release/appmanage"))
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set; set one")?;
    Ok(Path::new(&home).join(".cargo"))
}

/// What it prints with these arguments, in English.
pub(super) fn page(binary: &Path, arguments: &[&str]) -> Result<String> {
    output(Command::new(binary).args(arguments).args(["--lang", "en"]).env_clear())
}

/// The newest interface of the C library that it uses, such as `2.34`: the oldest library that it runs with.
pub(super) fn libc_version(binary: &Path) -> Result<String> {
    let bytes = std::fs::read(binary).with_context(|| format!("{} cannot be read", binary.display()))?;
    match newest_libc(&bytes) {
        Some((major, minor)) => Ok(format!("{major}.{minor}")),
        None => bail!("{} names no version of the C library", binary.display()),
    }
}

/// The names of versions that a dynamically linked program asks for stand in it as text.
fn newest_libc(bytes: &[u8]) -> Option<(u32, u32)> {
    const NAME: &[u8] = b"\0GLIBC_";
    let versions = bytes.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    let version = |(at, _): (usize, &[u8])| -> Option<(u32, u32)> {
        let name = bytes[at + NAME.len()..].split(|byte| *byte == 0).next()?;
        let mut numbers = std::str::from_utf8(name).ok()?.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    versions.filter_map(version).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_c_library_are_compared_by_number() {
        let bytes = b"x\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.3.4\0GLIBC_PRIVATE\0";
        assert_eq!(newest_libc(bytes), Some((2, 34)));
        assert_eq!(newest_libc(b"static"), None);
    }
}
