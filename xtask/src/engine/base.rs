//! The base image: a small Debian 12 out of packages, made without an engine. And a machine's Debian, for the tests of
//! our own package.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::dockerd;
use super::packages;
use super::place::Place;
use super::recipe::base_key;
use crate::command::{find, output, run};
use crate::paths;

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
    let log = place.folder.join("base.log");
    let mut making = maker("-", &arguments())?
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

/// What a machine has and a container has not: systemd, and the documents of packages that are installed later.
const OF_MACHINES: [&str; 2] =
    ["--include=systemd,systemd-sysv", "--customize-hook=rm --force \"$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap\""];

/// Unpacks a Debian as a machine has it, with these packages of Debian's, into a new folder, to install others in. It is
/// made once, which takes most of a minute, and kept in the cache.
pub(crate) fn unpack_machine(folder: &Path, packages: &[&str]) -> Result<()> {
    let mut arguments = arguments();
    arguments.extend(OF_MACHINES.map(str::to_owned));
    arguments.extend(packages.iter().map(|package| format!("--include={package}")));
    let kept = paths::cache()?.join("roots");
    paths::create_folder(&kept)?;
    let archive = kept.join(format!("{}.tar", base_key(&arguments)));
    let lock = std::fs::File::create(kept.join("lock"))?;
    lock.lock().context("the lock of the cache cannot be taken")?;
    if !archive.is_file() {
        let half = kept.join("half.tar");
        run(&mut maker(&half.display().to_string(), &arguments)?)?;
        std::fs::rename(&half, &archive)
            .with_context(|| format!("{} cannot be put in place", archive.display()))?;
    }
    paths::create_folder(folder)?;
    run(Command::new("tar").arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(folder))
}

/// mmdebstrap, about to write an archive to that file.
fn maker(file: &str, arguments: &[String]) -> Result<Command> {
    packages::ensure_mmdebstrap()?;
    let mut maker = Command::new("mmdebstrap");
    maker.args(arguments).args(proxies()).arg(RELEASE).arg(file);
    if let Some(sources) = own_sources() {
        maker.arg(sources);
    }
    if free_kb(MEMORY_FOLDER) > MEMORY_NEEDED_KB {
        maker.env("TMPDIR", MEMORY_FOLDER);
    }
    maker.stdin(Stdio::null());
    Ok(maker)
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
