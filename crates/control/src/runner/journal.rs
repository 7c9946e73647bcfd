//! The transactions of an operation's way: each moves the step log on by exactly one thing.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    App, EventKind, Failure, InstallId, Lifecycle, Operation, OperationId, OperationKind, OperationState,
    Origin, Step, StepOutcome, StepRecord, Timestamp,
};

use crate::Control;
use crate::memory::AppRecord;
use crate::ports::StoreError;
use crate::recorder::{Amendment, error_chain};

/// Between two tries to store something on a disk that does not take it.
const STORE_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What comes next on an operation's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// That step has been recorded as started.
    Step(Step),
    /// Nothing: that was the last step, and the operation has succeeded.
    Succeeded,
    /// Nothing: the operation had ended before, or is being undone.
    Nothing,
    /// Nothing yet: the server is being stopped.
    Stopped,
}

impl Control {
    /// Records the success of `done` and, unless the server `is_stopping`, the start of what follows. The last step, which
    /// only records, is recorded along. Nothing if the operation `claimed` was cancelled while it was being claimed, and another of
    /// the same app waits in its place: that one is another claim's.
    pub(super) async fn advance(
        self: &Arc<Self>,
        install: &InstallId,
        claimed: &OperationId,
        done: Option<Step>,
        is_stopping: bool,
    ) -> Next {
        let claimed = claimed.clone();
        let advanced = self
            .stored(install, move |record, operation, now| {
                if operation.id != claimed {
                    return (Amendment::none(), Next::Nothing);
                }
                if operation.state == OperationState::Queued {
                    operation.state = OperationState::Running;
                    operation.started_at = Some(now);
                }
                if operation.state != OperationState::Running {
                    return (Amendment::none(), Next::Nothing);
                }
                if let Some(step) = done {
                    end(operation, step, StepOutcome::Succeeded, now);
                }
                let Some(step) = operation.next_step() else { return (Amendment::none(), Next::Nothing) };
                if is_stopping && step != Step::Finish {
                    return (Amendment::none(), Next::Stopped);
                }
                let attempt = begin(operation, step, now);
                if step == Step::Finish {
                    return (finish(record, operation, now), Next::Succeeded);
                }
                (Amendment::event(EventKind::StepStarted { step, attempt }), Next::Step(step))
            })
            .await;
        advanced.unwrap_or(Next::Nothing)
    }

    /// Records that a step failed and will be tried again, with the steps that have to be done again
    /// before it.
    pub(super) async fn record_failed_try(
        self: &Arc<Self>,
        install: &InstallId,
        step: Step,
        again: &'static [Step],
        failure: &Failure,
    ) {
        let failure = failure.clone();
        self.stored(install, move |_, operation, now| {
            end(operation, step, StepOutcome::Failed(failure.clone()), now);
            for earlier in again {
                end(operation, *earlier, StepOutcome::Failed(failure.clone()), now);
            }
            (Amendment::none(), ())
        })
        .await;
    }

    /// Records that the operation is being undone from now on, and why.
    pub(super) async fn begin_unwinding(
        self: &Arc<Self>,
        install: &InstallId,
        step: Step,
        failure: Failure,
        last_lines: Vec<String>,
    ) {
        self.stored(install, move |_, operation, now| {
            if operation.state != OperationState::Running {
                // Somebody has asked for its end meanwhile.
                return (Amendment::none(), ());
            }
            end(operation, step, StepOutcome::Failed(failure.clone()), now);
            operation.state = OperationState::Unwinding(failure.clone());
            operation.last_lines.clone_from(&last_lines);
            (Amendment::event(EventKind::Unwinding(failure.clone())), ())
        })
        .await;
    }

    /// Records the outcome of undoing a step: begun or done. An operation that was stuck is no more.
    pub(super) async fn record_undo(self: &Arc<Self>, install: &InstallId, step: Step, outcome: StepOutcome) {
        self.stored(install, move |_, operation, now| {
            if let OperationState::Stuck(failure) = &operation.state {
                operation.state = OperationState::Unwinding(failure.clone());
            }
            end(operation, step, outcome.clone(), now);
            (Amendment::none(), ())
        })
        .await;
    }

    /// Records that an undo could not finish; with an event where there is `news` of why.
    pub(super) async fn record_stuck(self: &Arc<Self>, install: &InstallId, news: Option<String>) {
        self.stored(install, move |_, operation, _| {
            if let OperationState::Unwinding(failure) = &operation.state {
                operation.state = OperationState::Stuck(failure.clone());
            }
            let events = news.clone().map(EventKind::Stuck).into_iter().collect();
            (Amendment { events, ..Amendment::default() }, ())
        })
        .await;
    }

    /// Records that nothing of the operation is left, and ends it.
    pub(super) async fn record_undone(self: &Arc<Self>, install: &InstallId) {
        self.stored(install, |record, operation, now| (undone(record, operation, now), ())).await;
    }

    /// Stores, and tries again for as long as the disk does not take it: going on without the record
    /// would make recovery guess. `None` if the app is gone.
    async fn stored<T: Send + 'static>(
        self: &Arc<Self>,
        install: &InstallId,
        work: impl Fn(&mut AppRecord, &mut Operation, Timestamp) -> (Amendment, T) + Send + Sync + 'static,
    ) -> Option<T> {
        let work = Arc::new(work);
        let mut logged = false;
        loop {
            let work = Arc::clone(&work);
            let result: Result<Option<T>, StoreError> =
                self.recorder.update_operation(install, move |r, o, now| work(r, o, now)).await;
            match result {
                Ok(value) => return value,
                Err(error) if !logged => {
                    logged = true;
                    let reason = error_chain(&error);
                    tracing::error!(reason, "cannot record a step; trying until it works");
                }
                Err(_) => {}
            }
            tokio::time::sleep(STORE_AGAIN_AFTER).await;
        }
    }
}

/// Appends the start of a step to its log; its number among the tries.
fn begin(operation: &mut Operation, step: Step, now: Timestamp) -> u32 {
    let attempt = operation.attempts(step) + 1;
    let outcome = StepOutcome::Started;
    operation.steps.push(StepRecord { step, attempt, started_at: now, ended_at: None, outcome });
    attempt
}

/// Moves the latest entry of a step on.
fn end(operation: &mut Operation, step: Step, outcome: StepOutcome, now: Timestamp) {
    if let Some(record) = operation.latest_mut(step) {
        record.ended_at = Some(now);
        record.outcome = outcome;
    }
}

/// What the success of an operation makes of its app.
fn finish(record: &mut AppRecord, operation: &mut Operation, now: Timestamp) -> Amendment {
    end(operation, Step::Finish, StepOutcome::Succeeded, now);
    operation.state = OperationState::Succeeded;
    operation.finished_at = Some(now);
    let events = vec![EventKind::Succeeded];
    match operation.kind {
        OperationKind::Install | OperationKind::Restore => {
            move_to(&mut record.app, Lifecycle::Installed);
            record.app.trashed_at = None;
        }
        OperationKind::Uninstall => {
            trash(&mut record.app, now);
            return Amendment { events, release: true, forget: false };
        }
        OperationKind::Purge => return Amendment { events, release: true, forget: true },
        OperationKind::Adopt => record.app.origin = Origin::Adopted,
        // Shown for as long as it is there, like any other: `foreign` sees to that.
        OperationKind::Release => record.app.origin = Origin::Foreign,
        OperationKind::Start | OperationKind::Stop | OperationKind::Restart | OperationKind::Configure => {}
    }
    Amendment { events, ..Amendment::default() }
}

/// What is left of an app when an operation on it has been undone.
fn undone(record: &mut AppRecord, operation: &mut Operation, now: Timestamp) -> Amendment {
    let Some(failure) = operation.state.failure().cloned() else { return Amendment::none() };
    operation.state = OperationState::undone(failure.clone());
    operation.finished_at = Some(now);
    let events = vec![match operation.state {
        OperationState::Cancelled => EventKind::Cancelled,
        _ => EventKind::Failed(failure),
    }];
    match operation.kind {
        OperationKind::Install => {
            record.app.deployment = None;
            record.app.images.clear();
            move_to(&mut record.app, Lifecycle::Failed);
            Amendment { events, release: true, forget: false }
        }
        OperationKind::Restore => {
            // Its owner wants it: it is not to be deleted because the retention time ended meanwhile.
            record.app.trashed_at = Some(now);
            Amendment { events, release: true, forget: false }
        }
        // Some of its data may be gone. It can be purged again from the bin, and does not run as if nothing were.
        OperationKind::Purge if operation.is_past_return() => {
            if record.app.lifecycle == Lifecycle::Installed {
                trash(&mut record.app, now);
            }
            Amendment { events, release: true, forget: false }
        }
        OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Restart
        | OperationKind::Uninstall
        | OperationKind::Purge
        | OperationKind::Configure
        | OperationKind::Adopt
        | OperationKind::Release => {
            record.app.desired = operation.desired_before;
            record.app.settings = operation.settings_before.clone();
            Amendment { events, ..Amendment::default() }
        }
    }
}

fn trash(app: &mut App, now: Timestamp) {
    move_to(app, Lifecycle::Trashed);
    app.trashed_at = Some(now);
}

fn move_to(app: &mut App, to: Lifecycle) {
    if let Err(illegal) = app.move_to(to) {
        // Only reachable by a database that somebody else wrote to.
        tracing::error!(%illegal, "the app's lifecycle does not fit its operation");
    }
}
