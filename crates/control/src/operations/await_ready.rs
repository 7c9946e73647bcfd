//! Waits until every service is well and the main port answers.
//!
//! It reads what the watcher and the prober put into memory; it asks Docker nothing itself.

use std::sync::Arc;
use std::time::Duration;

use domain::observation::ServiceState;
use domain::{App, Desired, Failure, FailureClass, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::{StepError, diagnosis};
use crate::Control;
use crate::memory::{EngineLink, Memory};

/// Troubles that may heal by themselves count only after this time: an app that ends because its
/// database is not up yet is started again by Docker, and often well at the third try.
const SETTLING: Duration = Duration::from_secs(30);

/// A container may be missing, or stopped, for this long: events take a moment.
const EVENTS_SETTLE: Duration = Duration::from_secs(5);

/// How often it is judged again when nothing changes: the limits above pass without any event.
const JUDGED_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    if app.desired == Desired::Stopped {
        return Ok(());
    }
    let patience = app.deployment.as_ref().map_or(domain::Package::DEFAULT_PATIENCE, |d| d.patience);
    let began = Instant::now();
    let mut changes = control.recorder.changes();
    loop {
        changes.mark_unchanged();
        let now = control.clock.now();
        let verdict = control.recorder.read(|memory| judge(memory, app, began.elapsed(), patience, now));
        match verdict {
            Verdict::Ready => return Ok(()),
            Verdict::Failed(failure) => return Err(StepError::Failed(failure)),
            Verdict::EngineAway(reason) => return Err(StepError::EngineAway(reason)),
            Verdict::Wait => {}
        }
        // Either a change or the next judgement by time: both go round.
        let _ = timeout_at(Instant::now() + JUDGED_EVERY, changes.changed()).await;
    }
}

enum Verdict {
    Ready,
    Wait,
    EngineAway(String),
    Failed(Failure),
}

fn judge(memory: &Memory, app: &App, waited: Duration, patience: Duration, now: Timestamp) -> Verdict {
    if let EngineLink::Away { reason, .. } = &memory.engine_link {
        return Verdict::EngineAway(reason.clone());
    }
    let Some(record) = memory.install(&app.install) else {
        return Verdict::Failed(Failure::of(FailureClass::Internal, "", "the app's row is gone"));
    };
    let observation = &record.app.observation;
    let expected = record.app.expected();
    let services = observation.services(expected, now);
    let all_well = services.iter().all(|(_, state)| *state == ServiceState::Well);
    if all_well && observation.port_has_answered(expected) {
        return Verdict::Ready;
    }
    for (service, state) in &services {
        let failure = match state {
            ServiceState::Well | ServiceState::Starting => continue,
            ServiceState::Bad(trouble) => diagnosis::failure_of(service, *trouble, observation),
            ServiceState::Ended => Failure::of(FailureClass::Vanished, *service, ""),
        };
        if waited >= benefit_of_doubt(failure.class).min(patience) {
            return Verdict::Failed(failure);
        }
    }
    if waited >= patience {
        let waiting_for = services.iter().find(|(_, state)| *state != ServiceState::Well);
        let subject = waiting_for.map_or_else(
            || expected.main_service.clone().unwrap_or_default(),
            |(service, _)| (*service).to_owned(),
        );
        return Verdict::Failed(Failure::of(FailureClass::TimeOut, subject, patience.as_secs().to_string()));
    }
    Verdict::Wait
}

/// How long after the start a trouble is borne with.
const fn benefit_of_doubt(class: FailureClass) -> Duration {
    match class {
        FailureClass::Vanished => EVENTS_SETTLE,
        FailureClass::CrashLoop | FailureClass::Unhealthy => SETTLING,
        // No restart mends a memory limit, and an end without a restart is final.
        _ => Duration::ZERO,
    }
}
