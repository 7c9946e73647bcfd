//! The present. Injected, so that tests have a frozen one. (Waiting goes through `tokio::time`, which
//! tests can pause.)

use domain::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}
