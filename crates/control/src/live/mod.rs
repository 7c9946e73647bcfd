//! What is asked of the engine while somebody waits for it: the output of containers, and what they use.
//!
//! Everything else is read from memory: see `queries`.

pub mod follow;
pub mod logs;
pub mod stats;
