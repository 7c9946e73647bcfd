//! Following the output of all containers of an app, those that start later included.
//!
//! The engine's stream for a container ends with it; memory tells when there is something to follow again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::{ContainerFacts, ContainerId, ContainerState, Secret, Timestamp};
use futures_util::stream::{self, BoxStream, SelectAll};
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;
use tokio::time::Instant;

use super::logs::{AppLine, History, LogsRequest, Source};
use crate::Control;
use crate::ports::{EngineError, OutputLine, OutputQuery};

/// Containers that are followed at once, for all clients together, each over a connection to the engine: a
/// quarter of the files that a process may have open by default. What comes beyond waits until one is free.
pub(crate) const FOLLOWED_MAX: usize = 256;

/// A stream that broke off while its container runs is opened again after this: the engine is away, or memory
/// does not know yet that the container has ended.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// One client's view of an app.
pub(super) struct Follower {
    control: Arc<Control>,
    source: Source,
    since_nanos: Option<i64>,
    /// Told at each change of memory.
    changes: watch::Receiver<u64>,
    /// What was there when it began.
    history: VecDeque<AppLine>,
    secrets: Vec<Secret>,
    containers: HashMap<ContainerId, Followed>,
    streams: SelectAll<BoxStream<'static, (ContainerId, Heard)>>,
}

/// What a container's stream tells.
enum Heard {
    Line(OutputLine),
    Failed(EngineError),
    End,
}

/// One container.
struct Followed {
    service: String,
    /// What to ask for next.
    tail: Option<usize>,
    since_nanos: Option<i64>,
    /// The start of the run whose output was asked for last.
    run: Option<Timestamp>,
    is_open: bool,
    opened_at: Option<Instant>,
    /// The engine does not tell the output of that run.
    is_unreadable: bool,
}

impl Followed {
    /// One whose output so far has not been told.
    fn later(service: &str, since_nanos: Option<i64>) -> Self {
        Self {
            service: service.to_owned(),
            tail: None,
            since_nanos,
            run: None,
            is_open: false,
            opened_at: None,
            is_unreadable: false,
        }
    }

    fn is_due(&self, facts: &ContainerFacts) -> bool {
        let is_other_run = self.run != facts.started_at;
        let may_be_asked_again = !self.is_unreadable
            && facts.state == ContainerState::Running
            && self.opened_at.is_none_or(|at| at.elapsed() >= AGAIN_AFTER);
        !self.is_open && (is_other_run || may_be_asked_again)
    }

    /// The question that goes on where the last answer ended.
    fn open(&mut self, facts: &ContainerFacts) -> OutputQuery {
        if self.tail.is_some() && self.run.is_some() && self.run != facts.started_at {
            // Nothing was told so far, as was asked for; this run is new.
            self.tail = None;
            self.since_nanos = facts.started_at.map(|at| at.as_millis().saturating_mul(1_000_000));
        }
        self.run = facts.started_at;
        (self.is_open, self.is_unreadable, self.opened_at) = (true, false, Some(Instant::now()));
        OutputQuery { tail: self.tail, since_nanos: self.since_nanos, follow: true }
    }
}

impl Follower {
    /// Goes on after `history`, which was read of `containers`.
    pub(super) fn of(
        control: Arc<Control>,
        source: Source,
        request: &LogsRequest,
        containers: Vec<ContainerFacts>,
        history: History,
    ) -> Self {
        let mut follower = Self {
            // Whatever changes from here on is looked at; what has changed already, at once.
            changes: control.recorder.changes(),
            control,
            source,
            since_nanos: request.since_nanos,
            history: history.lines,
            secrets: Vec::new(),
            containers: HashMap::new(),
            streams: SelectAll::new(),
        };
        follower.changes.mark_changed();
        for facts in containers {
            let last = history.last_nanos.get(&facts.id).map(|nanos| nanos.saturating_add(1));
            let mut followed = Followed::later(&facts.service, last.or(request.since_nanos));
            followed.tail = (request.tail == 0 && facts.started_at.is_some()).then_some(0);
            followed.is_unreadable = history.unreadable.contains(&facts.id);
            if followed.is_unreadable || facts.state != ContainerState::Running {
                followed.run = facts.started_at;
            }
            follower.containers.insert(facts.id, followed);
        }
        follower
    }

    /// The next line; `None` once the app is gone.
    pub(super) async fn next(&mut self) -> Option<AppLine> {
        loop {
            if let Some(line) = self.history.pop_front() {
                return Some(line);
            }
            tokio::select! {
                Some((id, heard)) = self.streams.next() => if let Some(line) = self.hear(&id, heard) {
                    return Some(line);
                },
                changed = self.changes.changed() => {
                    changed.ok()?;
                    self.open_what_is_due()?;
                }
            }
        }
    }

    fn hear(&mut self, id: &ContainerId, heard: Heard) -> Option<AppLine> {
        let followed = self.containers.get_mut(id)?;
        match heard {
            Heard::Line(line) => {
                (followed.tail, followed.since_nanos) = (None, Some(line.at_nanos.saturating_add(1)));
                Some(AppLine::of(&followed.service, line, &self.secrets))
            }
            Heard::Failed(error) => {
                tracing::debug!(container.id = %id, %error, "the output of a container broke off");
                followed.is_unreadable = matches!(error, EngineError::Refused { .. });
                None
            }
            Heard::End => {
                followed.is_open = false;
                None
            }
        }
    }

    /// Begins to follow what memory shows to be there; `None` if the app is gone.
    fn open_what_is_due(&mut self) -> Option<()> {
        let (containers, secrets) = self.control.recorder.read(|memory| self.source.look(memory))?;
        self.secrets = secrets;
        self.containers.retain(|id, followed| followed.is_open || containers.iter().any(|c| c.id == *id));
        for facts in containers {
            let later = || Followed::later(&facts.service, self.since_nanos);
            let followed = self.containers.entry(facts.id.clone()).or_insert_with(later);
            if followed.is_due(&facts) {
                let query = followed.open(&facts);
                self.streams.push(stream_of(&self.control, facts.id, query));
            }
        }
        Some(())
    }
}

/// What the engine tells of one container, and that it has ended.
fn stream_of(
    control: &Arc<Control>,
    id: ContainerId,
    query: OutputQuery,
) -> BoxStream<'static, (ContainerId, Heard)> {
    let (control, asked) = (Arc::clone(control), id.clone());
    let lines = async move {
        let slot = Arc::clone(&control.followed).acquire_owned().await;
        let slot = slot.expect("the semaphore is never closed");
        let lines = control.engine.output(&asked, &query).await?;
        Ok(lines.inspect(move |_| {
            // Goes with the stream.
            let _slot = &slot;
        }))
    };
    let lines = stream::once(lines).try_flatten();
    let heard = lines.map(|line| line.map_or_else(Heard::Failed, Heard::Line));
    heard.chain(stream::once(async { Heard::End })).map(move |heard| (id.clone(), heard)).boxed()
}
