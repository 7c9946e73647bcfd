//! `open` and `password`: the way into an app.

use std::process::{Command, Stdio};

use serde_json::json;

use super::apps;
use crate::Context;
use crate::failure::Failure;

/// What shows that there is a desktop to open pages on.
const DESKTOP: [&str; 2] = ["DISPLAY", "WAYLAND_DISPLAY"];

/// Where an app is reached and how to find its login, a line for each that it has.
pub(super) async fn way_in(context: &Context, app: &str) -> String {
    let info = apps::one(context, app).await.ok().and_then(|app| app.detail.running_info);
    let Some(info) = info else { return String::new() };
    let login = match info.password.is_empty() {
        true => String::new(),
        false => context.printer.text("login-known", &[("app", app)]),
    };
    [info.url, login].into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

pub(super) async fn open(context: &Context, app: &str) -> Result<(), Failure> {
    let info = running_info(context, app).await?;
    if info.url.is_empty() {
        return Err(Failure::Missing { id: "no-page", app: app.to_owned() });
    }
    context.printer.answer(&json!({ "app_id": app, "url": info.url }), || format!("{}\n", info.url))?;
    // A page only: whatever else a desktop opens is not what was asked for.
    let is_page = info.url.starts_with("http://") || info.url.starts_with("https://");
    let has_desktop = DESKTOP.iter().any(|variable| context.surroundings.is_set(variable));
    if is_page && has_desktop && console::user_attended() {
        browse(&info.url);
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the person's own browser, with the person's own environment")]
fn browse(url: &str) {
    let quiet = Stdio::null;
    // The address stands there already, for whoever has no browser.
    drop(Command::new("xdg-open").arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn());
}

pub(super) async fn password(context: &Context, app: &str) -> Result<(), Failure> {
    let info = running_info(context, app).await?;
    if info.user_name.is_empty() && info.password.is_empty() {
        return Err(Failure::Missing { id: "no-login", app: app.to_owned() });
    }
    let page = if info.admin_url.is_empty() { &info.url } else { &info.admin_url };
    let shown = json!({ "app_id": app, "url": page, "user_name": info.user_name, "password": info.password });
    context.printer.answer(&shown, || {
        let ids = ["column-address", "field-user", "field-password"];
        let values = [page, &info.user_name, &info.password].map(Clone::clone);
        context.printer.fields(&context.printer.texts(ids).into_iter().zip(values).collect::<Vec<_>>())
    })?;
    Ok(())
}

async fn running_info(context: &Context, app: &str) -> Result<wire::RunningInfo, Failure> {
    let info = apps::one(context, app).await?.detail.running_info;
    info.ok_or_else(|| Failure::Missing { id: "not-running", app: app.to_owned() })
}
