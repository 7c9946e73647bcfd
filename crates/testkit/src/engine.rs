//! A container engine in memory.

mod foreign;
mod images;
mod looks;
mod making;
mod output;
mod usage;

pub use foreign::FOREIGN_PORT;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use control::ports::{
    Clock, CommandError, EngineContainer, EngineError, EngineEvent, EngineInfo, EngineNetwork, EngineObject,
    EngineSight, EngineVolume, Ownership, Project, PullError, PullSink,
};
use domain::{
    ContainerFacts, ContainerId, ContainerState, Failure, FailureClass, ImagePull, LayerPull, Protocol,
    RestartPolicy,
};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

use images::Images;
use output::Written;
use usage::Used;

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
    written: Written,
    used: Used,
}

#[derive(Default)]
struct State {
    away: bool,
    is_elsewhere: bool,
    next_id: u64,
    containers: BTreeMap<ContainerId, EngineContainer>,
    behaviours: HashMap<String, Behaviour>,
    silent: BTreeSet<ContainerId>,
    networks: Vec<EngineNetwork>,
    volumes: Vec<EngineVolume>,
    /// Why images cannot be pulled, and after how many bytes of a layer are known to come.
    pull_failures: BTreeMap<String, (FailureClass, u64)>,
    images: Images,
    /// Images whose containers have an anonymous volume, and where.
    anonymous: HashMap<String, String>,
    slow_images: BTreeSet<String>,
    refuses_removals: bool,
    restart_policy: Option<RestartPolicy>,
    /// The code that containers end with when they are stopped; 143 where none is set.
    stop_code: Option<i64>,
    images_of: HashMap<ContainerId, String>,
    /// What each container was made of: compose recreates one that differs.
    definitions: HashMap<ContainerId, String>,
    stolen_ports: Vec<u16>,
    listeners: Vec<mpsc::UnboundedSender<EngineEvent>>,
    is_mute: bool,
    silent_inspects: BTreeSet<ContainerId>,
    /// How long a look at everything takes, after it has seen what it shows.
    look_takes: Duration,
    /// What processes that outlived their server have still to ask for, and after how many looks.
    late: Vec<(u32, Project)>,
}

impl FakeEngine {
    /// An empty engine.
    #[must_use]
    pub fn empty(clock: Arc<dyn Clock>) -> Self {
        Self { state: Arc::default(), clock, written: Written::default(), used: Used::default() }
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
        self.fail_pulls(image, FailureClass::NoSuchImage, 0);
    }

    /// Makes pulls of that image fail from now on, once a layer of so many bytes was announced; at once with 0.
    pub fn fail_pulls(&self, image: &str, class: FailureClass, layer_bytes: u64) {
        self.state().pull_failures.insert(image.to_owned(), (class, layer_bytes));
    }

    /// Gives containers of that image an anonymous volume, as the image of a database does.
    pub fn give_anonymous_volume(&self, image: &str, target: &str) {
        self.state().anonymous.insert(image.to_owned(), target.to_owned());
    }

    /// Gives the containers that are made from now on that restart policy.
    pub fn give_restart_policy(&self, policy: RestartPolicy) {
        self.state().restart_policy = Some(policy);
    }

    /// Makes every container end with that code when it is stopped: many programs have one of their own.
    pub fn stop_with(&self, code: i64) {
        self.state().stop_code = Some(code);
    }

    /// Refuses every removal from now on, as of what somebody else uses, or ends that.
    pub fn refuse_removals(&self, is_refusing: bool) {
        self.state().refuses_removals = is_refusing;
    }

    /// Forgets the images that were pulled, as `docker image prune` does.
    pub fn prune_images(&self) {
        self.state().images.clear();
    }

    /// Removes the anonymous volumes that no container has, as `docker volume prune` does.
    pub fn prune_volumes(&self) {
        let mut state = self.state();
        let State { containers, volumes, .. } = &mut *state;
        let is_used =
            |name: &String| containers.values().flat_map(|c| &c.anonymous_volumes).any(|v| v.1 == *name);
        volumes.retain(|volume| volume.owner != Ownership::default() || is_used(&volume.name));
        state.tell(&EngineEvent::Volumes);
    }

    /// Lets pulls of that image go on for ever: a large one from a slow registry.
    pub fn pull_slowly(&self, image: &str) {
        self.state().slow_images.insert(image.to_owned());
    }

    /// Lets later pulls of that image end again.
    pub fn pull_soundly(&self, image: &str) {
        self.state().slow_images.remove(image);
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

    /// Moves the engine to another machine, or back: a server finds out when it reaches it.
    pub fn set_elsewhere(&self, is_elsewhere: bool) {
        self.state().is_elsewhere = is_elsewhere;
    }

    /// Loses every event from now on, or tells them again.
    pub fn set_mute(&self, is_mute: bool) {
        self.state().is_mute = is_mute;
    }

    /// Puts a volume of somebody else's on the engine.
    pub fn add_foreign_volume(&self, name: &str) {
        let mut state = self.state();
        state.volumes.push(EngineVolume { name: name.to_owned(), owner: Ownership::default() });
        state.tell(&EngineEvent::Volumes);
    }

    /// Removes a volume by hand.
    pub fn remove_volume(&self, name: &str) {
        let mut state = self.state();
        state.volumes.retain(|volume| volume.name != name);
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

    /// Puts another container, just started, in the place of one, as `docker compose up` does.
    ///
    /// # Panics
    /// There is no such container.
    pub fn recreate(&self, project: &str, service: &str) {
        let id = self.id_of(project, service).expect("it is there");
        let now = self.clock.now();
        let mut state = self.state();
        let mut container = state.containers.remove(&id).expect("it is there");
        state.tell(&EngineEvent::Container(id));
        state.next_id += 1;
        let id = ContainerId::from_text(format!("c{}", state.next_id));
        (container.facts.id, container.facts.state) = (id.clone(), ContainerState::Running);
        container.facts.started_at = Some(now);
        state.containers.insert(id.clone(), container);
        state.tell(&EngineEvent::Container(id));
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
            return Err(connection_refused());
        }
        Ok(state)
    }

    /// Creates and starts what a project asks for, as `docker compose up` does; the port it fails at, if
    /// one is taken.
    pub(crate) fn up(&self, project: &Project, is_started: bool) -> Result<(), UpError> {
        let now = self.clock.now();
        let mut state = self.state();
        if state.away {
            return Err(UpError::Away);
        }
        state.create(project, now, is_started)
    }

    pub(crate) fn ping(&self) -> Result<(), EngineError> {
        self.reachable().map(drop)
    }

    pub(crate) fn info(&self) -> Result<EngineInfo, EngineError> {
        let is_elsewhere = self.reachable()?.is_elsewhere;
        Ok(EngineInfo {
            version: "fake".to_owned(),
            api_version: "1.41".to_owned(),
            cpu_cores: 4,
            memory_bytes: 8 << 30,
            root_dir: (!is_elsewhere).then(|| "/var/lib/docker".into()),
        })
    }

    fn listen(&self) -> Result<mpsc::UnboundedReceiver<EngineEvent>, EngineError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.reachable()?.listeners.push(sender);
        Ok(receiver)
    }

    pub(crate) fn events(&self) -> Result<BoxStream<'static, EngineEvent>, EngineError> {
        let mut receiver = self.listen()?;
        Ok(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context)).boxed())
    }

    pub(crate) async fn pull(&self, image: &str, sink: &dyn PullSink) -> Result<(), PullError> {
        for percent in [0, 50, 100] {
            let (failure, slow) = {
                let state = self.reachable()?;
                (state.pull_failures.get(image).copied(), state.slow_images.contains(image))
            };
            if slow && percent > 0 {
                std::future::pending::<()>().await;
            }
            let bytes_total = match failure {
                Some((class, bytes)) if bytes == 0 || percent > 0 => {
                    return Err(PullError::Failed(Failure::of(class, image, "the test says so")));
                }
                Some((_, bytes)) => bytes,
                None => 100,
            };
            let is_complete = percent == 100;
            let id = "layer".to_owned();
            sink.progress(&ImagePull {
                image: image.to_owned(),
                layers: vec![LayerPull { id, bytes_done: percent, bytes_total, complete: is_complete }],
                complete: is_complete,
            });
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.reachable()?.images.pull(image);
        Ok(())
    }

    pub(crate) fn start(&self, id: &ContainerId) -> Result<(), CommandError> {
        let now = self.clock.now();
        let mut state = self.reachable().map_err(|error| away(&error))?;
        if !state.containers.contains_key(id) {
            return Err(CommandError::Failed { words: format!("no such container: {id}") });
        }
        let started = state.start(id, now);
        started
            .map_err(|port| CommandError::PortTaken { port, words: "port is already allocated".to_owned() })
    }

    pub(crate) fn stop(&self, id: &ContainerId) -> Result<(), CommandError> {
        let now = self.clock.now();
        let mut state = self.reachable().map_err(|error| away(&error))?;
        let stop_code = state.stop_code.unwrap_or(143);
        let Some(container) = state.containers.get_mut(id) else { return Ok(()) };
        if matches!(container.facts.state, ContainerState::Running | ContainerState::Paused) {
            container.facts.state = ContainerState::Exited;
            container.facts.exit_code = stop_code;
            container.facts.finished_at = Some(now);
        }
        state.tell(&EngineEvent::Container(id.clone()));
        Ok(())
    }

    pub(crate) fn remove(&self, object: &EngineObject) -> Result<(), EngineError> {
        let mut state = self.reachable()?;
        if state.refuses_removals {
            let (action, reason) = ("remove".to_owned(), "it is in use".to_owned());
            return Err(EngineError::Refused { action, reason });
        }
        match object {
            EngineObject::Container(id) | EngineObject::ContainerAlone(id) => {
                let removed = state.containers.remove(id);
                let anonymous = removed.into_iter().flat_map(|container| container.anonymous_volumes);
                for (_, name) in anonymous.filter(|_| matches!(object, EngineObject::Container(_))) {
                    state.volumes.retain(|volume| volume.name != name);
                }
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

fn away(error: &EngineError) -> CommandError {
    CommandError::EngineUnreachable { words: error.to_string() }
}

fn connection_refused() -> EngineError {
    let endpoint = "unix:///fake/docker.sock".to_owned();
    EngineError::Unreachable { endpoint, reason: "connection refused".to_owned() }
}

/// Why a project did not come up.
pub(crate) enum UpError {
    /// The engine is away.
    Away,
    /// That port is taken.
    PortTaken(u16),
    /// That volume, which the project did not make, is not there.
    NoVolume(String),
    /// That image is not there, and nothing is pulled on the way.
    NoImage(String),
}

impl State {
    fn tell(&mut self, event: &EngineEvent) {
        if !self.is_mute {
            self.listeners.retain(|listener| listener.send(event.clone()).is_ok());
        }
    }
}
