//! Keeps memory true to what the engine shows.
//!
//! At every connection: subscribe, look at everything, then follow. Each event is a hint to inspect that
//! container again, never a delta, so it does not matter how many are missed, doubled or late: Docker
//! keeps 256 of them and none over its own restart. All looks go through this one task, at most one of
//! each object at a time, so that an older one can never overwrite a newer; and side by side, because
//! Docker answers for a container that it is starting only once it has started it. A look at everything is
//! one of them: what another look has shown while it was under way is newer, and is kept.

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
    take_in_first_sight(control, info).await?;
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut full_look_at = Instant::now() + FULL_LOOK_EVERY;
    let mut looks = Looks::default();
    loop {
        looks.begin(control);
        tokio::select! {
            event = events.next() => match event {
                Some(event) => looks.hint(Target::of(event)),
                None => {
                    control.engine.ping().await?;
                    return Err(stream_ended());
                }
            },
            Some(looked) = looks.under_way.next() => {
                if !looks.take_in(control, looked).await? {
                    full_look_at = Instant::now();
                }
            }
            _ = heartbeat.tick() => {
                control.engine.ping().await?;
                if Instant::now() >= full_look_at {
                    looks.hint(Target::Everything);
                    full_look_at = Instant::now() + FULL_LOOK_EVERY;
                }
                // Time alone changes a status too: a crash loop's window ends.
                control.recorder.observe(|_, _| ());
            }
        }
    }
}

/// What is looked at in one go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// First, so that it waits for no other.
    Everything,
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
            Self::Everything => Ok(Found::Everything(engine.look().await?)),
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
    Everything(EngineSight),
    Container(ContainerId, Option<Box<EngineContainer>>),
    NetworksAndVolumes(Vec<EngineNetwork>, Vec<EngineVolume>),
}

/// A look that has ended: at what, since when it was asked for, what was found.
type Looked = (Target, Instant, Result<Found, EngineError>);

/// The looks that events have asked for, and those at everything.
#[derive(Default)]
struct Looks {
    /// To be looked at once more, since when; each once, however many events there were.
    hinted: BTreeMap<Target, Instant>,
    /// Being looked at.
    targets: BTreeSet<Target>,
    under_way: FuturesUnordered<BoxFuture<'static, Looked>>,
    /// What has been shown since a look at everything began, which may have seen it before.
    shown_meanwhile: BTreeSet<Target>,
}

impl Looks {
    fn hint(&mut self, target: Target) {
        self.hinted.entry(target).or_insert_with(Instant::now);
    }

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

    /// Takes in what a look has shown. Whether it has shown anything: else all is to be looked at.
    ///
    /// # Errors
    /// The engine is away.
    async fn take_in(
        &mut self,
        control: &Arc<Control>,
        (target, hinted_at, found): Looked,
    ) -> Result<bool, EngineError> {
        self.targets.remove(&target);
        match found {
            Ok(Found::Everything(sight)) => {
                let newer = std::mem::take(&mut self.shown_meanwhile);
                control.recorder.observe(|memory, now| memory.take_in_sight(sight, &newer, now));
            }
            Ok(Found::Container(id, container)) => {
                let container = container.map(|found| *found);
                control.recorder.observe(|memory, now| memory.take_in_container(&id, container, now));
                self.note_shown(control, target, hinted_at);
            }
            Ok(Found::NetworksAndVolumes(networks, volumes)) => {
                control.recorder.observe(|memory, _| {
                    memory.engine.networks = networks;
                    memory.engine.volumes = volumes;
                });
                self.note_shown(control, target, hinted_at);
            }
            Err(error) if target == Target::Everything => return Err(error),
            Err(error) => {
                // The engine is away, or it hangs over this one: then all else is still true.
                control.engine.ping().await?;
                tracing::warn!(?target, %error, "cannot be looked at; what was known of it is kept");
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn note_shown(&mut self, control: &Control, target: Target, hinted_at: Instant) {
        control.metrics().event_lag.add(("", ""), hinted_at.elapsed());
        if self.targets.contains(&Target::Everything) {
            self.shown_meanwhile.insert(target);
        }
    }
}

/// Takes in the first look of a connection: only then is the engine there.
async fn take_in_first_sight(control: &Arc<Control>, info: EngineInfo) -> Result<(), EngineError> {
    let sight = control.engine.look().await?;
    tracing::info!(engine.version = info.version, engine.api_version = info.api_version, "engine connected");
    control.recorder.observe(|memory, now| {
        memory.take_in_sight(sight, &BTreeSet::new(), now);
        memory.engine.info = Some(info);
        memory.engine_link = EngineLink::Up;
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
    /// Takes in a look at everything but what is `newer`, which is known already.
    fn take_in_sight(&mut self, sight: EngineSight, newer: &BTreeSet<Target>, now: Timestamp) {
        let is_newer = |id: &ContainerId| newer.contains(&Target::Container(id.clone()));
        if !newer.contains(&Target::NetworksAndVolumes) {
            self.engine.networks = sight.networks;
            self.engine.volumes = sight.volumes;
        }
        let mut seen = sight.containers;
        seen.retain(|container| !is_newer(&container.facts.id));
        // Among thousands of containers, each app looks only at those that name its install, or none.
        let mut by_install: HashMap<Option<&InstallId>, Vec<&EngineContainer>> = HashMap::new();
        for container in &seen {
            by_install.entry(container.owner.install.as_ref()).or_default().push(container);
        }
        for AppRecord { app, .. } in self.records_mut() {
            let named = by_install.get(&(app.origin == Origin::Installed).then_some(&app.install));
            let own = named.into_iter().flatten().filter(|found| found.owner.is_of_app(app));
            let own: Vec<ContainerFacts> = own.map(|found| found.facts.clone()).collect();
            let is_there = |id: &ContainerId| is_newer(id) || own.iter().any(|facts| facts.id == *id);
            app.observation.containers.retain(|id, _| is_there(id));
            for facts in own {
                app.observation.take_in(facts, now);
            }
        }
        let seen: Vec<_> = seen.into_iter().map(|found| self.with_what_is_known(found)).collect();
        self.engine.containers.retain(|id, _| is_newer(id));
        self.engine.containers.extend(seen.into_iter().map(|found| (found.facts.id.clone(), found)));
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
