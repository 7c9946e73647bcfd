//! Stops and starts an app's containers through the engine's API, in the order of what depends on what.
//!
//! No `docker compose` process is needed for that, so there is none that could outlive the server; only containers
//! that are missing are compose's work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::ContainerState::{Created, Dead, Exited, Paused, Removing, Running};
use domain::secret::masked;
use domain::{
    App, Condition, ContainerId, Dependency, Desired, FailureClass, Health, Lifecycle, Operation, Origin,
    RestartPolicy, Step,
};
use futures_util::future::{join_all, try_join_all};
use tokio::time::Instant;

use super::{StepError, create, pull, render, take_down};
use crate::Control;
use crate::memory::Memory;
use crate::ports::{CommandError, EngineContainer};

/// Between two looks at a container that others wait for.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Memory learns of what was done by an event, within milliseconds. If one never comes, the next full look tells.
const EVENTS_SETTLE: Duration = Duration::from_secs(5);

/// Tries to bring an app back to how it was.
const EFFORTS: u32 = 3;

/// Between two of them.
const BETWEEN_EFFORTS: Duration = Duration::from_secs(1);

/// Stops what runs, those that others depend on last.
pub(super) async fn stop(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let containers = of_app(control, app).await?;
    for level in levels_to_stop(&containers) {
        stop_level(control, app, &level).await?;
    }
    let stopped: Vec<ContainerId> = containers.into_iter().map(|container| container.facts.id).collect();
    let all_down = |memory: &Memory| {
        let found = stopped.iter().filter_map(|id| memory.engine.containers.get(id));
        found.into_iter().all(is_down).then_some(())
    };
    seen(control, all_down).await;
    Ok(())
}

/// The containers that are not down, in the order in which they are stopped: level by level.
fn levels_to_stop(containers: &[EngineContainer]) -> Vec<Vec<&EngineContainer>> {
    let mut levels = in_order(containers);
    levels.reverse();
    levels.iter_mut().for_each(|level| level.retain(|container| !is_down(container)));
    levels.retain(|level| !level.is_empty());
    levels
}

async fn stop_level(control: &Arc<Control>, app: &App, level: &[&EngineContainer]) -> Result<(), StepError> {
    let stops = level.iter().map(|container| control.engine.stop(&container.facts.id));
    match try_join_all(stops).await {
        Ok(_) => Ok(()),
        // Those that have been stopped are no reason.
        Err(CommandError::Failed { words }) => {
            let words = masked(&words, &app.secrets());
            Err(StepError::failed(FailureClass::ContainerCommand, app.id.as_str(), words))
        }
        Err(error) => Err(create::failure(control, app, error).await?),
    }
}

/// Stops what runs and starts everything, and makes what is missing.
///
/// Side by side, as `docker compose restart` does it, where Docker starts each container again by itself: what ends
/// for want of another comes again, and nothing is down for longer than it has to be. Else in the order of what
/// depends on what.
pub(super) async fn restart(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let containers = of_app(control, app).await?;
    let comes_again = |container: &EngineContainer| container.facts.restart_policy != RestartPolicy::No;
    if missing_service(app, &containers).is_some() || !containers.iter().all(comes_again) {
        stop(control, app).await?;
        return start(control, app).await;
    }
    // All of them are let end, also when one fails: then none is in the midst of a stop.
    let restarts = join_all(containers.iter().map(|container| restart_one(control, container))).await;
    match restarts.into_iter().collect() {
        Ok(()) => {
            wait_until_started(control, &containers.iter().collect::<Vec<_>>()).await;
            Ok(())
        }
        Err(error @ CommandError::EngineUnreachable { .. }) => {
            Err(create::failure(control, app, error).await?)
        }
        Err(error) => {
            tracing::info!(app.id = %app.id, %error, "could not be restarted; it is started in order");
            start(control, app).await
        }
    }
}

async fn restart_one(control: &Arc<Control>, container: &EngineContainer) -> Result<(), CommandError> {
    if !is_down(container) {
        control.engine.stop(&container.facts.id).await?;
    }
    control.engine.start(&container.facts.id).await
}

/// Starts what does not run, those that others depend on first, and makes what is missing.
pub(super) async fn start(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    match start_what_is_there(control, app).await {
        // They were made for a network that is gone, or one of another life is in the way: only new ones can run.
        Err(StepError::HalfMade(words)) if app.origin == Origin::Installed => {
            tracing::info!(words, "its containers cannot run any more; making them anew");
            stop(control, app).await?;
            take_down::run(control, app).await?;
            // As it is now: the volumes that only its containers named have been noted.
            let Some((app, _)) = control.app_and_operation(&app.install) else { return Ok(()) };
            create_missing(control, &app).await
        }
        outcome => outcome,
    }
}

async fn start_what_is_there(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let containers = of_app(control, app).await?;
    let missing = missing_service(app, &containers);
    if app.origin != Origin::Installed {
        return start_foreign(control, app, &containers, missing).await;
    }
    if missing.is_some() {
        return create_missing(control, app).await;
    }
    match start_in_order(control, app, &containers).await {
        // Something that they need was removed by hand (a network, say): compose makes it again.
        Err(CommandError::Failed { words }) => {
            let words = masked(&words, &app.secrets());
            tracing::info!(words, "cannot be started as it is; docker compose brings it up");
            create_missing(control, app).await
        }
        Err(error) => Err(create::failure(control, app, error).await?),
        Ok(()) => {
            wait_until_started(control, &not_running(&containers)).await;
            Ok(())
        }
    }
}

/// A service of the app that has no container.
fn missing_service<'a>(app: &'a App, containers: &[EngineContainer]) -> Option<&'a String> {
    let is_there = |service: &String| containers.iter().any(|c| c.facts.service == *service);
    app.expected().services.iter().map(|(service, _)| service).find(|service| !is_there(service))
}

/// Whether memory shows a service of the app without a container.
pub(super) fn is_incomplete(app: &App) -> bool {
    let is_there =
        |service: &String| app.observation.containers.values().any(|c| c.facts.service == *service);
    !app.expected().services.iter().all(|(service, _)| is_there(service))
}

/// Starts a project that this server did not install. What is missing of it is not made: only its owner knows of what.
async fn start_foreign(
    control: &Arc<Control>,
    app: &App,
    containers: &[EngineContainer],
    missing: Option<&String>,
) -> Result<(), StepError> {
    if let Some(service) = missing {
        let folder = app.deployment.as_ref().map(|deployment| deployment.folder.display().to_string());
        return Err(StepError::failed(FailureClass::NotOurs, service, folder.unwrap_or_default()));
    }
    match start_in_order(control, app, containers).await {
        Err(CommandError::Failed { words } | CommandError::HalfMade { words }) => {
            Err(StepError::failed(FailureClass::ContainerCommand, "", words))
        }
        Err(error) => Err(create::failure(control, app, error).await?),
        Ok(()) => {
            wait_until_started(control, &not_running(containers)).await;
            Ok(())
        }
    }
}

/// Takes back a start. What the engine refuses is let be: nothing of ours is left behind by that, and the status
/// tells what is.
pub(super) async fn undo_start(
    control: &Arc<Control>,
    app: &App,
    operation: &Operation,
) -> Result<(), String> {
    match operation.desired_before {
        Desired::Running => Ok(()),
        Desired::Stopped => bring_back(control, app, WayBack::Stop).await,
    }
}

/// Takes back a restart: what ran before runs again.
pub(super) async fn undo_restart(
    control: &Arc<Control>,
    app: &App,
    operation: &Operation,
) -> Result<(), String> {
    let way = match operation.desired_before {
        Desired::Running => WayBack::Restart,
        Desired::Stopped => WayBack::Stop,
    };
    bring_back(control, app, way).await
}

/// Takes back a stop, as far as the engine lets us.
pub(super) async fn undo_stop(
    control: &Arc<Control>,
    app: &App,
    operation: &Operation,
) -> Result<(), String> {
    if operation.desired_before == Desired::Stopped || app.lifecycle != Lifecycle::Installed {
        return Ok(());
    }
    // The stop's success is recorded with the start of what follows.
    let was_interrupted = operation.step() == Some(Step::StopContainers);
    bring_back(control, app, if was_interrupted { WayBack::FinishAndStart } else { WayBack::Start }).await
}

/// Lets the stop of those containers end that may be in the midst of it: the engine goes on with what it was asked
/// for, and what was started meanwhile would end after all. Those that were not asked to stop yet go on.
async fn finish_level(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let containers = of_app(control, app).await?;
    match levels_to_stop(&containers).first() {
        Some(level) => stop_level(control, app, level).await,
        None => Ok(()),
    }
}

/// How an app is brought back to how it was.
#[derive(Clone, Copy, Debug)]
pub(super) enum WayBack {
    /// Its containers are started.
    Start,
    /// The same, once those have ended that may just be stopping.
    FinishAndStart,
    /// All are stopped and started: any of them may just be stopping.
    Restart,
    /// They are stopped.
    Stop,
    /// They are created by what is written in its folder, and started where they are to run.
    Up(Desired),
}

/// An undo that brings an app back into service waits for an engine that is away, but does not insist: what is
/// refused again and again would be refused for ever, and meanwhile nobody could do anything else with the app.
pub(super) async fn bring_back(control: &Arc<Control>, app: &App, way: WayBack) -> Result<(), String> {
    let mut tries = 0;
    loop {
        let tried = match way {
            // Once is enough: then none is stopping any more.
            WayBack::Restart if tries == 0 => restart(control, app).await,
            WayBack::Restart | WayBack::Start => start(control, app).await,
            WayBack::FinishAndStart => match finish_level(control, app).await {
                Ok(()) => start(control, app).await,
                Err(error) => Err(error),
            },
            WayBack::Stop => stop(control, app).await,
            WayBack::Up(desired) => create_anew(control, app, desired).await,
        };
        let reason = match tried {
            Ok(()) => return Ok(()),
            Err(StepError::EngineAway(reason)) => return Err(reason),
            Err(error) => error.to_string(),
        };
        tries += 1;
        if tries == EFFORTS {
            tracing::warn!(reason, "cannot be brought back to how it was; its status tells");
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_EFFORTS).await;
    }
}

/// What the engine shows of the app's services now. What a person ran beside them (`docker compose run`) is theirs.
pub(super) async fn of_app(control: &Arc<Control>, app: &App) -> Result<Vec<EngineContainer>, StepError> {
    let sight = control.engine.look().await?;
    let of_service = |c: &EngineContainer| c.owner.is_of_app(app) && !c.facts.service.is_empty();
    Ok(sight.containers.into_iter().filter(of_service).collect())
}

/// Brings up what is missing, after the pull of images that are no longer there.
async fn create_missing(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    pull::missing(control, app).await?;
    create_anew(control, app, Desired::Running).await
}

/// One `docker compose up` of the folder as it is to be: what was taken down left volumes that it has to name.
async fn create_anew(control: &Arc<Control>, app: &App, desired: Desired) -> Result<(), StepError> {
    render::write(control, app).await?;
    create::up(control, app, desired).await
}

async fn start_in_order(
    control: &Arc<Control>,
    app: &App,
    containers: &[EngineContainer],
) -> Result<(), CommandError> {
    let patience = app.deployment.as_ref().map_or(domain::Package::DEFAULT_PATIENCE, |d| d.patience);
    let deadline = Instant::now() + patience;
    for level in in_order(containers) {
        for container in &level {
            for needed in &container.facts.depends_on {
                wait_for(control, needed, container, containers, deadline).await?;
            }
        }
        try_join_all(level.iter().map(|container| control.engine.start(&container.facts.id))).await?;
    }
    Ok(())
}

/// Waits until what that container needs is as it has to be.
async fn wait_for(
    control: &Arc<Control>,
    needed: &Dependency,
    container: &EngineContainer,
    containers: &[EngineContainer],
    deadline: Instant,
) -> Result<(), CommandError> {
    for other in containers.iter().filter(|other| other.facts.service == needed.service) {
        while !is_met(control, other, needed.condition).await? {
            if Instant::now() >= deadline {
                let words =
                    format!("{} waits for {}, which is not ready", container.facts.name, other.facts.name);
                return Err(CommandError::Failed { words });
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
    Ok(())
}

/// # Errors
/// It never will be.
async fn is_met(
    control: &Arc<Control>,
    other: &EngineContainer,
    condition: Condition,
) -> Result<bool, CommandError> {
    if condition == Condition::Started {
        return Ok(true);
    }
    let found = control.engine.inspect(&other.facts.id).await;
    let found = found.map_err(|error| CommandError::EngineUnreachable { words: error.to_string() })?;
    let failed = |what: &str| CommandError::Failed { words: format!("{} {what}", other.facts.name) };
    let facts = found.ok_or_else(|| failed("is gone"))?.facts;
    let has_ended = matches!(facts.state, Exited | Dead);
    match condition {
        Condition::Started => Ok(true),
        Condition::Completed if has_ended && facts.exit_code == 0 => Ok(true),
        Condition::Completed if has_ended => Err(failed("did not complete")),
        Condition::Completed => Ok(false),
        Condition::Healthy if has_ended => Err(failed("ended before it was healthy")),
        Condition::Healthy => match facts.health {
            Health::Healthy | Health::None => Ok(true),
            Health::Unhealthy => Err(failed("is unhealthy")),
            Health::Starting => Ok(false),
        },
    }
}

/// Waits until memory shows the new start of each of those, which are as they were before it.
async fn wait_until_started(control: &Arc<Control>, before: &[&EngineContainer]) {
    let all_seen = |memory: &Memory| {
        let is_seen = |before: &&EngineContainer| {
            let found = memory.engine.containers.get(&before.facts.id);
            found.is_none_or(|now| {
                // One that was frozen goes on with its old start.
                let goes_on = before.facts.state == Paused && now.facts.state == Running;
                goes_on || now.facts.started_at != before.facts.started_at
            })
        };
        before.iter().all(is_seen).then_some(())
    };
    seen(control, all_seen).await;
}

fn not_running(containers: &[EngineContainer]) -> Vec<&EngineContainer> {
    containers.iter().filter(|container| container.facts.state != Running).collect()
}

/// Waits until memory shows what was done: an operation that has ended must not leave a status of before. Whether
/// or not it is seen in time, it is done.
pub(super) async fn seen(control: &Arc<Control>, look: impl FnMut(&Memory) -> Option<()>) {
    let _ = tokio::time::timeout(EVENTS_SETTLE, control.wait_for(look)).await;
}

fn is_down(container: &EngineContainer) -> bool {
    matches!(container.facts.state, Created | Exited | Dead | Removing)
}

/// The containers by level: each depends only on containers of levels before its own. What depends on itself in
/// a circle (compose refuses that) comes last.
fn in_order(containers: &[EngineContainer]) -> Vec<Vec<&EngineContainer>> {
    let mut left: Vec<&EngineContainer> = containers.iter().collect();
    let mut levels = Vec::new();
    while !left.is_empty() {
        let waiting: BTreeSet<&str> = left.iter().map(|c| c.facts.service.as_str()).collect();
        let is_free = |container: &&EngineContainer| {
            container.facts.depends_on.iter().all(|needed| !waiting.contains(needed.service.as_str()))
        };
        let (free, bound): (Vec<_>, Vec<_>) = left.into_iter().partition(is_free);
        if free.is_empty() {
            levels.push(bound);
            break;
        }
        levels.push(free);
        left = bound;
    }
    levels
}
