//! The table `event`.

use domain::{
    AppId, Event, EventId, EventKind, InstallId, OperationId, OperationKind, Status, Step, StoredEvent,
};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::failure::FailureRow;
use super::{Cells, text};
use crate::error::Fault;

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum EventKindRow {
    Queued {
        #[serde(with = "text::operation_kind")]
        operation: OperationKind,
    },
    StepStarted {
        #[serde(with = "text::step")]
        step: Step,
        attempt: u32,
    },
    Unwinding {
        failure: FailureRow,
    },
    Stuck {
        reason: String,
    },
    Succeeded,
    Cancelled,
    Appeared,
    Vanished,
    Failed {
        failure: FailureRow,
    },
    StatusChanged {
        #[serde(with = "text::status")]
        from: Status,
        #[serde(with = "text::status")]
        to: Status,
    },
}

pub(crate) fn to_json(kind: &EventKind) -> serde_json::Result<String> {
    serde_json::to_string(&EventKindRow::from(kind))
}

pub(crate) fn read(row: &Row<'_>) -> Result<Event, Fault> {
    let cells = Cells { row, table: "event", key_column: "number" };
    Ok(Event {
        at: cells.time("at")?,
        install: InstallId::from_text(cells.plain::<String>("install")?),
        app: cells.known("app_id", |text| AppId::parse(text).ok())?,
        operation: cells.plain::<Option<String>>("operation")?.map(OperationId::from_text),
        kind: cells.json::<EventKindRow>("what")?.into(),
    })
}

pub(crate) fn read_stored(row: &Row<'_>) -> Result<StoredEvent, Fault> {
    let number: i64 = row.get("number")?;
    Ok(StoredEvent { id: EventId(number.cast_unsigned()), event: read(row)? })
}

impl From<&EventKind> for EventKindRow {
    fn from(kind: &EventKind) -> Self {
        match kind {
            EventKind::Queued(operation) => Self::Queued { operation: *operation },
            EventKind::StepStarted { step, attempt } => Self::StepStarted { step: *step, attempt: *attempt },
            EventKind::Unwinding(failure) => Self::Unwinding { failure: failure.into() },
            EventKind::Stuck(reason) => Self::Stuck { reason: reason.clone() },
            EventKind::Succeeded => Self::Succeeded,
            EventKind::Cancelled => Self::Cancelled,
            EventKind::Appeared => Self::Appeared,
            EventKind::Vanished => Self::Vanished,
            EventKind::Failed(failure) => Self::Failed { failure: failure.into() },
            EventKind::StatusChanged { from, to } => Self::StatusChanged { from: *from, to: *to },
        }
    }
}

impl From<EventKindRow> for EventKind {
    fn from(row: EventKindRow) -> Self {
        match row {
            EventKindRow::Queued { operation } => Self::Queued(operation),
            EventKindRow::StepStarted { step, attempt } => Self::StepStarted { step, attempt },
            EventKindRow::Unwinding { failure } => Self::Unwinding(failure.into()),
            EventKindRow::Stuck { reason } => Self::Stuck(reason),
            EventKindRow::Succeeded => Self::Succeeded,
            EventKindRow::Cancelled => Self::Cancelled,
            EventKindRow::Appeared => Self::Appeared,
            EventKindRow::Vanished => Self::Vanished,
            EventKindRow::Failed { failure } => Self::Failed(failure.into()),
            EventKindRow::StatusChanged { from, to } => Self::StatusChanged { from, to },
        }
    }
}
