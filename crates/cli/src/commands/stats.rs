//! `stats`: what apps take of the machine.

use wire::{AppStatsInfo, AppStatsParameters};

use crate::Context;
use crate::args::Stats;
use crate::failure::Failure;
use crate::table::Table;
use crate::units::bytes;

pub(super) async fn stats(context: &Context, arguments: &Stats) -> Result<(), Failure> {
    let parameters = AppStatsParameters { app_id: arguments.app.clone() };
    let stats: Vec<AppStatsInfo> = context.client.call("AppStats", &parameters).await?;
    let printer = &context.printer;
    if stats.is_empty() {
        printer.remark(&printer.text("no-stats", &[]));
    }
    printer.answer(&stats, || {
        if stats.is_empty() {
            return String::new();
        }
        let head = [
            "column-app",
            "column-cpu",
            "column-memory",
            "column-received",
            "column-sent",
            "column-read",
            "column-written",
            "column-volumes",
        ];
        let mut table = Table::of(printer.texts(head)).right(1..=7);
        for app in &stats {
            table.row([
                app.app_id.clone(),
                format!("{:.1} %", app.cpu_percent),
                bytes(app.memory_bytes),
                bytes(app.network_received_bytes),
                bytes(app.network_sent_bytes),
                bytes(app.disk_read_bytes),
                bytes(app.disk_written_bytes),
                bytes(app.volumes_bytes),
            ]);
            for service in app.services.iter().filter(|_| arguments.app.is_some()) {
                let (name, cpu) = (format!("  {}", service.service), format!("{:.1} %", service.cpu_percent));
                let nothing = String::new;
                let memory = bytes(service.memory_bytes);
                table.row([name, cpu, memory, nothing(), nothing(), nothing(), nothing(), nothing()]);
            }
        }
        printer.table(&table)
    })?;
    Ok(())
}
