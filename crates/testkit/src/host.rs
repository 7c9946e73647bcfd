//! A machine, a clock and dice that do as they are told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use control::ports::ids::PASSWORD_LENGTH;
use control::ports::{Clock, Host, HostError, Ids, Listener, ProcessUsage};
use domain::package::SecretShape;
use domain::{InstallId, MainEndpoint, OperationId, Protocol, Secret, Timestamp};
use ipnet::Ipv4Net;

use crate::engine::FakeEngine;
use crate::gate::BlockingGate;

/// A machine with what it is given.
pub struct FakeHost {
    engine: FakeEngine,
    memory_bytes: AtomicU64,
    disk_bytes: AtomicU64,
    listeners: Mutex<Vec<Listener>>,
    lingering: Mutex<Vec<u16>>,
    names: Mutex<HashMap<String, Vec<IpAddr>>>,
    disk: BlockingGate,
}

impl FakeHost {
    /// A machine with 8 GiB of memory and 100 GiB of disk, on which nothing listens.
    #[must_use]
    pub fn with(engine: FakeEngine) -> Self {
        Self {
            engine,
            memory_bytes: AtomicU64::new(8 << 30),
            disk_bytes: AtomicU64::new(100 << 30),
            listeners: Mutex::default(),
            lingering: Mutex::default(),
            names: Mutex::default(),
            disk: BlockingGate::default(),
        }
    }

    /// Sets the memory that is available.
    pub fn set_memory_bytes(&self, bytes: u64) {
        self.memory_bytes.store(bytes, Ordering::SeqCst);
    }

    /// Sets the space that is free.
    pub fn set_disk_bytes(&self, bytes: u64) {
        self.disk_bytes.store(bytes, Ordering::SeqCst);
    }

    /// Lets every question about a disk wait from now on, as on one behind a network that is gone, or ends
    /// that.
    pub fn set_disk_stalled(&self, is_stalled: bool) {
        self.disk.set_closed(is_stalled);
    }

    /// Lets connections to that port linger that have been closed: it cannot be bound in the plain way, and nobody
    /// has it.
    pub fn linger(&self, port: u16) {
        self.lingering.lock().unwrap_or_else(PoisonError::into_inner).push(port);
    }

    /// Lets a name lead to these addresses, of which this machine has those of 127.0.0.0/8; a name that nobody has pointed
    /// anywhere leads to 127.0.0.1.
    pub fn point(&self, name: &str, addresses: &[IpAddr]) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned(), addresses.to_vec());
    }

    /// Lets a program listen on that port, on every address.
    pub fn listen(&self, protocol: Protocol, port: u16) {
        let address = IpAddr::from([0, 0, 0, 0]);
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Listener { address, protocol, port });
    }
}

#[async_trait]
impl Host for FakeHost {
    fn memory_available_bytes(&self) -> Result<u64, HostError> {
        Ok(self.memory_bytes.load(Ordering::SeqCst))
    }

    fn disk_free_bytes(&self, _: &Path) -> Result<u64, HostError> {
        self.disk.pass();
        Ok(self.disk_bytes.load(Ordering::SeqCst))
    }

    fn listeners(&self) -> Result<Vec<Listener>, HostError> {
        Ok(self.listeners.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn can_bind(&self, _: IpAddr, protocol: Protocol, port: u16) -> bool {
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let lingering = self.lingering.lock().unwrap_or_else(PoisonError::into_inner);
        !listeners.iter().any(|l| l.protocol == protocol && l.port == port)
            && !lingering.contains(&port)
            && !self.engine.has_bound(protocol, port)
    }

    fn routes(&self) -> Result<Vec<Ipv4Net>, HostError> {
        Ok(Vec::new())
    }

    fn process_usage(&self) -> Result<ProcessUsage, HostError> {
        Ok(ProcessUsage { resident_bytes: 20 << 20, open_files: 12, open_files_max: Some(1_024) })
    }

    fn has_address(&self, address: IpAddr) -> bool {
        address.is_loopback()
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, HostError> {
        let pointed = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let addresses = pointed.unwrap_or_else(|| vec![IpAddr::from([127, 0, 0, 1])]);
        if addresses.is_empty() {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "no such name");
            return Err(HostError { what: format!("the addresses of {name}"), source });
        }
        Ok(addresses)
    }

    async fn answers(&self, endpoint: &MainEndpoint) -> bool {
        self.engine.answers_on(endpoint.port)
    }
}

/// A clock that follows the runtime's, which tests can stop, and that can be set back.
#[derive(Debug)]
pub struct TestClock {
    start: tokio::time::Instant,
    set_back_ms: AtomicU64,
}

impl TestClock {
    /// When every test begins: 2026-01-01T00:00:00Z.
    pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    /// Sets it back by that much.
    pub fn set_back(&self, by: Duration) {
        self.set_back_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self { start: tokio::time::Instant::now(), set_back_ms: AtomicU64::new(0) }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let set_back_ms = self.set_back_ms.load(Ordering::SeqCst).cast_signed();
        Timestamp::from_millis(Self::START.plus(self.start.elapsed()).as_millis() - set_back_ms)
    }
}

/// Ids that count.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn install_id(&self) -> InstallId {
        InstallId::from_text(format!("install{}", self.0.fetch_add(1, Ordering::SeqCst)))
    }

    fn operation_id(&self) -> OperationId {
        OperationId::from_text(format!("operation{}", self.0.fetch_add(1, Ordering::SeqCst)))
    }

    fn password(&self) -> Secret {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Secret::from_text(format!("Pw{number:0width$}", width = PASSWORD_LENGTH - 2))
    }

    fn secret(&self, shape: SecretShape) -> Secret {
        let password = self.password();
        match shape {
            SecretShape::Standard => password,
            other => Secret::from_text(format!("{}-{other:?}", password.reveal())),
        }
    }

    fn bits(&self) -> [u8; 32] {
        let mut bits = [7; 32];
        bits[..8].copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes());
        bits
    }
}
