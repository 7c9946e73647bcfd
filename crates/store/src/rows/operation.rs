//! The tables `operation`, `step` and `pull`.

use domain::{
    AppId, Failure, ImagePull, InstallId, LayerPull, Operation, OperationId, OperationKind, OperationState,
    Step, StepOutcome, StepRecord,
};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::Cells;
use super::failure::FailureRow;
use super::settings::SettingsRow;
use crate::error::Fault;

pub(crate) fn read(row: &Row<'_>, steps: Vec<StepRecord>, pulls: Vec<ImagePull>) -> Result<Operation, Fault> {
    let cells = Cells { row, table: "operation", key_column: "id" };
    let failure = cells.optional_json::<FailureRow>("failure")?.map(Failure::from);
    Ok(Operation {
        id: OperationId::from_text(cells.plain::<String>("id")?),
        install: InstallId::from_text(cells.plain::<String>("install")?),
        app: cells.known("app_id", |text| AppId::parse(text).ok())?,
        kind: cells.known("kind", OperationKind::from_text)?,
        desired_before: cells.known("desired_before", super::app::desired_from_text)?,
        settings_before: cells.json::<SettingsRow>("settings_before")?.into(),
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
    let layers: Vec<LayerRow> = cells.json("layers")?;
    Ok(ImagePull {
        image: cells.plain("image")?,
        layers: layers.into_iter().map(LayerPull::from).collect(),
        complete: cells.plain("complete")?,
    })
}

#[derive(Serialize, Deserialize)]
struct LayerRow {
    id: String,
    bytes_done: u64,
    bytes_total: u64,
    complete: bool,
}

/// The layers of a pull, as JSON.
pub(crate) fn layers_to_json(layers: &[LayerPull]) -> serde_json::Result<String> {
    let row = |layer: &LayerPull| LayerRow {
        id: layer.id.clone(),
        bytes_done: layer.bytes_done,
        bytes_total: layer.bytes_total,
        complete: layer.complete,
    };
    serde_json::to_string(&layers.iter().map(row).collect::<Vec<_>>())
}

impl From<LayerRow> for LayerPull {
    fn from(row: LayerRow) -> Self {
        let LayerRow { id, bytes_done, bytes_total, complete } = row;
        Self { id, bytes_done, bytes_total, complete }
    }
}
