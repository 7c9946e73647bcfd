//! Serves the API on TCP and Unix sockets, within the limits, until told to stop.
//!
//! axum's own `serve` sets no limit on headers, their time or the number of connections, and waits without
//! end for open streams: so hyper is driven directly. Binding sockets is the binary's business.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::Api;
use crate::event_stream::Streaming;
use crate::gatekeeper::Way;
use crate::limits::{
    ACCEPT_PAUSE, CONNECTION_BUFFER_BYTES, DRAIN_TIME_MAX, FIRST_CALL_TIME_MAX, HEADER_BYTES_MAX,
    HEADER_TIME_MAX, HEADERS_MAX, STREAM_END_TIME_MAX,
};
use crate::seats::{Busy, Rooms, Seat, Seats, SocketKind};
use crate::write_limit::WriteLimited;

/// A socket that waits for connections.
#[derive(Debug)]
pub enum Listener {
    /// On an address.
    Tcp(TcpListener),
    /// On a path. Who may open it is said by the file's mode.
    Unix(UnixListener),
}

impl Listener {
    const fn kind(&self) -> SocketKind {
        match self {
            Self::Tcp(_) => SocketKind::Tcp,
            Self::Unix(_) => SocketKind::Unix,
        }
    }
}

/// Serves the API on all `listeners` until `shutdown`; then lets the answers under way end, and what is being changed
/// for callers who have gone, each for a bounded time.
pub async fn serve(listeners: Vec<Listener>, api: Api, shutdown: CancellationToken) {
    let Api { router, changes } = api;
    let rooms = Arc::new(listeners.iter().map(|listener| (listener.kind(), Arc::default())).collect());
    let cut = CancellationToken::new();
    let server = Connections { router, rooms, shutdown, cut, open: TaskTracker::new() };
    let accepting = listeners.iter().zip(server.rooms.iter());
    join_all(accepting.map(|(listener, (_, seats))| server.accept_from(listener, seats))).await;
    drop(listeners);
    server.open.close();
    if timeout(DRAIN_TIME_MAX, server.open.wait()).await.is_err() {
        tracing::warn!(
            connections = server.open.len(),
            "closing connections whose answers did not end in time"
        );
        server.cut.cancel();
        server.open.wait().await;
    }
    // Nobody waits for the answer, but what was done is to be in the trail.
    changes.close();
    if timeout(DRAIN_TIME_MAX, changes.wait()).await.is_err() {
        tracing::warn!(changes = changes.len(), "stopping before all changes are in the audit trail");
    }
}

struct Connections {
    router: Router,
    rooms: Arc<Rooms>,
    /// Answers under way may end.
    shutdown: CancellationToken,
    /// They may not.
    cut: CancellationToken,
    open: TaskTracker,
}

impl Connections {
    async fn accept_from(&self, listener: &Listener, seats: &Arc<Seats>) {
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(listener, seats) => accepted,
                () = self.shutdown.cancelled() => return,
            };
            if let Err(error) = accepted {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    async fn accept(&self, listener: &Listener, seats: &Arc<Seats>) -> io::Result<()> {
        match listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are small and whole: there is nothing to gather.
                stream.set_nodelay(true)?;
                self.converse(stream, Way::Tcp(peer.ip()), seats.take().await);
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                // Of the moment it connected: who hands the connection on answers for it.
                let user = stream.peer_cred().ok().map(|peer| peer.uid());
                self.converse(stream, Way::Unix { user }, seats.take().await);
            }
        }
        Ok(())
    }

    fn converse<S>(&self, stream: S, way: Way, seat: Arc<Seat>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let conversation = Conversation {
            router: self.router.clone(),
            way,
            seat: Arc::clone(&seat),
            rooms: Arc::clone(&self.rooms),
            shutdown: self.shutdown.clone(),
            asked: CancellationToken::new(),
            is_streaming: AtomicBool::new(false),
        };
        let cut = self.cut.clone();
        self.open.spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIME_MAX)
                .max_headers(HEADERS_MAX)
                .max_header_size(HEADER_BYTES_MAX)
                .max_buf_size(CONNECTION_BUFFER_BYTES)
                .serve_connection(
                    TokioIo::new(WriteLimited::on(stream)),
                    service_fn(|request| conversation.answer(request)),
                );
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = seat.evicted() => Ok(()),
                () = conversation.should_end() => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = connection => ended,
                        () = conversation.stream_should_have_ended() => Ok(()),
                        () = cut.cancelled() => Ok(()),
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(reason = control::error_chain(&error), "a connection ended early");
            }
        });
    }
}

/// What a connection is answered with.
struct Conversation {
    router: Router,
    way: Way,
    seat: Arc<Seat>,
    rooms: Arc<Rooms>,
    shutdown: CancellationToken,
    /// Cancelled by the first call.
    asked: CancellationToken,
    /// Whether its latest answer is a stream of events.
    is_streaming: AtomicBool,
}

impl Conversation {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response, Infallible> {
        self.asked.cancel();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.way);
        request.extensions_mut().insert(Arc::clone(&self.seat));
        request.extensions_mut().insert(Arc::clone(&self.rooms));
        let mut response = self.router.clone().oneshot(request).await?;
        let busy = response.extensions_mut().remove::<Arc<Busy>>();
        let is_streaming = response.extensions().get::<Streaming>().is_some();
        self.is_streaming.store(is_streaming, Ordering::Relaxed);
        if !is_streaming {
            return Ok(response);
        }
        let shutdown = self.shutdown.clone().cancelled_owned();
        Ok(response.map(|body| {
            let data = body.into_data_stream().take_until(shutdown);
            Body::from_stream(data.inspect(move |_| {
                // Goes with the stream.
                let _busy = &busy;
            }))
        }))
    }

    /// Waits for a stop; then, where nothing was asked yet, for a moment: who has just connected is about to ask, and
    /// hyper would close on them.
    async fn should_end(&self) {
        self.shutdown.cancelled().await;
        // Asked or not: it is time.
        let _asked = timeout(FIRST_CALL_TIME_MAX, self.asked.cancelled()).await;
    }

    /// Waits, at a stop, for as long as a client may take for the end of its stream.
    async fn stream_should_have_ended(&self) {
        if !self.is_streaming.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        sleep(STREAM_END_TIME_MAX).await;
    }
}
