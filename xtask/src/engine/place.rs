//! What belongs to one engine: its name, its folders, its sockets, its part of the address space.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::output;
use crate::daemon::{Daemon, Environment};
use crate::paths;

/// Engines take one /16 each out of 10.64.0.0 to 10.127.0.0: seldom used, and never the pool of a plain Docker.
const FIRST_NETWORK: u8 = 64;
const NETWORKS: u8 = 64;

/// A socket path may have 107 characters; this leaves room for what comes before and after the name.
const LONGEST_NAME: usize = 24;

/// One engine's things. Making a `Place` touches nothing.
pub(crate) struct Place {
    pub(crate) name: String,
    /// Run state: data, pid files, logs.
    pub(crate) folder: PathBuf,
    /// Sockets, and what holds sockets. Not in `folder`, whose path may be too long for a socket.
    pub(crate) run: PathBuf,
    /// A name that no other engine on this machine has, short enough for a network interface.
    pub(crate) tag: String,
}

impl Place {
    pub(crate) fn new(repository: &Path, name: &str) -> Result<Place> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fits) {
            bail!("`{name}` is no engine name; use at most {LONGEST_NAME} of a-z, 0-9 and -");
        }
        let path = repository.to_string_lossy();
        let clone = &paths::sha256(path.as_bytes())[..8];
        Ok(Place {
            name: name.to_owned(),
            folder: paths::run_state(repository).join("engines").join(name),
            run: PathBuf::from(format!("/run/appmanage-{clone}-{name}")),
            tag: format!("am{}", &paths::sha256(format!("{path}\n{name}"))[..10]),
        })
    }

    /// All engines of this clone that have left something.
    pub(crate) fn all(repository: &Path) -> Result<Vec<Place>> {
        let Ok(entries) = std::fs::read_dir(paths::run_state(repository).join("engines")) else {
            return Ok(Vec::new());
        };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.iter().map(|name| Place::new(repository, name)).collect()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.run.join("docker.sock")
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn data_root(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// It holds sockets, so it is beside them.
    pub(crate) fn exec_root(&self) -> PathBuf {
        self.run.join("exec")
    }

    pub(crate) fn containerd_socket(&self) -> PathBuf {
        self.run.join("containerd.sock")
    }

    /// The `DOCKER_CONFIG` of this engine's clients.
    pub(crate) fn client_config(&self) -> PathBuf {
        self.folder.join("client")
    }

    pub(crate) fn dockerd(&self) -> Daemon {
        Daemon {
            pid_file: self.folder.join("dockerd.process"),
            log: self.folder.join("dockerd.log"),
            mark: format!("--pidfile={}", self.dockerd_pid_file().display()),
            environment: Environment::new(),
        }
    }

    /// The file that dockerd writes itself, and which it must not find when it starts.
    pub(crate) fn dockerd_pid_file(&self) -> PathBuf {
        self.folder.join("dockerd.pid")
    }

    pub(crate) fn containerd(&self) -> Daemon {
        let mark = format!("--config={}", self.folder.join("containerd.toml").display());
        Daemon {
            pid_file: self.folder.join("containerd.pid"),
            log: self.folder.join("containerd.log"),
            mark,
            environment: Environment::new(),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.dockerd().pid().is_some()
    }

    /// The second number of this engine's addresses: chosen at the first start, kept until `stop`.
    pub(crate) fn network(&self) -> Result<Network> {
        let file = self.folder.join("network");
        if let Ok(text) = std::fs::read_to_string(&file) {
            let number =
                text.trim().parse().with_context(|| format!("{} holds no number", file.display()))?;
            return Ok(Network(number));
        }
        let routes = output(Command::new("ip").args(["-4", "route", "show", "table", "all"]))?;
        let start = u8::from_str_radix(&self.tag[2..4], 16)? % NETWORKS;
        let network = free_network(start, &routes).context("no 10.x.0.0/16 from 10.64 to 10.127 is free")?;
        paths::write(&file, network.0.to_string())?;
        Ok(network)
    }
}

/// 10.N.0.0/16, shared out between the engine's own choice, its default bridge and the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network(u8);

impl Network {
    /// Where the engine takes the subnets from that nobody names: 128 of them.
    pub(crate) fn pool(self) -> String {
        format!("10.{}.0.0/17", self.0)
    }

    /// The address of the default bridge.
    pub(crate) fn bridge(self) -> String {
        format!("10.{}.128.1/24", self.0)
    }

    /// Subnets that a client may name without meeting the engine's own choice.
    pub(crate) fn named(self) -> String {
        format!("10.{}.192.0/18", self.0)
    }

    /// Whether an address in dotted form is one of this engine's.
    pub(crate) fn holds(self, address: &str) -> bool {
        address.starts_with(&format!("10.{}.", self.0))
    }
}

/// The first /16 from `start` on that no route touches.
fn free_network(start: u8, routes: &str) -> Option<Network> {
    (0..NETWORKS)
        .map(|step| Network(FIRST_NETWORK + (start + step) % NETWORKS))
        .find(|network| !routes.lines().flat_map(str::split_whitespace).any(|word| network.holds(word)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn sockets_are_short_enough_whatever_the_clone_is_called() {
        let deep = PathBuf::from(format!("/{}", "long/".repeat(60)));
        let place = Place::new(&deep, &"n".repeat(LONGEST_NAME)).unwrap();
        let libnetwork = place.exec_root().join("libnetwork").join("0123456789ab.sock");
        assert!(libnetwork.as_os_str().len() < 107, "{}", libnetwork.display());
        assert!(place.tag.len() < 16, "{}", place.tag);
    }

    #[test]
    fn two_clones_and_two_names_share_nothing() {
        let one = Place::new(Path::new("/a"), "dev").unwrap();
        for other in [Place::new(Path::new("/b"), "dev"), Place::new(Path::new("/a"), "test")] {
            let other = other.unwrap();
            assert_ne!(one.run, other.run);
            assert_ne!(one.tag, other.tag);
            assert_ne!(one.folder, other.folder);
        }
    }

    #[test]
    fn names_that_would_leave_the_folder_are_refused() {
        for name in ["", "../x", "A", "a b", "a/b", &"n".repeat(40)] {
            assert!(Place::new(Path::new("/a"), name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_network_in_use_is_passed_over() {
        let routes = "default via 192.0.2.1 dev eth0\n10.65.3.0/24 dev br-1 proto kernel src 10.65.3.1\n";
        assert_eq!(free_network(0, routes), Some(Network(64)));
        assert_eq!(free_network(1, routes), Some(Network(66)));
        assert_eq!(free_network(63, ""), Some(Network(127)));
    }

    #[test]
    fn no_free_network_is_told() {
        let routes: String = (64..128).map(|n| format!("10.{n}.0.0/16 dev x\n")).collect();
        assert_eq!(free_network(0, &routes), None);
    }
}
