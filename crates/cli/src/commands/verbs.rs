//! Commands that begin an operation: start, stop, restart, restore and adopt, which ask for nothing but the app,
//! and what all commands that begin one have in common. And `cancel`, which ends one.

use serde::Serialize;
use serde_json::json;
use wire::{AppIdInfo, AppIdParameters, CancelledInfo, OperationInfo};

use crate::Context;
use crate::args::Verb;
use crate::failure::Failure;
use crate::wait;

/// What JSON tells of a command that began an operation.
#[derive(Debug, Serialize)]
struct Changed<'a> {
    app_id: &'a str,
    /// As it was last seen; `null` where nothing was to do.
    operation: Option<&'a OperationInfo>,
}

/// An operation to begin.
pub(super) struct Change<'a, P> {
    /// The interface that begins it.
    pub(super) interface: &'static str,
    /// The command, for the texts.
    pub(super) command: &'static str,
    pub(super) app: &'a str,
    pub(super) parameters: P,
    /// Whether to wait until it has ended.
    pub(super) wait: bool,
}

/// Carries out a command that asks for nothing but the app.
pub(super) async fn carry_out(
    context: &Context,
    interface: &'static str,
    command: &'static str,
    arguments: &Verb,
) -> Result<(), Failure> {
    let parameters = AppIdParameters { app_id: arguments.app.clone() };
    begin(context, &Change { interface, command, app: &arguments.app, parameters, wait: arguments.wait })
        .await
}

/// Begins an operation, waits for it where that was asked for, and says how it went.
pub(super) async fn begin<P: Serialize>(context: &Context, change: &Change<'_, P>) -> Result<(), Failure> {
    let before = wait::newest(context, change.app).await?.map(|operation| operation.operation_id);
    let AppIdInfo { app_id } = context.client.call(change.interface, &change.parameters).await?;
    let begun = wait::newest(context, &app_id).await?;
    let operation = begun.filter(|operation| Some(&operation.operation_id) != before.as_ref());
    let operation = match operation {
        Some(operation) if change.wait => Some(wait::until_ended(context, operation).await?),
        operation => operation,
    };
    tell(context, change.command, &app_id, operation.as_ref()).await
}

/// Says how an operation went, or that it goes on.
pub(super) async fn tell(
    context: &Context,
    command: &str,
    app_id: &str,
    operation: Option<&OperationInfo>,
) -> Result<(), Failure> {
    let changed = Changed { app_id, operation };
    // To uninstall an app that was adopted is to let it go.
    let is_release = operation.is_some_and(|operation| operation.kind == "release");
    let command = if is_release { "release" } else { command };
    let outcome = match operation.map(|operation| operation.state.as_str()) {
        None => "already",
        Some("succeeded") => "done",
        Some("failed" | "cancelled") => {
            let operation = operation.expect("it has a state");
            return Err(Failure::Ended {
                message: reason(context, operation),
                answer: Box::new(json!(changed)),
            });
        }
        Some(_) => "accepted",
    };
    let is_up = outcome == "done" && !["stop", "uninstall", "purge", "release"].contains(&command);
    let way_in = if is_up { super::open::way_in(context, app_id).await } else { String::new() };
    context.printer.done(&changed, || {
        let outcome = context.printer.text(&format!("{outcome}-{command}"), &[("app", app_id)]);
        let follow = match operation.is_some_and(|operation| !wait::has_ended(operation)) {
            true => context.printer.text("follow", &[("app", app_id)]),
            false => way_in,
        };
        let lines = [outcome, follow];
        lines.iter().filter(|line| !line.is_empty()).fold(String::new(), |text, line| text + line + "\n")
    })?;
    Ok(())
}

/// Why an operation failed, with the last lines of the service that is to blame.
fn reason(context: &Context, operation: &OperationInfo) -> String {
    let message = operation.reason.as_ref().map(|reason| reason.message.clone());
    let message = message.unwrap_or_else(|| context.printer.text(&format!("now-{}", operation.state), &[]));
    if operation.last_lines.is_empty() {
        return message;
    }
    let head = context.printer.text("last-lines", &[]);
    let lines: String = operation.last_lines.iter().map(|line| format!("\n  | {line}")).collect();
    format!("{message}\n{head}{lines}")
}

/// `cancel`: the operation of an app is told to stop and is undone.
pub(super) async fn cancel(context: &Context, arguments: &Verb) -> Result<(), Failure> {
    let parameters = AppIdParameters { app_id: arguments.app.clone() };
    let cancelled: CancelledInfo = context.client.call("AppCancel", &parameters).await?;
    let printer = &context.printer;
    if arguments.wait
        && let Some(operation) = wait::newest(context, &arguments.app).await?
        && operation.operation_id == cancelled.operation_id
    {
        wait::until_ended(context, operation).await?;
    }
    printer.done(&cancelled, || {
        let CancelledInfo { app_id, kind, step, .. } = &cancelled;
        let kind = printer.word("kind", kind);
        let step = if step.is_empty() { printer.text("now-queued", &[]) } else { printer.word("step", step) };
        let id = if arguments.wait { "done-cancel" } else { "accepted-cancel" };
        printer.text(id, &[("app", app_id), ("kind", &kind), ("step", &step)]) + "\n"
    })?;
    Ok(())
}
