//! Answers that are streams of Server-Sent Events: their text, their heartbeats, how many may be open.
//!
//! What the events tell is the interfaces' business. That a client which takes no bytes is dropped, and that
//! streams end with the server, is seen to where the connections are: `serve`.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{Instrument as _, Span};

use crate::error::Refusal;
use crate::limits::{HEARTBEAT_PERIOD, STREAMS_MAX};

/// The media type of the streams.
pub(crate) const MEDIA_TYPE: &str = "text/event-stream";

/// A comment: it tells client, proxies and network that the connection is alive.
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// Some events, as the text that is sent.
#[derive(Debug, Default)]
pub(crate) struct EventText(String);

impl EventText {
    /// Adds an event. A client that was cut off sends the last `id` that it got, to go on after it.
    pub(crate) fn push(&mut self, id: Option<u64>, name: &str, data: &impl Serialize) {
        if let Some(id) = id {
            writeln!(self.0, "id: {id}").expect("a text takes any text");
        }
        // Without line breaks: JSON escapes those that are in its texts.
        let data = serde_json::to_string(data).expect("wire types have text keys only and cannot fail");
        write!(self.0, "event: {name}\ndata: {data}\n\n").expect("a text takes any text");
    }

    /// Adds where to go on from, without an event.
    pub(crate) fn push_id(&mut self, id: u64) {
        write!(self.0, "id: {id}\n\n").expect("a text takes any text");
    }

    /// With one event.
    pub(crate) fn of(id: Option<u64>, name: &str, data: &impl Serialize) -> Self {
        let mut text = Self::default();
        text.push(id, name, data);
        text
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What documentation tells of the stream that an interface can answer with.
pub(crate) struct StreamDescription {
    /// The names of its events, each with what it tells and what its `data` is.
    pub(crate) events: &'static [(&'static str, &'static str)],
    /// Some of them.
    pub(crate) example: fn() -> EventText,
}

/// A stream of events, as what an interface answers.
///
/// It is asked for more only when the client has taken what there was: hold no more than what comes next.
pub(crate) struct EventStream(BoxStream<'static, EventText>);

impl EventStream {
    pub(crate) fn of(events: impl Stream<Item = EventText> + Send + 'static) -> Self {
        Self(events.boxed())
    }
}

/// Marks the answer that is an open stream.
#[derive(Clone, Copy)]
pub(crate) struct Streaming;

/// Opens streams, [`STREAMS_MAX`] at a time.
pub(crate) struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS_MAX)))
    }
}

impl Streams {
    /// How many are open.
    pub(crate) fn open_count(&self) -> usize {
        STREAMS_MAX - self.0.available_permits()
    }

    /// The answer by which the client gets the stream.
    pub(crate) fn open(&self, events: EventStream) -> Result<Response, Refusal> {
        let slot = Arc::clone(&self.0).try_acquire_owned().map_err(|_| Refusal::TooManyStreams)?;
        let texts = with_heartbeats(events.0).map(move |text| {
            // Goes with the stream, which goes with its connection.
            let _slot = &slot;
            Ok::<_, Infallible>(text)
        });
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            // nginx would collect events until a buffer is full.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ];
        let mut response = (headers, Body::from_stream(texts)).into_response();
        response.extensions_mut().insert(Streaming);
        Ok(response)
    }
}

fn with_heartbeats(events: BoxStream<'static, EventText>) -> impl Stream<Item = Bytes> + Send {
    // What is logged while it is open belongs to the call that opened it.
    let call = Span::current();
    stream::unfold(events, move |mut events| {
        let next = async move {
            match timeout(HEARTBEAT_PERIOD, events.next()).await {
                Ok(None) => None,
                Ok(Some(text)) => Some((Bytes::from(text.0), events)),
                Err(_) => Some((HEARTBEAT, events)),
            }
        };
        next.instrument(call.clone())
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use http_body_util::BodyExt as _;
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;

    async fn frame(response: &mut Response) -> Option<String> {
        let frame = response.body_mut().frame().await?.expect("a stream cannot fail");
        Some(String::from_utf8(frame.into_data().expect("data").to_vec()).expect("text"))
    }

    #[test]
    fn an_event_is_one_line_of_json_whatever_it_holds() {
        let mut text = EventText::of(Some(7), "line", &json!({ "line": "a\r\nid: 9\n\nb" }));
        text.push(None, "gap", &json!({}));
        let expected =
            "id: 7\nevent: line\ndata: {\"line\":\"a\\r\\nid: 9\\n\\nb\"}\n\nevent: gap\ndata: {}\n\n";
        assert_eq!(text.as_str(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_has_a_heart() {
        let mut response =
            Streams::default().open(EventStream::of(stream::pending())).expect("there is room");
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let begun = Instant::now();
        for beat in 1..4 {
            assert_eq!(frame(&mut response).await.as_deref(), Some(":\n\n"));
            assert_eq!(begun.elapsed(), HEARTBEAT_PERIOD * beat);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_events_do() {
        let events = stream::iter([EventText::of(None, "line", &1), EventText::of(None, "line", &2)]);
        let mut response = Streams::default().open(EventStream::of(events)).expect("there is room");
        assert_eq!(frame(&mut response).await.as_deref(), Some("event: line\ndata: 1\n\n"));
        assert_eq!(frame(&mut response).await.as_deref(), Some("event: line\ndata: 2\n\n"));
        assert_eq!(frame(&mut response).now_or_never(), Some(None));
    }

    #[tokio::test]
    async fn so_many_may_be_open_and_a_closed_one_makes_room() {
        let streams = Streams::default();
        let open = || streams.open(EventStream::of(stream::pending()));
        let mut responses: Vec<Response> = (0..STREAMS_MAX).map(|_| open().expect("there is room")).collect();
        assert!(matches!(open(), Err(Refusal::TooManyStreams)));
        responses.pop();
        assert!(open().is_ok());
    }
}
