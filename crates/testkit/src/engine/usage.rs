//! What the containers and volumes of the engine in memory use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::ports::{ContainerUsage, EngineError};
use domain::{ContainerId, ContainerState};

use super::FakeEngine;

/// What is used, and how often it was asked for. Cloning shares it.
#[derive(Clone, Default)]
pub(super) struct Used(Arc<Mutex<Usage>>);

#[derive(Default)]
struct Usage {
    /// Cores kept busy, and bytes of memory, by container.
    loads: HashMap<ContainerId, (u64, u64)>,
    sizes: HashMap<String, u64>,
    samples_asked: usize,
    sizes_asked: usize,
}

impl Used {
    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeEngine {
    /// Keeps a container of that compose project and service busy with so many cores and bytes of memory.
    ///
    /// # Panics
    /// There is no such container.
    pub fn load(&self, project: &str, service: &str, cores: u64, memory_bytes: u64) {
        let id = self.id_of(project, service).expect("it is there");
        self.used.usage().loads.insert(id, (cores, memory_bytes));
    }

    /// Gives a volume that size.
    pub fn fill_volume(&self, name: &str, bytes: u64) {
        self.used.usage().sizes.insert(name.to_owned(), bytes);
    }

    /// How often it was asked what a container uses.
    #[must_use]
    pub fn samples_asked(&self) -> usize {
        self.used.usage().samples_asked
    }

    /// How often it was asked for the sizes of its volumes.
    #[must_use]
    pub fn sizes_asked(&self) -> usize {
        self.used.usage().sizes_asked
    }

    pub(crate) fn usage(&self, id: &ContainerId) -> Result<Option<ContainerUsage>, EngineError> {
        let state = self.reachable()?;
        let mut used = self.used.usage();
        used.samples_asked += 1;
        let Some(container) = state.containers.get(id) else { return Ok(None) };
        if container.facts.state != ContainerState::Running {
            return Ok(None);
        }
        let (cores, memory_bytes) = used.loads.get(id).copied().unwrap_or_default();
        let at_nanos = self.clock.now().as_millis() * 1_000_000;
        Ok(Some(ContainerUsage {
            at_nanos,
            cpu_nanos: cores * u64::try_from(at_nanos).unwrap_or_default(),
            memory_bytes,
            memory_limit_bytes: 1 << 30,
            network_received_bytes: 10,
            network_sent_bytes: 20,
            disk_read_bytes: 30,
            disk_written_bytes: 40,
        }))
    }

    pub(crate) fn volume_sizes(&self) -> Result<HashMap<String, u64>, EngineError> {
        drop(self.reachable()?);
        let mut used = self.used.usage();
        used.sizes_asked += 1;
        Ok(used.sizes.clone())
    }
}
