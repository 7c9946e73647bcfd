//! Signals and systemd: how the server is told to stop, and tells that it is up, alive, on its way down.

use std::io;
use std::time::Duration;

use control::Stop;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long the step at work may take to end: most do, and what has ended need not be done again.
const SOFT_LIMIT: Duration = Duration::from_secs(30);

/// How long dropping it may take: its process is ended and its end recorded.
const HARD_LIMIT: Duration = Duration::from_secs(10);

/// The signals that ask the server to stop.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Keeps them from ending the process from now on. Must be called within the runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Stops the work at the first signal: gently, after [`SOFT_LIMIT`] by force; `worked` tells when it has ended. The answers
/// that are given after it have limits of their own. Returns only when the process is to quit with something unfinished,
/// and why: a second signal, or the work does not end.
pub(crate) async fn stop_when_told(
    mut signals: Signals,
    stop: Stop,
    worked: CancellationToken,
) -> &'static str {
    let signal = signals.next().await;
    tracing::info!(signal, limit_seconds = SOFT_LIMIT.as_secs(), "stopping; a second signal quits at once");
    notify(NotifyState::Stopping);
    let work_ends = async {
        stop.soft.cancel();
        if timeout(SOFT_LIMIT, worked.cancelled()).await.is_ok() {
            return true;
        }
        tracing::warn!("the step at work takes too long and is dropped; the next start goes on from there");
        stop.hard.cancel();
        timeout(HARD_LIMIT, worked.cancelled()).await.is_ok()
    };
    tokio::select! {
        _ = signals.next() => return QUIT,
        ended = work_ends => if !ended {
            return "the work did not end in time";
        },
    }
    signals.next().await;
    QUIT
}

const QUIT: &str = "quit at a second signal; the next start goes on where the work was";

/// Tells systemd that the server answers.
pub(crate) fn tell_ready() {
    notify(NotifyState::Ready);
}

/// Tells systemd that the runtime is alive, as often as it asked for, if it did. Never returns.
pub(crate) async fn feed_watchdog() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    loop {
        notify(NotifyState::Watchdog);
        sleep(limit / 2).await;
    }
}

/// Does nothing where no systemd listens.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot tell systemd how the server is");
    }
}
