//! Keeps memory true to what the engine shows.
//!
//! At every connection: subscribe, look at everything, then follow. Each event is a hint to inspect that
//! container again, never a delta, so it does not matter how many are missed, doubled or late: Docker
//! keeps 256 of them and none over its own restart. All looks go through this one task, at most one of
//! each object at a time, so that an older one can never overwrite a newer; and side by side, because
//! Docker answers for a container that it is starting only once it has started it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::{ContainerFacts, ContainerId, InstallId, Origin, Timestamp};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::memory::{AppRecord, EngineLink, Memory};
use crate::ports::{
    Engine, EngineContainer, EngineError, EngineEvent, EngineInfo, EngineNetwork, EngineSight, EngineVolume,
};

/// How soon a broken connection is tried again: well within the second that a status may be late.
const RECONNECT_AFTER: Duration = Duration::from_millis(250);

/// How often a quiet connection is asked whether it is alive: a frozen engine sends no end of stream.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How often everything is looked at again, in case a hint never came.
const FULL_LOOK_EVERY: Duration = Duration::from_secs(60);

/// Objects looked at side by side: enough that some over which the engine hangs do not hold up the rest, too
/// few to be felt by it.
const LOOKS_AT_ONCE: usize = 32;

/// Watches until `stop`.
pub(crate) async fn watch(control: Arc<Control>, stop: CancellationToken) {
    loop {
        let error = tokio::select! {
            () = stop.cancelled() => return,
            error = follow(&control) => error,
        };
        note_away(&control, error);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RECONNECT_AFTER) => {}
        }
    }
}

/// Follows one connection until it breaks, and says why it did.
async fn follow(control: &Arc<Control>) -> EngineError {
    match follow_until_broken(control).await {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

async fn follow_until_broken(control: &Arc<Control>) -> Result<std::convert::Infallible, EngineError> {
    let mut events = control.engine.events().await?;
    let info = control.engine.info().await?;
    take_in_everything(control, Some(info)).await?;
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut full_look_at = Instant::now() + FULL_LOOK_EVERY;
    let mut looks = Looks::default();
    loop {
        looks.begin(control);
        tokio::select! {
            event = events.next() => match event {
                Some(event) => { looks.hinted.entry(Target::of(event)).or_insert_with(Instant::now); }
                None => {
                    control.engine.ping().await?;
                    return Err(stream_ended());
                }
            },
            Some((target, hinted_at, found)) = looks.under_way.next() => {
                looks.targets.remove(&target);
                match found {
                    Ok(found) => {
                        control.recorder.observe(|memory, now| memory.take_in(found, now));
                        control.metrics().event_lag.add(("", ""), hinted_at.elapsed());
                    }
                    Err(error) => {
                        // The engine is away, or it hangs over this one: then all else is still true.
                        control.engine.ping().await?;
                        tracing::warn!(?target, %error, "cannot be looked at; what was known of it is kept");
                        full_look_at = Instant::now();
                    }
                }
            }
            _ = heartbeat.tick() => {
                control.engine.ping().await?;
                if Instant::now() >= full_look_at {
                    // It shows whatever is being looked at now.
                    looks = Looks::default();
                    take_in_everything(control, None).await?;
                    full_look_at = Instant::now() + FULL_LOOK_EVERY;
                } else {
                    // Time alone changes a status too: a crash loop's window ends.
                    control.recorder.observe(|_, _| ());
                }
            }
        }
    }
}

/// What is looked at in one go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Container(ContainerId),
    NetworksAndVolumes,
}

impl Target {
    fn of(event: EngineEvent) -> Self {
        match event {
            EngineEvent::Container(id) => Self::Container(id),
            EngineEvent::Networks | EngineEvent::Volumes => Self::NetworksAndVolumes,
        }
    }

    async fn look(&self, engine: &dyn Engine) -> Result<Found, EngineError> {
        match self {
            Self::Container(id) => Ok(Found::Container(id.clone(), engine.inspect(id).await?.map(Box::new))),
            Self::NetworksAndVolumes => {
                let (networks, volumes) = engine.look_at_networks_and_volumes().await?;
                Ok(Found::NetworksAndVolumes(networks, volumes))
            }
        }
    }
}

/// What a look showed.
enum Found {
    Container(ContainerId, Option<Box<EngineContainer>>),
    NetworksAndVolumes(Vec<EngineNetwork>, Vec<EngineVolume>),
}

/// A look that has ended: at what, since when it was asked for, what was found.
type Looked = (Target, Instant, Result<Found, EngineError>);

/// The looks that events have asked for.
#[derive(Default)]
struct Looks {
    /// To be looked at once more, since when; each once, however many events there were.
    hinted: BTreeMap<Target, Instant>,
    /// Being looked at.
    targets: BTreeSet<Target>,
    under_way: FuturesUnordered<BoxFuture<'static, Looked>>,
}

impl Looks {
    /// Begins those looks that may begin.
    fn begin(&mut self, control: &Arc<Control>) {
        let free = LOOKS_AT_ONCE - self.targets.len();
        let may_begin = self.hinted.keys().filter(|target| !self.targets.contains(target));
        let next: Vec<Target> = may_begin.take(free).cloned().collect();
        for target in next {
            let Some(hinted_at) = self.hinted.remove(&target) else { continue };
            self.targets.insert(target.clone());
            let engine = Arc::clone(&control.engine);
            self.under_way.push(Box::pin(async move {
                let found = target.look(engine.as_ref()).await;
                (target, hinted_at, found)
            }));
        }
    }
}

async fn take_in_everything(control: &Arc<Control>, info: Option<EngineInfo>) -> Result<(), EngineError> {
    let sight = control.engine.look().await?;
    if let Some(info) = &info {
        tracing::info!(
            engine.version = info.version,
            engine.api_version = info.api_version,
            "engine connected"
        );
    }
    control.recorder.observe(|memory, now| {
        memory.take_in_sight(sight, now);
        if let Some(info) = info {
            memory.engine.info = Some(info);
            memory.engine_link = EngineLink::Up;
        }
    });
    Ok(())
}

fn note_away(control: &Arc<Control>, error: EngineError) {
    let (endpoint, reason) = match error {
        EngineError::Unreachable { endpoint, reason } => (endpoint, reason),
        EngineError::Refused { action, reason } => {
            (String::new(), format!("it refused to {action}: {reason}"))
        }
    };
    let was_up = control.recorder.read(|memory| memory.engine_link == EngineLink::Up);
    if was_up {
        tracing::warn!(
            endpoint,
            reason,
            "engine lost; its last known state is shown until the grace is over"
        );
    }
    let note = move |memory: &mut Memory, now: Timestamp| {
        let (since, lost_at) = match &memory.engine_link {
            EngineLink::Up => (now, Instant::now()),
            EngineLink::Away { since, lost_at, .. } => (*since, *lost_at),
        };
        memory.engine_link = EngineLink::Away { since, lost_at, endpoint, reason };
    };
    control.recorder.observe(note);
}

fn stream_ended() -> EngineError {
    EngineError::Unreachable { endpoint: String::new(), reason: "its stream of events ended".to_owned() }
}

impl Memory {
    fn take_in(&mut self, found: Found, now: Timestamp) {
        match found {
            Found::Container(id, container) => {
                self.take_in_container(&id, container.map(|found| *found), now);
            }
            Found::NetworksAndVolumes(networks, volumes) => {
                self.engine.networks = networks;
                self.engine.volumes = volumes;
            }
        }
    }

    fn take_in_sight(&mut self, sight: EngineSight, now: Timestamp) {
        self.engine.networks = sight.networks;
        self.engine.volumes = sight.volumes;
        // Among thousands of containers, each app looks only at those that name its install, or none.
        let mut by_install: HashMap<Option<&InstallId>, Vec<&EngineContainer>> = HashMap::new();
        for container in &sight.containers {
            by_install.entry(container.owner.install.as_ref()).or_default().push(container);
        }
        for AppRecord { app, .. } in self.records_mut() {
            let named = by_install.get(&(app.origin == Origin::Installed).then_some(&app.install));
            let own = named.into_iter().flatten().filter(|found| found.owner.is_of_app(app));
            let own: Vec<ContainerFacts> = own.map(|found| found.facts.clone()).collect();
            app.observation.containers.retain(|id, _| own.iter().any(|facts| facts.id == *id));
            for facts in own {
                app.observation.take_in(facts, now);
            }
        }
        let shown =
            sight.containers.into_iter().map(|found| self.with_what_is_known(found)).collect::<Vec<_>>();
        self.engine.containers = shown.into_iter().map(|c| (c.facts.id.clone(), c)).collect();
    }

    /// One that could not be inspected has a new state, and is else as it was.
    fn with_what_is_known(&self, found: EngineContainer) -> EngineContainer {
        match self.engine.containers.get(&found.facts.id).filter(|_| found.facts.is_partial) {
            Some(known) => EngineContainer { facts: found.facts.after(Some(&known.facts)), ..known.clone() },
            None => found,
        }
    }

    fn take_in_container(&mut self, id: &ContainerId, container: Option<EngineContainer>, now: Timestamp) {
        let Some(container) = container else {
            self.engine.containers.remove(id);
            for record in self.records_mut() {
                record.app.observation.containers.remove(id);
            }
            return;
        };
        if let Some(record) = self.records_mut().find(|record| container.owner.is_of_app(&record.app)) {
            record.app.observation.take_in(container.facts.clone(), now);
        }
        self.engine.containers.insert(id.clone(), container);
    }
}
