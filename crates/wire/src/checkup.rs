//! What `/doctor` answers.

use serde::{Deserialize, Serialize};

/// What the server finds of itself and of what it works with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckupInfo {
    /// Whether all is as it should be.
    pub ok: bool,
    /// What was looked at: `store`, `engine`, `compose`, `disk`, `ports` and `catalog`, and where there is a gateway
    /// `gateway`, `certificates` and, while it shows one, `own_certificate`, in that order.
    pub findings: Vec<FindingInfo>,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingInfo {
    /// What was looked at.
    pub check: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found, where there is something to be said; else `""`.
    pub found: String,
}
