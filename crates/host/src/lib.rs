//! The machine that the server runs on: its memory, disks, sockets and routes, its clock and its
//! randomness. Linux, read from `/proc` and the kernel's own calls.
//!
//! What the figures are for is `control`'s business. This is the only crate that asks for the time of day.

mod address;
mod clock;
mod disk;
mod ids;
mod memory;
mod probe;
mod process;
mod routes;
mod sockets;

use std::io;
use std::net::IpAddr;
use std::path::Path;

use async_trait::async_trait;
use control::ports::{Host, HostError, Listener, ProcessUsage};
use domain::{MainEndpoint, Protocol};
use ipnet::Ipv4Net;

pub use address::default_public_address;
pub use clock::SystemClock;
pub use ids::RandomIds;

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinuxHost;

#[async_trait]
impl Host for LinuxHost {
    fn memory_available_bytes(&self) -> Result<u64, HostError> {
        memory::available_bytes().map_err(unreadable("the available memory"))
    }

    fn disk_free_bytes(&self, path: &Path) -> Result<u64, HostError> {
        disk::free_bytes(path).map_err(unreadable(&format!("the free space at {}", path.display())))
    }

    fn listeners(&self) -> Result<Vec<Listener>, HostError> {
        sockets::listeners().map_err(unreadable("the ports in use"))
    }

    fn can_bind(&self, address: IpAddr, protocol: Protocol, port: u16) -> bool {
        sockets::can_bind(address, protocol, port)
    }

    fn routes(&self) -> Result<Vec<Ipv4Net>, HostError> {
        routes::routes().map_err(unreadable("the routes"))
    }

    fn process_usage(&self) -> Result<ProcessUsage, HostError> {
        process::usage().map_err(unreadable("what this process uses"))
    }

    fn has_address(&self, address: IpAddr) -> bool {
        address::is_ours(address)
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, HostError> {
        address::resolve(name).await.map_err(unreadable(&format!("the addresses of {name}")))
    }

    async fn answers(&self, endpoint: &MainEndpoint) -> bool {
        probe::answers(endpoint).await
    }
}

fn unreadable(what: &str) -> impl FnOnce(io::Error) -> HostError {
    let what = what.to_owned();
    move |source| HostError { what, source }
}

/// A file of the kernel's that says something else than this program knows.
fn strange(file: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{file} cannot be understood"))
}
