//! Figures as people read them: bytes, times, how long something took.

use std::time::Duration;

/// `103.6 MB`: three figures at least, in thousands as disks and registries count.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut rest = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would be shown as 1000.0.
    while rest >= 999.95 && unit + 1 < UNITS.len() {
        rest /= 1000.0;
        unit += 1;
    }
    format!("{rest:.1} {}", UNITS[unit])
}

/// `2026-11-22 08:00:00Z` of an RFC 3339 time in UTC, without parts of a second; other text as it is.
pub(crate) fn time(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..19)) {
        (Some(day), Some(clock)) if rfc3339.ends_with('Z') => format!("{day} {clock}Z"),
        _ => rfc3339.to_owned(),
    }
}

/// How long it is from one RFC 3339 time to another; `""` where one is missing.
pub(crate) fn between(from: &str, to: &str) -> String {
    let read = |text| humantime::parse_rfc3339(text).ok();
    let span = read(from).zip(read(to)).and_then(|(from, to)| to.duration_since(from).ok());
    span.map(duration).unwrap_or_default()
}

/// `0.4 s`, `12 s`, `3.3 min`, `2.1 h`.
pub(crate) fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", span.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{:.1} min", span.as_secs_f64() / 60.0),
        _ => format!("{:.1} h", span.as_secs_f64() / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_in_thousands() {
        let shown = [0, 999, 1000, 1_050_000, 103_597_568, 999_949_999, 999_950_000, u64::MAX].map(bytes);
        assert_eq!(
            shown,
            ["0 B", "999 B", "1.0 kB", "1.1 MB", "103.6 MB", "999.9 MB", "1.0 GB", "18446.7 PB"]
        );
    }

    #[test]
    fn times_lose_their_parts_of_a_second_only() {
        assert_eq!(time("2026-11-22T08:00:00Z"), "2026-11-22 08:00:00Z");
        assert_eq!(time("2026-11-22T08:00:00.123456Z"), "2026-11-22 08:00:00Z");
        assert_eq!(time(""), "");
        assert_eq!(time("soon"), "soon");
    }

    #[test]
    fn spans_are_told_in_their_own_size() {
        let shown =
            [0.04, 9.96, 12.9, 200.0, 7500.0].map(|seconds| duration(Duration::from_secs_f64(seconds)));
        assert_eq!(shown, ["0.0 s", "10.0 s", "12 s", "3.3 min", "2.1 h"]);
        assert_eq!(between("2026-11-22T08:00:00Z", "2026-11-22T08:01:00.5Z"), "1.0 min");
        assert_eq!(between("2026-11-22T08:00:00Z", ""), "");
    }
}
