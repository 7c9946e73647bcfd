//! One operation, from where its step log says it stands to its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{Failure, FailureClass, InstallId, Operation, OperationId, OperationState, Origin, Step};
use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;

use super::journal::Next;
use super::{Claimable, unwind};
use crate::memory::{AppRecord, EngineLink, Memory};
use crate::operations::{self, StepError};
use crate::{Control, Stop};

/// How often ports and subnets are chosen anew when something else takes them first.
const CHOICES_MAX: usize = 3;

/// How often a step is tried in all, whatever the reason: an engine that goes away again and again, or
/// a server that dies at this very step each time, must not go on for ever.
const TRIES_MAX: u32 = 20;

/// Before a step is tried again because the engine was away: the watcher has noticed by then.
const ENGINE_PAUSE: Duration = Duration::from_secs(1);

/// Works on an operation until it has ended or `stop`.
pub(super) async fn execute(
    control: Arc<Control>,
    Claimable { operation, install, is_leftover, .. }: Claimable,
    slot: OwnedSemaphorePermit,
    stop: Stop,
) {
    if is_leftover && !end_leftovers(&control, &install, &stop).await {
        return;
    }
    let mut slot = Some(slot);
    let went_forward = tokio::select! {
        () = stop.hard.cancelled() => return,
        went = forward(&control, &install, &operation, &mut slot, &stop) => went,
    };
    if went_forward == Way::Stopped {
        return;
    }
    tokio::select! {
        () = stop.hard.cancelled() => {}
        () = unwind::unwind(&control, &install, &operation, slot, &stop) => {}
    }
}

/// How the way forward ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The operation has ended, or is to be undone.
    Over,
    /// The server is being stopped.
    Stopped,
}

/// Ends what an earlier life left at work. Returns whether it is safe to go on.
async fn end_leftovers(control: &Arc<Control>, install: &InstallId, stop: &Stop) -> bool {
    let Some((app, operation)) = control.app_and_operation(install) else { return false };
    tracing::info!(
        state = operation.state.as_str(),
        "going on with what an earlier life of this server began"
    );
    if app.origin != Origin::Installed {
        // No process is ever started for it, and its folder is none of ours.
        return true;
    }
    let folder = control.projects.folder(&app.project);
    loop {
        match control.projects.end_leftovers(&folder, install).await {
            Ok(()) => return true,
            Err(error) => {
                let reason = crate::recorder::error_chain(&error);
                tracing::error!(reason, "a process of an earlier life is still at work");
            }
        }
        tokio::select! {
            () = stop.soft.cancelled() => return false,
            () = tokio::time::sleep(ENGINE_PAUSE) => {}
        }
    }
}

/// Step after step, until one fails for good or none is left.
async fn forward(
    control: &Arc<Control>,
    install: &InstallId,
    claimed: &OperationId,
    slot: &mut Option<OwnedSemaphorePermit>,
    stop: &Stop,
) -> Way {
    let is_forward =
        |state: &OperationState| matches!(state, OperationState::Queued | OperationState::Running);
    if !control.app_and_operation(install).is_some_and(|(_, operation)| is_forward(&operation.state)) {
        return Way::Over;
    }
    let mut done = None;
    loop {
        let is_stopping = stop.soft.is_cancelled();
        if is_stopping && done.is_none() {
            return Way::Stopped;
        }
        let step = match control.advance(install, claimed, done.take(), is_stopping).await {
            Next::Step(step) => step,
            Next::Stopped => return Way::Stopped,
            Next::Succeeded => {
                tracing::info!("the operation succeeded");
                return Way::Over;
            }
            Next::Nothing => return Way::Over,
        };
        let attempt = async {
            if operations::has_to_pull(control, install, step).await {
                // What takes a moment must not wait for somebody's download, which waits for a turn of its own.
                drop(slot.take());
            }
            run_bounded(control, install, step).await
        };
        let outcome = tokio::select! {
            () = stop.soft.cancelled(), if can_be_dropped(step) => return Way::Stopped,
            () = is_cancelled(control, install), if can_be_cancelled(step) => return Way::Over,
            outcome = attempt => outcome,
        };
        match outcome {
            Ok(()) => done = Some(step),
            Err(error) => {
                if !try_again(control, install, step, error, stop).await {
                    return if stop.soft.is_cancelled() { Way::Stopped } else { Way::Over };
                }
            }
        }
    }
}

/// A panic in a step is a failed step; so is one that has been tried too often.
async fn run_bounded(control: &Arc<Control>, install: &InstallId, step: Step) -> Result<(), StepError> {
    if let Some((_, operation)) = control.app_and_operation(install)
        && operation.attempts(step) > TRIES_MAX
    {
        return Err(StepError::Failed(tried_too_often(&operation, step)));
    }
    let run = AssertUnwindSafe(operations::run(control, install, step)).catch_unwind();
    run.await.unwrap_or_else(|_| {
        let detail = format!("the step {} panicked; the server's log says where", step.as_str());
        Err(StepError::Failed(Failure::of(FailureClass::Internal, "", detail)))
    })
}

/// Why the last of so many tries failed; a try without a recorded end is one that the server died at.
fn tried_too_often(operation: &Operation, step: Step) -> Failure {
    let tried = format!("the step {} was tried {TRIES_MAX} times", step.as_str());
    match operation.failed_tries(step).last() {
        Some(last) => Failure::of(last.class, last.subject.clone(), format!("{tried}: {}", last.detail)),
        None => Failure::of(FailureClass::Internal, "", tried),
    }
}

/// Waits until somebody asks for the operation's end (AppCancel): the command moves its state.
async fn is_cancelled(control: &Arc<Control>, install: &InstallId) {
    let is_over = |memory: &Memory| {
        let open = memory.install(install).and_then(AppRecord::open_operation);
        let runs = open.is_some_and(|open| open.state == OperationState::Running);
        (!runs).then_some(())
    };
    control.wait_for(is_over).await;
}

/// Whether a step may be dropped halfway when the server stops: it can run again without any loss.
const fn can_be_dropped(step: Step) -> bool {
    match step {
        Step::Pull
        | Step::AwaitReady
        | Step::StopContainers
        | Step::StartContainers
        | Step::RestartContainers => true,
        Step::Reserve | Step::Render | Step::Create | Step::TakeDown | Step::RemoveData | Step::Finish => {
            false
        }
    }
}

/// Whether a step may be dropped halfway when the operation is cancelled: what it began ends with it, or is ended
/// by its undo. The others take a moment, and are awaited: their work on the disk goes on when they are dropped.
const fn can_be_cancelled(step: Step) -> bool {
    can_be_dropped(step) || matches!(step, Step::Create)
}

/// Records a failed try. Returns whether the way goes on forward.
async fn try_again(
    control: &Arc<Control>,
    install: &InstallId,
    step: Step,
    error: StepError,
    stop: &Stop,
) -> bool {
    let Some((app, operation)) = control.app_and_operation(install) else { return false };
    if operation.state != OperationState::Running {
        return false;
    }
    let failure = match error {
        StepError::Failed(failure) => failure,
        StepError::Taken(failure) if !operation.kind.is_installing() => failure,
        StepError::EngineAway(reason) => {
            let failure = Failure::of(FailureClass::EngineUnreachable, "", reason);
            control.record_failed_try(install, step, &[], &failure).await;
            return engine_is_back(control, install, stop).await;
        }
        StepError::HalfMade(words) => {
            let failure = Failure::of(FailureClass::ContainerCommand, "", words);
            tracing::warn!(%failure, "something of an earlier try is in the way; trying again");
            control.record_failed_try(install, step, &[], &failure).await;
            return engine_is_back(control, install, stop).await;
        }
        StepError::Taken(failure) => {
            let same = |known: &&Failure| known.class == failure.class;
            let tries_before = operation.failed_tries(step).filter(same).count();
            if tries_before + 1 < CHOICES_MAX {
                tracing::warn!(%failure, "taken by something else meanwhile; choosing again");
                control.record_failed_try(install, step, &[Step::Reserve, Step::Render], &failure).await;
                return true;
            }
            failure
        }
    };
    let last_lines = operations::last_lines(control, &app, &failure).await;
    tracing::warn!(step = step.as_str(), %failure, "the operation failed and is being undone");
    control.begin_unwinding(install, step, failure, last_lines).await;
    false
}

/// Waits for the engine; false if the server is being stopped or the operation was cancelled.
async fn engine_is_back(control: &Arc<Control>, install: &InstallId, stop: &Stop) -> bool {
    let back = async {
        tokio::time::sleep(ENGINE_PAUSE).await;
        control.wait_for(|memory| (memory.engine_link == EngineLink::Up).then_some(())).await;
    };
    tokio::select! {
        () = stop.soft.cancelled() => false,
        () = is_cancelled(control, install) => false,
        () = back => true,
    }
}
