//! The base image: a small Debian 12 out of packages, made without an engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::dockerd;
use super::packages;
use super::place::Place;
use crate::command::{find, output};

/// The release that the recipes in `testenv/images` are written for.
const RELEASE: &str = "bookworm";

/// What no container needs.
const LEFT_OUT: [&str; 4] =
    ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"];

/// A container has no init: a package that tries to start its service must be told no.
const NO_SERVICES: &str = "--customize-hook=printf '#!/bin/sh\\nexit 101\\n' >\"$1/usr/sbin/policy-rc.d\" && chmod 755 \"$1/usr/sbin/policy-rc.d\"";

/// Memory for the work folder; on a disk the many small files take longer.
const MEMORY_FOLDER: &str = "/dev/shm";
const MEMORY_NEEDED_KB: u64 = 600_000;

/// The arguments that the content depends on. The sources are not among them: they are the machine's own.
pub(crate) fn arguments() -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--quiet",
        "--variant=apt",
        "--mode=root",
        // Without it apt pulls in all of perl.
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        "--include=ca-certificates,usr-is-merged",
        "--aptopt=Acquire::Languages \"none\"",
        "--dpkgopt=force-unsafe-io",
        NO_SERVICES,
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(LEFT_OUT.iter().map(|path| format!("--dpkgopt=path-exclude={path}")));
    arguments
}

/// Makes the image in the engine of `place` under the name `image`.
pub(crate) fn build(place: &Place, image: &str) -> Result<()> {
    packages::ensure_mmdebstrap()?;
    let mut maker = Command::new("mmdebstrap");
    maker.args(arguments()).args(proxies()).arg(RELEASE).arg("-");
    if let Some(sources) = own_sources() {
        maker.arg(sources);
    }
    if free_kb(MEMORY_FOLDER) > MEMORY_NEEDED_KB {
        maker.env("TMPDIR", MEMORY_FOLDER);
    }
    let log = place.folder.join("base.log");
    let mut making = maker
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log)?)
        .spawn()
        .context("mmdebstrap could not be started")?;
    let archive = making.stdout.take().context("a piped child has a standard output")?;
    let imported = dockerd::client(place)
        .args(["import", "--change", "CMD [\"bash\"]", "-", image])
        .stdin(archive)
        .stdout(Stdio::null())
        .status()
        .context("docker could not be started")?;
    let made = making.wait()?;
    if !made.success() || !imported.success() {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        bail!("the base image could not be made (mmdebstrap: {made}, docker import: {imported}):\n{log}");
    }
    Ok(())
}

/// The machine's own sources where it runs the release, for they may name a mirror that it needs.
fn own_sources() -> Option<PathBuf> {
    let release = std::fs::read_to_string("/etc/os-release").ok()?;
    if !release.lines().any(|line| line.trim() == format!("VERSION_CODENAME={RELEASE}")) {
        return None;
    }
    ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]
        .into_iter()
        .map(Path::new)
        .find(|file| std::fs::metadata(file).is_ok_and(|file| file.len() > 0))
        .map(Path::to_path_buf)
}

/// The machine's own way out, where it has one set for apt.
fn proxies() -> Vec<String> {
    let Some(program) = find("apt-config") else { return Vec::new() };
    let dump = output(Command::new(program).arg("dump")).unwrap_or_default();
    dump.lines()
        .filter(|line| {
            line.starts_with("Acquire::http::Proxy ") || line.starts_with("Acquire::https::Proxy ")
        })
        .map(|line| format!("--aptopt={}", line.trim_end_matches(';')))
        .collect()
}

fn free_kb(folder: &str) -> u64 {
    let table = output(Command::new("df").args(["--output=avail", folder])).unwrap_or_default();
    table.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or(0)
}
