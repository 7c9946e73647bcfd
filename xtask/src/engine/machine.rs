//! What the machine was like before the first engine, so that the last one leaves it the same.
//!
//! dockerd switches forwarding on, sets the policy of forwarding to drop, and leaves a few files behind
//! whatever folders it is given.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::firewall::{iptables, remove_chains};
use crate::command::find;
use crate::paths;

const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// Files and folders that the daemons make at fixed places; a folder is removed only where it is empty.
const FIXED_PLACES: [&str; 6] = [
    "/etc/docker/key.json",
    "/etc/docker",
    "/run/docker/plugins",
    "/run/docker",
    "/run/containerd/s",
    "/run/containerd",
];

/// The record of one clone.
pub(crate) struct Before {
    file: PathBuf,
}

impl Before {
    pub(crate) fn new(repository: &Path) -> Before {
        Before { file: paths::run_state(repository).join("machine-before") }
    }

    /// Remembers the machine as it is, unless that was done already.
    pub(crate) fn remember(&self) -> Result<()> {
        if self.file.exists() {
            return Ok(());
        }
        let policy = iptables("filter", &["-S", "FORWARD"].map(str::to_owned)).unwrap_or_default();
        let policy = if policy.starts_with("-P FORWARD DROP") { "DROP" } else { "ACCEPT" };
        let forwarding = std::fs::read_to_string(FORWARDING).unwrap_or_default();
        let mut lines = vec![format!("policy {policy}"), format!("forwarding {}", forwarding.trim())];
        lines.extend(
            FIXED_PLACES
                .iter()
                .filter(|place| !Path::new(place).exists())
                .map(|place| format!("absent {place}")),
        );
        paths::write(&self.file, lines.join("\n"))
    }

    /// Makes the machine what it was. Called when no engine of this clone is left.
    pub(crate) fn restore(&self) -> Result<()> {
        let Ok(record) = std::fs::read_to_string(&self.file) else { return Ok(()) };
        if find("iptables").is_none() {
            return Ok(());
        }
        // Another engine of the machine still needs the chains, and with them all of this.
        if remove_chains()? {
            for line in record.lines() {
                match line.split_once(' ') {
                    Some(("policy", policy)) => {
                        iptables("filter", &["-P", "FORWARD", policy].map(str::to_owned))?;
                    }
                    Some(("forwarding", value)) => paths::write(Path::new(FORWARDING), value)?,
                    Some(("absent", place)) => remove(Path::new(place)),
                    _ => {}
                }
            }
        }
        std::fs::remove_file(&self.file).ok();
        Ok(())
    }
}

fn remove(place: &Path) {
    if place.is_dir() {
        std::fs::remove_dir(place).ok();
    } else {
        std::fs::remove_file(place).ok();
    }
}
