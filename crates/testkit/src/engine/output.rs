//! What the containers of the engine in memory write, and who follows it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::ports::{EngineContainer, EngineError, EngineEvent, OutputLine, OutputQuery, OutputStream};
use domain::{ContainerId, ContainerState};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::sync::{mpsc, watch};

use super::{FakeEngine, connection_refused};

/// Everything that was written. Cloning shares it.
#[derive(Clone)]
pub(super) struct Written {
    lines: Arc<Mutex<HashMap<ContainerId, Vec<OutputLine>>>>,
    /// Those that the engine cannot read: of a logging driver that only sends.
    unreadable: Arc<Mutex<Vec<ContainerId>>>,
    /// Told at each line. Who follows holds a receiver.
    more: watch::Sender<()>,
}

impl Default for Written {
    fn default() -> Self {
        Self { lines: Arc::default(), unreadable: Arc::default(), more: watch::channel(()).0 }
    }
}

impl Written {
    fn lines(&self) -> MutexGuard<'_, HashMap<ContainerId, Vec<OutputLine>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeEngine {
    /// Lets a container of that compose project and service write a line, a nanosecond after its last.
    ///
    /// # Panics
    /// There is no such container.
    pub fn write(&self, project: &str, service: &str, stream: OutputStream, text: &str) {
        let id = self.id_of(project, service).expect("it is there");
        let mut all = self.written.lines();
        let lines = all.entry(id).or_default();
        let now = self.clock.now().as_millis() * 1_000_000;
        let at_nanos = lines.last().map_or(now, |last| now.max(last.at_nanos + 1));
        lines.push(OutputLine { at_nanos, stream, text: text.to_owned() });
        self.written.more.send_replace(());
    }

    /// Makes the output of a container unreadable.
    ///
    /// # Panics
    /// There is no such container.
    pub fn make_unreadable(&self, project: &str, service: &str) {
        let id = self.id_of(project, service).expect("it is there");
        self.written.unreadable.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// How many follow the output of a container.
    #[must_use]
    pub fn output_followers(&self) -> usize {
        self.written.more.receiver_count()
    }

    pub(super) fn id_of(&self, project: &str, service: &str) -> Option<ContainerId> {
        let wanted = |container: &&EngineContainer| {
            container.owner.project.as_deref() == Some(project) && container.facts.service == service
        };
        self.state().containers.values().find(wanted).map(|container| container.facts.id.clone())
    }

    pub(crate) fn output(
        &self,
        id: &ContainerId,
        query: &OutputQuery,
    ) -> Result<BoxStream<'static, Result<OutputLine, EngineError>>, EngineError> {
        drop(self.reachable()?);
        if self.written.unreadable.lock().unwrap_or_else(PoisonError::into_inner).contains(id) {
            let reason = "configured logging driver does not support reading".to_owned();
            return Err(EngineError::Refused { action: "tell what a container wrote".to_owned(), reason });
        }
        let lines = self.written.lines().get(id).cloned().unwrap_or_default();
        let since = query.since_nanos.unwrap_or(0);
        let mut asked: Vec<_> = lines.iter().filter(|line| line.at_nanos >= since).cloned().collect();
        if let Some(tail) = query.tail {
            asked.drain(..asked.len().saturating_sub(tail));
        }
        let there = stream::iter(asked.into_iter().map(Ok));
        if !query.follow {
            return Ok(there.boxed());
        }
        let (events, more) = (self.listen()?, self.written.more.subscribe());
        let (engine, id, told) = (self.clone(), id.clone(), lines.len());
        let following = Following { engine, id, told, events, more, is_over: false };
        let to_come = stream::unfold(following, async |mut following| {
            let line = following.next().await?;
            Some((line, following))
        });
        Ok(there.chain(to_come).boxed())
    }
}

/// Somebody who follows a container.
struct Following {
    engine: FakeEngine,
    id: ContainerId,
    told: usize,
    events: mpsc::UnboundedReceiver<EngineEvent>,
    more: watch::Receiver<()>,
    is_over: bool,
}

impl Following {
    async fn next(&mut self) -> Option<Result<OutputLine, EngineError>> {
        while !self.is_over {
            let next = self.engine.written.lines().get(&self.id).and_then(|l| l.get(self.told).cloned());
            if let Some(line) = next {
                self.told += 1;
                return Some(Ok(line));
            }
            let running = |container: &EngineContainer| container.facts.state == ContainerState::Running;
            if !self.engine.state().containers.get(&self.id).is_some_and(running) {
                return None;
            }
            tokio::select! {
                _ = self.more.changed() => {}
                event = self.events.recv() => if event.is_none() {
                    self.is_over = true;
                    return Some(Err(connection_refused()));
                }
            }
        }
        None
    }
}
