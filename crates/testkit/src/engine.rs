//! A container engine in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use control::ports::{
    Clock, EngineContainer, EngineError, EngineEvent, EngineInfo, EngineNetwork, EngineObject, EngineSight,
    EngineVolume, Ownership, Project, PullError, PullSink,
};
use domain::{
    ContainerFacts, ContainerId, ContainerState, Failure, FailureClass, Health, ImagePull, LayerPull,
    Protocol, RestartPolicy,
};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

/// What a container of an image does when it is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Runs and answers.
    #[default]
    Well,
    /// Runs, but its port never answers.
    Silent,
    /// Its health check fails.
    Unhealthy,
    /// Ends with that code, and is not started again.
    Exits(i64),
    /// Is ended for want of memory.
    OutOfMemory,
}

/// The engine. Cloning shares it.
#[derive(Clone)]
pub struct FakeEngine {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    away: bool,
    next_id: u64,
    containers: BTreeMap<ContainerId, EngineContainer>,
    behaviours: HashMap<String, Behaviour>,
    silent: BTreeSet<ContainerId>,
    networks: Vec<EngineNetwork>,
    volumes: Vec<EngineVolume>,
    missing_images: BTreeSet<String>,
    stolen_ports: Vec<u16>,
    listeners: Vec<mpsc::UnboundedSender<EngineEvent>>,
    is_mute: bool,
    silent_inspects: BTreeSet<ContainerId>,
    /// What processes that outlived their server have still to ask for, and after how many looks.
    late: Vec<(u32, Project)>,
}

/// When a question that hangs is given up: every call to an engine ends.
const INSPECT_LIMIT: Duration = Duration::from_secs(30);

/// How late a process that outlived its server does its work: after any undo that does not end it.
const LATE_BY_LOOKS: u32 = 8;

impl FakeEngine {
    /// An empty engine.
    #[must_use]
    pub fn empty(clock: Arc<dyn Clock>) -> Self {
        Self { state: Arc::default(), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides what containers of that image do.
    pub fn behave(&self, image: &str, behaviour: Behaviour) {
        self.state().behaviours.insert(image.to_owned(), behaviour);
    }

    /// Makes the registry not know that image.
    pub fn lose_image(&self, image: &str) {
        self.state().missing_images.insert(image.to_owned());
    }

    /// Makes somebody else bind that port between the check and the start.
    pub fn steal_port(&self, port: u16) {
        self.state().stolen_ports.push(port);
    }

    /// Makes the engine unreachable, or reachable again.
    pub fn set_away(&self, away: bool) {
        let mut state = self.state();
        state.away = away;
        if away {
            state.listeners.clear();
        }
    }

    /// Loses every event from now on, or tells them again.
    pub fn set_mute(&self, is_mute: bool) {
        self.state().is_mute = is_mute;
    }

    /// Lets every question about that container wait for ever, as a real engine does while it starts it, or
    /// when it has got stuck over it. Returns the container's identifier.
    ///
    /// # Panics
    /// There is no such container.
    pub fn hang_over(&self, project: &str, service: &str) -> ContainerId {
        let mut state = self.state();
        let wanted = |container: &&EngineContainer| {
            container.owner.project.as_deref() == Some(project) && container.facts.service == service
        };
        let id = state.containers.values().find(wanted).map(|c| c.facts.id.clone()).expect("it is there");
        state.silent_inspects.insert(id.clone());
        id
    }

    /// Puts something of somebody else's on the engine.
    pub fn add_foreign_volume(&self, name: &str) {
        let mut state = self.state();
        state.volumes.push(EngineVolume { name: name.to_owned(), owner: Ownership::default() });
        state.tell(&EngineEvent::Volumes);
    }

    /// Lets a volume of that install appear, as the engine does with what it had in hand.
    pub fn add_late_volume(&self, name: &str, owner: Ownership) {
        let mut state = self.state();
        state.volumes.push(EngineVolume { name: name.to_owned(), owner });
        state.tell(&EngineEvent::Volumes);
    }

    /// Changes a container of that compose project and service by hand, as `docker` on the command line
    /// would.
    pub fn change(&self, project: &str, service: &str, change: impl FnOnce(&mut ContainerFacts)) {
        let mut state = self.state();
        let wanted = |container: &&mut EngineContainer| {
            container.owner.project.as_deref() == Some(project) && container.facts.service == service
        };
        if let Some(container) = state.containers.values_mut().find(wanted) {
            change(&mut container.facts);
            let event = EngineEvent::Container(container.facts.id.clone());
            state.tell(&event);
        }
    }

    /// Removes a container by hand.
    pub fn remove_by_hand(&self, project: &str, service: &str) {
        let mut state = self.state();
        let wanted = |container: &&EngineContainer| {
            container.owner.project.as_deref() == Some(project) && container.facts.service == service
        };
        if let Some(id) = state.containers.values().find(wanted).map(|c| c.facts.id.clone()) {
            state.containers.remove(&id);
            state.tell(&EngineEvent::Container(id));
        }
    }

    /// All that it holds, without any formality.
    #[must_use]
    pub fn sight(&self) -> EngineSight {
        let state = self.state();
        EngineSight {
            containers: state.containers.values().cloned().collect(),
            networks: state.networks.clone(),
            volumes: state.volumes.clone(),
        }
    }

    /// Whether a container that runs and answers publishes that port.
    #[must_use]
    pub fn answers_on(&self, port: u16) -> bool {
        let state = self.state();
        let serves = |container: &EngineContainer| {
            container.facts.state == ContainerState::Running
                && container.ports.iter().any(|(_, _, published)| *published == port)
                && !state.silent.contains(&container.facts.id)
        };
        state.containers.values().any(serves)
    }

    /// Whether a running container has bound that port.
    #[must_use]
    pub fn has_bound(&self, protocol: Protocol, port: u16) -> bool {
        let state = self.state();
        let running = state.containers.values().filter(|c| c.facts.state == ContainerState::Running);
        running.flat_map(|c| c.ports.iter()).any(|(_, p, published)| *p == protocol && *published == port)
    }

    fn reachable(&self) -> Result<MutexGuard<'_, State>, EngineError> {
        let state = self.state();
        if state.away {
            let endpoint = "unix:///fake/docker.sock".to_owned();
            return Err(EngineError::Unreachable { endpoint, reason: "connection refused".to_owned() });
        }
        Ok(state)
    }

    /// Creates and starts what a project asks for, as `docker compose up` does; the port it fails at, if
    /// one is taken.
    pub(crate) fn up(&self, project: &Project) -> Result<(), UpError> {
        let now = self.clock.now();
        let mut state = self.state();
        if state.away {
            return Err(UpError::Away);
        }
        state.create(project, now)
    }

    /// Leaves a process at work that outlives its server.
    pub(crate) fn leave_at_work(&self, project: &Project) {
        self.state().late.push((LATE_BY_LOOKS, project.clone()));
    }

    /// Lets time pass for everything that is still on its way.
    pub fn settle(&self) {
        for _ in 0..=LATE_BY_LOOKS {
            // An engine that is away does nothing.
            let _ = self.look();
        }
    }

    /// Ends what is left at work on that install.
    pub(crate) fn end_at_work(&self, install: &domain::InstallId) {
        self.state().late.retain(|(_, project)| project.install != *install);
    }

    pub(crate) fn ping(&self) -> Result<(), EngineError> {
        self.reachable().map(drop)
    }

    pub(crate) fn info(&self) -> Result<EngineInfo, EngineError> {
        drop(self.reachable()?);
        Ok(EngineInfo {
            version: "fake".to_owned(),
            api_version: "1.41".to_owned(),
            cpu_cores: 4,
            memory_bytes: 8 << 30,
            root_dir: "/var/lib/docker".into(),
        })
    }

    pub(crate) fn look(&self) -> Result<EngineSight, EngineError> {
        let now = self.clock.now();
        {
            let mut state = self.reachable()?;
            for (looks, project) in std::mem::take(&mut state.late) {
                if looks > 0 {
                    state.late.push((looks - 1, project));
                } else {
                    // It outlived its server: nobody hears whether it succeeds.
                    let _ = state.create(&project, now);
                }
            }
        }
        Ok(self.sight())
    }

    pub(crate) async fn inspect(&self, id: &ContainerId) -> Result<Option<EngineContainer>, EngineError> {
        let hangs = self.reachable()?.silent_inspects.contains(id);
        if hangs {
            tokio::time::sleep(INSPECT_LIMIT).await;
            let endpoint = "unix:///fake/docker.sock".to_owned();
            return Err(EngineError::Unreachable { endpoint, reason: "no answer within 30 s".to_owned() });
        }
        Ok(self.reachable()?.containers.get(id).cloned())
    }

    pub(crate) fn events(&self) -> Result<BoxStream<'static, EngineEvent>, EngineError> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        self.reachable()?.listeners.push(sender);
        Ok(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context)).boxed())
    }

    pub(crate) async fn pull(&self, image: &str, sink: &dyn PullSink) -> Result<(), PullError> {
        for percent in [0, 50, 100] {
            let missing = self.reachable()?.missing_images.contains(image);
            if missing {
                let failure = Failure::of(FailureClass::NoSuchImage, image, "manifest unknown");
                return Err(PullError::Failed(failure));
            }
            sink.progress(&ImagePull {
                image: image.to_owned(),
                layers: vec![LayerPull {
                    id: "layer".to_owned(),
                    bytes_done: percent,
                    bytes_total: 100,
                    complete: percent == 100,
                }],
                complete: percent == 100,
            });
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    pub(crate) fn remove(&self, object: &EngineObject) -> Result<(), EngineError> {
        let mut state = self.reachable()?;
        match object {
            EngineObject::Container(id) => {
                state.containers.remove(id);
                state.tell(&EngineEvent::Container(id.clone()));
            }
            EngineObject::Network(id) => {
                state.networks.retain(|network| network.id != *id);
                state.tell(&EngineEvent::Networks);
            }
            EngineObject::Volume(name) => {
                state.volumes.retain(|volume| volume.name != *name);
                state.tell(&EngineEvent::Volumes);
            }
        }
        Ok(())
    }

    pub(crate) fn last_lines(&self, id: &ContainerId) -> Result<Vec<String>, EngineError> {
        let state = self.reachable()?;
        let name = state.containers.get(id).map(|container| container.facts.name.clone());
        Ok(vec![format!("last words of {}", name.unwrap_or_default())])
    }
}

/// Why a project did not come up.
pub(crate) enum UpError {
    /// The engine is away.
    Away,
    /// That port is taken.
    PortTaken(u16),
}

impl State {
    fn tell(&mut self, event: &EngineEvent) {
        if !self.is_mute {
            self.listeners.retain(|listener| listener.send(event.clone()).is_ok());
        }
    }

    fn create(&mut self, project: &Project, now: domain::Timestamp) -> Result<(), UpError> {
        let owner = Ownership {
            instance: Some(project.instance.clone()),
            install: Some(project.install.clone()),
            project: Some(project.name.to_string()),
        };
        for subnet in &project.subnets {
            let name = format!("{}_{}", project.name, subnet.network);
            if !self.networks.iter().any(|network| network.name == name) {
                let (id, subnets) = (format!("id-of-{name}"), vec![subnet.subnet]);
                self.networks.push(EngineNetwork { id, name, owner: owner.clone(), subnets });
            }
        }
        for key in &project.package.volumes {
            let name = format!("{}_{key}", project.name);
            if !self.volumes.iter().any(|volume| volume.name == name) {
                self.volumes.push(EngineVolume { name, owner: owner.clone() });
            }
        }
        self.tell(&EngineEvent::Networks);
        for service in &project.package.services {
            self.create_container(project, service, &owner, now)?;
        }
        Ok(())
    }

    fn create_container(
        &mut self,
        project: &Project,
        service: &domain::package::Service,
        owner: &Ownership,
        now: domain::Timestamp,
    ) -> Result<(), UpError> {
        let ports: Vec<(IpAddr, Protocol, u16)> = project
            .ports
            .iter()
            .filter(|port| port.service == service.name)
            .map(|port| (port.address, port.protocol, port.port))
            .collect();
        let name = format!("{}-{}-1", project.name, service.name);
        // As compose does: a container that is there is kept if it fits and recreated if not.
        let fits = |container: &EngineContainer| container.facts.name == name && container.ports == ports;
        if self.containers.values().any(|c| fits(c) && c.facts.state == ContainerState::Running) {
            return Ok(());
        }
        self.containers.retain(|_, container| container.facts.name != name);
        self.next_id += 1;
        let id = ContainerId::from_text(format!("c{}", self.next_id));
        let stolen = ports.iter().map(|(_, _, port)| *port).find(|port| self.stolen_ports.contains(port));
        let behaviour = self.behaviours.get(&service.image).copied().unwrap_or_default();
        if behaviour == Behaviour::Silent {
            self.silent.insert(id.clone());
        }
        let facts = facts(id.clone(), name, service, behaviour, stolen.is_some(), now);
        let owner = owner.clone();
        self.containers.insert(id.clone(), EngineContainer { facts, owner, ports });
        self.tell(&EngineEvent::Container(id));
        stolen.map_or(Ok(()), |port| Err(UpError::PortTaken(port)))
    }
}

fn facts(
    id: ContainerId,
    name: String,
    service: &domain::package::Service,
    behaviour: Behaviour,
    only_created: bool,
    now: domain::Timestamp,
) -> ContainerFacts {
    let (state, exit_code) = match behaviour {
        _ if only_created => (ContainerState::Created, 0),
        Behaviour::Well | Behaviour::Silent | Behaviour::Unhealthy => (ContainerState::Running, 0),
        Behaviour::Exits(code) => (ContainerState::Exited, code),
        Behaviour::OutOfMemory => (ContainerState::Exited, 137),
    };
    ContainerFacts {
        id,
        name,
        service: service.name.clone(),
        state,
        exit_code,
        oom_killed: behaviour == Behaviour::OutOfMemory,
        health: if behaviour == Behaviour::Unhealthy { Health::Unhealthy } else { Health::None },
        restart_count: 0,
        restart_policy: RestartPolicy::Always,
        created_at: now,
        started_at: (!only_created).then_some(now),
        finished_at: None,
    }
}
