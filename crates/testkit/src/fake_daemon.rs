//! A container engine's API on a Unix socket, answered from memory: for tests of whatever speaks it, and
//! for measuring a server before an engine of a thousand containers.
//!
//! It answers what `docker` asks: ping, info, lists, inspects, events, pulls, removals. It creates and
//! runs nothing, and keeps the rules that matter: API versions that it does not serve are refused, as are
//! objects that are not there.

mod answers;
mod state;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixListener;
use tokio::sync::broadcast;
use tokio::task::{JoinHandle, JoinSet};

use state::State;
pub use state::{Pull, Request, container, frame, network, stats, volume};

/// Events that a slow reader may lag behind by.
const EVENTS_BUFFERED: usize = 4_096;

/// An engine in memory. It goes away when it is dropped.
#[derive(Debug)]
pub struct FakeDaemon {
    socket: PathBuf,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    events: broadcast::Sender<String>,
    /// Each answer that hangs, of a pull or to whoever follows a log, holds a copy.
    hanging: Arc<()>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeDaemon {
    /// Starts an empty engine on that socket, whose newest API version is `api_version`, such as `1.41`.
    ///
    /// # Panics
    /// The socket cannot be bound.
    #[must_use]
    pub fn start(socket: &Path, api_version: &str) -> Self {
        let (events, _) = broadcast::channel(EVENTS_BUFFERED);
        let state = Mutex::new(State::of(api_version));
        let shared = Arc::new(Shared { state, events, hanging: Arc::default() });
        let mut daemon = Self { socket: socket.to_owned(), shared, server: None };
        daemon.start_again();
        daemon
    }

    /// The value of `DOCKER_HOST` that leads here.
    #[must_use]
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Goes away: every connection breaks, and the socket is gone. What it holds stays.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            // Its end is the end of all connections.
            server.await.ok();
        }
        std::fs::remove_file(&self.socket).ok();
    }

    /// Comes back after [`Self::stop`].
    ///
    /// # Panics
    /// The socket cannot be bound.
    pub fn start_again(&mut self) {
        let listener = UnixListener::bind(&self.socket).expect("nothing else is at the socket's path");
        self.server = Some(tokio::spawn(serve(listener, Arc::clone(&self.shared))));
    }

    /// Becomes another version, as an engine that is upgraded: it serves `oldest` to `newest`.
    pub fn serve_versions(&self, oldest: &str, newest: &str) {
        self.shared.state().serve_versions(oldest, newest);
    }

    /// Adds a container, or puts it in the place of the one with its id; see [`container`].
    pub fn put_container(&self, inspect: Value) {
        self.shared.state().put_container(inspect);
    }

    /// Removes a container.
    pub fn take_container(&self, id: &str) {
        self.shared.state().containers.remove(id);
    }

    /// Adds a network; see [`network`].
    pub fn put_network(&self, network: Value) {
        self.shared.state().networks.push(network);
    }

    /// Adds a volume; see [`volume`].
    pub fn put_volume(&self, volume: Value) {
        self.shared.state().volumes.push(volume);
    }

    /// Adds an image to those that the engine has.
    pub fn put_image(&self, image: &str) {
        self.shared.state().images.insert(image.to_owned());
    }

    /// Decides how the pull of `name:tag` goes.
    pub fn set_pull(&self, image: &str, pull: Pull) {
        self.shared.state().pulls.insert(image.to_owned(), pull);
    }

    /// Lets a container have written that, as the engine sends it; whoever follows then waits for more.
    pub fn set_log(&self, id: &str, bytes: impl Into<Vec<u8>>) {
        self.shared.state().logs.insert(id.to_owned(), bytes.into());
    }

    /// Gives this answer to whatever begins with `request`, such as `GET /containers/json`, from now on.
    pub fn answer(&self, request: &str, status: u16, body: impl Into<Vec<u8>>) {
        self.shared.state().overrides.insert(request.to_owned(), (status, body.into()));
    }

    /// Never answers whatever begins with `request`, from now on.
    pub fn hang(&self, request: &str) {
        self.shared.state().hanging_requests.push(request.to_owned());
    }

    /// Tells an event to everybody who listens.
    pub fn emit(&self, kind: &str, action: &str, id: &str) {
        let event =
            serde_json::json!({"Type": kind, "Action": action, "Actor": {"ID": id, "Attributes": {}}});
        // Nobody listens: then nobody is told, as with a real one.
        self.shared.events.send(format!("{event}\n")).ok();
    }

    /// How many listen to the events.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.shared.events.receiver_count()
    }

    /// How many pulls hang, and followed logs wait for more, their clients still listening.
    #[must_use]
    pub fn hanging_answers(&self) -> usize {
        Arc::strong_count(&self.shared.hanging) - 1
    }

    /// What has been asked so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
        std::fs::remove_file(&self.socket).ok();
    }
}

async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    // Dropped with this future, and with it every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let answer = answers::answer(&shared, &request);
                async move {
                    match answer {
                        Some(answer) => Ok::<_, std::convert::Infallible>(answer),
                        None => std::future::pending().await,
                    }
                }
            });
            // The other side may close whenever it likes.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}
