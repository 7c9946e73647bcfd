//! Whether the host can carry one more app, counting what open installs have been promised.
//!
//! Cores are compared, not summed: apps share them. Memory and disk are summed over the installs that are
//! not ready yet, because the kernel's figures do not show their share until they are; ports and subnets
//! over those that have not reserved them yet.

use domain::Package;
use ipnet::Ipv4Net;

use crate::Control;
use crate::allocation::choose_subnet;
use crate::error::{Error, Resource, Shortage};
use crate::memory::Memory;
use crate::ports::HostError;

/// What the data directory must have room for: the database's next pages and the app's folder. Full, it
/// would stop every operation halfway.
const DATA_DIR_ROOM_BYTES: u64 = 4 << 20;

/// Less is too little for the images of an ordinary app.
const ROOM_BYTES: u64 = 1 << 30;

/// Installs and restores that may be open: an hour of work or more. Whoever asks for more has made a mistake, or means harm.
const QUEUE_MAX: u64 = 100;

/// Apps that may be known, those that failed and those in the recycle bin too: each takes some kilobytes of memory. The
/// default pool has subnets for 2,048.
const APPS_MAX: u64 = 5_000;

/// What the host says of itself. Asked before memory is held: a disk that is slow to answer must hold up
/// nobody but the install that asks.
pub(crate) struct HostFigures {
    memory_available_bytes: u64,
    /// On the file system of Docker's root; `None` before the engine has told where that is, and where it is another
    /// machine's.
    engine_disk_free_bytes: Option<u64>,
    data_dir_free_bytes: u64,
    routes: Vec<Ipv4Net>,
}

/// Where there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskRoom {
    /// Everywhere.
    Enough,
    /// In the data directory. The engine's disk is another machine's, or nobody knows yet where it is.
    OfServerOnly,
}

impl HostFigures {
    /// Whether apps find room at all, whichever they are.
    ///
    /// # Errors
    /// `NotEnough`
    pub(crate) fn check_room(&self) -> Result<DiskRoom, Error> {
        let rooms = [
            (ROOM_BYTES, self.engine_disk_free_bytes),
            (DATA_DIR_ROOM_BYTES, Some(self.data_dir_free_bytes)),
        ];
        let full =
            rooms.into_iter().find_map(|(needed, free)| Some((needed, free.filter(|free| *free < needed)?)));
        match full {
            None if self.engine_disk_free_bytes.is_none() => Ok(DiskRoom::OfServerOnly),
            None => Ok(DiskRoom::Enough),
            Some((needed, available)) => {
                Err(Error::NotEnough(vec![Shortage { resource: Resource::Disk, needed, available }]))
            }
        }
    }
}

/// What open installs will take that nobody else sees as taken yet.
#[derive(Default)]
struct Promised {
    memory_bytes: u64,
    disk_bytes: u64,
    ports: usize,
    subnets: usize,
    /// How many there are.
    installs: u64,
}

impl Control {
    /// Blocks: it asks the kernel and its file systems.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub(crate) fn host_figures(&self) -> Result<HostFigures, HostError> {
        let root_dir =
            self.recorder.read(|memory| memory.engine.info.as_ref().and_then(|info| info.root_dir.clone()));
        let engine_disk_free_bytes = root_dir.map(|root| self.host.disk_free_bytes(&root)).transpose()?;
        Ok(HostFigures {
            memory_available_bytes: self.host.memory_available_bytes()?,
            engine_disk_free_bytes,
            data_dir_free_bytes: self.host.disk_free_bytes(&self.settings.data_dir)?,
            routes: self.host.routes()?,
        })
    }

    /// # Errors
    /// `NotEnough`, naming each resource that does not suffice.
    pub(crate) fn admit(
        &self,
        package: &Package,
        figures: &HostFigures,
        memory: &Memory,
    ) -> Result<(), Error> {
        let info = memory.engine.info.as_ref();
        let promised = self.promised(memory);
        let needed = package.requirements;
        let mut shortages = Vec::new();
        let mut compare = |resource, needed: u64, available: u64| {
            if needed > available {
                shortages.push(Shortage { resource, needed, available });
            }
        };
        if let Some(info) = info {
            compare(Resource::Cpu, needed.cpu_cores.into(), info.cpu_cores.into());
        }
        let available = figures.memory_available_bytes;
        // What is available on another machine nobody here can tell.
        let available = info.map_or(available, |info| match info.root_dir {
            Some(_) => info.memory_bytes.min(available),
            None => info.memory_bytes,
        });
        compare(Resource::Memory, needed.memory_bytes.saturating_add(promised.memory_bytes), available);
        if let Some(free) = figures.engine_disk_free_bytes {
            compare(Resource::Disk, needed.disk_bytes.saturating_add(promised.disk_bytes), free);
        }
        compare(Resource::Disk, DATA_DIR_ROOM_BYTES, figures.data_dir_free_bytes);
        let ports = count_ports(package) + promised.ports;
        compare(Resource::Ports, ports as u64, self.count_free_ports(memory));
        let subnets = package.networks.len() + promised.subnets;
        compare(Resource::Subnets, subnets as u64, self.count_free_subnets(subnets, figures, memory));
        compare(Resource::Queue, promised.installs + 1, QUEUE_MAX);
        compare(Resource::Apps, memory.oldest_first().count() as u64 + 1, APPS_MAX);
        if shortages.is_empty() { Ok(()) } else { Err(Error::NotEnough(shortages)) }
    }

    fn promised(&self, memory: &Memory) -> Promised {
        let mut sum = Promised::default();
        let is_installing = |open: &domain::Operation| open.kind.is_installing();
        for record in
            memory.oldest_first().filter(|record| record.open_operation().is_some_and(is_installing))
        {
            sum.installs += 1;
            let needed = record.app.package.requirements;
            sum.memory_bytes = sum.memory_bytes.saturating_add(needed.memory_bytes);
            sum.disk_bytes = sum.disk_bytes.saturating_add(needed.disk_bytes);
            // Once it has a deployment, its ports and subnets are reserved.
            let package = self.installing.get(&record.app.install);
            if let Some(package) = package.filter(|_| record.app.deployment.is_none()) {
                sum.ports += count_ports(&package);
                sum.subnets += package.networks.len();
            }
        }
        sum
    }

    /// Whether there is a port to give.
    ///
    /// # Errors
    /// `NotEnough`
    pub(crate) fn check_ports(&self, memory: &Memory) -> Result<(), Error> {
        match self.count_free_ports(memory) {
            0 => Err(Error::NotEnough(vec![Shortage { resource: Resource::Ports, needed: 1, available: 0 }])),
            _ => Ok(()),
        }
    }

    /// Ports of the range that no app or container has, as far as memory knows.
    fn count_free_ports(&self, memory: &Memory) -> u64 {
        let range = self.settings.port_first..=self.settings.port_last;
        let published =
            memory.engine.containers.values().flat_map(|c| c.ports.iter().map(|(_, _, port)| *port));
        let mut taken: Vec<u16> =
            memory.reserved_ports(None).map(|port| port.port).chain(published).collect();
        taken.retain(|port| range.contains(port));
        taken.sort_unstable();
        taken.dedup();
        (range.len() - taken.len()) as u64
    }

    /// Free subnets of the pool, counted up to `enough`.
    fn count_free_subnets(&self, enough: usize, figures: &HostFigures, memory: &Memory) -> u64 {
        let mut taken = memory.taken_subnets(&figures.routes, &memory.engine.networks, None);
        let mut free = 0;
        while free < enough as u64 {
            let Some(subnet) = choose_subnet(&self.settings.subnet_pool, self.settings.subnet_prefix, &taken)
            else {
                break;
            };
            taken.push(subnet);
            free += 1;
        }
        free
    }
}

fn count_ports(package: &Package) -> usize {
    package.services.iter().map(|service| service.ports.len()).sum()
}
