//! Memory that programs can still have.
//!
//! Asked of the whole machine: a limit on the server's own control group does not bind the containers,
//! which are the engine's children.

use std::io;

const FILE: &str = "/proc/meminfo";

/// The kernel's own estimate of what new programs can have without swapping.
pub(crate) fn available_bytes() -> io::Result<u64> {
    parse(&std::fs::read_to_string(FILE)?).ok_or_else(|| crate::strange(FILE))
}

fn parse(meminfo: &str) -> Option<u64> {
    let figure = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = figure.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_available_memory_is_read_in_bytes() {
        let meminfo =
            "MemTotal:       16316412 kB\nMemFree:  100 kB\nMemAvailable:   12345678 kB\nBuffers: 1 kB\n";
        assert_eq!(parse(meminfo), Some(12_345_678 * 1024));
        assert_eq!(parse("MemTotal: 1 kB\n"), None);
        assert!(available_bytes().is_ok_and(|bytes| bytes > 1 << 20));
    }
}
