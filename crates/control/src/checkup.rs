//! Everything that the server needs, looked at now: what `appmanage doctor` asks.
//!
//! Unlike a query it asks the kernel and starts a process, so it is for people, not for probes.

use std::sync::Arc;

use crate::error::Error;
use crate::ports::CommandError;
use crate::recorder::off_the_runtime;
use crate::{Control, Readiness};

/// What was found. An error says what is wrong.
#[derive(Debug)]
pub struct Checkup {
    /// Database and engine.
    pub readiness: Readiness,
    /// The version of what brings projects up.
    pub compose: Result<String, CommandError>,
    /// Whether there is room for an app of ordinary size.
    pub disk: Result<(), Error>,
    /// Whether there is a port to give.
    pub ports: Result<(), Error>,
    /// How many packages there are.
    pub packages: usize,
    /// The packages that cannot be used, each with the reason.
    pub broken_packages: Vec<String>,
}

impl Control {
    /// Looks at everything. Takes a tenth of a second, and longer where something is wrong.
    pub async fn checkup(self: &Arc<Self>) -> Checkup {
        let readiness = self.readiness().await;
        let compose = self.projects.check().await;
        let control = Arc::clone(self);
        let figures = off_the_runtime(move || control.host_figures()).await;
        let disk = figures.map_err(Error::from).and_then(|figures| figures.check_room());
        let ports = self.recorder.read(|memory| self.check_ports(memory));
        let (packages, broken_packages) = (self.catalog.entries().len(), self.catalog.broken());
        Checkup { readiness, compose, disk, ports, packages, broken_packages }
    }
}
