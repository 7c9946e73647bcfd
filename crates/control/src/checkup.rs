//! Everything that the server needs, looked at now: what `appmanage doctor` asks.
//!
//! Unlike a query it asks the kernel and starts a process, so it is for people, not for probes.

use std::sync::Arc;

use domain::{Failure, Timestamp};

use crate::commands::admission::DiskRoom;
use crate::error::Error;
use crate::ports::CommandError;
use crate::recorder::off_the_runtime;
use crate::{Control, DomainDetail, Front, Readiness};

/// What was found. An error says what is wrong.
#[derive(Debug)]
pub struct Checkup {
    /// Database and engine.
    pub readiness: Readiness,
    /// The version of what brings projects up.
    pub compose: Result<String, CommandError>,
    /// Whether there is room for an app of ordinary size.
    pub disk: Result<DiskRoom, Error>,
    /// Whether there is a port to give.
    pub ports: Result<(), Error>,
    /// How many packages there are.
    pub packages: usize,
    /// The packages that cannot be used, each with the reason.
    pub broken_packages: Vec<String>,
    /// What serves apps under names of their own; `None` where no gateway is configured.
    pub gateway: Option<GatewayCheckup>,
}

/// What was found of the gateway, as it was seen at last.
#[derive(Debug)]
pub struct GatewayCheckup {
    /// Why it does not take the names of apps, whichever they are.
    pub failure: Option<Failure>,
    /// The names of apps.
    pub domains: Vec<DomainDetail>,
    /// Until when the certificate is good that the API is called with, and whether that ends before long; `None` where the
    /// gateway shows none.
    pub own_certificate: Option<(Timestamp, bool)>,
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
        let gateway = match &self.front {
            Some(front) => Some(self.gateway_checkup(front).await),
            None => None,
        };
        Checkup { readiness, compose, disk, ports, packages, broken_packages, gateway }
    }

    async fn gateway_checkup(&self, front: &Front) -> GatewayCheckup {
        let own = self.look_at_own_certificate(front).await;
        let now = self.clock.now();
        self.recorder.read(|memory| GatewayCheckup {
            failure: memory.gateway.failure.clone(),
            domains: self.domain_details(memory, now).collect(),
            own_certificate: own.map(|validity| (validity.until, validity.is_ending(now))),
        })
    }
}
