//! Sockets that systemd made before it started the server, and keeps while the server is restarted: callers wait
//! then, and are not refused.
//!
//! They take the place of those in the setting `listen` that have the same address; `surroundings` does that.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use listenfd::ListenFd;

/// Their names, `:` between them: `FileDescriptorName=` of each.
const NAMES_VARIABLE: &str = "LISTEN_FDNAMES";

/// The sockets that were handed over and not yet taken.
#[derive(Debug, Default)]
pub(crate) struct HandedOver {
    pub(crate) unix: Vec<(PathBuf, UnixListener)>,
    pub(crate) tcp: Vec<(SocketAddr, TcpListener)>,
}

/// One of them cannot be served.
#[derive(Debug, thiserror::Error)]
#[error(
    "systemd handed over the socket {name:?}, which is neither a Unix stream socket with a path nor a TCP socket: \
     its unit may have ListenStream= and no other"
)]
pub(crate) struct HandedOverError {
    name: String,
}

impl HandedOver {
    /// Those of this process, which may have one thread only yet and does this once. `variables` is its environment.
    pub(crate) fn of_process(variables: &BTreeMap<String, String>) -> Result<Self, HandedOverError> {
        // Says whether they are for this process, and keeps them from its children.
        let mut given = match sd_notify::listen_fds() {
            Ok(numbers) if numbers.len() > 0 => ListenFd::from_env(),
            _ => ListenFd::empty(),
        };
        let mut names = variables.get(NAMES_VARIABLE).map_or("", String::as_str).split(':');
        let mut handed_over = Self::default();
        for number in 0..given.len() {
            let name = names.next().unwrap_or_default().to_owned();
            handed_over.add(&mut given, number).ok_or(HandedOverError { name })?;
        }
        Ok(handed_over)
    }

    fn add(&mut self, given: &mut ListenFd, number: usize) -> Option<()> {
        if let Ok(Some(listener)) = given.take_unix_listener(number) {
            let path = listener.local_addr().ok()?.as_pathname()?.to_owned();
            self.unix.push((path, listener));
        } else {
            let listener = given.take_tcp_listener(number).ok()??;
            self.tcp.push((listener.local_addr().ok()?, listener));
        }
        Some(())
    }

    /// The one at that path, if there is one.
    pub(crate) fn take_unix(&mut self, path: &Path) -> Option<UnixListener> {
        let index = self.unix.iter().position(|(own, _)| own == path)?;
        Some(self.unix.swap_remove(index).1)
    }

    /// The one at that `HOST:PORT`, if there is one.
    pub(crate) fn take_tcp(&mut self, address: &str) -> Option<TcpListener> {
        let wanted: Vec<SocketAddr> = address.to_socket_addrs().ok()?.collect();
        let index = self.tcp.iter().position(|(own, _)| wanted.contains(own))?;
        Some(self.tcp.swap_remove(index).1)
    }
}
