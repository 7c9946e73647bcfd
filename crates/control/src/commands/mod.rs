//! Changes that clients ask for: accept or refuse, then queue. A command never waits for the work.

pub mod admission;
pub mod adopt;
pub mod cancel;
pub mod configure;
pub mod domains;
pub mod install;
pub mod lifecycle;
pub mod trash;

use std::sync::Arc;

use domain::{
    App, AppId, AppIdError, Desired, Event, EventKind, Operation, OperationKind, Status, Timestamp,
};

use crate::Control;
use crate::error::Error;
use crate::memory::{AppRecord, Memory};
use crate::ports::{Change, Conflict, StoreError};

impl Control {
    /// Decides on an existing app and stores what was decided. `decide` sees the app's record, once nothing else
    /// is open on it and the engine answers; it returns nothing where nothing is to be done.
    ///
    /// # Errors
    /// In this order: `AppIdFormat`, `absent` where there is no such app, `EngineAway`, `Busy`, what `decide` refuses, `Store`.
    async fn request(
        self: &Arc<Self>,
        id: &str,
        absent: fn(String) -> Error,
        is_meant: fn(&AppRecord) -> bool,
        decide: impl FnOnce(&Self, &AppRecord, Timestamp) -> Result<Option<Change>, Error> + Send + 'static,
    ) -> Result<AppId, Error> {
        let id = AppId::parse(id).map_err(|error| match error {
            AppIdError::Malformed => Error::AppIdFormat { id: id.to_owned() },
            AppIdError::TooLong => absent(id.to_owned()),
        })?;
        let (control, asked) = (Arc::clone(self), id.clone());
        let decide = move |memory: &Memory, now| {
            let record = memory.app(&asked).filter(|record| is_meant(record));
            let record = record.ok_or_else(|| absent(asked.to_string()))?;
            memory.engine_link.check(control.settings.engine_grace)?;
            if let Some(open) = record.open_operation() {
                return Err(Error::Busy { open: open.kind });
            }
            Ok((decide(&control, record, now)?.unwrap_or_default(), ()))
        };
        self.recorder.update(decide).await.map_err(|error| match error {
            // Decided on the same state by the database's own constraint.
            Error::Store(StoreError::Conflict(Conflict::OpenOperation)) => {
                Error::Busy { open: OperationKind::Install }
            }
            other => other,
        })?;
        Ok(id)
    }

    /// The change that queues an operation on an existing app, which is written as given.
    fn queue(&self, mut app: App, before: &App, kind: OperationKind, now: Timestamp) -> Change {
        let desired_before = desired_before(before, now);
        if kind == OperationKind::Configure {
            // Nobody asked for its start.
            app.desired = desired_before;
        }
        let operation = Operation {
            desired_before,
            settings_before: before.settings.clone(),
            ..Operation::queued(self.ids.operation_id(), app.install.clone(), app.id.clone(), kind, now)
        };
        let event = Event {
            at: now,
            install: app.install.clone(),
            app: app.id.clone(),
            operation: Some(operation.id.clone()),
            kind: EventKind::Queued(kind),
        };
        Change { app: Some(app), operation: Some(operation), events: vec![event], ..Change::default() }
    }
}

/// What an undo goes back to. An app that somebody stopped past this server is to be down again, though its owner's
/// last word was that it runs: what was begun on it would else leave it half up.
fn desired_before(before: &App, now: Timestamp) -> Desired {
    match before.status(None, now) {
        Status::Stop => Desired::Stopped,
        _ => before.desired,
    }
}

/// What a command on an app that is not there answers.
fn no_such_app(id: String) -> Error {
    Error::NoSuchApp { id }
}
