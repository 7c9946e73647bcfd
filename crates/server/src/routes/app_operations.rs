//! AppOperations: what was done to all apps or to one, newest first.

use domain::ErrorCode;
use wire::{AppOperationsParameters, OperationInfo};

use super::app_operation::{AppOperation, operation_info};
use crate::error::{Nothing, Refusal};
use crate::interface::{Call, Interface};
use crate::limits::{OPERATIONS_DEFAULT, OPERATIONS_MAX};

pub(crate) struct AppOperations;

impl Interface for AppOperations {
    const NAME: &'static str = "AppOperations";
    const SUMMARY: &'static str =
        "Tell what was done to all apps, or to one, and how it went. Newest first, page by page.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["app_id", "limit", "before"];
    const LITERALS: &'static [&'static str] = &["limit"];
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::LimitFormat, ErrorCode::AppIdFormat, ErrorCode::AppNotExis, ErrorCode::BeforeNotExis];
    type Parameters = AppOperationsParameters;
    type Data = Vec<OperationInfo>;
    type Item = OperationInfo;

    fn example() -> Vec<OperationInfo> {
        vec![AppOperation::example()]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<OperationInfo>, Refusal> {
        let limit = call.parameters.limit(OPERATIONS_DEFAULT, OPERATIONS_MAX)?;
        let (app_id, before) = (call.parameters.optional("app_id"), call.parameters.optional("before"));
        let operations = call.control.app_operations(app_id, before, limit).await?;
        Ok(operations.into_iter().map(|operation| operation_info(operation, call.language)).collect())
    }
}
