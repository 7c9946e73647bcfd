//! What an interface can answer when nothing is wrong: data in the envelope, a stream of events, or either.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Refusal, answered};
use crate::event_stream::{EventStream, Streams};

/// What an interface answers with. Whatever serializes is data.
pub(crate) trait Answer {
    /// The answer over HTTP.
    fn respond(self, streams: &Streams) -> Result<Response, Refusal>;

    /// What `ResponseData` is, for documentation; `None` for a stream.
    fn data(self) -> Option<Value>;
}

impl<D: Serialize> Answer for D {
    fn respond(self, _: &Streams) -> Result<Response, Refusal> {
        Ok(answered(self))
    }

    fn data(self) -> Option<Value> {
        Some(json!(self))
    }
}

impl Answer for EventStream {
    fn respond(self, streams: &Streams) -> Result<Response, Refusal> {
        streams.open(self)
    }

    fn data(self) -> Option<Value> {
        None
    }
}

/// What an interface answers that gives its data at once, or in a stream if that is asked for.
pub(crate) enum DataOrStream<D> {
    Data(D),
    Stream(EventStream),
}

impl<D: Serialize> Answer for DataOrStream<D> {
    fn respond(self, streams: &Streams) -> Result<Response, Refusal> {
        match self {
            Self::Data(data) => data.respond(streams),
            Self::Stream(events) => events.respond(streams),
        }
    }

    fn data(self) -> Option<Value> {
        match self {
            Self::Data(data) => data.data(),
            Self::Stream(events) => events.data(),
        }
    }
}
