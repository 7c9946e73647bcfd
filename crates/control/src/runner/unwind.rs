//! Undoes an operation: the steps of which something may be there, latest first.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{InstallId, Operation, OperationId, StepOutcome};
use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::memory::EngineLink;
use crate::{Control, Stop, operations};

/// Before a stuck undo is tried again; doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between two tries of a stuck undo.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Undoes until nothing is left or `stop`. Nothing happens if the operation is not being undone.
pub(super) async fn unwind(
    control: &Arc<Control>,
    install: &InstallId,
    claimed: &OperationId,
    mut slot: Option<OwnedSemaphorePermit>,
    stop: &Stop,
) {
    let mut pause = FIRST_PAUSE;
    let mut told = None;
    loop {
        let Some((_, operation)) = control.app_and_operation(install) else { return };
        if operation.id != *claimed || !operation.state.is_open() || operation.state.failure().is_none() {
            return;
        }
        match undo_steps(control, &operation, &mut slot).await {
            Ok(()) => {
                control.record_undone(install).await;
                tracing::info!("undone");
                return;
            }
            Err(reason) => {
                tracing::warn!(reason, "the undo cannot finish; it will be tried again");
                // Told once: it may be tried a thousand times, and the list of events is bounded.
                let is_news = told.as_ref() != Some(&reason);
                control.record_stuck(install, is_news.then(|| reason.clone())).await;
                told = Some(reason);
                // While it is stuck it does no work: others may have its slot.
                drop(slot.take());
            }
        }
        if !may_work_again(control, pause, stop).await {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn undo_steps(
    control: &Arc<Control>,
    operation: &Operation,
    slot: &mut Option<OwnedSemaphorePermit>,
) -> Result<(), String> {
    let install = &operation.install;
    for step in operation.steps_to_undo() {
        control.record_undo(install, step, StepOutcome::UndoStarted).await;
        // As it is now: the undo of a later step may have changed it.
        let Some((app, operation)) = control.app_and_operation(install) else { return Ok(()) };
        if operations::has_to_pull_to_undo(control, &app, step).await {
            // As on the way forward: what takes a moment must not wait for a download.
            drop(slot.take());
        }
        let undo = AssertUnwindSafe(operations::undo(control, &app, &operation, step)).catch_unwind();
        undo.await.unwrap_or_else(|_| Err(format!("undoing the step {} panicked", step.as_str())))?;
        control.record_undo(install, step, StepOutcome::Undone).await;
    }
    Ok(())
}

/// Waits for the pause, or for the engine to return if it is away. False if the server is being stopped.
async fn may_work_again(control: &Arc<Control>, pause: Duration, stop: &Stop) -> bool {
    let is_up = |memory: &crate::memory::Memory| memory.engine_link == EngineLink::Up;
    let wait = async {
        let was_up = control.recorder.read(is_up);
        let back = control.wait_for(|memory| (!was_up && is_up(memory)).then_some(()));
        // Whichever comes first: a return of the engine, or the end of the pause.
        let _ = tokio::time::timeout(pause, back).await;
    };
    tokio::select! {
        () = stop.soft.cancelled() => false,
        () = wait => true,
    }
}
