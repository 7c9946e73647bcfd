//! What happened, for people and for later clients: an append-only, bounded list.
//!
//! An event is written in the same transaction as the rows that it explains, so the list never tells
//! of something that did not happen and never leaves out something that did.

use crate::failure::Failure;
use crate::ids::{AppId, InstallId, OperationId};
use crate::operation::{OperationKind, Step};
use crate::status::Status;
use crate::time::Timestamp;

/// One thing that happened to one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// To which installation.
    pub install: InstallId,
    /// The name its owner knows it by.
    pub app: AppId,
    /// The operation that did it, if one did.
    pub operation: Option<OperationId>,
    /// What.
    pub kind: EventKind,
}

/// The place of an event among all that were ever stored: the first is 1, and none is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u64);

impl EventId {
    /// The event after that.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// An event with the place that it was stored at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place.
    pub id: EventId,
    /// What happened.
    pub event: Event,
}

/// What can happen to an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An operation was accepted and stored.
    Queued(OperationKind),
    /// A step began; `attempt` counts from 1.
    StepStarted {
        /// Which step.
        step: Step,
        /// Which try, from 1.
        attempt: u32,
    },
    /// Undoing began.
    Unwinding(Failure),
    /// An undo could not finish; it will be tried again.
    Stuck(String),
    /// The operation did what it was asked to.
    Succeeded,
    /// The operation failed and everything it made has been undone.
    Failed(Failure),
    /// The operation was ended on request and everything it did has been undone.
    Cancelled,
    /// A compose project that this server did not install was seen for the first time.
    Appeared,
    /// It is not shown any more: its containers are gone.
    Vanished,
    /// The derived status changed.
    StatusChanged {
        /// Before.
        from: Status,
        /// Now.
        to: Status,
    },
}

impl EventKind {
    /// The stable name of the kind, in the database and in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::StepStarted { .. } => "step_started",
            Self::Unwinding(_) => "unwinding",
            Self::Stuck(_) => "stuck",
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
            Self::Appeared => "appeared",
            Self::Vanished => "vanished",
            Self::StatusChanged { .. } => "status_changed",
        }
    }
}
