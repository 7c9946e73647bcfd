//! Keeps memory true to what the engine shows.
//!
//! At every connection: subscribe, look at everything, then follow. Each event is a hint to inspect that
//! container again, never a delta, so it does not matter how many are missed, doubled or late: Docker
//! keeps 256 of them and none over its own restart. All looks go through this one task, so that an older
//! one can never overwrite a newer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{ContainerFacts, ContainerId, Timestamp};
use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::memory::{EngineLink, Memory};
use crate::ports::{EngineContainer, EngineError, EngineEvent, EngineInfo, EngineSight};

/// How soon a broken connection is tried again: well within the second that a status may be late.
const RECONNECT_AFTER: Duration = Duration::from_millis(250);

/// How often a quiet connection is asked whether it is alive: a frozen engine sends no end of stream.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long the answer to a heartbeat may take.
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(5);

/// How often everything is looked at again, in case a hint never came.
const FULL_LOOK_EVERY: Duration = Duration::from_secs(60);

/// Hints taken together before acting on them: bounds the memory of a burst.
const HINTS_AT_ONCE: usize = 1_024;

/// Watches until `stop`.
pub(crate) async fn watch(control: Arc<Control>, stop: CancellationToken) {
    loop {
        let error = tokio::select! {
            () = stop.cancelled() => return,
            error = follow(&control) => error,
        };
        note_away(&control, error).await;
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
    let mut looked_at = Instant::now();
    loop {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event else {
                    control.engine.ping().await?;
                    return Err(stream_ended());
                };
                let mut hints = Hints::default();
                hints.add(event);
                while hints.count < HINTS_AT_ONCE
                    && let Some(Some(event)) = futures_util::FutureExt::now_or_never(events.next())
                {
                    hints.add(event);
                }
                act_on(control, hints).await?;
            }
            _ = heartbeat.tick() => {
                match tokio::time::timeout(HEARTBEAT_LIMIT, control.engine.ping()).await {
                    Ok(answer) => answer?,
                    Err(_) => return Err(silent()),
                }
                if looked_at.elapsed() >= FULL_LOOK_EVERY {
                    take_in_everything(control, None).await?;
                    looked_at = Instant::now();
                } else {
                    // Time alone changes a status too: a crash loop's window ends.
                    control.recorder.observe(|_, _| ()).await;
                }
            }
        }
    }
}

/// What a burst of events asks to be looked at again.
#[derive(Default)]
struct Hints {
    count: usize,
    containers: BTreeSet<ContainerId>,
    networks_and_volumes: bool,
}

impl Hints {
    fn add(&mut self, event: EngineEvent) {
        self.count += 1;
        match event {
            EngineEvent::Container(id) => {
                self.containers.insert(id);
            }
            EngineEvent::Networks | EngineEvent::Volumes => self.networks_and_volumes = true,
        }
    }
}

async fn act_on(control: &Arc<Control>, hints: Hints) -> Result<(), EngineError> {
    for id in hints.containers {
        let container = control.engine.inspect(&id).await?;
        control.recorder.observe(move |memory, now| memory.take_in_container(&id, container, now)).await;
    }
    if hints.networks_and_volumes {
        let (networks, volumes) = control.engine.look_at_networks_and_volumes().await?;
        let take_in = move |memory: &mut Memory, _: Timestamp| {
            memory.engine.networks = networks;
            memory.engine.volumes = volumes;
        };
        control.recorder.observe(take_in).await;
    }
    Ok(())
}

async fn take_in_everything(control: &Arc<Control>, info: Option<EngineInfo>) -> Result<(), EngineError> {
    let sight = control.engine.look().await?;
    let connected = info.is_some();
    if let Some(info) = &info {
        tracing::info!(
            engine.version = info.version,
            engine.api_version = info.api_version,
            "engine connected"
        );
    }
    control
        .recorder
        .observe(move |memory, now| {
            memory.take_in_sight(sight, now);
            if let Some(info) = info {
                memory.engine.info = Some(info);
            }
            if connected {
                memory.engine_link = EngineLink::Up;
            }
        })
        .await;
    Ok(())
}

async fn note_away(control: &Arc<Control>, error: EngineError) {
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
        let since = match &memory.engine_link {
            EngineLink::Up => now,
            EngineLink::Away { since, .. } => *since,
        };
        memory.engine_link = EngineLink::Away { since, endpoint, reason };
    };
    control.recorder.observe(note).await;
}

fn stream_ended() -> EngineError {
    EngineError::Unreachable { endpoint: String::new(), reason: "its stream of events ended".to_owned() }
}

fn silent() -> EngineError {
    let reason = format!("it has not answered a ping for {} s", HEARTBEAT_LIMIT.as_secs());
    EngineError::Unreachable { endpoint: String::new(), reason }
}

impl Memory {
    fn take_in_sight(&mut self, sight: EngineSight, now: Timestamp) {
        self.engine.networks = sight.networks;
        self.engine.volumes = sight.volumes;
        for record in self.records_mut() {
            let app = &mut record.app;
            let own = sight.containers.iter().filter(|c| c.owner.install.as_ref() == Some(&app.install));
            let facts: Vec<ContainerFacts> = own.map(|container| container.facts.clone()).collect();
            app.observation.take_in_all(facts, now);
        }
        self.engine.containers = sight.containers.into_iter().map(|c| (c.facts.id.clone(), c)).collect();
    }

    fn take_in_container(&mut self, id: &ContainerId, container: Option<EngineContainer>, now: Timestamp) {
        let Some(container) = container else {
            self.engine.containers.remove(id);
            for record in self.records_mut() {
                record.app.observation.containers.remove(id);
            }
            return;
        };
        if let Some(install) = &container.owner.install
            && let Some(record) = self.install_mut(install)
        {
            record.app.observation.take_in(container.facts.clone(), now);
        }
        self.engine.containers.insert(id.clone(), container);
    }
}
