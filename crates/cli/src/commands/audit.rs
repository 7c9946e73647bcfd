//! `audit`: who changed what.

use wire::{AppAuditParameters, AuditInfo};

use crate::Context;
use crate::args::Audit;
use crate::failure::Failure;
use crate::table::Table;
use crate::units;

pub(super) async fn list(context: &Context, arguments: &Audit) -> Result<(), Failure> {
    let parameters = AppAuditParameters { limit: Some(arguments.limit), before: arguments.before.clone() };
    let trail: Vec<AuditInfo> = context.client.call("AppAudit", &parameters).await?;
    let printer = &context.printer;
    if trail.is_empty() {
        printer.remark(&printer.text("no-audit", &[]));
    }
    printer.answer(&trail, || {
        if trail.is_empty() {
            return String::new();
        }
        let head = [
            "column-number",
            "column-queued",
            "column-caller",
            "column-from",
            "column-call",
            "column-about",
            "column-outcome",
        ];
        let mut table = Table::of(printer.texts(head));
        for entry in &trail {
            let about = format!("{} {}", entry.app_id, entry.account);
            let mood = if entry.outcome == "ok" { "ok" } else { "refused" };
            table.row([
                entry.id.clone(),
                units::time(&entry.at),
                entry.caller.clone(),
                entry.address.clone(),
                entry.interface.clone(),
                about.trim().to_owned(),
                printer.coloured(&entry.outcome, mood),
            ]);
        }
        printer.table(&table)
    })?;
    Ok(())
}
