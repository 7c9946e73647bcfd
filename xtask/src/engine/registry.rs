//! The registry that serves the images under their plain Docker Hub names: one for all engines of a clone.
//!
//! Its storage is the clone's own, so that a test may push what it likes; the images in it are hard links
//! into the cache (see `images`). It is on loopback, which every engine takes without TLS.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::command::find;
use crate::daemon::{Daemon, Environment};
use crate::paths;

/// A registry is up in a fraction of a second.
const START: Duration = Duration::from_secs(30);

/// How long the port may take to answer one question.
const ANSWER: Duration = Duration::from_secs(2);

/// The clone's registry, running or not.
pub(crate) struct Registry {
    folder: PathBuf,
}

impl Registry {
    pub(crate) fn new(repository: &Path) -> Registry {
        Registry { folder: paths::run_state(repository).join("registry") }
    }

    /// Where the registry keeps everything, in its own layout.
    pub(crate) fn storage(&self) -> PathBuf {
        self.folder.join("storage/docker/registry/v2")
    }

    /// Marks of the images that are in the storage.
    pub(crate) fn marks(&self) -> PathBuf {
        self.folder.join("images")
    }

    /// The port of the running registry.
    pub(crate) fn port(&self) -> Option<u16> {
        self.daemon().pid()?;
        self.remembered_port()
    }

    /// Starts the registry where it does not run, on the port that it had before if that is free.
    pub(crate) fn start(&self) -> Result<u16> {
        if let Some(port) = self.port().filter(|port| answers(*port)) {
            return Ok(port);
        }
        let daemon = self.daemon();
        daemon.stop()?;
        paths::create_folder(&self.storage())?;
        paths::create_folder(&self.marks())?;
        let port = free_port(self.remembered_port())?;
        paths::write(&self.folder.join("port"), port.to_string())?;
        let config = self.config();
        paths::write(&config, config_text(&self.folder.join("storage"), port))?;
        let program = find("docker-registry").context("docker-registry is not on the PATH")?;
        let arguments = ["serve".to_owned(), daemon.mark.clone()];
        daemon.start(&program, &arguments, START, || answers(port))?;
        Ok(port)
    }

    /// Stops it and deletes all but its log.
    pub(crate) fn stop(&self) -> Result<()> {
        self.daemon().stop()?;
        paths::remove_folder(&self.folder.join("storage"))?;
        paths::remove_folder(&self.marks())?;
        for file in ["port", "config.yml"] {
            std::fs::remove_file(self.folder.join(file)).ok();
        }
        Ok(())
    }

    fn config(&self) -> PathBuf {
        self.folder.join("config.yml")
    }

    fn daemon(&self) -> Daemon {
        Daemon {
            pid_file: self.folder.join("pid"),
            log: self.folder.join("registry.log"),
            mark: self.config().display().to_string(),
            environment: Environment::new(),
        }
    }

    fn remembered_port(&self) -> Option<u16> {
        std::fs::read_to_string(self.folder.join("port")).ok()?.trim().parse().ok()
    }
}

/// `wanted` where it is free, else one that the kernel picks.
fn free_port(wanted: Option<u16>) -> Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match wanted.map(bind) {
        Some(Ok(listener)) => listener,
        _ => bind(0).context("no free port on loopback")?,
    };
    Ok(listener.local_addr()?.port())
}

fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"GET /v2/ HTTP/1.0\r\nHost: registry\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    ask().is_ok_and(|answer| answer.ends_with(" 200"))
}

/// Without a cache of descriptors: images are put into the storage behind the registry's back.
fn config_text(storage: &Path, port: u16) -> String {
    format!(
        "version: 0.1\nlog:\n  level: warn\n  accesslog:\n    disabled: true\n\
         storage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\n\
         http:\n  addr: 127.0.0.1:{port}\n",
        storage.display()
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_port_in_use_is_given_up() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = holder.local_addr().unwrap().port();
        assert_ne!(free_port(Some(taken)).unwrap(), taken);
    }

    #[test]
    fn a_free_port_is_kept() {
        let port = free_port(None).unwrap();
        assert_eq!(free_port(Some(port)).unwrap(), port);
    }

    #[test]
    fn the_registry_listens_on_loopback_alone() {
        assert!(config_text(Path::new("/s"), 5000).contains("addr: 127.0.0.1:5000\n"));
    }
}
