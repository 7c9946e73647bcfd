//! The Debian packages that the test environment needs, installed only where their programs are missing.
//!
//! Debian starts a service when it installs one. None of these may run here: only the private engine does.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::{find, output, run};
use crate::paths;

/// A program, and the package that has it.
const PROGRAMS: [(&str, &str); 12] = [
    ("dockerd", "docker.io"),
    ("containerd", "containerd"),
    ("runc", "runc"),
    ("docker", "docker.io"),
    ("iptables", "iptables"),
    ("docker-registry", "docker-registry"),
    ("nginx", "nginx-light"),
    ("pebble", "pebble"),
    ("faketime", "faketime"),
    ("ip", "iproute2"),
    ("setsid", "util-linux"),
    ("umount", "mount"),
];

/// Services of these packages that must not run, now or after a reboot.
const SERVICES: [(&str, &str); 5] = [
    ("docker.io", "docker.socket"),
    ("docker.io", "docker.service"),
    ("containerd", "containerd.service"),
    ("docker-registry", "docker-registry.service"),
    ("nginx-light", "nginx.service"),
];

/// What apt asks before it starts a service; 101 means "no".
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs what the engine and the registry need.
pub(crate) fn ensure() -> Result<()> {
    let mut missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    // A kernel that has AppArmor switched on refuses containers unless their profile can be loaded.
    let apparmor = std::fs::read_to_string("/sys/module/apparmor/parameters/enabled").unwrap_or_default();
    if apparmor.starts_with('Y') && find("apparmor_parser").is_none() {
        missing.push("apparmor");
    }
    install(&missing)
}

/// Installs what only the making of the base image needs.
pub(crate) fn ensure_mmdebstrap() -> Result<()> {
    if find("mmdebstrap").is_some() { Ok(()) } else { install(&["mmdebstrap"]) }
}

/// Installs packages by apt, without letting it start a service.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let mut packages = packages.to_vec();
    packages.dedup();
    if find("apt-get").is_none() {
        bail!("these are missing and apt-get is not here to install them: {}", packages.join(", "));
    }
    println!("installing {}", packages.join(", "));
    let _quiet = NoServices::declare()?;
    if apt_install(&packages).is_err() {
        // Most often the package lists are missing or too old.
        run(Command::new("apt-get").arg("update"))?;
        apt_install(&packages).context("the test environment needs these packages")?;
    }
    disable_services(&packages);
    Ok(())
}

/// The version of a package that apt would install.
pub(crate) fn candidate(package: &str) -> Option<String> {
    let policy = output(Command::new("apt-cache").args(["policy", package])).ok()?;
    let version = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| version.to_owned())
}

fn apt_install(packages: &[&str]) -> Result<()> {
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages))
}

/// A freshly installed service starts with the next boot. Where systemd runs, this keeps it from doing so.
fn disable_services(packages: &[&str]) {
    if !Path::new("/run/systemd/system").is_dir() {
        return;
    }
    for (_, service) in SERVICES.iter().filter(|(package, _)| packages.contains(package)) {
        println!("{service} stays switched off; `systemctl enable --now {service}` would start it");
        run(Command::new("systemctl").args(["disable", service])).ok();
    }
}

/// While it lives, apt starts no service. A policy that the machine has already stays as it is.
struct NoServices {
    ours: Option<PathBuf>,
}

impl NoServices {
    fn declare() -> Result<NoServices> {
        let file = PathBuf::from(POLICY);
        if file.exists() {
            return Ok(NoServices { ours: None });
        }
        paths::write(&file, "#!/bin/sh\nexit 101\n")?;
        run(Command::new("chmod").arg("755").arg(&file))?;
        Ok(NoServices { ours: Some(file) })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(file) = &self.ours {
            std::fs::remove_file(file).ok();
        }
    }
}
