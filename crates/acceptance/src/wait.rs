//! Waiting for a condition, with a deadline and words for the day that it is not met.

use std::time::{Duration, Instant};

/// How often a condition is looked at: well below the second that a status may be late.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until the condition holds and returns what it gives.
///
/// # Panics
/// The deadline is over.
pub fn until<T>(what: &str, limit: Duration, condition: impl FnMut() -> Option<T>) -> T {
    let found = within(limit, condition);
    found.unwrap_or_else(|| panic!("not within {limit:?}: {what}"))
}

/// Waits until the condition holds; `None` when the deadline is over first.
pub fn within<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = condition() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// How long it takes until the condition holds.
///
/// # Panics
/// The deadline is over.
pub fn time_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    until(what, limit, || condition().then_some(()));
    began.elapsed()
}
