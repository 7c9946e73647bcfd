//! Operations: the one noun for work that changes an app (not job, not task).
//!
//! An operation is a list of steps. Every step can run twice, and every step has an undo or says why it
//! needs none. The log of its steps is kept, and is all that recovery needs to know.
//!
//! ```text
//!            claim                last step done
//!  Queued ──────────▶ Running ───────────────────▶ Succeeded
//!    │                   │ a step failed for good
//!    │                   ▼
//!    │               Unwinding ───────────────────▶ Failed | Cancelled
//!    │                 │   ▲     nothing is left
//!    │ undo can't finish▼   │ tried again with back-off, and at each return of the engine
//!    │                  Stuck
//!    └──────────────────────────────────────────▶ Cancelled   (before it was claimed)
//! ```

use crate::app::Desired;
use crate::failure::{Failure, FailureClass};
use crate::ids::{AppId, InstallId, OperationId};
use crate::settings::SettingValues;
use crate::time::Timestamp;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Installs an app.
    Install,
    /// Starts its containers; creates those that are missing.
    Start,
    /// Stops its containers.
    Stop,
    /// Stops and starts its containers.
    Restart,
    /// Takes its containers and networks away and puts it into the recycle bin, with all its data.
    Uninstall,
    /// Deletes it for good, whether it is installed or in the recycle bin.
    Purge,
    /// Brings it back from the recycle bin.
    Restore,
    /// Changes its variables.
    Configure,
    /// Brings a compose project that this server did not install under management.
    Adopt,
    /// Ends the management of an adopted project, which goes on as it is.
    Release,
}

impl OperationKind {
    /// Every kind, for tests and documentation.
    pub const ALL: &[Self] = &[
        Self::Install,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Uninstall,
        Self::Purge,
        Self::Restore,
        Self::Configure,
        Self::Adopt,
        Self::Release,
    ];

    /// The stable name, in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Uninstall => "uninstall",
            Self::Purge => "purge",
            Self::Restore => "restore",
            Self::Configure => "configure",
            Self::Adopt => "adopt",
            Self::Release => "release",
        }
    }

    /// The kind of that stable name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Its steps, in order.
    #[must_use]
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::Install | Self::Restore => {
                &[Step::Reserve, Step::Render, Step::Pull, Step::Create, Step::AwaitReady, Step::Finish]
            }
            Self::Start => &[Step::StartContainers, Step::Finish],
            Self::Stop => &[Step::StopContainers, Step::Finish],
            Self::Restart => &[Step::RestartContainers, Step::Finish],
            Self::Uninstall => &[Step::StopContainers, Step::TakeDown, Step::Finish],
            Self::Purge => &[Step::StopContainers, Step::TakeDown, Step::RemoveData, Step::Finish],
            Self::Configure => &[Step::Render, Step::Create, Step::AwaitReady, Step::Finish],
            // What changes is a record of ours; nothing on the engine does.
            Self::Adopt | Self::Release => &[Step::Finish],
        }
    }

    /// Whether it brings an app into being: it pulls, which may take an hour, and takes memory and disk
    /// that nobody else sees as taken yet.
    #[must_use]
    pub const fn is_installing(self) -> bool {
        matches!(self, Self::Install | Self::Restore)
    }
}

/// The steps that operations are made of: closed, matched exhaustively, in an order that every kind's list
/// follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Chooses and reserves folder, ports, subnets and secrets.
    Reserve,
    /// Writes the app's folder.
    Render,
    /// Pulls the images.
    Pull,
    /// Creates and starts networks, volumes and containers, or recreates those whose definition changed.
    Create,
    /// Stops the containers, those that others depend on last.
    StopContainers,
    /// Starts the containers, those that others depend on first.
    StartContainers,
    /// Stops and starts the containers.
    RestartContainers,
    /// Removes the containers and networks. Volumes and folder stay.
    TakeDown,
    /// Removes the volumes and the folder. The step of no return: it is never undone.
    RemoveData,
    /// Waits until every service is well and the main port answers.
    AwaitReady,
    /// Records the outcome.
    Finish,
}

impl Step {
    /// Every step, for tests and documentation.
    pub const ALL: &[Self] = &[
        Self::Reserve,
        Self::Render,
        Self::Pull,
        Self::Create,
        Self::StopContainers,
        Self::StartContainers,
        Self::RestartContainers,
        Self::TakeDown,
        Self::RemoveData,
        Self::AwaitReady,
        Self::Finish,
    ];

    /// The stable name, in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Render => "render",
            Self::Pull => "pull",
            Self::Create => "create",
            Self::StopContainers => "stop_containers",
            Self::StartContainers => "start_containers",
            Self::RestartContainers => "restart_containers",
            Self::TakeDown => "take_down",
            Self::RemoveData => "remove_data",
            Self::AwaitReady => "await_ready",
            Self::Finish => "finish",
        }
    }

    /// The step of that stable name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.as_str() == text)
    }
}

/// Where an operation stands. See the drawing at the head of this file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// Accepted and stored.
    Queued,
    /// At work on its steps.
    Running,
    /// Being undone, for that reason.
    Unwinding(Failure),
    /// Its undo could not finish and will be tried again; its reservations are kept meanwhile.
    Stuck(Failure),
    /// Done.
    Succeeded,
    /// Failed, and undone.
    Failed(Failure),
    /// Ended on request, and undone. Until then its failure is of the class [`FailureClass::Cancelled`].
    Cancelled,
}

impl OperationState {
    /// Whether it still has something to do: at most one such operation per app.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Unwinding(_) | Self::Stuck(_))
    }

    /// How an operation ends that was undone for that reason.
    #[must_use]
    pub fn undone(failure: Failure) -> Self {
        if failure.class == FailureClass::Cancelled { Self::Cancelled } else { Self::Failed(failure) }
    }

    /// The stable name, in the database and in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Unwinding(_) => "unwinding",
            Self::Stuck(_) => "stuck",
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Why it is being undone or has failed.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Unwinding(failure) | Self::Stuck(failure) | Self::Failed(failure) => Some(failure),
            Self::Queued | Self::Running | Self::Succeeded | Self::Cancelled => None,
        }
    }
}

/// One entry of the step log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// Which step.
    pub step: Step,
    /// Which try of it, from 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When `outcome` was reached; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// How far it got.
    pub outcome: StepOutcome,
}

/// How far one try of one step got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// Its start is recorded; nobody knows yet how far it got.
    Started,
    /// Done.
    Succeeded,
    /// Failed with that reason; something of it may be there.
    Failed(Failure),
    /// Its undo has begun.
    UndoStarted,
    /// Nothing of it is left.
    Undone,
}

impl StepOutcome {
    /// The stable name, in the database and in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::UndoStarted => "undo_started",
            Self::Undone => "undone",
        }
    }
}

/// How far the pull of one image is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePull {
    /// The image, as the compose file names it.
    pub image: String,
    /// Its layers, in the order in which the registry told of them.
    pub layers: Vec<LayerPull>,
    /// Whether the image is there.
    pub complete: bool,
}

/// How far the pull of one layer is, in compressed bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerPull {
    /// The beginning of its digest, as Docker shows it.
    pub id: String,
    /// Bytes downloaded; 0 for a layer that was there already.
    pub bytes_done: u64,
    /// Bytes in all; 0 as long as the registry has not told, and for a layer that was there already.
    pub bytes_total: u64,
    /// Whether it is on the disk, unpacked.
    pub complete: bool,
}

impl ImagePull {
    /// Bytes downloaded.
    #[must_use]
    pub fn bytes_done(&self) -> u64 {
        // What a registry says of sizes is anything.
        self.layers.iter().map(|layer| layer.bytes_done).fold(0, u64::saturating_add)
    }

    /// Bytes in all, as far as the registry has told; it grows while layers are announced.
    #[must_use]
    pub fn bytes_total(&self) -> u64 {
        // A registry that gives no length tells no total: what has come is all that is known.
        let of_layer = |layer: &LayerPull| layer.bytes_total.max(layer.bytes_done);
        self.layers.iter().map(of_layer).fold(0, u64::saturating_add)
    }

    /// Layers that are unpacked.
    #[must_use]
    pub fn layers_done(&self) -> usize {
        self.layers.iter().filter(|layer| layer.complete).count()
    }
}

/// One piece of work on one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its identifier.
    pub id: OperationId,
    /// The installation it works on.
    pub install: InstallId,
    /// The name the owner knows that app by.
    pub app: AppId,
    /// What it does.
    pub kind: OperationKind,
    /// What the app was to be before, and was: what its undo goes back to.
    pub desired_before: Desired,
    /// What the user had set before: what its undo goes back to.
    pub settings_before: SettingValues,
    /// Where it stands.
    pub state: OperationState,
    /// When it was accepted: the queue is served oldest first.
    pub queued_at: Timestamp,
    /// When it was claimed.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The log of its steps, oldest first.
    pub steps: Vec<StepRecord>,
    /// The pulls of its images.
    pub pulls: Vec<ImagePull>,
    /// The last lines that the failing container wrote, secrets removed.
    pub last_lines: Vec<String>,
}

impl Operation {
    /// An operation that has just been accepted.
    #[must_use]
    pub fn queued(
        id: OperationId,
        install: InstallId,
        app: AppId,
        kind: OperationKind,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            install,
            app,
            kind,
            desired_before: Desired::Running,
            settings_before: SettingValues::default(),
            state: OperationState::Queued,
            queued_at: now,
            started_at: None,
            finished_at: None,
            steps: Vec::new(),
            pulls: Vec::new(),
            last_lines: Vec::new(),
        }
    }

    /// The step it is at: the last that went forward, also while it is being undone.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        self.steps.iter().map(|record| record.step).max()
    }

    /// The first step that has not succeeded: where to go on.
    #[must_use]
    pub fn next_step(&self) -> Option<Step> {
        self.kind.steps().iter().copied().find(|step| !self.has_succeeded(*step))
    }

    /// How many times that step has been started.
    #[must_use]
    pub fn attempts(&self, step: Step) -> u32 {
        self.steps.iter().filter(|record| record.step == step).map(|record| record.attempt).max().unwrap_or(0)
    }

    /// Why each failed try of that step failed, oldest first.
    pub fn failed_tries(&self, step: Step) -> impl Iterator<Item = &Failure> {
        let of_step = self.steps.iter().filter(move |record| record.step == step);
        of_step.filter_map(|record| match &record.outcome {
            StepOutcome::Failed(failure) => Some(failure),
            StepOutcome::Started
            | StepOutcome::Succeeded
            | StepOutcome::UndoStarted
            | StepOutcome::Undone => None,
        })
    }

    /// Whether the step of no return has begun: data is being deleted, and nothing brings it back.
    #[must_use]
    pub fn is_past_return(&self) -> bool {
        self.latest(Step::RemoveData).is_some()
    }

    /// The steps of which something may be there, latest first: what unwinding has to undo. Nothing once
    /// [`Self::is_past_return`]: an app must not come back with half of its data.
    #[must_use]
    pub fn steps_to_undo(&self) -> Vec<Step> {
        if self.is_past_return() {
            return Vec::new();
        }
        let begun = |step: &Step| {
            self.latest(*step).is_some_and(|record| !matches!(record.outcome, StepOutcome::Undone))
        };
        self.kind.steps().iter().rev().copied().filter(begun).collect()
    }

    /// The latest entry about that step.
    #[must_use]
    pub fn latest(&self, step: Step) -> Option<&StepRecord> {
        self.steps.iter().rev().find(|record| record.step == step)
    }

    /// The latest entry about that step, to be moved on.
    pub fn latest_mut(&mut self, step: Step) -> Option<&mut StepRecord> {
        self.steps.iter_mut().rev().find(|record| record.step == step)
    }

    /// Whether that step is done, and not to be done again.
    #[must_use]
    pub fn has_succeeded(&self, step: Step) -> bool {
        self.latest(step).is_some_and(|record| matches!(record.outcome, StepOutcome::Succeeded))
    }
}
