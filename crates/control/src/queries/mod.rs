//! Reads. They answer from memory: no query calls Docker or starts a process.
//!
//! Only what memory does not hold (history: past operations, past events, apps that are gone) is read from
//! the database, off the runtime's threads: AppStatus and AppList, which are asked all the time, never wait
//! for a disk.

pub mod app_catalog;
pub mod app_detail;
pub mod app_domains;
pub mod app_events;
pub mod app_list;
pub mod app_operation;
pub mod app_operations;
pub mod app_status;
pub mod app_trash;
pub mod readiness;

use domain::{App, AppId, AppIdError, Operation, Status, Timestamp};

use crate::Control;
use crate::error::Error;
use crate::memory::{AppRecord, Memory};

/// What AppStatus tells of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSummary {
    /// The name its owner knows it by: `app_id` and `customer_name`.
    pub id: AppId,
    /// The package's name.
    pub package: String,
    /// The catalog that it was of; empty where it was of none.
    pub catalog: String,
    /// The app's own name.
    pub trademark: String,
    /// Its status now.
    pub status: Status,
    /// Whether the package shipped in the server.
    pub official: bool,
}

impl AppSummary {
    pub(crate) fn of(app: &App, newest: Option<&Operation>, now: Timestamp) -> Self {
        Self {
            id: app.id.clone(),
            package: app.package.name.clone(),
            catalog: app.package.catalog.clone(),
            trademark: app.package.trademark.clone(),
            status: app.status(newest.filter(|operation| operation.state.is_open()), now),
            official: app.package.official,
        }
    }
}

impl Control {
    /// Refuses an app that is not there and never did anything that is still known.
    async fn check_known(&self, id: &AppId) -> Result<(), Error> {
        if self.recorder.read(|memory| memory.app(id).is_some()) {
            return Ok(());
        }
        self.last_operation(id.as_str()).await.map(drop)
    }
}

/// Reads an id that names an existing app. One that is too long is well formed and names none.
pub(crate) fn parse_app_id(text: &str) -> Result<AppId, Error> {
    AppId::parse(text).map_err(|error| match error {
        AppIdError::Malformed => Error::AppIdFormat { id: text.to_owned() },
        AppIdError::TooLong => Error::NoSuchApp { id: text.to_owned() },
    })
}

/// The app of that name, where clients see one.
pub(crate) fn visible_app<'a>(memory: &'a Memory, id: &AppId) -> Result<&'a AppRecord, Error> {
    let record = memory.app(id).filter(|record| record.is_visible());
    record.ok_or_else(|| Error::NoSuchApp { id: id.to_string() })
}
