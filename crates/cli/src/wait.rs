//! `--wait`: follows what was begun until it has ended, and shows how far it is.
//!
//! The work is the server's and goes on without us: at Ctrl-C that is what is said.

use std::time::Duration;

use tokio::signal;
use tokio::time::{Instant, sleep};
use wire::{AppOperationParameters, AppOperationsParameters, OperationInfo};

use crate::Context;
use crate::failure::Failure;
use crate::progress::Progress;

/// How often it is looked. The server answers out of memory; a person sees no more often.
const POLL: Duration = Duration::from_millis(200);

/// Operations among which one that just ended is looked for.
const HISTORY: u32 = 20;

/// For how long a server that was reached may be away: a restart takes seconds.
const ABSENCE_MAX: Duration = Duration::from_secs(60);

/// The newest operation of an app, if there is one.
pub(crate) async fn newest(context: &Context, app: &str) -> Result<Option<OperationInfo>, Failure> {
    let parameters = AppOperationParameters { app_id: app.to_owned() };
    match context.client.call("AppOperation", &parameters).await {
        Ok(operation) => Ok(Some(operation)),
        // There is no such app, or nothing was ever done to it: it was brought up by hand.
        Err(Failure::Refused { code, .. }) if ["APP.NotExis", "Operation.NotExis"].contains(&&*code) => {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Whether an operation has nothing more to do.
pub(crate) fn has_ended(operation: &OperationInfo) -> bool {
    matches!(operation.state.as_str(), "succeeded" | "failed" | "cancelled")
}

/// Waits until an operation has ended, and gives it as it was last seen.
pub(crate) async fn until_ended(
    context: &Context,
    operation: OperationInfo,
) -> Result<OperationInfo, Failure> {
    let app = operation.app_id.clone();
    tokio::select! {
        ended = watch(context, operation) => ended,
        _ = signal::ctrl_c() => Err(Failure::Interrupted { app }),
    }
}

async fn watch(context: &Context, mut operation: OperationInfo) -> Result<OperationInfo, Failure> {
    let mut progress = Progress::of(context);
    let mut seen_at = Instant::now();
    progress.show(&operation);
    while !has_ended(&operation) {
        sleep(POLL).await;
        match newest(context, &operation.app_id).await {
            Ok(Some(newest)) if newest.operation_id == operation.operation_id => {
                operation = newest;
                seen_at = Instant::now();
                progress.show(&operation);
            }
            // Its record has gone with its app, or another operation has followed it: either way it has ended.
            Ok(_) => match ended(context, operation.clone()).await {
                Err(Failure::Unreachable { .. }) if seen_at.elapsed() < ABSENCE_MAX => {
                    progress.show_absence();
                }
                ended => operation = ended?,
            },
            Err(Failure::Unreachable { .. }) if seen_at.elapsed() < ABSENCE_MAX => progress.show_absence(),
            Err(failure) => return Err(failure),
        }
    }
    Ok(operation)
}

/// An operation that is the newest no more, as it ended. What goes with its app has succeeded in taking it away; of any
/// other that is not recorded, nobody knows how it ended.
async fn ended(context: &Context, mut operation: OperationInfo) -> Result<OperationInfo, Failure> {
    let app = operation.app_id.clone();
    let parameters =
        AppOperationsParameters { app_id: Some(app.clone()), limit: Some(HISTORY), before: None };
    let history: Vec<OperationInfo> = context.client.call("AppOperations", &parameters).await?;
    let recorded = history.into_iter().find(|recorded| recorded.operation_id == operation.operation_id);
    match recorded {
        Some(recorded) => Ok(recorded),
        None if ["uninstall", "purge", "release"].contains(&&*operation.kind) => {
            "succeeded".clone_into(&mut operation.state);
            Ok(operation)
        }
        None => Err(Failure::Missing { id: "operation-unknown", app }),
    }
}
