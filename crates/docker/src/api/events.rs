//! The engine's events, as hints of what to look at again.

use std::time::UNIX_EPOCH;

use control::ports::{EngineError, EngineEvent};
use domain::ContainerId;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde::Deserialize;

use super::client::{Call, Client, Lines};

/// Kinds of objects that matter to us, as the engine's filter wants them: `{"type":["container",…]}`.
const FILTERS: &str = "%7B%22type%22%3A%5B%22container%22%2C%22network%22%2C%22volume%22%5D%7D";

/// Subscribes. Where the engine's own clock is known, what it kept of the last second is repeated: it
/// sends the head of its answer a moment before it has subscribed us.
pub(super) async fn subscribe(client: &Client) -> Result<BoxStream<'static, EngineEvent>, EngineError> {
    // It may be another engine than the one before: every watch begins with this.
    let (_, engine_time) = client.negotiate().await?;
    let since = engine_time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let since = since.map(|time| format!("&since={}", time.as_secs())).unwrap_or_default();
    let call = Call::get("tell its events", format!("/events?filters={FILTERS}{since}"));
    let lines = client.send(&call).await?.good(call.action)?.lines();
    let events =
        stream::unfold(lines, |mut lines| async move { next(&mut lines).await.map(|event| (event, lines)) });
    Ok(events.boxed())
}

/// The next event that is a hint; `None` when the connection has ended, however it did.
async fn next(lines: &mut Lines) -> Option<EngineEvent> {
    loop {
        let line = lines
            .next()
            .await
            .inspect_err(|error| tracing::debug!(%error, "the events have ended"))
            .ok()??;
        if let Some(event) = read(&line) {
            return Some(event);
        }
    }
}

/// A line of the stream.
fn read(line: &[u8]) -> Option<EngineEvent> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Message {
        r#type: String,
        action: String,
        actor: Actor,
    }
    #[derive(Deserialize)]
    struct Actor {
        #[serde(rename = "ID")]
        id: String,
    }
    let message: Message = serde_json::from_slice(line)
        .inspect_err(|error| tracing::warn!(%error, "an event of the engine cannot be read"))
        .ok()?;
    match message.r#type.as_str() {
        // Every run of a health check is three of these, and changes nothing.
        "container" if message.action.starts_with("exec_") => None,
        "container" => Some(EngineEvent::Container(ContainerId::from_text(message.actor.id))),
        "network" => Some(EngineEvent::Networks),
        "volume" => Some(EngineEvent::Volumes),
        _ => None,
    }
}
