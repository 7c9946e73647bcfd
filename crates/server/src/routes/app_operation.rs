//! AppOperation: how far an app's newest operation is, and why it failed.

use domain::{ErrorCode, Failure, ImagePull, LayerPull, Operation, StepOutcome, StepRecord, Timestamp};
use wire::{AppOperationParameters, LayerInfo, OperationInfo, PullInfo, ReasonInfo, StepInfo};

use crate::details::rfc3339;
use crate::error::Refusal;
use crate::interface::{Call, Interface};
use crate::language::Language;
use crate::messages;

pub(crate) struct AppOperation;

impl Interface for AppOperation {
    const NAME: &'static str = "AppOperation";
    const SUMMARY: &'static str =
        "Tell how far an app's newest operation is, and if it failed, why and what to do next.";
    const CHANGES: bool = false;
    const PARAMETERS: &'static [&'static str] = &["app_id"];
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::AppIdBlank, ErrorCode::AppIdFormat, ErrorCode::AppNotExis, ErrorCode::OperationNotExis];
    type Parameters = AppOperationParameters;
    type Data = OperationInfo;
    type Item = OperationInfo;

    fn example() -> OperationInfo {
        OperationInfo {
            app_id: "myblog".into(),
            operation_id: "k3v9q2m7x1".into(),
            kind: "install".into(),
            state: "running".into(),
            step: "pull".into(),
            queued_at: "2026-11-22T08:00:00Z".into(),
            started_at: "2026-11-22T08:00:00Z".into(),
            finished_at: String::new(),
            steps: vec![StepInfo {
                step: "pull".into(),
                attempt: 1,
                state: "started".into(),
                started_at: "2026-11-22T08:00:01Z".into(),
                ended_at: String::new(),
                reason: None,
            }],
            pulls: vec![PullInfo {
                image: "wordpress:6.8".into(),
                bytes_done: 41_943_040,
                bytes_total: 104_857_600,
                layers: vec![LayerInfo {
                    id: "a1b2c3d4e5f6".into(),
                    bytes_done: 41_943_040,
                    bytes_total: 104_857_600,
                    complete: false,
                }],
                complete: false,
            }],
            reason: None,
            last_lines: Vec::new(),
        }
    }

    async fn answer(call: &Call<'_>) -> Result<OperationInfo, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
        Ok(operation_info(call.control.last_operation(app_id).await?, call.language))
    }
}

/// An operation as clients are told of it.
pub(super) fn operation_info(operation: Operation, language: Language) -> OperationInfo {
    OperationInfo {
        app_id: operation.app.to_string(),
        operation_id: operation.id.to_string(),
        kind: operation.kind.as_str().into(),
        state: operation.state.as_str().into(),
        step: operation.step().map(|step| step.as_str().into()).unwrap_or_default(),
        queued_at: rfc3339(operation.queued_at),
        started_at: time_or_blank(operation.started_at),
        finished_at: time_or_blank(operation.finished_at),
        reason: operation.state.failure().map(|failure| reason_info(failure, language)),
        steps: operation.steps.iter().map(|record| step_info(record, language)).collect(),
        pulls: operation.pulls.into_iter().map(pull_info).collect(),
        last_lines: operation.last_lines,
    }
}

fn step_info(record: &StepRecord, language: Language) -> StepInfo {
    let failure = match &record.outcome {
        StepOutcome::Failed(failure) => Some(failure),
        StepOutcome::Started | StepOutcome::Succeeded | StepOutcome::UndoStarted | StepOutcome::Undone => {
            None
        }
    };
    StepInfo {
        step: record.step.as_str().into(),
        attempt: record.attempt,
        state: record.outcome.as_str().into(),
        started_at: rfc3339(record.started_at),
        ended_at: time_or_blank(record.ended_at),
        reason: failure.map(|failure| reason_info(failure, language)),
    }
}

fn pull_info(pull: ImagePull) -> PullInfo {
    PullInfo {
        bytes_done: pull.bytes_done(),
        bytes_total: pull.bytes_total(),
        image: pull.image,
        layers: pull.layers.into_iter().map(layer_info).collect(),
        complete: pull.complete,
    }
}

fn layer_info(layer: LayerPull) -> LayerInfo {
    let LayerPull { id, bytes_done, bytes_total, complete } = layer;
    LayerInfo { id, bytes_done, bytes_total, complete }
}

/// Why something failed, as clients are told.
pub(super) fn reason_info(failure: &Failure, language: Language) -> ReasonInfo {
    ReasonInfo {
        class: failure.class.as_str().into(),
        subject: failure.subject.clone(),
        detail: failure.detail.clone(),
        message: messages::of_failure(language, failure),
    }
}

fn time_or_blank(time: Option<Timestamp>) -> String {
    time.map(rfc3339).unwrap_or_default()
}
