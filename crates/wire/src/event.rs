//! What followers of AppEvents are told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::operation::ReasonInfo;

/// One thing that happened to an app: the `data` of each event of AppEvents. Texts are `""` and numbers 0 where
/// they have no meaning for its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventInfo {
    /// Its place among all events, from 1: also the event's `id`, to go on from.
    #[schema(example = 4711)]
    pub id: u64,
    /// When it happened, RFC 3339 in UTC.
    #[schema(example = "2026-11-22T08:00:01Z")]
    pub time: String,
    /// The app's id.
    #[schema(example = "myblog", pattern = "^[a-z0-9]{1,32}$")]
    pub app_id: String,
    /// The operation that did it; `""` if none did.
    #[schema(example = "k3v9q2m7x1")]
    pub operation_id: String,
    /// What happened: also the event's name.
    #[schema(example = "step_started")]
    pub kind: String,
    /// `queued`: what the operation does.
    #[schema(example = "")]
    pub operation_kind: String,
    /// `step_started`: which step.
    #[schema(example = "pull")]
    pub step: String,
    /// `step_started`: which attempt at it, from 1.
    #[schema(example = 1)]
    pub attempt: u32,
    /// `status_changed`: what `status` was.
    #[schema(example = "")]
    pub status_from: String,
    /// `status_changed`: what `status` is.
    #[schema(example = "")]
    pub status_to: String,
    /// `unwinding`, `failed`, `stuck`: why; `null` for the other kinds.
    #[schema(required)]
    pub reason: Option<ReasonInfo>,
}

/// Events are missing: the `data` of the event `gap`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GapInfo {
    /// The place of the event that comes next; those between the last one that was got and this one are lost.
    #[schema(example = 4711)]
    pub first_id: u64,
}
