//! The recycle bin: `uninstall` puts an app into it, `trash` lists it, `purge` empties it of one.

use wire::{AppIdParameters, AppUninstallParameters, NoParameters, TrashedAppInfo};

use super::confirm;
use super::verbs::{Change, begin};
use crate::Context;
use crate::args::{Purge, Uninstall};
use crate::failure::Failure;
use crate::table::Table;
use crate::units;

pub(super) async fn uninstall(context: &Context, arguments: &Uninstall) -> Result<(), Failure> {
    let Uninstall { app, purge, yes, wait } = arguments;
    if *purge {
        confirm::deletion(context, app, *yes)?;
    }
    let (command, data) = if *purge { ("purge", "purge") } else { ("uninstall", "keep") };
    let parameters = AppUninstallParameters { app_id: app.clone(), data: Some(data.to_owned()) };
    begin(context, &Change { interface: "AppUninstall", command, app, parameters, wait: *wait }).await
}

pub(super) async fn purge(context: &Context, arguments: &Purge) -> Result<(), Failure> {
    let Purge { app, yes, wait } = arguments;
    confirm::deletion(context, app, *yes)?;
    let parameters = AppIdParameters { app_id: app.clone() };
    begin(context, &Change { interface: "AppPurge", command: "purge", app, parameters, wait: *wait }).await
}

pub(super) async fn list(context: &Context) -> Result<(), Failure> {
    let trashed: Vec<TrashedAppInfo> = context.client.call("AppTrash", &NoParameters {}).await?;
    let printer = &context.printer;
    if trashed.is_empty() {
        printer.remark(&printer.text("no-trash", &[]));
    }
    printer.answer(&trashed, || {
        if trashed.is_empty() {
            return String::new();
        }
        let head = ["column-app", "column-package", "column-version", "column-trashed", "column-purged"];
        let mut table = Table::of(printer.texts(head));
        for TrashedAppInfo { app_id, trade_mark, version, trashed_at, purged_at, .. } in &trashed {
            let times = [trashed_at, purged_at].map(|time| units::time(time));
            let [trashed_at, purged_at] = times;
            table.row([app_id.clone(), trade_mark.clone(), version.clone(), trashed_at, purged_at]);
        }
        printer.table(&table)
    })?;
    Ok(())
}
