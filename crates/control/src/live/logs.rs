//! AppLogs: what the containers of an app wrote, merged in the order of time.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::secret::masked;
use domain::{AppId, ContainerFacts, ContainerId, InstallId, Secret};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};

use super::follow::Follower;
use crate::memory::Memory;
use crate::ports::{EngineError, OutputLine, OutputQuery};
use crate::queries::{parse_app_id, visible_app};
use crate::{Control, Error};

/// Answers that are collected at once, over all clients: each may hold 2 MB for every container of its app while it
/// is made. The others wait for their turn.
pub(crate) const COLLECTED_AT_ONCE: usize = 4;

/// Bytes of lines in one answer, the newest: a person reads no more, and hundreds of clients may ask at once.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// What a line costs beside its text.
const LINE_BYTES: usize = 64;
/// How long the engine may take to tell the lines of one container that are there.
const READ_LIMIT: Duration = Duration::from_secs(30);
/// Containers of one app read side by side.
const READ_AT_ONCE: usize = 8;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct LogsRequest {
    /// Of which app.
    pub app_id: String,
    /// Of which of its services; `None` is all.
    pub service: Option<String>,
    /// Only the last so many lines, of all services together.
    pub tail: usize,
    /// Only those of that moment or later, in nanoseconds since 1970-01-01T00:00:00Z.
    pub since_nanos: Option<i64>,
}

/// A line of an app, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppLine {
    /// Whose it is; empty for a container that a person started beside the app's own.
    pub service: String,
    /// The line.
    pub line: OutputLine,
}

impl AppLine {
    pub(super) fn of(service: &str, line: OutputLine, secrets: &[Secret]) -> Self {
        let secrets: Vec<&Secret> = secrets.iter().collect();
        let OutputLine { at_nanos, stream, text } = line;
        let text = masked(&text, &secrets);
        Self { service: service.to_owned(), line: OutputLine { at_nanos, stream, text } }
    }

    fn bytes(&self) -> usize {
        self.line.text.len() + LINE_BYTES
    }
}

/// An app whose output is asked for.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) app: AppId,
    pub(super) install: InstallId,
    pub(super) service: Option<String>,
}

impl Source {
    /// Its containers, and the secrets to be kept out of their lines; `None` if the app is there no more.
    pub(super) fn look(&self, memory: &Memory) -> Option<(Vec<ContainerFacts>, Vec<Secret>)> {
        let record = memory.app(&self.app).filter(|record| record.is_visible())?;
        let app = Some(&record.app).filter(|app| app.install == self.install)?;
        let containers = app.observation.containers.values().map(|container| &container.facts);
        let wanted = |facts: &&ContainerFacts| self.service.as_ref().is_none_or(|s| *s == facts.service);
        let secrets = record.secrets().into_iter().cloned().collect();
        Some((containers.filter(wanted).cloned().collect(), secrets))
    }
}

/// The lines that there are, and how to go on after them.
pub(super) struct History {
    pub(super) lines: VecDeque<AppLine>,
    /// The time of the last line of each container that has one.
    pub(super) last_nanos: HashMap<ContainerId, i64>,
    /// Those of which the engine does not tell the output.
    pub(super) unreadable: Vec<ContainerId>,
}

impl Control {
    /// The last lines that the containers of an app wrote, oldest first.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `NoSuchService`, `EngineAway`; `Engine` if it is away just now, or tells nothing of
    /// any container.
    pub async fn app_logs(&self, request: &LogsRequest) -> Result<Vec<AppLine>, Error> {
        let source = self.log_source(request)?;
        let (containers, secrets) = self.recorder.read(|memory| source.look(memory)).unwrap_or_default();
        Ok(self.history(&containers, &secrets, request).await?.lines.into())
    }

    /// The same, and then every line to come, also of containers that start later. It ends when the app is gone.
    ///
    /// # Errors
    /// As [`Self::app_logs`]; later errors of the engine's are waited out.
    pub async fn follow_app_logs(
        self: &Arc<Self>,
        request: &LogsRequest,
    ) -> Result<BoxStream<'static, AppLine>, Error> {
        let source = self.log_source(request)?;
        let (containers, secrets) = self.recorder.read(|memory| source.look(memory)).unwrap_or_default();
        let history = self.history(&containers, &secrets, request).await?;
        let follower = Follower::of(Arc::clone(self), source, request, containers, history);
        Ok(stream::unfold(follower, async |mut follower| {
            let line = follower.next().await?;
            Some((line, follower))
        })
        .boxed())
    }

    fn log_source(&self, request: &LogsRequest) -> Result<Source, Error> {
        let app_id = parse_app_id(&request.app_id)?;
        self.recorder.read(|memory| {
            let app = &visible_app(memory, &app_id)?.app;
            if let Some(service) = &request.service {
                let expected = app.expected().services.iter().map(|(name, _)| name);
                let seen = app.observation.containers.values().map(|container| &container.facts.service);
                let mut offered: Vec<String> = expected.chain(seen).cloned().collect();
                if !offered.contains(service) {
                    offered.retain(|name| !name.is_empty());
                    offered.sort_unstable();
                    offered.dedup();
                    return Err(Error::NoSuchService { service: service.clone(), offered });
                }
            }
            memory.engine_link.check(self.settings.engine_grace)?;
            let (app, install) = (app_id.clone(), app.install.clone());
            Ok(Source { app, install, service: request.service.clone() })
        })
    }

    async fn history(
        &self,
        containers: &[ContainerFacts],
        secrets: &[Secret],
        request: &LogsRequest,
    ) -> Result<History, Error> {
        // The semaphore is never closed.
        let _turn = self.collected.acquire().await;
        // An app without containers has no lines, but an engine that is away is an error all the same.
        self.engine.ping().await?;
        let (tail, since_nanos) = (Some(request.tail), request.since_nanos);
        let query = OutputQuery { tail, since_nanos, follow: false };
        let read = async |facts: &ContainerFacts| {
            let lines = tokio::time::timeout(READ_LIMIT, self.lines_there(facts, &query, secrets)).await;
            (facts.id.clone(), lines.unwrap_or_else(|_| Err(took_too_long())))
        };
        let reads: Vec<_> = containers.iter().map(read).collect();
        let read: Vec<_> = stream::iter(reads).buffered(READ_AT_ONCE).collect().await;
        let (mut lines, mut last_nanos, mut unreadable) = (Vec::new(), HashMap::new(), Vec::new());
        let mut refusal = None;
        for (id, outcome) in read {
            match outcome {
                Ok(of_container) => {
                    last_nanos.extend(of_container.back().map(|last| (id, last.line.at_nanos)));
                    lines.extend(of_container);
                }
                Err(away @ EngineError::Unreachable { .. }) => return Err(away.into()),
                Err(refused) => {
                    tracing::debug!(container.id = %id, %refused, "the output of a container cannot be read");
                    unreadable.push(id);
                    refusal = Some(refused);
                }
            }
        }
        if let Some(refused) = refusal.filter(|_| unreadable.len() == containers.len()) {
            return Err(refused.into());
        }
        lines.sort_by_key(|line: &AppLine| line.line.at_nanos);
        Ok(History { lines: newest(lines, request.tail), last_nanos, unreadable })
    }

    /// The last lines of one container, as many as one answer may hold.
    async fn lines_there(
        &self,
        facts: &ContainerFacts,
        query: &OutputQuery,
        secrets: &[Secret],
    ) -> Result<VecDeque<AppLine>, EngineError> {
        let mut output = self.engine.output(&facts.id, query).await?;
        let (mut lines, mut bytes) = (VecDeque::new(), 0);
        while let Some(line) = output.next().await {
            let line = AppLine::of(&facts.service, line?, secrets);
            bytes += line.bytes();
            lines.push_back(line);
            while bytes > ANSWER_BYTES_MAX
                && let Some(oldest) = lines.pop_front()
            {
                bytes -= oldest.bytes();
            }
        }
        Ok(lines)
    }
}

/// The newest lines, as many as were asked for and one answer may hold.
fn newest(lines: Vec<AppLine>, tail: usize) -> VecDeque<AppLine> {
    let mut bytes = 0;
    let fits = |line: &&AppLine| {
        bytes += line.bytes();
        bytes <= ANSWER_BYTES_MAX
    };
    let count = lines.iter().rev().take(tail).take_while(fits).count();
    let surplus = lines.len() - count;
    let mut lines = VecDeque::from(lines);
    lines.drain(..surplus);
    lines
}

fn took_too_long() -> EngineError {
    let reason = format!("it did not end within {} s", READ_LIMIT.as_secs());
    EngineError::Refused { action: "tell what a container wrote".to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::OutputStream;

    fn line(text: &str) -> AppLine {
        let line = OutputLine { at_nanos: 0, stream: OutputStream::Stdout, text: text.to_owned() };
        AppLine::of("web", line, &[])
    }

    #[test]
    fn an_answer_is_bounded_in_lines_and_bytes_and_keeps_the_newest() {
        let lines: Vec<AppLine> = (0..10).map(|number| line(&number.to_string())).collect();
        assert_eq!(newest(lines.clone(), 3), [line("7"), line("8"), line("9")]);
        assert_eq!(newest(lines.clone(), 0), []);
        assert_eq!(newest(lines.clone(), 100), lines);
        let long = vec![line(&"x".repeat(ANSWER_BYTES_MAX / 3)); 10];
        assert_eq!(newest(long, 100).len(), 2);
    }
}
