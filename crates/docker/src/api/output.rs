//! What a container wrote, with and without the times.

use std::collections::VecDeque;
use std::time::UNIX_EPOCH;

use control::ports::{EngineError, OutputLine, OutputQuery};
use domain::ContainerId;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::client::{Body, Call, Client};
use super::lines::{LineSplitter, RawLine};
use super::look;

/// Most bytes of one of the last lines: they are kept with the operation that failed.
const LONGEST_LAST_LINE: usize = 4 * 1024;
/// Most bytes that are read for the last lines: a container may have written lines of any length.
const MOST_READ: usize = 16 * 1024 * 1024;
/// Most bytes of a line that is shown, its time included: the piece by which the engine stores longer ones.
const LONGEST_LINE: usize = 16 * 1024;

pub(super) async fn last_lines(
    client: &Client,
    id: &ContainerId,
    count: usize,
) -> Result<Vec<String>, EngineError> {
    let what = format!("tail={count}");
    let Some((mut body, mut lines)) = open(client, id, &what, LONGEST_LAST_LINE).await? else {
        return Ok(Vec::new());
    };
    let (mut last, mut read) = (VecDeque::new(), 0);
    let mut keep = |(_, text): RawLine| {
        if last.len() == count {
            last.pop_front();
        }
        last.push_back(text);
    };
    while let Some(chunk) = body.chunk().await?
        && read <= MOST_READ
    {
        lines.take_in(&chunk, &mut keep);
        read += chunk.len();
    }
    lines.finish(&mut keep);
    Ok(last.into())
}

/// The stream that [`control::ports::Engine::output`] promises.
pub(super) async fn output(
    client: &Client,
    id: &ContainerId,
    query: &OutputQuery,
) -> Result<BoxStream<'static, Result<OutputLine, EngineError>>, EngineError> {
    let Some((body, lines)) = open(client, id, &written(query), LONGEST_LINE).await? else {
        return Ok(stream::empty().boxed());
    };
    let reading = Reading { body: Some(body), lines, ready: VecDeque::new(), last_nanos: 0 };
    Ok(stream::unfold(reading, |mut reading| async move { Some((reading.next().await?, reading)) }).boxed())
}

fn written(query: &OutputQuery) -> String {
    let tail = query.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    let mut written = format!("timestamps=1&tail={tail}");
    if let Some(since) = query.since_nanos.map(|nanos| nanos.max(0)) {
        written.push_str(&format!("&since={}.{:09}", since / 1_000_000_000, since % 1_000_000_000));
    }
    if query.follow {
        written.push_str("&follow=1");
    }
    written
}

/// Asks for the output; `None` if there is no such container.
async fn open(
    client: &Client,
    id: &ContainerId,
    what: &str,
    longest: usize,
) -> Result<Option<(Body, LineSplitter)>, EngineError> {
    // Only the container's own configuration tells the two formats apart on every version of the API.
    let Some(container) = look::inspect(client, id).await? else { return Ok(None) };
    let call =
        Call::get("tell what a container wrote", format!("/containers/{id}/logs?stdout=1&stderr=1&{what}"));
    let body = client.send(&call).await?.found(call.action)?;
    Ok(body.map(|body| (body, LineSplitter::of(container.has_terminal(), longest))))
}

/// An answer that is being read. It asks for more only when all lines that it has are taken.
struct Reading {
    /// `None` once it has ended.
    body: Option<Body>,
    lines: LineSplitter,
    ready: VecDeque<OutputLine>,
    last_nanos: i64,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<OutputLine, EngineError>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(Ok(line));
            }
            let chunk = self.body.as_mut()?.chunk().await;
            let (ready, last_nanos) = (&mut self.ready, &mut self.last_nanos);
            let mut tell = |line| ready.push_back(timed(line, last_nanos));
            match chunk {
                Ok(Some(chunk)) => self.lines.take_in(&chunk, &mut tell),
                Ok(None) => {
                    self.lines.finish(&mut tell);
                    self.body = None;
                }
                Err(error) => {
                    self.body = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Takes the time off a line. One without a time (the engine's own words about its log) has that of the line
/// before it.
fn timed((stream, line): RawLine, last_nanos: &mut i64) -> OutputLine {
    let parsed = line.split_once(' ').and_then(|(time, text)| Some((nanos(time)?, text.to_owned())));
    let (at_nanos, text) = parsed.unwrap_or((*last_nanos, line));
    *last_nanos = at_nanos;
    OutputLine { at_nanos, stream, text }
}

fn nanos(time: &str) -> Option<i64> {
    let since_epoch = humantime::parse_rfc3339(time).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use control::ports::OutputStream;

    use super::*;

    #[test]
    fn a_line_has_the_time_that_the_engine_wrote_or_that_of_the_line_before() {
        let mut last_nanos = 0;
        let mut read = |line: &str| {
            let line = timed((OutputStream::Stderr, line.to_owned()), &mut last_nanos);
            (line.at_nanos, line.text)
        };
        assert_eq!(read("2026-01-01T00:00:00.123456789Z a b"), (1_767_225_600_123_456_789, "a b".to_owned()));
        assert_eq!(read("2026-01-01T00:00:01.000000000Z "), (1_767_225_601_000_000_000, String::new()));
        assert_eq!(read("no time"), (1_767_225_601_000_000_000, "no time".to_owned()));
        assert_eq!(read("word"), (1_767_225_601_000_000_000, "word".to_owned()));
    }

    #[test]
    fn a_moment_is_asked_for_to_the_nanosecond() {
        let query = OutputQuery { tail: None, since_nanos: Some(1_767_225_600_000_000_001), follow: true };
        assert_eq!(written(&query), "timestamps=1&tail=all&since=1767225600.000000001&follow=1");
        let query = OutputQuery { tail: Some(5), since_nanos: Some(-1), follow: false };
        assert_eq!(written(&query), "timestamps=1&tail=5&since=0.000000000");
    }
}
