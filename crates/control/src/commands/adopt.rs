//! AppAdopt, and its opposite: the management of a compose project that this server did not install.
//!
//! Only the record changes. No container is touched by either.

use std::sync::Arc;

use domain::{AppId, OperationKind, Origin, Timestamp};

use super::no_such_app;
use crate::memory::AppRecord;
use crate::ports::Change;
use crate::{Control, Error};

impl Control {
    /// Brings a compose project under management, as it is: from now on it is missed when its containers go.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`, `Busy`, `Managed`, `Store`. Nothing has changed then.
    pub async fn adopt(self: &Arc<Self>, id: &str) -> Result<AppId, Error> {
        let decide = |control: &Self, record: &AppRecord, now| match record.app.origin {
            Origin::Foreign => {
                Ok(Some(control.queue(record.app.clone(), &record.app, OperationKind::Adopt, now)))
            }
            Origin::Installed | Origin::Adopted => Err(Error::Managed { id: record.app.id.to_string() }),
        };
        self.request(id, no_such_app, AppRecord::is_visible, decide).await
    }

    /// The change that ends the management of an adopted project.
    pub(super) fn released(&self, record: &AppRecord, now: Timestamp) -> Change {
        self.queue(record.app.clone(), &record.app, OperationKind::Release, now)
    }
}
