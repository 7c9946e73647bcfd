//! Requests to the engine over HTTP/1.1, one connection each, at the API version that both sides know.
//!
//! A connection is driven by whoever reads its answer and by no task of its own: dropping the answer
//! closes the connection, and with it the engine gives up the work.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use control::ports::EngineError;
use futures_util::FutureExt as _;
use futures_util::future::Fuse;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::connect::{Endpoint, Transport};

/// The oldest API version that has all we ask for: Docker 20.10's.
const OLDEST_API: ApiVersion = ApiVersion(1, 41);
/// The newest API version whose answers we know. An engine that is newer serves it all the same.
const NEWEST_API: ApiVersion = ApiVersion(1, 53);

/// Most bytes of an answer that is read whole: a list of 10,000 containers has about 20 MB.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// Most bytes of one line of a stream: a pull message or an event has some hundred.
const LONGEST_LINE: usize = 1024 * 1024;
/// Most bytes of an error message that are kept.
const LONGEST_MESSAGE: usize = 2_000;

/// A version of the Engine API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion(u32, u32);

impl ApiVersion {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A client of one engine. Making one asks nothing of the engine, which may start later.
#[derive(Debug)]
pub(super) struct Client {
    endpoint: Endpoint,
    /// The API version agreed on; forgotten whenever the engine may have become another.
    agreed: Mutex<Option<ApiVersion>>,
}

/// What is asked for.
pub(super) struct Call<'a> {
    /// In words, for errors: `refused to {action}`.
    pub(super) action: &'a str,
    pub(super) method: Method,
    /// Path and query, without the API version.
    pub(super) target: String,
    /// `X-Registry-Auth`.
    pub(super) login: Option<String>,
}

impl<'a> Call<'a> {
    pub(super) fn get(action: &'a str, target: impl Into<String>) -> Self {
        Self { action, method: Method::GET, target: target.into(), login: None }
    }
}

/// An answer: a body to read, or the engine's words against it.
pub(super) enum Answer {
    Good(Body),
    Bad(StatusCode, String),
}

impl Answer {
    /// The body, or a refusal.
    pub(super) fn good(self, action: &str) -> Result<Body, EngineError> {
        match self {
            Self::Good(body) => Ok(body),
            Self::Bad(_, reason) => Err(EngineError::Refused { action: action.to_owned(), reason }),
        }
    }

    /// The body, nothing if there is no such object, or a refusal.
    pub(super) fn found(self, action: &str) -> Result<Option<Body>, EngineError> {
        match self {
            Self::Bad(StatusCode::NOT_FOUND, _) => Ok(None),
            other => other.good(action).map(Some),
        }
    }
}

impl Client {
    pub(super) fn of(endpoint: Endpoint) -> Self {
        Self { endpoint, agreed: Mutex::new(None) }
    }

    /// Whether the engine is on this machine. Behind a port it may be anywhere, also where the address is this machine's.
    pub(super) const fn is_of_this_machine(&self) -> bool {
        matches!(self.endpoint, Endpoint::Socket(_))
    }

    /// Sends a call and returns once the answer has begun. Without a time limit: see [`Self::within`].
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, EngineError> {
        let known = self.agreed();
        let version = match known {
            Some(version) => version,
            None => self.negotiate().await?.0,
        };
        let answer = self.send_at(version, call).await?;
        // The engine may have been upgraded since: newer ones refuse old API versions, and the reverse.
        match &answer {
            Answer::Bad(StatusCode::BAD_REQUEST, reason)
                if known.is_some() && reason.contains("client version") =>
            {
                let (version, _) = self.negotiate().await?;
                self.send_at(version, call).await
            }
            _ => Ok(answer),
        }
    }

    /// Asks the engine for its API version and agrees on one. Says what time it is there, if it tells.
    pub(super) async fn negotiate(&self) -> Result<(ApiVersion, Option<SystemTime>), EngineError> {
        let call = Call::get("tell its API version", "/_ping");
        let (head, body) = self.exchange(&call, &call.target).await?;
        judge(head.status, body).await?.good(call.action)?;
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let refused = |reason| EngineError::Refused { action: call.action.to_owned(), reason };
        let newest = header("api-version")
            .and_then(ApiVersion::parse)
            .ok_or_else(|| refused("what answers there is no container engine".to_owned()))?;
        if newest < OLDEST_API {
            return Err(refused(format!(
                "its newest is {newest}; upgrade Docker to 20.10 (API {OLDEST_API}) or newer"
            )));
        }
        let version = newest.min(NEWEST_API);
        *self.agreed.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
        Ok((version, header("date").and_then(|date| httpdate::parse_http_date(date).ok())))
    }

    /// The API version agreed on, if one has been.
    pub(super) fn agreed(&self) -> Option<ApiVersion> {
        *self.agreed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bounds a call, its answer included.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        match tokio::time::timeout(limit, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(unreachable(&self.endpoint, format!("no answer within {} s", limit.as_secs()))),
        }
    }

    async fn send_at(&self, version: ApiVersion, call: &Call<'_>) -> Result<Answer, EngineError> {
        let (head, body) = self.exchange(call, &format!("/v{version}{}", call.target)).await?;
        judge(head.status, body).await
    }

    async fn exchange(
        &self,
        call: &Call<'_>,
        target: &str,
    ) -> Result<(hyper::http::response::Parts, Body), EngineError> {
        let mut request = Request::builder().method(&call.method).uri(target).header("host", "docker");
        if let Some(login) = &call.login {
            request = request.header("x-registry-auth", login);
        }
        let request = request.body(Full::default()).map_err(|error| EngineError::Refused {
            action: call.action.to_owned(),
            reason: format!("{target:?} is no request: {error}"),
        })?;
        let lost = |error: hyper::Error| connection_lost(&self.endpoint, &error);
        let transport = self
            .endpoint
            .connect()
            .await
            .map_err(|error| unreachable(&self.endpoint, self.endpoint.advice(&error)))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(transport)).await.map_err(lost)?;
        let mut connection = Box::pin(connection.fuse());
        let mut response = std::pin::pin!(sender.send_request(request));
        let response = loop {
            tokio::select! {
                biased;
                response = &mut response => break response.map_err(lost)?,
                // Once it has ended, the response tells why.
                _ = &mut connection => {}
            }
        };
        let (head, incoming) = response.into_parts();
        Ok((head, Body { incoming, connection, endpoint: self.endpoint.clone(), _sender: sender }))
    }
}

/// Tells a body from words against the call.
async fn judge(status: StatusCode, body: Body) -> Result<Answer, EngineError> {
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    if status.is_success() {
        return Ok(Answer::Good(body));
    }
    let bytes = body.bytes().await?;
    let mut words = serde_json::from_slice::<Message>(&bytes)
        .map_or_else(|_| String::from_utf8_lossy(&bytes).trim().to_owned(), |message| message.message);
    words.truncate(words.floor_char_boundary(LONGEST_MESSAGE));
    if words.is_empty() {
        words = status.to_string();
    }
    Ok(Answer::Bad(status, words))
}

type Connection = http1::Connection<TokioIo<Box<dyn Transport>>, Full<Bytes>>;

/// The body of an answer, read as it comes.
pub(super) struct Body {
    incoming: Incoming,
    connection: std::pin::Pin<Box<Fuse<Connection>>>,
    endpoint: Endpoint,
    /// Its end is the connection's.
    _sender: http1::SendRequest<Full<Bytes>>,
}

impl Body {
    /// The next bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, EngineError> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.incoming.frame() => frame,
                _ = &mut self.connection => continue,
            };
            let Some(frame) = frame else { return Ok(None) };
            // Frames that are no data are trailers, of which the engine sends none that matter.
            if let Ok(data) = frame.map_err(|error| connection_lost(&self.endpoint, &error))?.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// The whole body.
    pub(super) async fn bytes(mut self) -> Result<Vec<u8>, EngineError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST_ANSWER {
                return Err(unreachable(
                    &self.endpoint,
                    format!("it answers with more than {LARGEST_ANSWER} bytes"),
                ));
            }
        }
        Ok(bytes)
    }

    /// The whole body, which is one JSON value.
    pub(super) async fn json<T: DeserializeOwned>(self, action: &str) -> Result<T, EngineError> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| EngineError::Refused {
            action: action.to_owned(),
            reason: format!("its answer cannot be read: {error}"),
        })
    }

    /// The body as lines.
    pub(super) fn lines(self) -> Lines {
        Lines { body: self, buffer: Vec::new() }
    }
}

/// A body that is a JSON value a line.
pub(super) struct Lines {
    body: Body,
    buffer: Vec<u8>,
}

impl Lines {
    /// The next line without its end; `None` at the end of the body.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, EngineError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                return Ok(Some(line));
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(unreachable(
                    &self.body.endpoint,
                    format!("a line of more than {LONGEST_LINE} bytes"),
                ));
            }
            match self.body.chunk().await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Ok(Some(std::mem::take(&mut self.buffer))),
            }
        }
    }
}

fn unreachable(endpoint: &Endpoint, reason: String) -> EngineError {
    EngineError::Unreachable { endpoint: endpoint.to_string(), reason }
}

fn connection_lost(endpoint: &Endpoint, error: &hyper::Error) -> EngineError {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    unreachable(endpoint, format!("{error}{cause}"))
}
