//! Creates and starts the app's networks, volumes and containers by one `docker compose up`, and takes
//! them away again by their labels.

use std::sync::Arc;
use std::time::Duration;

use domain::secret::masked;
use domain::{App, ContainerState, Desired, FailureClass, Lifecycle, Operation, OperationKind, Step};
use tokio::time::timeout;

use super::containers::{self, WayBack, bring_back};
use super::removal::{self, Removal};
use super::{StepError, diagnosis, render};
use crate::Control;
use crate::memory::Memory;
use crate::ports::{CommandError, EngineContainer};

/// Events of what compose made come within milliseconds, else the next full look shows it. Longer, and the engine answers
/// some and not others: the step is tried again.
const SIGHT_LIMIT: Duration = Duration::from_mins(2);

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
    let desired = match app.desired {
        // Somebody may have started it since that was asked for.
        Desired::Stopped if operation.kind == OperationKind::Configure => now_desired(control, app).await?,
        desired => desired,
    };
    up(control, app, desired).await
}

/// That an app runs, if any of its containers does.
async fn now_desired(control: &Arc<Control>, app: &App) -> Result<Desired, StepError> {
    let containers = containers::of_app(control, app).await?;
    let runs = containers.iter().any(|container| container.facts.state == ContainerState::Running);
    Ok(if runs { Desired::Running } else { Desired::Stopped })
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
    await_sight(control, app).await
}

/// Waits until memory shows what compose made: readiness judged on the containers of before would be that of
/// something that is gone.
async fn await_sight(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let made = containers::of_app(control, app).await?;
    let all_there = |memory: &Memory| {
        let is_shown = |made: &EngineContainer| {
            let shown = memory.engine.containers.get(&made.facts.id);
            shown.is_some_and(|shown| shown.facts.started_at >= made.facts.started_at)
        };
        made.iter().all(is_shown).then_some(())
    };
    let in_sight = timeout(SIGHT_LIMIT, control.wait_for(all_there)).await;
    in_sight
        .map_err(|_| StepError::EngineAway("what docker compose made does not come into sight".to_owned()))
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
