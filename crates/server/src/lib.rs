//! The API over HTTP: [`api()`] makes it out of a [`control::Control`], [`serve()`] puts it on sockets.
//!
//! What a call goes through, from the outside in: `edge` (bounds, and the promise of 200 or 404),
//! `gatekeeper` (who calls), `interface` (method, headers, parameters), `routes` (one file for each interface). `error` turns every
//! refusal into an answer. Nothing is decided here about apps: that is `control`'s.

mod answer;
mod audit;
mod callers;
mod context;
mod details;
mod edge;
mod error;
mod event_stream;
mod exposition;
#[cfg(test)]
mod fuzz;
mod gatekeeper;
mod interface;
mod language;
mod limits;
mod messages;
mod openapi;
mod parameters;
mod router;
mod routes;
mod seats;
mod serve;
mod settings;
mod write_limit;

use std::sync::Arc;

use bytes::Bytes;
use control::Control;

pub use limits::BACKLOG;
pub use router::{Api, api};
pub use serve::{Listener, serve};
pub use settings::{ServerSettings, SettingsError, Trust, checked_base, checked_host, checked_origin};

/// What every call can see.
struct Server {
    /// The use cases.
    control: Arc<Control>,
    /// Who may call from a browser.
    callers: callers::Callers,
    /// Who is let in.
    gatekeeper: gatekeeper::Gatekeeper,
    /// Whether callers that may only look see the passwords of apps.
    read_only_passwords: bool,
    /// Calls that change something: they run to their end even if the caller goes away.
    changes: tokio_util::task::TaskTracker,
    /// Whether `Version` and `Language` must be sent.
    require_headers: bool,
    /// What paths begin with.
    base: String,
    /// The open streams of events.
    streams: event_stream::Streams,
    /// Held by whoever looks at everything.
    checkup: tokio::sync::Mutex<()>,
    /// The interfaces, by path.
    known: Vec<KnownInterface>,
    /// Calls by interface and outcome.
    calls: control::metrics::Durations,
    /// The OpenAPI document, made when it is first asked for: it is large, and few ask.
    openapi: std::sync::OnceLock<Bytes>,
}

/// What is known of a path before its interface is asked.
struct KnownInterface {
    /// The path, with the base.
    path: String,
    /// Its name.
    name: &'static str,
    /// What `ResponseData` is beside an error.
    nothing: error::Nothing,
    /// What documentation tells of it.
    describe: fn(&str) -> openapi::Described,
}
