//! Medians, percentiles, and the rows that they end up in.

use std::time::Duration;

/// One line of a table.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) figure: String,
    /// What it should be, and whether it is; `None` where nothing was promised.
    pub(super) goal: Option<(String, bool)>,
}

impl Row {
    pub(super) fn new(what: impl Into<String>, figure: impl Into<String>) -> Row {
        Row { what: what.into(), figure: figure.into(), goal: None }
    }

    pub(super) fn goal(self, goal: &str, met: bool) -> Row {
        Row { goal: Some((goal.to_owned(), met)), ..self }
    }
}

/// The value that as many lie below as above.
pub(super) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value below which that share of the values lies.
pub(super) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    // Shares are from 0 to 1 and lists are short, so that the index is exact.
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A number of milliseconds, as many digits as it deserves.
pub(super) fn shown_ms(milliseconds: f64) -> String {
    match milliseconds {
        small if small < 10.0 => format!("{small:.2} ms"),
        medium if medium < 1_000.0 => format!("{medium:.0} ms"),
        large => format!("{:.1} s", large / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        assert!((median(&[5.0, 1.0, 3.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_percentile_leaves_that_share_below() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        assert!((percentile(&values, 0.99) - 99.0).abs() < f64::EPSILON);
        assert!((percentile(&values, 0.5) - 50.0).abs() < f64::EPSILON);
    }

    #[test]
    fn times_have_the_digits_they_deserve() {
        assert_eq!(shown_ms(0.1234), "0.12 ms");
        assert_eq!(shown_ms(123.4), "123 ms");
        assert_eq!(shown_ms(12_345.0), "12.3 s");
    }
}
