//! The tables `operation`, `step` and `pull`.

use domain::{
    AppId, Failure, ImagePull, InstallId, Operation, OperationId, OperationKind, OperationState, Step,
    StepOutcome, StepRecord,
};
use rusqlite::Row;

use super::Cells;
use super::failure::FailureRow;
use crate::error::Fault;

pub(crate) fn read(row: &Row<'_>, steps: Vec<StepRecord>, pulls: Vec<ImagePull>) -> Result<Operation, Fault> {
    let cells = Cells { row, table: "operation", key_column: "id" };
    let failure = cells.optional_json::<FailureRow>("failure")?.map(Failure::from);
    Ok(Operation {
        id: OperationId::from_text(cells.plain::<String>("id")?),
        install: InstallId::from_text(cells.plain::<String>("install")?),
        app: cells.known("app_id", |text| AppId::parse(text).ok())?,
        kind: cells.known("kind", OperationKind::from_text)?,
        state: cells.known("state", |text| state(text, failure))?,
        queued_at: cells.time("queued_at")?,
        started_at: cells.optional_time("started_at")?,
        finished_at: cells.optional_time("finished_at")?,
        steps,
        pulls,
        last_lines: cells.json("last_lines")?,
    })
}

fn state(text: &str, failure: Option<Failure>) -> Option<OperationState> {
    match (text, failure) {
        ("queued", None) => Some(OperationState::Queued),
        ("running", None) => Some(OperationState::Running),
        ("unwinding", Some(failure)) => Some(OperationState::Unwinding(failure)),
        ("stuck", Some(failure)) => Some(OperationState::Stuck(failure)),
        ("succeeded", None) => Some(OperationState::Succeeded),
        ("failed", Some(failure)) => Some(OperationState::Failed(failure)),
        ("cancelled", None) => Some(OperationState::Cancelled),
        _ => None,
    }
}

pub(crate) fn read_step(row: &Row<'_>) -> Result<StepRecord, Fault> {
    let cells = Cells { row, table: "step", key_column: "operation" };
    let failure = cells.optional_json::<FailureRow>("failure")?.map(Failure::from);
    Ok(StepRecord {
        step: cells.known("step", Step::from_text)?,
        attempt: cells.plain("attempt")?,
        started_at: cells.time("started_at")?,
        ended_at: cells.optional_time("ended_at")?,
        outcome: cells.known("outcome", |text| outcome(text, failure))?,
    })
}

fn outcome(text: &str, failure: Option<Failure>) -> Option<StepOutcome> {
    match (text, failure) {
        ("started", None) => Some(StepOutcome::Started),
        ("succeeded", None) => Some(StepOutcome::Succeeded),
        ("failed", Some(failure)) => Some(StepOutcome::Failed(failure)),
        ("undo_started", None) => Some(StepOutcome::UndoStarted),
        ("undone", None) => Some(StepOutcome::Undone),
        _ => None,
    }
}

/// The failure that a step's outcome carries.
pub(crate) const fn failure_of(outcome: &StepOutcome) -> Option<&Failure> {
    match outcome {
        StepOutcome::Failed(failure) => Some(failure),
        StepOutcome::Started | StepOutcome::Succeeded | StepOutcome::UndoStarted | StepOutcome::Undone => {
            None
        }
    }
}

pub(crate) fn read_pull(row: &Row<'_>) -> Result<ImagePull, Fault> {
    let cells = Cells { row, table: "pull", key_column: "operation" };
    let bytes = |column| cells.plain::<i64>(column).map(i64::unsigned_abs);
    Ok(ImagePull {
        image: cells.plain("image")?,
        bytes_done: bytes("bytes_done")?,
        bytes_total: bytes("bytes_total")?,
        layers_done: cells.plain("layers_done")?,
        layers_total: cells.plain("layers_total")?,
        complete: cells.plain("complete")?,
    })
}
