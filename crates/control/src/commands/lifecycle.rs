//! AppStart, AppStop, AppRestart: accept or refuse, then queue.

use std::sync::Arc;

use domain::{App, AppId, ContainerState, Desired, Lifecycle, OperationKind, Status};

use super::no_such_app;
use crate::memory::AppRecord;
use crate::ports::Change;
use crate::{Control, Error};

impl Control {
    /// Starts an app that does not run, wholly or in part. Nothing is done to one that runs.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`, `Busy`, `Store`. Nothing has changed then.
    pub async fn start(self: &Arc<Self>, id: &str) -> Result<AppId, Error> {
        let decide = |control: &Self, record: &AppRecord, now| {
            let wanted = App { desired: Desired::Running, ..record.app.clone() };
            let runs = matches!(record.status(now), Status::Running | Status::Initing);
            if runs && !has_unstarted(&record.app) {
                return Ok(only_desired(record, wanted));
            }
            Ok(Some(control.queue(wanted, &record.app, OperationKind::Start, now)))
        };
        self.request(id, no_such_app, is_there, decide).await
    }

    /// Stops an app. Nothing is done to one that is down, but that it is to stay so.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`, `Busy`, `Store`. Nothing has changed then.
    pub async fn stop(self: &Arc<Self>, id: &str) -> Result<AppId, Error> {
        let decide = |control: &Self, record: &AppRecord, now| {
            let wanted = App { desired: Desired::Stopped, ..record.app.clone() };
            if record.status(now) == Status::Stop && is_down(&record.app) {
                return Ok(only_desired(record, wanted));
            }
            Ok(Some(control.queue(wanted, &record.app, OperationKind::Stop, now)))
        };
        self.request(id, no_such_app, is_there, decide).await
    }

    /// Stops an app's containers and starts them again; starts those of an app that is stopped.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`, `Busy`, `Store`. Nothing has changed then.
    pub async fn restart(self: &Arc<Self>, id: &str) -> Result<AppId, Error> {
        let decide = |control: &Self, record: &AppRecord, now| {
            let wanted = App { desired: Desired::Running, ..record.app.clone() };
            Ok(Some(control.queue(wanted, &record.app, OperationKind::Restart, now)))
        };
        self.request(id, no_such_app, is_there, decide).await
    }
}

/// Whether a container was created and never started: what `docker compose up` leaves where a port was taken.
fn has_unstarted(app: &App) -> bool {
    app.observation.containers.values().any(|container| {
        container.facts.state == ContainerState::Created && !container.facts.service.is_empty()
    })
}

/// Whether nothing of it runs or is frozen: one that somebody has paused is shown as stopped, and holds its memory.
fn is_down(app: &App) -> bool {
    use ContainerState::{Created, Dead, Exited};
    let of_services = app.observation.containers.values().map(|container| &container.facts);
    let mut of_services = of_services.filter(|facts| !facts.service.is_empty());
    of_services.all(|facts| matches!(facts.state, Created | Exited | Dead))
}

/// Whether there is something to start or stop: a failed install has left its record only. One that is being
/// installed is there, and busy.
pub(super) fn is_there(record: &AppRecord) -> bool {
    matches!(record.app.lifecycle, Lifecycle::Installed | Lifecycle::Installing)
}

/// An app that is as it is wanted: only what was asked for last is noted, if it was not known.
fn only_desired(record: &AppRecord, wanted: App) -> Option<Change> {
    (record.app.desired != wanted.desired).then(|| Change {
        operation: record.operation.clone(),
        app: Some(wanted),
        ..Change::default()
    })
}
