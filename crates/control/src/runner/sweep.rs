//! Takes away what comes late.
//!
//! The engine does not drop a request when the client that made it is killed: a container whose creation it
//! had in hand (it copies a large volume, say) can appear after the undo has looked twice and found nothing. It
//! carries our labels, and the database says that nothing of its install is left: so it goes, whenever it is seen.
//! The same holds for an install whose row gave way to the next of its name, or was purged: its last operation tells.
//! What belongs to an install that nothing at all is known of is left alone: a database brought back from a backup
//! knows less than there is.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{App, InstallId, InstanceId, Lifecycle, Operation, OperationKind, OperationState, Step};
use tokio_util::sync::CancellationToken;

use crate::memory::{AppRecord, EngineLink, Memory};
use crate::ports::Ownership;
use crate::{Control, operations};

/// Before it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// How often installs without a row are looked for: the name of one is taken for no longer than that. Not at every
/// change of memory, since all that the engine holds is gone through.
const FORGOTTEN_EVERY: Duration = Duration::from_secs(10);

/// Sweeps until `stop`.
pub(super) async fn sweep(control: Arc<Control>, stop: CancellationToken) {
    let work = async {
        tokio::join!(sweep_failed(&control), sweep_forgotten(&control));
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn sweep_failed(control: &Arc<Control>) {
    loop {
        let late = |memory: &Memory| late_comer(memory, control.recorder.instance());
        let (app, install) = control.wait_for(late).await;
        tracing::info!(app.id = %app.id, "something of a failed install came late; taking it away");
        if let Err(reason) = operations::undo(control, &app, &install, Step::Create).await {
            tracing::warn!(app.id = %app.id, reason, "cannot take away what came late; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn sweep_forgotten(control: &Arc<Control>) {
    loop {
        tokio::time::sleep(FORGOTTEN_EVERY).await;
        for install in control.recorder.read(|memory| forgotten(memory, control.recorder.instance())) {
            let newest = control.recorder.ask_store(move |store| store.newest_operation(&install)).await;
            // What cannot be read is read again.
            let Some(ended) = newest.ok().flatten().filter(has_left_nothing) else { continue };
            tracing::info!(app.id = %ended.app, "something of an install that is gone came late; taking it away");
            if let Err(error) = operations::remove_forgotten(control, &ended).await {
                tracing::warn!(app.id = %ended.app, %error, "cannot take away what came late; trying again");
            }
        }
    }
}

/// Whether nothing of an install was left when that operation ended, its last.
fn has_left_nothing(operation: &Operation) -> bool {
    match operation.kind {
        OperationKind::Install => {
            matches!(operation.state, OperationState::Failed(_) | OperationState::Cancelled)
        }
        OperationKind::Purge => operation.state == OperationState::Succeeded,
        _ => false,
    }
}

/// The installs without a row of which the engine holds something. Not while an app of that name is there: it may have
/// taken a volume over.
fn forgotten(memory: &Memory, instance: &InstanceId) -> BTreeSet<InstallId> {
    if memory.engine_link != EngineLink::Up {
        return BTreeSet::new();
    }
    let known: HashSet<&InstallId> = memory.oldest_first().map(|record| &record.app.install).collect();
    let is_name_free = |owner: &Ownership| {
        let mut records = memory.oldest_first();
        let of_name = records.find(|record| Some(record.app.project.as_str()) == owner.project.as_deref());
        of_name.is_none_or(|record| {
            record.app.lifecycle == Lifecycle::Failed && record.open_operation().is_none()
        })
    };
    let own = memory.engine.owners().filter(|owner| owner.instance.as_ref() == Some(instance));
    let unknown = own.filter(|owner| owner.install.as_ref().is_some_and(|install| !known.contains(install)));
    unknown.filter(|owner| is_name_free(owner)).filter_map(|owner| owner.install.clone()).collect()
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
