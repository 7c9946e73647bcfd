//! Changes that clients ask for: accept or refuse, then queue. A command never waits for the work.

pub mod admission;
pub mod install;
