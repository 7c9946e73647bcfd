//! What is asked of the engine while somebody waits for it: the output of containers, what they use, what an install
//! would do.
//!
//! Everything else is read from memory: see `queries`.

pub mod follow;
pub mod logs;
pub mod plan;
pub mod stats;
