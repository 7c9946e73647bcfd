//! The status that users see, derived from facts by one pure function.
//!
//! Nobody ever sets a status: it follows from the lifecycle, the open operation and what Docker shows.

use crate::app::{Desired, Lifecycle};
use crate::observation::{Expectation, Observation, ServiceState};
use crate::operation::{Operation, OperationKind, Step};
use crate::time::Timestamp;

/// The seven of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// `00`: accepted and stored, waiting for its turn.
    Queuing,
    /// `10`: its images are being pulled.
    Pulling,
    /// `11`: its networks, volumes and containers are being created and started.
    Creating,
    /// `12`: its containers run, but it is not ready.
    Initing,
    /// `30`: every service is well, and the port has answered since the last start.
    Running,
    /// `40`: stopped.
    Stop,
    /// `50`: the install failed, or a service is bad.
    Error,
}

impl Status {
    /// Every status, for tests and documentation.
    pub const ALL: &[Self] = &[
        Self::Queuing,
        Self::Pulling,
        Self::Creating,
        Self::Initing,
        Self::Running,
        Self::Stop,
        Self::Error,
    ];

    /// The contract's `status_code`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Queuing => "00",
            Self::Pulling => "10",
            Self::Creating => "11",
            Self::Initing => "12",
            Self::Running => "30",
            Self::Stop => "40",
            Self::Error => "50",
        }
    }

    /// The contract's `status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queuing => "queuing",
            Self::Pulling => "pulling",
            Self::Creating => "creating",
            Self::Initing => "initing",
            Self::Running => "running",
            Self::Stop => "stop",
            Self::Error => "error",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text)
    }

    /// The contract's section "Status", line by line.
    #[must_use]
    pub fn of(
        lifecycle: Lifecycle,
        open: Option<&Operation>,
        desired: Desired,
        observation: &Observation,
        expected: &Expectation,
        now: Timestamp,
    ) -> Self {
        if let Some(operation) = open
            && lifecycle == Lifecycle::Installing
        {
            return Self::of_step(operation.kind, operation.step());
        }
        match lifecycle {
            Lifecycle::Installing => Self::Queuing,
            Lifecycle::Failed => Self::Error,
            Lifecycle::Installed => Self::of_installed(desired, observation, expected, now),
        }
    }

    /// What an open install shows. Choosing ports and writing the folder takes milliseconds, or waits
    /// for the engine: nothing is being pulled yet, so it still counts as waiting.
    #[must_use]
    pub const fn of_step(kind: OperationKind, step: Option<Step>) -> Self {
        match (kind, step) {
            (OperationKind::Install, None | Some(Step::Reserve | Step::Render)) => Self::Queuing,
            (OperationKind::Install, Some(Step::Pull)) => Self::Pulling,
            (OperationKind::Install, Some(Step::Create)) => Self::Creating,
            (OperationKind::Install, Some(Step::AwaitReady | Step::Finish)) => Self::Initing,
        }
    }

    fn of_installed(
        desired: Desired,
        observation: &Observation,
        expected: &Expectation,
        now: Timestamp,
    ) -> Self {
        if observation.containers.is_empty() {
            return if desired == Desired::Stopped { Self::Stop } else { Self::Error };
        }
        let services = observation.services(expected, now);
        let has = |wanted: ServiceState| services.iter().any(|(_, state)| *state == wanted);
        if services.iter().any(|(_, state)| matches!(state, ServiceState::Bad(_))) {
            return Self::Error;
        }
        if has(ServiceState::Ended) {
            // A one-shot that has done its work is neither up nor down: it does not keep an app whose
            // other services have all ended from being stopped.
            let still_up = |(name, state): &(String, ServiceState)| match state {
                ServiceState::Ended | ServiceState::Bad(_) => false,
                ServiceState::Starting => true,
                ServiceState::Well => !has_exited(observation, name),
            };
            return if services.iter().any(still_up) { Self::Error } else { Self::Stop };
        }
        if has(ServiceState::Starting) || !observation.port_has_answered(expected) {
            return Self::Initing;
        }
        Self::Running
    }
}

fn has_exited(observation: &Observation, service: &str) -> bool {
    use crate::observation::ContainerState;
    observation
        .containers
        .values()
        .filter(|container| container.facts.service == service)
        .all(|container| container.facts.state == ContainerState::Exited)
}
