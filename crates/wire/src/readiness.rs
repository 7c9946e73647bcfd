//! What `/readyz` answers.

use serde::{Deserialize, Serialize};

/// Whether the server can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessInfo {
    /// Whether all of the below are ready.
    pub ready: bool,
    /// Whether the database can be written.
    pub store: CheckInfo,
    /// Whether the container engine answers.
    pub engine: CheckInfo,
}

/// One thing that the server needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckInfo {
    /// Whether it can be used.
    pub ready: bool,
    /// Why not; `""` if it can.
    pub reason: String,
}
