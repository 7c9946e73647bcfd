//! `catalog add`, `list`, `sync`, `remove`, `trust`: the catalogs of others. Adding and syncing wait until it is known what
//! came of it, and show that.

use std::time::Duration;

use tokio::time::sleep;
use wire::{
    CatalogAddParameters, CatalogInfo, CatalogParameters, CatalogSyncParameters, CatalogTrustParameters,
    ListedInfo, NameInfo, NoParameters, SyncReportInfo,
};

use crate::Context;
use crate::args::{CatalogAdd, CatalogNamed, CatalogSync, CatalogTrust};
use crate::failure::Failure;
use crate::table::Table;

/// How often it is looked how far a sync is.
const POLL: Duration = Duration::from_millis(300);

/// Names that are shown of each kind: the rest is in the JSON.
const SHOWN_MAX: usize = 10;

pub(super) async fn add(context: &Context, arguments: &CatalogAdd) -> Result<(), Failure> {
    let CatalogAdd { name, source, branch, sha256, key, position } = arguments.clone();
    let parameters = CatalogAddParameters { name, source, branch, sha256, key, position };
    let added: CatalogInfo = context.client.call("CatalogAdd", &parameters).await?;
    report(context, vec![added]).await
}

pub(super) async fn sync(context: &Context, arguments: &CatalogSync) -> Result<(), Failure> {
    let parameters = CatalogSyncParameters { name: arguments.name.clone() };
    let synced: Vec<CatalogInfo> = context.client.call("CatalogSync", &parameters).await?;
    if synced.is_empty() {
        context.printer.remark(&context.printer.text("no-catalogs", &[]));
    }
    report(context, synced).await
}

/// Waits until these have been synced, and shows what came of it.
async fn report(context: &Context, begun: Vec<CatalogInfo>) -> Result<(), Failure> {
    let mut ended = begun;
    while ended.iter().any(is_open) {
        sleep(POLL).await;
        let all: Vec<CatalogInfo> = context.client.call("CatalogList", &NoParameters {}).await?;
        // One that somebody removes meanwhile has no outcome.
        ended = all.into_iter().filter(|now| ended.iter().any(|then| then.name == now.name)).collect();
    }
    let printer = &context.printer;
    let is_failed = ended.iter().any(|catalog| catalog.state != "ready");
    printer.answer(&ended, || ended.iter().map(|catalog| outcome(context, catalog)).collect())?;
    if is_failed { Err(Failure::Found { exit_code: 1 }) } else { Ok(()) }
}

fn is_open(catalog: &CatalogInfo) -> bool {
    matches!(catalog.state.as_str(), "queued" | "syncing")
}

/// What came of the last sync of a catalog, in some lines.
fn outcome(context: &Context, catalog: &CatalogInfo) -> String {
    let printer = &context.printer;
    let head = |id: &str, count: u32| {
        let told = [("name", &*catalog.name), ("count", &*count.to_string())];
        printer.text(id, &told) + "\n"
    };
    if let Some(reason) = &catalog.reason {
        return head("catalog-failed", 0) + &printer.note(&reason.message);
    }
    let Some(report) = &catalog.report else { return String::new() };
    let SyncReportInfo { packages, new, changed, gone, unreadable_count, unreadable, hidden, .. } = report;
    let mut text = head("catalog-synced", *packages);
    for (id, listed) in [("catalog-new", new), ("catalog-changed", changed), ("catalog-gone", gone)] {
        if listed.count > 0 {
            let told = [("count", &*listed.count.to_string()), ("names", &*names(listed))];
            text += &printer.note(&printer.text(id, &told));
        }
    }
    if *hidden > 0 {
        text += &printer.note(&printer.text("catalog-hidden", &[("count", &hidden.to_string())]));
    }
    if *unreadable_count > 0 {
        text +=
            &printer.note(&printer.text("catalog-unreadable", &[("count", &unreadable_count.to_string())]));
        for app in unreadable.iter().take(SHOWN_MAX) {
            text += &printer.note(&format!("- {}: {}", app.app, app.reason));
        }
        let more = unreadable_count.saturating_sub(u32::try_from(SHOWN_MAX).unwrap_or(u32::MAX));
        if more > 0 {
            text += &printer.note(&printer.text("catalog-more", &[("count", &more.to_string())]));
        }
    }
    if new.count + changed.count + gone.count == 0 {
        text += &printer.note(&printer.text("catalog-unchanged", &[]));
    }
    text
}

fn names(listed: &ListedInfo) -> String {
    let shown = listed.names.iter().take(SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if listed.count as usize > SHOWN_MAX { shown + ", …" } else { shown }
}

pub(super) async fn list(context: &Context) -> Result<(), Failure> {
    let catalogs: Vec<CatalogInfo> = context.client.call("CatalogList", &NoParameters {}).await?;
    let printer = &context.printer;
    if catalogs.is_empty() {
        printer.remark(&printer.text("no-catalogs", &[]));
    }
    printer.answer(&catalogs, || {
        if catalogs.is_empty() {
            return String::new();
        }
        let head = ["column-catalog", "column-state", "column-packages", "column-trust", "column-source"];
        let mut table = Table::of(printer.texts(head)).cut_last();
        for catalog in &catalogs {
            let state = printer.word("catalog-state", &catalog.state);
            let packages = catalog.report.as_ref().map(|report| report.packages.to_string());
            let trust = printer.word("catalog-trust", if catalog.trusted { "yes" } else { "no" });
            table.row([
                catalog.name.clone(),
                printer.coloured(&state, &catalog.state),
                packages.unwrap_or_default(),
                trust,
                catalog.source.clone(),
            ]);
        }
        let notes: Vec<_> = catalogs.iter().map(|it| it.reason.as_ref().map(|r| r.message.clone())).collect();
        printer.table_with_notes(&table, &notes)
    })?;
    Ok(())
}

pub(super) async fn remove(context: &Context, arguments: &CatalogNamed) -> Result<(), Failure> {
    let parameters = CatalogParameters { name: arguments.name.clone() };
    let removed: NameInfo = context.client.call("CatalogRemove", &parameters).await?;
    let printer = &context.printer;
    printer.done(&removed, || printer.text("catalog-removed", &[("name", &removed.name)]) + "\n")?;
    Ok(())
}

pub(super) async fn trust(context: &Context, arguments: &CatalogTrust) -> Result<(), Failure> {
    let trusted = Some(!arguments.revoke);
    let parameters = CatalogTrustParameters { name: arguments.name.clone(), trusted };
    let changed: CatalogInfo = context.client.call("CatalogTrust", &parameters).await?;
    let printer = &context.printer;
    printer.done(&changed, || {
        let id = if changed.trusted { "catalog-trusted" } else { "catalog-not-trusted" };
        printer.text(id, &[("name", &changed.name)]) + "\n"
    })?;
    Ok(())
}

/// Where a package comes from, where that is not a matter of course.
pub(super) fn qualified(name: &str, catalog: &str) -> String {
    if ["", "builtin", "local"].contains(&catalog) { name.to_owned() } else { format!("{name}@{catalog}") }
}
