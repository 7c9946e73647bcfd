//! The machine that the server runs on: memory, disks, listeners, routes.

use std::net::IpAddr;
use std::path::Path;

use async_trait::async_trait;
use domain::{MainEndpoint, Protocol};
use ipnet::Ipv4Net;

/// Something that has bound a port on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to.
    pub address: IpAddr,
    /// Transport protocol.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
}

/// What this process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Memory that is its own and not swapped out, with what it shares, in bytes.
    pub resident_bytes: u64,
    /// Files, sockets and pipes that are open.
    pub open_files: usize,
    /// How many may be; `None` without limit.
    pub open_files_max: Option<u64>,
}

/// The host did not tell.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {what}")]
pub struct HostError {
    /// What was to be read.
    pub what: String,
    /// Why it could not.
    #[source]
    pub source: std::io::Error,
}

/// Asks the machine.
#[async_trait]
pub trait Host: Send + Sync {
    /// Memory that new programs can have without swapping, in bytes: the kernel's MemAvailable.
    ///
    /// # Errors
    /// The kernel did not tell.
    fn memory_available_bytes(&self) -> Result<u64, HostError>;

    /// Space that is free on the file system of `path`, in bytes. A path that is not there yet, or
    /// lies inside a folder that this process may not enter, is answered by its nearest ancestor.
    ///
    /// # Errors
    /// The kernel did not tell.
    fn disk_free_bytes(&self, path: &Path) -> Result<u64, HostError>;

    /// All bound ports, TCP and UDP, IPv4 and IPv6.
    ///
    /// # Errors
    /// The kernel did not tell.
    fn listeners(&self) -> Result<Vec<Listener>, HostError>;

    /// Whether that port can be bound right now (asked by binding it and letting go at once).
    fn can_bind(&self, address: IpAddr, protocol: Protocol, port: u16) -> bool;

    /// The IPv4 networks that the host has routes to, without the default route.
    ///
    /// # Errors
    /// The kernel did not tell.
    fn routes(&self) -> Result<Vec<Ipv4Net>, HostError>;

    /// What this process uses.
    ///
    /// # Errors
    /// The kernel did not tell.
    fn process_usage(&self) -> Result<ProcessUsage, HostError>;

    /// Whether this machine has that address.
    fn has_address(&self, address: IpAddr) -> bool;

    /// The addresses of a host name. Takes at most a few seconds.
    ///
    /// # Errors
    /// It has none, or nobody answered.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, HostError>;

    /// Whether the app behind that port answers: for HTTP any answer below 500 to a GET of the ready
    /// path; for TCP a connection that is not closed again at once (Docker's proxy accepts connections
    /// for a container that does not listen, and closes them). Takes at most a few seconds.
    async fn answers(&self, endpoint: &MainEndpoint) -> bool;
}
