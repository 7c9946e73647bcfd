//! AppCancel: ends what is at work on an app. It is undone.

use domain::{ErrorCode, Step};
use wire::{AppIdParameters, CancelledInfo};

use crate::error::Refusal;
use crate::interface::{Call, Interface};

pub(crate) struct AppCancel;

impl Interface for AppCancel {
    const NAME: &'static str = "AppCancel";
    const SUMMARY: &'static str = "Cancel the queued or running operation of an app. It stops soon and is undone; the answer says which step it was in.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["app_id"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::AppIdFormat,
        ErrorCode::AppNotExis,
        ErrorCode::OperationNotExis,
        ErrorCode::OperationTooLate,
    ];
    type Parameters = AppIdParameters;
    type Data = CancelledInfo;
    type Item = CancelledInfo;

    fn example() -> CancelledInfo {
        CancelledInfo {
            app_id: "myblog".into(),
            operation_id: "k3v9q2m7x1".into(),
            kind: "install".into(),
            step: "pull".into(),
        }
    }

    async fn answer(call: &Call<'_>) -> Result<CancelledInfo, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
        let operation = call.control.cancel(app_id).await?;
        Ok(CancelledInfo {
            app_id: operation.app.to_string(),
            operation_id: operation.id.to_string(),
            kind: operation.kind.as_str().into(),
            step: operation.step().map(Step::as_str).unwrap_or_default().into(),
        })
    }
}
