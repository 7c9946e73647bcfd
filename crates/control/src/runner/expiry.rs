//! Empties the recycle bin: what has lain there for the retention time is purged.
//!
//! What is deleted here nobody can bring back, so it is not done on the word of a clock that has just been set: an
//! app has to be due at two looks, between which the clock has gone as far as time has.

use std::sync::Arc;
use std::time::Duration;

use domain::{AppId, OperationKind, OperationState, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::memory::{AppRecord, Memory};

/// How often it is looked whether something is due. Retention counts in days.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How far the clock may go apart from time between two looks before it counts as set.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

/// Before a purge that failed is tried again: what is in its way (a container of somebody's that holds a volume) is
/// not gone within a minute, and each try fills the history.
const AGAIN_AFTER: Duration = Duration::from_hours(24);

/// Purges what is due until `stop`.
pub(super) async fn expire(control: Arc<Control>, stop: CancellationToken) {
    let mut before = Look::now(&control);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let look = Look::now(&control);
        if look.is_in_time_with(&before) {
            for id in look.due.iter().filter(|id| before.due.contains(id)) {
                purge(&control, id).await;
            }
        }
        before = look;
    }
}

async fn purge(control: &Arc<Control>, id: &AppId) {
    tracing::info!(app.id = %id, "its time in the recycle bin is over; deleting it for good");
    if let Err(error) = control.purge(id.as_str()).await {
        // An engine that is away, or a disk that is full: it is tried again at the next look.
        let reason = crate::recorder::error_chain(&error);
        tracing::warn!(app.id = %id, reason, "cannot empty the recycle bin");
    }
}

/// What was due at one moment.
struct Look {
    clock: Timestamp,
    time: Instant,
    due: Vec<AppId>,
}

impl Look {
    fn now(control: &Arc<Control>) -> Self {
        let clock = control.clock.now();
        let due = control.recorder.read(|memory| due(memory, control.settings.trash_retention, clock));
        Self { clock, time: Instant::now(), due }
    }

    fn is_in_time_with(&self, before: &Self) -> bool {
        let (by_clock, by_time) = (self.clock.since(before.clock), self.time - before.time);
        by_clock.abs_diff(by_time) <= CLOCK_TOLERANCE
    }
}

/// The apps whose time in the bin is over and on which nothing is at work, nor has failed to delete them lately.
fn due(memory: &Memory, retention: Duration, now: Timestamp) -> Vec<AppId> {
    let is_over = |record: &&AppRecord| record.app.trashed_at.is_some_and(|at| at.plus(retention) <= now);
    let may_be_tried = |record: &&AppRecord| {
        record.operation.as_ref().is_none_or(|newest| {
            let is_late = newest.finished_at.is_some_and(|at| now.since(at) >= AGAIN_AFTER);
            let has_failed = newest.state != OperationState::Succeeded;
            !newest.state.is_open() && (newest.kind != OperationKind::Purge || !has_failed || is_late)
        })
    };
    let over = memory.oldest_first().filter(is_over).filter(may_be_tried);
    over.map(|record| record.app.id.clone()).collect()
}
