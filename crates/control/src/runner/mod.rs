//! Carries out operations: the oldest first, at most so many at once.
//!
//! The runner knows only what is stored. What a crash left half done is claimed again like anything else,
//! before what is queued: `execute` reads the step log and goes on, or goes on undoing.

mod execute;
mod expiry;
mod journal;
mod sweep;
mod unwind;

use std::collections::HashSet;
use std::sync::Arc;

use domain::{AppId, InstallId, Operation, OperationId, OperationState};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::memory::{EngineLink, Memory};
use crate::{Control, Stop};

/// Operations at work at once beside the installs: starts, stops, removals. They take seconds, and a user who stops
/// an app must not wait for somebody's pull.
const OTHERS_AT_ONCE: usize = 8;

/// Works until `stop`; returns when every step at work has ended.
pub(crate) async fn run(control: Arc<Control>, stop: Stop) {
    let tracker = TaskTracker::new();
    tracker.spawn(sweep::sweep(Arc::clone(&control), stop.soft.clone()));
    tracker.spawn(expiry::expire(Arc::clone(&control), stop.soft.clone()));
    tokio::join!(
        serve(&control, Lane::Installs, control.settings.installs_at_once.max(1), &tracker, &stop),
        serve(&control, Lane::Others, OTHERS_AT_ONCE, &tracker, &stop),
    );
    tracker.close();
    tracker.wait().await;
}

/// The two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    /// What pulls.
    Installs,
    /// All else.
    Others,
}

impl Lane {
    fn holds(self, operation: &Operation) -> bool {
        operation.kind.is_installing() == (self == Self::Installs)
    }
}

/// Claims what waits in a lane, the oldest first, `at_once` at most at work.
async fn serve(control: &Arc<Control>, lane: Lane, at_once: usize, tracker: &TaskTracker, stop: &Stop) {
    let slots = Arc::new(Semaphore::new(at_once));
    let mut claimed: HashSet<OperationId> = HashSet::new();
    loop {
        let slot = tokio::select! {
            () = stop.soft.cancelled() => return,
            slot = Arc::clone(&slots).acquire_owned() => slot,
        };
        // The semaphore is never closed.
        let Ok(slot) = slot else { return };
        let found = tokio::select! {
            () = stop.soft.cancelled() => return,
            found = control.wait_for(|memory| next_to_claim(memory, lane, &claimed)) => found,
        };
        claimed.retain(|id| control.recorder.read(|m| m.open_operations().any(|open| open.id == *id)));
        claimed.insert(found.operation.clone());
        let span = control.recorder.span_of(&found.operation, &found.app);
        let work = execute::execute(Arc::clone(control), found, slot, stop.clone());
        tracker.spawn(work.instrument(span));
    }
}

/// An operation that waits to be claimed.
struct Claimable {
    /// Another operation of the same app is another claim's.
    operation: OperationId,
    install: InstallId,
    app: AppId,
    /// An earlier life of this server was at work on it.
    is_leftover: bool,
}

/// The operation to be claimed next: leftovers of an earlier life first, then the queue, each oldest
/// first. None while the engine is away: nothing can be done without it.
fn next_to_claim(memory: &Memory, lane: Lane, claimed: &HashSet<OperationId>) -> Option<Claimable> {
    if memory.engine_link != EngineLink::Up {
        return None;
    }
    let waits = |open: &&Operation| lane.holds(open) && !claimed.contains(&open.id);
    let unclaimed = || memory.open_operations().filter(waits);
    let is_leftover = |operation: &&Operation| operation.state != OperationState::Queued;
    let oldest = |operations: &mut dyn Iterator<Item = &'_ Operation>| -> Option<Operation> {
        operations.min_by_key(|operation| operation.queued_at).cloned()
    };
    let next = oldest(&mut unclaimed().filter(is_leftover)).or_else(|| oldest(&mut unclaimed()))?;
    let is_leftover = next.state != OperationState::Queued;
    Some(Claimable { operation: next.id, install: next.install, app: next.app, is_leftover })
}

impl Control {
    /// Waits until memory shows what is looked for.
    pub(crate) async fn wait_for<T>(&self, mut look: impl FnMut(&Memory) -> Option<T>) -> T {
        let mut changes = self.recorder.changes();
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.recorder.read(&mut look) {
                return found;
            }
            if changes.changed().await.is_err() {
                // The recorder outlives everybody who waits for it: it is held by `self`.
                std::future::pending::<()>().await;
            }
        }
    }
}
