//! Empties the recycle bin: what has lain there for the retention time is purged.

use std::sync::Arc;
use std::time::Duration;

use domain::{AppId, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::memory::Memory;

/// How often it is looked whether something is due. Retention counts in days.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Purges what is due until `stop`.
pub(super) async fn expire(control: Arc<Control>, stop: CancellationToken) {
    loop {
        let now = control.clock.now();
        let due = control.recorder.read(|memory| due(memory, control.settings.trash_retention, now));
        for id in due {
            tracing::info!(app.id = %id, "its time in the recycle bin is over; deleting it for good");
            if let Err(error) = control.purge(id.as_str()).await {
                // An engine that is away, or a disk that is full: it is tried again at the next look.
                let reason = crate::recorder::error_chain(&error);
                tracing::warn!(app.id = %id, reason, "cannot empty the recycle bin");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The apps whose time in the bin is over and on which nothing is at work.
fn due(memory: &Memory, retention: Duration, now: Timestamp) -> Vec<AppId> {
    let is_due = |trashed_at: Timestamp| trashed_at.plus(retention) <= now;
    let idle = memory.oldest_first().filter(|record| record.open_operation().is_none());
    idle.filter(|record| record.app.trashed_at.is_some_and(is_due))
        .map(|record| record.app.id.clone())
        .collect()
}
