//! AppUninstall, AppRestore, AppPurge: into the recycle bin, out of it again, or gone for good.

use std::sync::Arc;

use domain::{App, AppId, Desired, Lifecycle, OperationKind, Origin};

use super::no_such_app;
use crate::memory::AppRecord;
use crate::{Control, Error};

/// What becomes of an uninstalled app's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// It goes to the recycle bin.
    #[default]
    Keep,
    /// It is deleted.
    Purge,
}

impl Control {
    /// Takes an app out of service; what becomes of its data is said by `data`. Of a failed install only the record is
    /// left, which goes in either case. An adopted project is let go, and runs on: neither it nor its data is ours to take.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`, `Busy`, `NotManaged`, `Store`. Nothing has changed then.
    pub async fn uninstall(self: &Arc<Self>, id: &str, data: Data) -> Result<AppId, Error> {
        let decide = move |control: &Self, record: &AppRecord, now| {
            let kind = match (record.app.origin, data) {
                (Origin::Adopted, Data::Keep) => return Ok(Some(control.released(record, now))),
                (Origin::Adopted, Data::Purge) | (Origin::Foreign, _) => {
                    return Err(Error::NotManaged { id: record.app.id.to_string() });
                }
                (Origin::Installed, Data::Keep) if record.app.lifecycle != Lifecycle::Failed => {
                    OperationKind::Uninstall
                }
                (Origin::Installed, Data::Keep | Data::Purge) => OperationKind::Purge,
            };
            let stopped = App { desired: Desired::Stopped, ..record.app.clone() };
            Ok(Some(control.queue(stopped, &record.app, kind, now)))
        };
        self.request(id, no_such_app, AppRecord::is_visible, decide).await
    }

    /// Brings an app back from the recycle bin, under its old name, with its data and passwords.
    ///
    /// # Errors
    /// `AppIdFormat`, `NotInTrash`, `EngineAway`, `Busy`, `Store`. Nothing has changed then.
    pub async fn restore(self: &Arc<Self>, id: &str) -> Result<AppId, Error> {
        let decide = |control: &Self, record: &AppRecord, now| {
            let running = App { desired: Desired::Running, ..record.app.clone() };
            Ok(Some(control.queue(running, &record.app, OperationKind::Restore, now)))
        };
        self.request(id, not_in_trash, is_trashed, decide).await
    }

    /// Deletes an app that lies in the recycle bin for good.
    ///
    /// # Errors
    /// `AppIdFormat`, `NotInTrash`, `EngineAway`, `Busy`, `Store`. Nothing has changed then.
    pub async fn purge(self: &Arc<Self>, id: &str) -> Result<AppId, Error> {
        let decide = |control: &Self, record: &AppRecord, now| {
            Ok(Some(control.queue(record.app.clone(), &record.app, OperationKind::Purge, now)))
        };
        self.request(id, not_in_trash, is_trashed, decide).await
    }
}

fn not_in_trash(id: String) -> Error {
    Error::NotInTrash { id }
}

fn is_trashed(record: &AppRecord) -> bool {
    record.app.lifecycle == Lifecycle::Trashed
}
