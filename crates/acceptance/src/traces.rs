//! What an app leaves on the machine: processes, containers, networks, volumes and folders.
//!
//! Reservations cannot be seen from outside; that they were given back shows when the next app gets the
//! same port and the only subnet of a pool.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::docker;
use crate::server::Server;

/// All that is there of an app, each as one line.
#[must_use]
pub fn of(server: &Server, name: &str) -> Vec<String> {
    let kind = |kind: &'static str| move |what: String| format!("{kind} {what}");
    let mut found: Vec<String> = docker::containers(name).into_iter().map(kind("container")).collect();
    found.extend(docker::networks(name).into_iter().map(kind("network")));
    found.extend(docker::volumes(name).into_iter().map(kind("volume")));
    let folder = server.app_folder(name);
    if folder.exists() {
        found.push(format!("folder {}", folder.display()));
    }
    let needle = folder.display().to_string();
    let processes = processes_with(&needle).into_iter().filter(|(pid, _)| server.running_pid() != Some(*pid));
    found.extend(processes.map(|(pid, words)| format!("process {pid} {words}")));
    found
}

/// Asserts that nothing is left of an app.
///
/// # Panics
/// Something is.
pub fn assert_nothing_left(server: &Server, name: &str) {
    let left = of(server, name);
    assert!(left.is_empty(), "left of {name}: {left:#?}");
}

/// The processes beside the server itself that work in its data directory: number and command line.
#[must_use]
pub fn children(server: &Server) -> Vec<(u32, String)> {
    let mut found = processes_with(&format!("{}/", server.apps_folder().display()));
    found.retain(|(pid, _)| server.running_pid() != Some(*pid));
    found
}

/// Ends them.
pub fn end_processes(server: &Server) {
    for (pid, _) in children(server) {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::KILL).ok();
        }
    }
}

/// Living processes whose command line contains that text.
fn processes_with(needle: &str) -> Vec<(u32, String)> {
    let own = std::process::id();
    command_lines().filter(|(pid, words)| *pid != own && words.contains(needle)).collect()
}

/// The command lines of all processes.
///
/// # Panics
/// There is no /proc.
pub fn command_lines() -> impl Iterator<Item = (u32, String)> {
    let entries = fs::read_dir("/proc").expect("/proc is there");
    entries.flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // It may end while it is looked at.
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        Some((pid, String::from_utf8_lossy(&words).replace('\0', " ")))
    })
}
