//! `operations`: what was done, and how it went.

use wire::{AppOperationsParameters, OperationInfo};

use crate::Context;
use crate::args::Operations;
use crate::failure::Failure;
use crate::table::Table;
use crate::units;

pub(super) async fn list(context: &Context, arguments: &Operations) -> Result<(), Failure> {
    let Operations { app, limit, before } = arguments;
    let parameters =
        AppOperationsParameters { app_id: app.clone(), limit: Some(*limit), before: before.clone() };
    let operations: Vec<OperationInfo> = context.client.call("AppOperations", &parameters).await?;
    let printer = &context.printer;
    if operations.is_empty() {
        printer.remark(&printer.text("no-operations", &[]));
    }
    printer.answer(&operations, || {
        if operations.is_empty() {
            return String::new();
        }
        let head =
            ["column-queued", "column-app", "column-kind", "column-state", "column-took", "column-operation"];
        let mut table = Table::of(printer.texts(head));
        for operation in &operations {
            table.row([
                units::time(&operation.queued_at),
                operation.app_id.clone(),
                printer.word("kind", &operation.kind),
                printer.coloured(&printer.word("state", &operation.state), &operation.state),
                units::between(&operation.started_at, &operation.finished_at),
                operation.operation_id.clone(),
            ]);
        }
        let reason =
            |operation: &OperationInfo| operation.reason.as_ref().map(|reason| reason.message.clone());
        printer.table_with_notes(&table, &operations.iter().map(reason).collect::<Vec<_>>())
    })?;
    Ok(())
}
