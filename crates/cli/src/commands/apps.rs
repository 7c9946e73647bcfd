//! `list` and `status`: how apps are and where to reach them.
//!
//! Logins are not shown here, in JSON neither: `password` shows them, on request.

use serde::Serialize;
use serde_json::{Value, json};
use wire::{
    AppDetailInfo, AppImageInfo, AppListParameters, AppStatusInfo, AppStatusParameters, InstalledAppInfo,
    OperationInfo,
};

use super::catalogs::qualified;
use crate::Context;
use crate::args::{List, Status};
use crate::failure::{Failure, exit};
use crate::table::Table;
use crate::{units, wait};

/// Members of `running_info` that `password` alone shows.
const LOGIN: [&str; 2] = ["user_name", "password"];

/// All that is known of an app. One that is not there is the server's to refuse.
pub(super) async fn one(context: &Context, app: &str) -> Result<InstalledAppInfo, Failure> {
    context.client.call("AppDetail", &AppStatusParameters { app_id: app.to_owned() }).await
}

pub(super) async fn list(context: &Context, arguments: &List) -> Result<(), Failure> {
    let parameters = AppListParameters { app_name: arguments.package.clone() };
    let apps: Vec<AppDetailInfo> = context.client.call("AppList", &parameters).await?;
    let printer = &context.printer;
    if apps.is_empty() {
        printer.remark(&printer.text("no-apps", &[]));
    }
    let shown: Vec<Value> = apps.iter().map(without_login).collect();
    printer.answer(&shown, || {
        if apps.is_empty() {
            return String::new();
        }
        let mut table =
            Table::of(printer.texts(["column-app", "column-package", "column-status", "column-address"]));
        for AppDetailInfo { app, running_info } in &apps {
            let url = running_info.as_ref().map(address).unwrap_or_default();
            table.row([app.app_id.clone(), app.trade_mark.clone(), status_word(context, app), url]);
        }
        printer.table(&table)
    })?;
    Ok(())
}

pub(super) async fn status(context: &Context, arguments: &Status) -> Result<(), Failure> {
    let mut operation = wait::newest(context, &arguments.app).await?;
    let open = operation.take_if(|operation| arguments.wait && !wait::has_ended(operation));
    let Some(open) = open else { return show(context, &arguments.app, operation.as_ref()).await };
    let ended = wait::until_ended(context, open).await?;
    match show(context, &arguments.app, Some(&ended)).await {
        Ok(()) if ended.state == "succeeded" => Ok(()),
        Ok(()) => Err(Failure::Found { exit_code: exit::FAILED }),
        // It was uninstalled, so there is nothing more to show than that.
        Err(Failure::Refused { code, .. }) if code == "APP.NotExis" => {
            super::verbs::tell(context, &ended.kind, &arguments.app, Some(&ended)).await
        }
        Err(failure) => Err(failure),
    }
}

async fn show(context: &Context, app: &str, operation: Option<&OperationInfo>) -> Result<(), Failure> {
    let app = one(context, app).await?;
    let mut shown = without_login(&app);
    shown["operation"] = json!(operation);
    context.printer.answer(&shown, || status_text(context, &app, operation))?;
    Ok(())
}

fn status_text(context: &Context, app: &InstalledAppInfo, operation: Option<&OperationInfo>) -> String {
    let printer = &context.printer;
    let InstalledAppInfo { detail: AppDetailInfo { app, running_info }, version, catalog, images } = app;
    let images: Vec<String> = images.iter().map(image).collect();
    let name = |id| printer.text(id, &[]);
    let info = |of: fn(&wire::RunningInfo) -> String| running_info.as_ref().map(of).unwrap_or_default();
    let mut rows = vec![
        (name("column-app"), printer.head(&app.app_id)),
        (name("column-package"), format!("{} ({})", app.trade_mark, qualified(&app.name, catalog))),
        (name("column-version"), version.clone()),
        (name("column-status"), status_word(context, app)),
        (name("column-address"), info(address)),
        (name("field-admin"), info(|info| info.admin_url.clone())),
        (name("field-file"), info(|info| info.compose_file.clone())),
        (name("field-images"), images.join("\n")),
    ];
    if !info(|info| info.password.clone()).is_empty() {
        rows.push((name("field-login"), format!("appmanage password {}", app.app_id)));
    }
    rows.extend(operation.map(|operation| (name("field-operation"), last_done(context, operation))));
    printer.fields(&rows)
}

/// What the very same image is pulled by, or its name where it came from no registry.
fn image(info: &AppImageInfo) -> String {
    match info.digest.is_empty() || info.image.contains('@') {
        true => info.image.clone(),
        false => format!("{}@{}", info.image, info.digest),
    }
}

/// What was last done to an app, and why it failed if it did.
fn last_done(context: &Context, operation: &OperationInfo) -> String {
    let printer = &context.printer;
    let kind = printer.word("kind", &operation.kind);
    let state = printer.coloured(&printer.word("state", &operation.state), &operation.state);
    let when = if operation.finished_at.is_empty() { &operation.queued_at } else { &operation.finished_at };
    let mut text = format!("{kind}  {state}  {}", units::time(when));
    if let Some(step) = operation.steps.last().filter(|_| !wait::has_ended(operation)) {
        text.push_str(&format!("\n{}", printer.word("step", &step.step)));
    }
    if let Some(reason) = &operation.reason {
        text.push_str(&format!("\n{}", reason.message));
    }
    let lines: Vec<String> = operation.last_lines.iter().map(|line| format!("\n| {line}")).collect();
    text + &lines.concat()
}

/// The URL, or the port where it speaks no HTTP.
fn address(info: &wire::RunningInfo) -> String {
    match (info.url.as_str(), info.port) {
        ("", 0) => String::new(),
        ("", port) => format!(":{port}"),
        (url, _) => url.to_owned(),
    }
}

fn status_word(context: &Context, app: &AppStatusInfo) -> String {
    let status = word_of(&app.status);
    context.printer.coloured(&context.printer.word("status", &status), &status)
}

/// The word that the API has for it.
fn word_of(value: &impl Serialize) -> String {
    json!(value).as_str().map(str::to_owned).unwrap_or_default()
}

fn without_login(app: &impl Serialize) -> Value {
    let mut shown = json!(app);
    if let Some(info) = shown.get_mut("running_info").and_then(Value::as_object_mut) {
        for member in LOGIN {
            info.shift_remove(member);
        }
    }
    shown
}
