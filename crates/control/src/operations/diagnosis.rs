//! Says what is wrong with an app that does not come up, from what its containers show.

use std::sync::Arc;

use domain::observation::{Observation, ObservedContainer, ServiceState, Trouble};
use domain::secret::masked;
use domain::{App, Failure, FailureClass, Secret, Timestamp};

use super::StepError;
use crate::Control;

/// Lines of the failing container that are kept (contract, AppOperation).
const LAST_LINES: usize = 50;

/// Asks the engine what the app's containers are like and says what is wrong with the worst.
pub(super) async fn of_a_fresh_look(control: &Arc<Control>, app: &App) -> Result<Option<Failure>, StepError> {
    let sight = control.engine.look().await?;
    let own = sight.containers.into_iter().filter(|c| c.owner.is_of_app(app));
    let mut observation = Observation::default();
    let now = control.clock.now();
    for container in own {
        observation.take_in(container.facts, now);
    }
    Ok(of(app, &observation, now))
}

/// What is wrong with the worst service, if something is.
pub(super) fn of(app: &App, observation: &Observation, now: Timestamp) -> Option<Failure> {
    let services = observation.services(app.expected(), now);
    // Compose gives up while some services have not been created: that they are missing says nothing.
    let bad = services.into_iter().filter_map(|(service, state)| match state {
        ServiceState::Bad(Trouble::Missing) | ServiceState::Well | ServiceState::Starting => None,
        ServiceState::Ended | ServiceState::Bad(_) => Some((service, state)),
    });
    let (service, state) = bad.max_by_key(|(_, state)| *state)?;
    let ServiceState::Bad(trouble) = state else {
        return Some(Failure::of(FailureClass::Vanished, service, "it was stopped"));
    };
    Some(failure_of(service, trouble, observation))
}

/// The failure that a service's trouble makes of the whole.
pub(super) fn failure_of(service: &str, trouble: Trouble, observation: &Observation) -> Failure {
    match trouble {
        Trouble::OutOfMemory => Failure::of(FailureClass::OutOfMemory, service, ""),
        Trouble::ExitCode(code) => Failure::of(FailureClass::ExitCode, service, code.to_string()),
        Trouble::Unhealthy => Failure::of(FailureClass::Unhealthy, service, ""),
        Trouble::Dead | Trouble::Missing => Failure::of(FailureClass::Vanished, service, ""),
        Trouble::CrashLoop => {
            let restarting = observation.containers.values().find(|c| c.facts.service == service);
            match restarting.and_then(|container| container.last_end) {
                Some(end) if end.oom_killed => Failure::of(FailureClass::OutOfMemory, service, ""),
                Some(end) => Failure::of(FailureClass::CrashLoop, service, end.exit_code.to_string()),
                None => Failure::of(FailureClass::CrashLoop, service, ""),
            }
        }
    }
}

/// The last lines of the container that a failure is about, secrets removed; empty where there is none.
pub(crate) async fn last_lines(control: &Arc<Control>, app: &App, failure: &Failure) -> Vec<String> {
    let seen = control.recorder.read(|memory| {
        let record = memory.install(&app.install)?;
        let secrets: Vec<Secret> = record.secrets().into_iter().cloned().collect();
        Some((record.app.observation.clone(), secrets))
    });
    let (observation, secrets) = seen.unwrap_or_default();
    let main = app.expected().main_service.clone().unwrap_or_default();
    let containers = || observation.containers.values();
    let of_service = |name: &str| containers().find(|container| container.facts.service == name);
    let container: Option<&ObservedContainer> =
        of_service(&failure.subject).or_else(|| of_service(&main)).or_else(|| containers().next());
    let Some(container) = container else { return Vec::new() };
    match control.engine.last_lines(&container.facts.id, LAST_LINES).await {
        Ok(lines) => {
            let secrets: Vec<&Secret> = secrets.iter().collect();
            lines.iter().map(|line| masked(line, &secrets)).collect()
        }
        Err(error) => {
            tracing::warn!(%error, "cannot read the last lines of the failing container");
            Vec::new()
        }
    }
}
