//! Creates and starts the app's networks, volumes and containers by one `docker compose up`, and takes
//! them away again by their labels.

use std::sync::Arc;

use domain::secret::masked;
use domain::{App, Desired, FailureClass, Lifecycle, Operation, OperationKind, Step};

use super::containers::{self, WayBack, bring_back};
use super::removal::{self, Removal};
use super::{StepError, diagnosis, render};
use crate::Control;
use crate::memory::Memory;
use crate::ports::CommandError;

pub(super) async fn run(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), StepError> {
    if operation.attempts(Step::Create) > 1
        && let Some(removal) = half_made(operation.kind)
    {
        // What an earlier try made, or the engine still made for it after its process was ended, fits neither
        // what is chosen now nor what compose knows: two networks of one name, say. Nobody has used it yet.
        removal::remove(control, app, removal)
            .await
            .map_err(|error| StepError::HalfMade(error.to_string()))?;
    }
    up(control, app, app.desired).await
}

/// Brings up what is written in the app's folder; starts nothing where the app is to be stopped.
pub(super) async fn up(control: &Arc<Control>, app: &App, desired: Desired) -> Result<(), StepError> {
    let project = control.project(app).await?;
    // Once more, because pulling may have taken an hour.
    control.refuse_taken_names(app, &project.package).await?;
    let calls = &control.metrics().engine_calls;
    let done = match desired {
        Desired::Running => calls.timed("compose_up", control.projects.up(&project)).await,
        Desired::Stopped => calls.timed("compose_create", control.projects.create(&project)).await,
    };
    if let Err(error) = done {
        return Err(failure(control, app, error).await?);
    }
    let all_there = |memory: &Memory| {
        let observation = &memory.install(&app.install)?.app.observation;
        let is_there = |(service, _): &(String, bool)| observation.has_container_of(service, desired);
        app.expected().services.iter().all(is_there).then_some(())
    };
    containers::seen(control, all_there).await;
    Ok(())
}

/// What a step of that kind has made that has to go before it is tried again, or when it is undone. An app that is
/// being configured is in use: it loses nothing.
const fn half_made(kind: OperationKind) -> Option<Removal> {
    match kind {
        OperationKind::Install => Some(Removal::Everything),
        OperationKind::Restore => Some(Removal::AllButVolumes),
        OperationKind::Configure
        | OperationKind::Start
        | OperationKind::Stop
        | OperationKind::Restart
        | OperationKind::Uninstall
        | OperationKind::Purge
        | OperationKind::Adopt
        | OperationKind::Release => None,
    }
}

pub(super) async fn undo(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), String> {
    if let Some(removal) = half_made(operation.kind) {
        let removed = removal::remove(control, app, removal).await;
        return removed.map_err(|error| error.to_string());
    }
    render::undo(control, app, operation).await?;
    if app.lifecycle != Lifecycle::Installed {
        return Ok(());
    }
    bring_back(control, app, WayBack::Up(operation.desired_before)).await
}

/// What follows from the words of compose, or of the engine.
///
/// # Errors
/// The engine is away.
pub(super) async fn failure(
    control: &Arc<Control>,
    app: &App,
    error: CommandError,
) -> Result<StepError, StepError> {
    let secrets = app.secrets();
    let words = |words: String| masked(&words, &secrets);
    Ok(match error {
        CommandError::PortTaken { port, words: w } => {
            StepError::Taken(domain::Failure::of(FailureClass::PortTaken, port.to_string(), words(w)))
        }
        CommandError::SubnetTaken { words: w } => {
            let pool = control.settings.subnet_pool.to_string();
            StepError::Taken(domain::Failure::of(FailureClass::NoFreeSubnet, pool, words(w)))
        }
        CommandError::EngineUnreachable { words: w } => StepError::EngineAway(words(w)),
        CommandError::HalfMade { words: w } => StepError::HalfMade(words(w)),
        CommandError::DiskFull { words: w } => StepError::failed(FailureClass::DiskFull, "", words(w)),
        CommandError::TimedOut { seconds } => {
            StepError::failed(FailureClass::TimeOut, "docker compose up", seconds.to_string())
        }
        CommandError::Failed { words: w } => {
            let found = diagnosis::of_a_fresh_look(control, app).await?;
            found.map_or_else(
                || StepError::failed(FailureClass::ContainerCommand, "", words(w)),
                StepError::Failed,
            )
        }
    })
}
