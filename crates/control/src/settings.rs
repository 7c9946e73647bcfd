//! The settings that the use cases obey. `appmanage` reads them; here they are plain values.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::Ipv4Net;

/// What an administrator can change about how apps are installed and watched.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Host name or address that URLs name.
    pub public_host: String,
    /// Names that this server itself is reached by: no app can have one of them.
    pub own_hosts: Vec<String>,
    /// Installs at work at once.
    pub installs_at_once: usize,
    /// A pull that makes no progress for this long is given up.
    pub pull_idle_limit: Duration,
    /// An engine that is away is bridged with the last known state for this long.
    pub engine_grace: Duration,
    /// First host port that is given to a port without a free hint.
    pub port_first: u16,
    /// Last host port that is given.
    pub port_last: u16,
    /// Whether ports for which a package names no address are published on 127.0.0.1 only.
    pub publish_on_loopback: bool,
    /// The pool that subnets are cut from.
    pub subnet_pool: Ipv4Net,
    /// Prefix length of each subnet.
    pub subnet_prefix: u8,
    /// Whether compose projects that this server did not install are shown.
    pub foreign_projects: bool,
    /// How long an uninstalled app lies in the recycle bin before it is deleted for good.
    pub trash_retention: Duration,
    /// Packages, by name, that may do on the host what no package may.
    pub policy_exceptions: Vec<String>,
    /// The data directory: its file system must have room too.
    pub data_dir: PathBuf,
}
