//! Whether the host can carry one more app, counting what open installs have been promised.
//!
//! Cores are compared, not summed: apps share them. Memory and disk are summed over the installs that are
//! not ready yet, because the kernel's figures do not show their share until they are.

use domain::Package;
use domain::package::Requirements;

use crate::Control;
use crate::allocation::choose_subnet;
use crate::error::{Error, Resource, Shortage};
use crate::memory::Memory;

/// What the data directory must have room for: the database's next pages and the app's folder. Full, it
/// would stop every operation halfway.
const DATA_DIR_ROOM_BYTES: u64 = 4 << 20;

impl Control {
    /// # Errors
    /// `NotEnough`, naming each resource that does not suffice; `Host` if the kernel does not tell.
    pub(crate) fn admit(&self, package: &Package, memory: &Memory) -> Result<(), Error> {
        let info = memory.engine.info.as_ref();
        let promised = promised(memory);
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
        let memory_available = self.host.memory_available_bytes()?;
        let memory_limit = info.map_or(memory_available, |info| info.memory_bytes.min(memory_available));
        compare(Resource::Memory, needed.memory_bytes + promised.memory_bytes, memory_limit);
        if let Some(info) = info {
            let disk_free = self.host.disk_free_bytes(&info.root_dir)?;
            compare(Resource::Disk, needed.disk_bytes + promised.disk_bytes, disk_free);
        }
        compare(Resource::Disk, DATA_DIR_ROOM_BYTES, self.host.disk_free_bytes(&self.settings.data_dir)?);
        let ports_needed: usize = package.services.iter().map(|service| service.ports.len()).sum();
        compare(Resource::Ports, ports_needed as u64, self.count_free_ports(memory));
        let subnets_free = self.count_free_subnets(package.networks.len(), memory)?;
        compare(Resource::Subnets, package.networks.len() as u64, subnets_free);
        if shortages.is_empty() { Ok(()) } else { Err(Error::NotEnough(shortages)) }
    }

    /// Ports of the range that no app or container has, as far as memory knows.
    fn count_free_ports(&self, memory: &Memory) -> u64 {
        let range = self.settings.port_first..=self.settings.port_last;
        let published =
            memory.engine.containers.values().flat_map(|c| c.ports.iter().map(|(_, _, port)| *port));
        let mut taken: Vec<u16> = memory.reserved_ports().map(|port| port.port).chain(published).collect();
        taken.retain(|port| range.contains(port));
        taken.sort_unstable();
        taken.dedup();
        (range.len() - taken.len()) as u64
    }

    /// Free subnets of the pool, counted up to `enough`.
    fn count_free_subnets(&self, enough: usize, memory: &Memory) -> Result<u64, Error> {
        let mut taken = self.taken_subnets(memory, &memory.engine.networks)?;
        let mut free = 0;
        while free < enough as u64 {
            let Some(subnet) = choose_subnet(&self.settings.subnet_pool, self.settings.subnet_prefix, &taken)
            else {
                break;
            };
            taken.push(subnet);
            free += 1;
        }
        Ok(free)
    }
}

fn promised(memory: &Memory) -> Requirements {
    let mut sum = Requirements::default();
    for operation in memory.open_operations() {
        if let Some(record) = memory.app(&operation.app) {
            let needed = record.app.package.requirements;
            sum.memory_bytes = sum.memory_bytes.saturating_add(needed.memory_bytes);
            sum.disk_bytes = sum.disk_bytes.saturating_add(needed.disk_bytes);
        }
    }
    sum
}
