//! AppCancel: ends the open operation of an app. It is undone.
//!
//! The command only moves the operation's state; whoever is at work on it sees that, drops what it does and goes
//! on with the undo.

use std::sync::Arc;

use domain::{
    Event, EventKind, Failure, FailureClass, Lifecycle, Operation, OperationKind, OperationState,
    StepOutcome, Timestamp,
};

use super::no_such_app;
use crate::memory::{AppRecord, Memory};
use crate::ports::Change;
use crate::queries::parse_app_id;
use crate::{Control, Error};

impl Control {
    /// Ends what is open on an app, and returns it as it was: its step is where it is being stopped. One that is being
    /// undone already is left to it.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `NothingToCancel`, `TooLateToCancel`, `Store`. Nothing has changed then.
    pub async fn cancel(self: &Arc<Self>, id: &str) -> Result<Operation, Error> {
        let id = parse_app_id(id)?;
        self.recorder
            .update(move |memory: &Memory, now| {
                let record = memory.app(&id).ok_or_else(|| no_such_app(id.to_string()))?;
                let open = record.open_operation();
                let open = open.ok_or_else(|| Error::NothingToCancel { id: id.to_string() })?;
                if open.is_past_return() {
                    return Err(Error::TooLateToCancel { id: id.to_string() });
                }
                Ok((cancelled(record, open, now), open.clone()))
            })
            .await
    }
}

/// The change that ends an open operation, or has it undone.
fn cancelled(record: &AppRecord, open: &Operation, now: Timestamp) -> Change {
    let step = open.step().map(domain::Step::as_str).unwrap_or_default();
    let failure = Failure::of(FailureClass::Cancelled, step, "");
    let (mut app, mut operation) = (record.app.clone(), open.clone());
    let kind = match open.state {
        OperationState::Queued => {
            operation.state = OperationState::Cancelled;
            operation.finished_at = Some(now);
            app.desired = open.desired_before;
            if open.kind == OperationKind::Configure {
                app.settings = open.settings_before.clone();
            }
            if open.kind == OperationKind::Install {
                app.lifecycle = Lifecycle::Failed;
            }
            if open.kind == OperationKind::Restore {
                app.trashed_at = Some(now);
            }
            EventKind::Cancelled
        }
        OperationState::Running => {
            if let Some(record) = operation.steps.last_mut().filter(|r| r.outcome == StepOutcome::Started) {
                record.outcome = StepOutcome::Failed(failure.clone());
                record.ended_at = Some(now);
            }
            operation.state = OperationState::Unwinding(failure.clone());
            EventKind::Unwinding(failure)
        }
        OperationState::Unwinding(_)
        | OperationState::Stuck(_)
        | OperationState::Succeeded
        | OperationState::Failed(_)
        | OperationState::Cancelled => return Change::default(),
    };
    tracing::info!(app.id = %app.id, operation.id = %operation.id, step, "the operation is cancelled");
    let event = Event {
        at: now,
        install: app.install.clone(),
        app: app.id.clone(),
        operation: Some(open.id.clone()),
        kind,
    };
    Change { app: Some(app), operation: Some(operation), events: vec![event], ..Change::default() }
}
