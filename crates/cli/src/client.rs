//! The way to the server: one connection per call, HTTP/1.1 over a Unix socket or TCP.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use wire::Envelope;

use crate::address::{Address, Place};
use crate::args::Format;
use crate::failure::Failure;
use crate::language::Language;
use crate::printer::clean_all;
use crate::sse::{Reader, ServerEvent};

/// A host that is there answers within milliseconds; one behind a bad line within seconds.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// The server gives a call up before, and says so.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(75);

/// The longest answer, ten thousand lines of a log, has a tenth of it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A stream that is silent for longer has lost its server: heartbeats come several times in that time.
const SILENCE_TIME_MAX: Duration = Duration::from_secs(60);

/// Speaks to one server.
#[derive(Debug)]
pub(crate) struct Client {
    address: Address,
    language: Language,
    /// Whether people read the answers, in a terminal that what apps wrote in them must not steer.
    for_people: bool,
    connections: TaskTracker,
}

/// An answer that is no interface's.
#[derive(Debug)]
pub(crate) struct Page {
    /// The `Date` header, as it came.
    pub(crate) date: Option<String>,
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn of(address: Address, language: Language, format: Format) -> Self {
        let for_people = format == Format::Text;
        Self { address, language, for_people, connections: TaskTracker::new() }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Calls an interface.
    pub(crate) async fn call<D: DeserializeOwned>(
        &self,
        interface: &str,
        parameters: &impl Serialize,
    ) -> Result<D, Failure> {
        let response = self.send(self.request(interface, parameters)?).await?;
        self.read_envelope(response).await
    }

    /// Calls an interface whose answer goes on and on. A refusal comes at once.
    pub(crate) async fn follow(
        &self,
        interface: &str,
        parameters: &impl Serialize,
    ) -> Result<Stream, Failure> {
        let mut request = self.request(interface, parameters)?;
        request.headers_mut().insert(header::ACCEPT, header::HeaderValue::from_static("text/event-stream"));
        let response = self.send(request).await?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Ok(Stream { body: response.into_body(), reader: Reader::default(), read: Vec::new() });
        }
        self.read_envelope::<serde_json::Value>(response).await?;
        Err(self.not_understood("no text/event-stream"))
    }

    /// Gets a page that is no interface.
    pub(crate) async fn page(&self, path: &str) -> Result<Page, Failure> {
        let request =
            Request::get(path).header(header::HOST, self.host()).header("Language", self.language.tag());
        let request = request.body(Full::default()).expect("paths of pages are our own");
        let response = self.send(request).await?;
        let date =
            response.headers().get(header::DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
        Ok(Page { date, status: response.status(), body: self.read(response.into_body()).await? })
    }

    fn request(&self, interface: &str, parameters: &impl Serialize) -> Result<Request<Full<Bytes>>, Failure> {
        let body = serde_json::to_vec(parameters).expect("parameters are objects of text");
        Request::post(format!("{}/{interface}", self.address.base))
            .header(header::HOST, self.host())
            .header("Version", "v1")
            .header("Language", self.language.tag())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| self.not_understood(error))
    }

    fn host(&self) -> &str {
        match &self.address.place {
            Place::Unix(_) => "localhost",
            Place::Tcp(authority) => authority,
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        match &self.address.place {
            Place::Unix(paths) => self.send_over(self.connect_unix(paths).await?, request).await,
            Place::Tcp(authority) => {
                let connected = timeout(CONNECT_TIME_MAX, TcpStream::connect(authority)).await;
                let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                let stream = stream.map_err(|error| self.unreachable("unreachable-tcp", error))?;
                self.send_over(stream, request).await
            }
        }
    }

    async fn connect_unix(&self, paths: &[PathBuf]) -> Result<UnixStream, Failure> {
        for path in paths {
            let error = match timeout(CONNECT_TIME_MAX, UnixStream::connect(path)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => continue,
                Ok(Err(error)) => error,
                Err(_) => io::ErrorKind::TimedOut.into(),
            };
            let id = match error.kind() {
                io::ErrorKind::PermissionDenied => "unreachable-permission",
                io::ErrorKind::ConnectionRefused => "unreachable-stale",
                _ => "unreachable-socket",
            };
            let (address, detail) = (format!("unix:{}", path.display()), error.to_string());
            return Err(Failure::Unreachable { address, id, detail });
        }
        Err(self.unreachable("unreachable-absent", ""))
    }

    async fn send_over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Failure> {
        let send = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            self.connections.spawn(connection);
            sender.send_request(request).await
        };
        match timeout(ANSWER_TIME_MAX, send).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_parse() => Err(self.not_understood(error)),
            // A connection that ends is a server that is stopped.
            Ok(Err(error)) => Err(self.unreachable("unreachable-broken", error)),
            Err(_) => Err(self.unreachable("unreachable-silent", "")),
        }
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Failure> {
        match timeout(ANSWER_TIME_MAX, Limited::new(body, ANSWER_BYTES_MAX).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => Err(self.unreachable("unreachable-broken", error)),
            Err(_) => Err(self.unreachable("unreachable-silent", "")),
        }
    }

    async fn read_envelope<D: DeserializeOwned>(&self, response: Response<Incoming>) -> Result<D, Failure> {
        let status = response.status();
        let body = self.read(response.into_body()).await?;
        let Ok(mut envelope) = serde_json::from_slice::<Envelope<serde_json::Value>>(&body) else {
            return Err(self.not_understood(format!("HTTP {}, no JSON envelope", status.as_u16())));
        };
        if let Some(error) = envelope.error {
            return Err(Failure::Refused { code: error.code, message: error.message });
        }
        if self.for_people {
            clean_all(&mut envelope.data);
        }
        serde_json::from_value(envelope.data).map_err(|error| self.not_understood(error))
    }

    fn unreachable(&self, id: &'static str, detail: impl fmt::Display) -> Failure {
        Failure::Unreachable { address: self.address.to_string(), id, detail: detail.to_string() }
    }

    /// What answers is no server of ours, or of another time.
    pub(crate) fn not_understood(&self, detail: impl fmt::Display) -> Failure {
        Failure::NotUnderstood { address: self.address.to_string(), detail: detail.to_string() }
    }
}

/// An answer that goes on and on.
#[derive(Debug)]
pub(crate) struct Stream {
    body: Incoming,
    reader: Reader,
    read: Vec<ServerEvent>,
}

impl Stream {
    /// The next event; `None` when the stream has ended, been cut, or fallen silent.
    pub(crate) async fn next(&mut self) -> Option<ServerEvent> {
        while self.read.is_empty() {
            let frame = timeout(SILENCE_TIME_MAX, self.body.frame()).await.ok()??.ok()?;
            let Ok(data) = frame.into_data() else { continue };
            self.read = self.reader.push(&data).ok()?;
            self.read.reverse();
        }
        self.read.pop()
    }
}
