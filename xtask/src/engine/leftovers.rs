//! Takes away an engine with all that it and its containers left on the machine, even after a crash.
//!
//! Everything is found by what only this engine has: its socket paths, its folders, its bridge, its part of
//! the address space, the network ids in its own database. Nothing is found by a program's name.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::place::Place;
use super::{dockerd, firewall};
use crate::command::{output, output_within, run, until};
use crate::daemon::{all_processes, arguments_of, parent_of};
use crate::paths;

/// How long the engine may take to end its containers by itself.
const END: Duration = Duration::from_secs(15);

/// Where the shims have their sockets, whatever folders containerd is given.
const SHIM_SOCKETS: &str = "/run/containerd/s";

/// Stops the engine and deletes everything of it but its logs.
pub(crate) fn clear(place: &Place) -> Result<()> {
    end_containers(place);
    place.dockerd().stop()?;
    end_shims(place);
    place.containerd().stop()?;
    unmount(&[&place.folder, &place.run])?;
    remove_networks(place)?;
    remove_cgroups(Path::new("/sys/fs/cgroup"), &place.tag);
    paths::remove_folder(&place.run)?;
    let Ok(entries) = std::fs::read_dir(&place.folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            paths::remove_folder(&path)?;
        } else if path.extension().is_none_or(|extension| extension != "log") {
            std::fs::remove_file(&path).with_context(|| format!("{} cannot be deleted", path.display()))?;
        }
    }
    Ok(())
}

/// Nothing of the containers is kept, so none is given time to end well. Failing is no harm: see `end_shims`.
fn end_containers(place: &Place) {
    if !dockerd::answers(&place.socket()) {
        return;
    }
    let Ok(running) = output_within(dockerd::client(place).args(["ps", "--quiet", "--no-trunc"]), END) else {
        return;
    };
    if !running.trim().is_empty() {
        output_within(dockerd::client(place).arg("kill").args(running.split_whitespace()), END).ok();
    }
}

/// A shim outlives both daemons, and its container outlives the shim.
fn end_shims(place: &Place) {
    let containerd = place.containerd_socket();
    let shims = shims(&containerd);
    let mut processes: Vec<i32> = shims.iter().map(|shim| shim.pid).collect();
    let children = all_processes()
        .into_iter()
        .filter(|pid| parent_of(*pid).is_some_and(|parent| processes.contains(&parent)));
    processes.extend(children.collect::<Vec<_>>());
    for pid in processes.into_iter().filter_map(Pid::from_raw) {
        kill_process(pid, Signal::KILL).ok();
    }
    until(END, || self::shims(&containerd).is_empty());
    for shim in &shims {
        std::fs::remove_file(&shim.socket).ok();
    }
}

/// The process beside a container.
struct Shim {
    pid: i32,
    socket: PathBuf,
}

/// The shims that serve this containerd.
fn shims(containerd: &Path) -> Vec<Shim> {
    all_processes().into_iter().filter_map(|pid| shim(pid, &arguments_of(pid), containerd)).collect()
}

fn shim(pid: i32, arguments: &[String], containerd: &Path) -> Option<Shim> {
    let value = |flag: &str| arguments.iter().skip_while(|word| *word != flag).nth(1);
    if !arguments.first()?.contains("containerd-shim")
        || *value("-address")? != containerd.display().to_string()
    {
        return None;
    }
    // Named by the digest of whom it serves, in a folder that all containerds of the machine share.
    let name = paths::sha256(format!("{}/{}/{}", containerd.display(), value("-namespace")?, value("-id")?));
    Some(Shim { pid, socket: Path::new(SHIM_SOCKETS).join(name) })
}

/// Unmounts everything below the folders, the innermost first.
fn unmount(folders: &[&Path]) -> Result<()> {
    let table = paths::read(Path::new("/proc/self/mountinfo"))?;
    for target in mounts_below(&table, folders) {
        run(Command::new("umount").arg("--lazy").arg(&target))?;
    }
    Ok(())
}

fn mounts_below(mountinfo: &str, folders: &[&Path]) -> Vec<PathBuf> {
    let mut mounts: Vec<PathBuf> = mountinfo
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|path| PathBuf::from(path.replace("\\040", " ")))
        .filter(|path| folders.iter().any(|folder| path.starts_with(folder)))
        .collect();
    mounts.reverse();
    mounts
}

/// The engine's bridges with what hangs on them, and the firewall rules that name any of it.
fn remove_networks(place: &Place) -> Result<()> {
    let database = std::fs::read(place.data_root().join("network/files/local-kv.db")).unwrap_or_default();
    let bridges: Vec<String> =
        interfaces().into_iter().filter(|name| *name == place.tag || is_bridge_of(name, &database)).collect();
    let mut addresses = Vec::new();
    for bridge in &bridges {
        let shown = output(Command::new("ip").args(["-4", "-oneline", "addr", "show", "dev", bridge]))?;
        addresses.extend(firewall::subnets(&shown));
    }
    firewall::remove_rules(&bridges, &addresses)?;
    for bridge in &bridges {
        let ports =
            std::fs::read_dir(format!("/sys/class/net/{bridge}/brif")).into_iter().flatten().flatten();
        for port in ports {
            // It goes by itself where its other end is gone already.
            run(Command::new("ip").args(["link", "delete"]).arg(port.file_name())).ok();
        }
        run(Command::new("ip").args(["link", "delete", bridge]))?;
    }
    Ok(())
}

fn interfaces() -> Vec<String> {
    let entries = std::fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The engine calls a network's bridge `br-` and the first twelve digits of the network's id, and its
/// database holds the ids. So even a dead engine's bridges are told from everybody else's.
fn is_bridge_of(interface: &str, database: &[u8]) -> bool {
    interface
        .strip_prefix("br-")
        .filter(|id| id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit()))
        .is_some_and(|id| database.windows(12).any(|window| window == id.as_bytes()))
}

/// The cgroups under the engine's own parent, in every hierarchy. Only empty ones can be removed.
fn remove_cgroups(root: &Path, parent: &str) {
    let hierarchies = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    for hierarchy in hierarchies.chain([root.to_path_buf()]) {
        let top = hierarchy.join(parent);
        if top.is_dir() {
            until(Duration::from_secs(2), || remove_cgroup(&top));
        }
    }
}

fn remove_cgroup(folder: &Path) -> bool {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroup(&entry.path());
        }
    }
    std::fs::remove_dir(folder).is_ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn mounts_are_found_by_folder_innermost_first() {
        let table = "1 0 8:1 / / rw - ext4 /dev/vda rw\n\
                     2 1 0:5 / /clone/data/overlay2/a/merged rw - overlay overlay rw\n\
                     3 2 0:6 / /clone/data/overlay2/a/merged/in\\040side rw - tmpfs t rw\n\
                     4 1 0:7 / /clone/data2 rw - tmpfs t rw\n\
                     5 1 0:8 net:[1] /run/x/exec/netns/1 rw - nsfs nsfs rw\n";
        assert_eq!(
            mounts_below(table, &[Path::new("/clone/data"), Path::new("/run/x")]),
            ["/run/x/exec/netns/1", "/clone/data/overlay2/a/merged/in side", "/clone/data/overlay2/a/merged"]
                .map(PathBuf::from)
        );
    }

    #[test]
    fn a_shim_is_ours_by_the_socket_it_serves() {
        let arguments =
            ["/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", "abc", "-address", "/run/x/c"]
                .map(str::to_owned);
        let shim = shim(7, &arguments, Path::new("/run/x/c")).unwrap();
        assert_eq!(shim.socket, Path::new(SHIM_SOCKETS).join(paths::sha256("/run/x/c/moby/abc")));
        assert!(super::shim(7, &arguments, Path::new("/run/y/c")).is_none());
        assert!(super::shim(7, &["/bin/sh".to_owned()], Path::new("/run/x/c")).is_none());
    }

    #[test]
    fn only_bridges_of_known_networks_are_ours() {
        let database = b"..{\"id\":\"0123456789abcdef0123\"}..";
        assert!(is_bridge_of("br-0123456789ab", database));
        assert!(!is_bridge_of("br-ffffffffffff", database));
        assert!(!is_bridge_of("br-0123", database));
        assert!(!is_bridge_of("docker0", database));
    }
}
