//! What this process uses, as the kernel tells it.

use std::io;

use control::ports::ProcessUsage;
use rustix::process::{Resource, getrlimit};

const STATUS: &str = "/proc/self/status";
const FILES: &str = "/proc/self/fd";

pub(crate) fn usage() -> io::Result<ProcessUsage> {
    let resident_bytes =
        resident_bytes(&std::fs::read_to_string(STATUS)?).ok_or_else(|| crate::strange(STATUS))?;
    // One of them is the folder itself, opened to be read.
    let open_files = std::fs::read_dir(FILES)?.count().saturating_sub(1);
    Ok(ProcessUsage { resident_bytes, open_files, open_files_max: getrlimit(Resource::Nofile).current })
}

fn resident_bytes(status: &str) -> Option<u64> {
    let figure = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = figure.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_what_this_process_uses() {
        let before = usage().expect("the kernel tells");
        assert!(before.resident_bytes > 100_000);
        let _file = std::fs::File::open("/dev/null").expect("it is there");
        let usage = usage().expect("the kernel tells");
        assert!(usage.open_files >= 4 && usage.open_files_max.is_none_or(|max| max > 4), "{usage:?}");
    }
}
