//! The status that users see, derived from facts by one pure function.
//!
//! Nobody ever sets a status: it follows from the lifecycle, the open operation and what Docker shows.

use crate::app::{Desired, Lifecycle};
use crate::observation::{Expectation, Observation, ServiceState};
use crate::operation::{Operation, OperationState, Step};
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
        if let Some(operation) = open.filter(|operation| operation.kind.is_installing()) {
            return Self::of_step(operation.step());
        }
        match lifecycle {
            Lifecycle::Installing => Self::Queuing,
            Lifecycle::Failed => Self::Error,
            // Nobody is shown it.
            Lifecycle::Trashed => Self::Stop,
            Lifecycle::Installed => {
                // Nothing has been done yet for one that is queued: what was wanted before still is.
                let queued = open.filter(|operation| operation.state == OperationState::Queued);
                let desired = queued.map_or(desired, |operation| operation.desired_before);
                let in_transit = open.is_some() && queued.is_none();
                let services = Services { desired, in_transit, observation, expected };
                services.status(now)
            }
        }
    }

    /// What an open install shows. Choosing ports and writing the folder takes milliseconds, or waits
    /// for the engine: nothing is being pulled yet, so it still counts as waiting.
    #[must_use]
    pub const fn of_step(step: Option<Step>) -> Self {
        match step {
            None | Some(Step::Reserve | Step::Render) => Self::Queuing,
            Some(Step::Pull) => Self::Pulling,
            Some(Step::Create) => Self::Creating,
            Some(
                Step::StopContainers
                | Step::StartContainers
                | Step::RestartContainers
                | Step::TakeDown
                | Step::RemoveData
                | Step::AwaitReady
                | Step::Finish,
            ) => Self::Initing,
        }
    }
}

/// What an installed app consists of, and how it is to be judged.
struct Services<'a> {
    desired: Desired,
    /// An operation of ours is stopping, starting or replacing its containers.
    in_transit: bool,
    observation: &'a Observation,
    expected: &'a Expectation,
}

impl Services<'_> {
    fn status(&self, now: Timestamp) -> Status {
        if self.observation.containers.is_empty() {
            return match self.desired {
                Desired::Stopped => Status::Stop,
                Desired::Running if self.in_transit => Status::Initing,
                Desired::Running => Status::Error,
            };
        }
        let mut services = self.observation.services(self.expected, now);
        for (name, state) in &mut services {
            if self.is_meant_to_be_down(name) && *state != ServiceState::Well {
                *state = ServiceState::Ended;
            }
        }
        let has = |wanted: ServiceState| services.iter().any(|(_, state)| *state == wanted);
        if services.iter().any(|(_, state)| matches!(state, ServiceState::Bad(_))) {
            return Status::Error;
        }
        if has(ServiceState::Ended) {
            // A one-shot that has done its work is neither up nor down: it does not keep an app whose
            // other services have all ended from being stopped.
            let still_up = |(name, state): &(&str, ServiceState)| match state {
                ServiceState::Ended | ServiceState::Bad(_) => false,
                ServiceState::Starting => true,
                ServiceState::Well => !self.observation.is_down(name),
            };
            return match services.iter().any(still_up) {
                true if self.in_transit => Status::Initing,
                true => Status::Error,
                false => Status::Stop,
            };
        }
        if has(ServiceState::Starting) || !self.observation.port_has_answered(self.expected) {
            return Status::Initing;
        }
        Status::Running
    }

    /// Whether we stopped it, or are about to stop or replace it, and it is down: then how it ended (many
    /// programs answer SIGTERM with an exit code of their own) and whether its container is there does not matter.
    fn is_meant_to_be_down(&self, service: &str) -> bool {
        (self.desired == Desired::Stopped || self.in_transit) && self.observation.is_down(service)
    }
}
