//! What clients are told of an operation: how far it is, and why it failed. Times are RFC 3339 in UTC.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An app's newest operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationInfo {
    /// The app's id.
    #[schema(example = "myblog")]
    pub app_id: String,
    /// The operation's own id.
    #[schema(example = "k3v9q2m7x1")]
    pub operation_id: String,
    /// What it does.
    #[schema(example = "install")]
    pub kind: String,
    /// Where it stands: `queued`, `running`, `unwinding`, `stuck`, `succeeded`, `failed` or `cancelled`.
    #[schema(example = "running")]
    pub state: String,
    /// The step it is at: `reserve`, `render`, `pull`, `create`, `await_ready` or `finish`; `""` before
    /// the first. While it is being undone: the last step that went forward.
    #[schema(example = "pull")]
    pub step: String,
    /// When it was accepted.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub queued_at: String,
    /// When its work began; `""` before.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub started_at: String,
    /// When it ended; `""` before.
    #[schema(example = "")]
    pub finished_at: String,
    /// Its steps so far, oldest first; one that was tried again stands here once for each attempt.
    pub steps: Vec<StepInfo>,
    /// The pulls of its images.
    pub pulls: Vec<PullInfo>,
    /// Why it is being undone or has failed; `null` while nothing is wrong.
    #[schema(required)]
    pub reason: Option<ReasonInfo>,
    /// The last lines that the failing container wrote, oldest first, secrets removed.
    pub last_lines: Vec<String>,
}

/// One attempt at one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepInfo {
    /// Which step.
    #[schema(example = "pull")]
    pub step: String,
    /// Which attempt at it, from 1.
    #[schema(example = 1)]
    pub attempt: u32,
    /// How far it got: `started`, `succeeded`, `failed`, `undo_started` or `undone`.
    #[schema(example = "started")]
    pub state: String,
    /// When it began.
    #[schema(example = "2026-11-22T08:00:01Z")]
    pub started_at: String,
    /// When it reached `state`; `""` while it is at work.
    #[schema(example = "")]
    pub ended_at: String,
    /// Why this attempt failed; `null` where it did not.
    #[schema(required)]
    pub reason: Option<ReasonInfo>,
}

/// How far the pull of one image is, in compressed bytes over all its layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PullInfo {
    /// The image, as the compose file names it.
    #[schema(example = "wordpress:6.8")]
    pub image: String,
    /// Bytes downloaded.
    #[schema(example = 41_943_040)]
    pub bytes_done: u64,
    /// Bytes in all, as far as the registry has told; it grows while layers are announced.
    #[schema(example = 104_857_600)]
    pub bytes_total: u64,
    /// Its layers, in the order in which the registry told of them.
    pub layers: Vec<LayerInfo>,
    /// Whether the image is there.
    pub complete: bool,
}

/// How far the pull of one layer is, in compressed bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LayerInfo {
    /// The beginning of its digest, as Docker shows it.
    #[schema(example = "a1b2c3d4e5f6")]
    pub id: String,
    /// Bytes downloaded; 0 for a layer that was there already.
    #[schema(example = 41_943_040)]
    pub bytes_done: u64,
    /// Bytes in all; 0 as long as the registry has not told, and for a layer that was there already.
    #[schema(example = 104_857_600)]
    pub bytes_total: u64,
    /// Whether it is on the disk, unpacked.
    pub complete: bool,
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonInfo {
    /// The stable name of the class of failure, for programs.
    #[schema(example = "no_such_image")]
    pub class: String,
    /// What it happened to (an image, a service, a port), or `""`.
    #[schema(example = "wordpress:9.9")]
    pub subject: String,
    /// What was found, in the words of whoever found it, or the figure that belongs to the class; or `""`.
    #[schema(example = "manifest unknown")]
    pub detail: String,
    /// What happened and what to do next, for people, in the language that was asked for.
    #[schema(example = "The registry has no image wordpress:9.9. Choose another version of the app.")]
    pub message: String,
}
