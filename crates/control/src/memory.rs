//! All that the server knows, in memory: what is stored, and what the engine shows.
//!
//! Only the recorder changes it. Queries and commands read it, which is why they never wait for Docker
//! or the disk.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use domain::{
    App, AppId, ContainerId, Deployment, DomainName, Failure, InstallId, InstanceId, Lifecycle, Observation,
    Operation, OperationKind, PortReservation, Secret, Status, Timestamp, Validity,
};
use ipnet::Ipv4Net;
use tokio::time::Instant;

use crate::error::Error;
use crate::ports::{Change, EngineContainer, EngineInfo, EngineNetwork, EngineVolume, Loaded, Ownership};
use crate::sites::WantedSite;

/// What the server knows.
#[derive(Debug)]
pub struct Memory {
    apps: HashMap<AppId, AppRecord>,
    by_age: Vec<AppId>,
    /// How the connection to the engine is.
    pub engine_link: EngineLink,
    /// What the engine holds.
    pub engine: EngineMemory,
    /// What the web server in front serves.
    pub gateway: GatewayMemory,
}

/// One app and its newest operation.
#[derive(Clone, Debug)]
pub struct AppRecord {
    /// The app.
    pub app: App,
    /// Its newest operation, open or not.
    pub operation: Option<Operation>,
    /// The status that the last event told of.
    pub told_status: Status,
    /// The restarts that are stored, of all containers together.
    pub stored_restarts: u32,
}

impl AppRecord {
    /// Its open operation.
    #[must_use]
    pub fn open_operation(&self) -> Option<&Operation> {
        self.operation.as_ref().filter(|operation| operation.state.is_open())
    }

    /// Whether users see it as an app: not while it lies in the recycle bin, but again once it is being restored.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        let is_restored = |open: &Operation| open.kind == OperationKind::Restore;
        self.app.lifecycle != Lifecycle::Trashed || self.open_operation().is_some_and(is_restored)
    }

    /// Whether the disk knows less than memory: an untold status, or restarts, which must outlive this
    /// server because Docker does not tell when they were.
    pub(crate) fn is_behind(&self, now: Timestamp) -> bool {
        self.told_status != self.status(now) || self.stored_restarts != restarts(&self.app)
    }

    /// Its secrets, to be kept out of whatever is shown; while something is at work on it those that it had before, too:
    /// its containers may still have them, and have them again where that is undone.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        let before = self.open_operation().into_iter().flat_map(|open| open.settings_before.secrets());
        self.app.secrets().into_iter().chain(before).collect()
    }

    /// Its status now.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        self.app.status(self.open_operation(), now)
    }
}

/// How the connection to the engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineLink {
    /// It answers, and what it holds has been looked at.
    Up,
    /// It does not answer.
    Away {
        /// Since when, to be shown.
        since: Timestamp,
        /// The same on a clock that nobody sets back.
        lost_at: Instant,
        /// Where it was looked for.
        endpoint: String,
        /// What the connection says.
        reason: String,
    },
}

impl EngineLink {
    /// # Errors
    /// `EngineAway` if the engine has been away for longer than `grace`.
    pub fn check(&self, grace: Duration) -> Result<(), Error> {
        let Self::Away { since, lost_at, endpoint, reason } = self else { return Ok(()) };
        let away = lost_at.elapsed();
        if away < grace {
            return Ok(());
        }
        Err(Error::EngineAway {
            since: *since,
            away_seconds: away.as_secs(),
            endpoint: endpoint.clone(),
            reason: reason.clone(),
        })
    }
}

/// What the engine held at the last look, ours and others'.
#[derive(Debug, Default)]
pub struct EngineMemory {
    /// What it says of itself; `None` before the first connection.
    pub info: Option<EngineInfo>,
    /// Its containers.
    pub containers: HashMap<ContainerId, EngineContainer>,
    /// Its networks.
    pub networks: Vec<EngineNetwork>,
    /// Its volumes.
    pub volumes: Vec<EngineVolume>,
}

/// What the web server in front serves.
#[derive(Debug, Default)]
pub struct GatewayMemory {
    /// The sites that it took at last; `None` before it took any.
    pub served: Option<Vec<WantedSite>>,
    /// The port of HTTPS at which it serves them; `None` before it took any.
    pub port: Option<u16>,
    /// The names that it does not take as they are wanted, each with the reason. It serves them as it did before, or not
    /// at all.
    pub refused: BTreeMap<DomainName, Failure>,
    /// Why it does not take those that are wanted now.
    pub failure: Option<Failure>,
    /// The validity of the certificate that the API is called with, as it was shown at last.
    pub own_certificate: Option<Validity>,
}

impl EngineMemory {
    /// Whose each thing is that is there.
    pub(crate) fn owners(&self) -> impl Iterator<Item = &Ownership> {
        let containers = self.containers.values().map(|container| &container.owner);
        let networks = self.networks.iter().map(|network| &network.owner);
        containers.chain(networks).chain(self.volumes.iter().map(|volume| &volume.owner))
    }

    /// Whether anything is there that carries both labels.
    pub(crate) fn holds_something_of(&self, instance: &InstanceId, install: &InstallId) -> bool {
        self.owners().any(|owner| owner.is_of(instance, install))
    }
}

impl Memory {
    /// What a start finds. The engine counts as away since then, until the first look at it.
    #[must_use]
    pub fn of(loaded: Loaded, now: Timestamp) -> Self {
        let mut operations: HashMap<InstallId, Operation> =
            loaded.operations.into_iter().map(|operation| (operation.install.clone(), operation)).collect();
        let mut memory = Self {
            apps: HashMap::with_capacity(loaded.apps.len()),
            by_age: Vec::with_capacity(loaded.apps.len()),
            engine_link: EngineLink::Away {
                since: now,
                lost_at: Instant::now(),
                endpoint: String::new(),
                reason: "not connected yet".to_owned(),
            },
            engine: EngineMemory::default(),
            gateway: GatewayMemory::default(),
        };
        for app in loaded.apps {
            let operation = operations.remove(&app.install);
            memory.insert(app, operation, now);
        }
        memory
    }

    /// The app of that name.
    #[must_use]
    pub fn app(&self, id: &AppId) -> Option<&AppRecord> {
        self.apps.get(id)
    }

    /// The app of that installation.
    #[must_use]
    pub fn install(&self, install: &InstallId) -> Option<&AppRecord> {
        self.apps.values().find(|record| record.app.install == *install)
    }

    pub(crate) fn install_mut(&mut self, install: &InstallId) -> Option<&mut AppRecord> {
        self.apps.values_mut().find(|record| record.app.install == *install)
    }

    /// The app that has that name.
    #[must_use]
    pub fn domain_holder(&self, name: &DomainName) -> Option<&AppRecord> {
        self.apps.values().find(|record| record.app.domains.iter().any(|domain| domain.name == *name))
    }

    /// Every app, oldest install first.
    pub fn oldest_first(&self) -> impl Iterator<Item = &AppRecord> {
        self.by_age.iter().filter_map(|id| self.apps.get(id))
    }

    pub(crate) fn records_mut(&mut self) -> impl Iterator<Item = &mut AppRecord> {
        self.apps.values_mut()
    }

    /// Every open operation, oldest first.
    pub fn open_operations(&self) -> impl Iterator<Item = &Operation> {
        self.oldest_first().filter_map(AppRecord::open_operation)
    }

    /// The deployments that hold reservations, without that of `except`.
    fn reserving<'a>(&'a self, except: Option<&'a InstallId>) -> impl Iterator<Item = &'a Deployment> {
        let others = self.apps.values().filter(move |record| Some(&record.app.install) != except);
        others.filter(|record| record.is_visible()).filter_map(|record| record.app.deployment.as_ref())
    }

    /// Every port that an app has been promised, but those of `except`.
    pub(crate) fn reserved_ports<'a>(
        &'a self,
        except: Option<&'a InstallId>,
    ) -> impl Iterator<Item = &'a PortReservation> {
        self.reserving(except).flat_map(|deployment| deployment.ports.iter())
    }

    /// Every subnet that somebody has: the host's `routes`, the engine's `networks`, our own promises but
    /// those to `except`.
    pub(crate) fn taken_subnets(
        &self,
        routes: &[Ipv4Net],
        networks: &[EngineNetwork],
        except: Option<&InstallId>,
    ) -> Vec<Ipv4Net> {
        let of_networks = networks.iter().flat_map(|network| network.subnets.iter().copied());
        let reserved = self.reserving(except).flat_map(|deployment| deployment.subnets.iter());
        let reserved = reserved.map(|reservation| reservation.subnet);
        routes.iter().copied().chain(of_networks).chain(reserved).collect()
    }

    /// Takes in what has just been stored.
    pub(crate) fn apply(&mut self, change: Change, now: Timestamp) {
        if let Some(install) = change.forget
            && let Some(id) = self.install(&install).map(|record| record.app.id.clone())
        {
            self.apps.remove(&id);
            self.by_age.retain(|other| *other != id);
        }
        if let Some(app) = change.app {
            let open = change.operation.as_ref().filter(|operation| operation.state.is_open());
            let (told_status, stored_restarts) = (app.status(open, now), restarts(&app));
            if let Some(record) = self.apps.get_mut(&app.id) {
                // What Docker shows may have changed while the disk was at work.
                let observation = std::mem::take(&mut record.app.observation);
                record.app = App { observation, ..app };
                (record.told_status, record.stored_restarts) = (told_status, stored_restarts);
            } else {
                // What is on the engine already, and what has come while the disk was at work.
                let seen = self.engine.containers.values().filter(|found| found.owner.is_of_app(&app));
                let seen: Vec<_> = seen.map(|found| found.facts.clone()).collect();
                let mut app = app;
                for facts in seen {
                    app.observation.take_in(facts, now);
                }
                self.insert(app, None, now);
            }
        }
        if let Some(mut operation) = change.operation
            && let Some(record) = self.apps.get_mut(&operation.app)
        {
            if let Some(known) = record.operation.as_mut().filter(|known| known.id == operation.id) {
                operation.pulls = std::mem::take(&mut known.pulls);
            }
            record.operation = Some(operation);
        }
    }

    /// Notes that nothing of that installation (but volumes, without `with_volumes`) is on the engine any more, whether or not its events have
    /// told so yet: its name is free.
    pub(crate) fn note_gone(&mut self, instance: &InstanceId, install: &InstallId, with_volumes: bool) {
        let stays = |owner: &Ownership| !owner.is_of(instance, install);
        self.engine.containers.retain(|_, container| stays(&container.owner));
        self.engine.networks.retain(|network| stays(&network.owner));
        self.engine.volumes.retain(|volume| !with_volumes || stays(&volume.owner));
        if let Some(record) = self.install_mut(install) {
            record.app.observation = Observation::default();
        }
    }

    fn insert(&mut self, app: App, operation: Option<Operation>, now: Timestamp) {
        let open = operation.as_ref().filter(|operation| operation.state.is_open());
        let told_status = app.status(open, now);
        self.by_age.push(app.id.clone());
        let stored_restarts = restarts(&app);
        self.apps.insert(app.id.clone(), AppRecord { app, operation, told_status, stored_restarts });
    }
}

fn restarts(app: &App) -> u32 {
    app.observation.containers.values().map(|container| container.facts.restart_count).sum()
}
