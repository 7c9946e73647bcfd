//! What this process has cost so far, for tests that compare costs with each other.

use std::fs;
use std::time::Duration;

/// What all threads of this process that are there have had of the processor: a busy machine makes no difference.
///
/// # Panics
/// There is no `/proc`.
#[must_use]
pub fn processor_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").expect("Linux has it").flatten();
    let of_thread = |thread: fs::DirEntry| {
        let times = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        times.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default()
    };
    Duration::from_nanos(threads.map(of_thread).sum())
}

/// The memory that this process has, in bytes.
///
/// # Panics
/// There is no `/proc`.
#[must_use]
pub fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is told");
    let kilobytes = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    kilobytes.expect("a number") << 10
}
