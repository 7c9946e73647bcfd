//! Takes away what comes late.
//!
//! The engine does not drop a request when the client that made it is killed: a container whose creation it
//! had in hand (it copies a large volume, say) can appear after the undo has looked twice and found nothing. It
//! carries our labels, and the database says that nothing of its install is left: so it goes, whenever it is seen.
//! What belongs to an install that no row knows is left alone: a database brought back from a backup knows less
//! than there is.

use std::sync::Arc;
use std::time::Duration;

use domain::{App, InstanceId, Lifecycle, Operation, OperationKind, Step};
use tokio_util::sync::CancellationToken;

use crate::memory::{AppRecord, EngineLink, Memory};
use crate::{Control, operations};

/// Before it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Sweeps until `stop`.
pub(super) async fn sweep(control: Arc<Control>, stop: CancellationToken) {
    loop {
        let found = control.wait_for(|memory| late_comer(memory, control.recorder.instance()));
        let (app, install) = tokio::select! {
            () = stop.cancelled() => return,
            found = found => found,
        };
        tracing::info!(app.id = %app.id, "something of a failed install came late; taking it away");
        if let Err(reason) = operations::undo(&control, &app, &install, Step::Create).await {
            tracing::warn!(app.id = %app.id, reason, "cannot take away what came late; trying again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// A failed app of which the engine holds something, and its install.
fn late_comer(memory: &Memory, instance: &InstanceId) -> Option<(App, Operation)> {
    if memory.engine_link != EngineLink::Up {
        return None;
    }
    let failed = memory.oldest_first().filter(|record| record.app.lifecycle == Lifecycle::Failed);
    let mut ended = failed.filter_map(|record| {
        let newest = record.operation.as_ref()?;
        (newest.kind == OperationKind::Install && !newest.state.is_open()).then_some((record, newest))
    });
    let left = |(record, _): &(&AppRecord, &Operation)| {
        memory.engine.holds_something_of(instance, &record.app.install)
    };
    ended.find(left).map(|(record, install)| (record.app.clone(), install.clone()))
}
