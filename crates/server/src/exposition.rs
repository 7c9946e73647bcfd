//! Figures as Prometheus reads them: its text format, version 0.0.4.
//!
//! Written by hand: four kinds of lines need no library, and a registry of a library's would count everything twice.

use std::fmt::{Display, Write as _};

use control::metrics::Durations;

/// The media type of the text.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text, growing.
#[derive(Default)]
pub(crate) struct Exposition(String);

/// The names and values of labels. Values are words of the program: they need no escapes.
type Pairs<'a> = &'a [(&'a str, &'a str)];

impl Exposition {
    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// Begins a family that goes up and down.
    pub(crate) fn gauge(&mut self, name: &str, help: &str) {
        self.family(name, "gauge", help);
    }

    /// Begins a family that only goes up. Its name ends with `_total`.
    pub(crate) fn counter(&mut self, name: &str, help: &str) {
        self.family(name, "counter", help);
    }

    /// One figure of the family.
    pub(crate) fn figure(&mut self, name: &str, labels: Pairs<'_>, value: impl Display) {
        let labels = labels.iter().filter(|(name, _)| !name.is_empty());
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "{name}{labels} {value}").expect("a text takes any text");
    }

    /// A whole family of durations; `labels` are the names of what they are told apart by, `""` for none.
    pub(crate) fn durations(&mut self, name: &str, help: &str, labels: [&str; 2], durations: &Durations) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for ((first, second), cell) in durations.all() {
            let pairs = [(labels[0], first), (labels[1], second)];
            let mut up_to = 0;
            for (bound, count) in durations.bounds.iter().zip(&cell.classes) {
                up_to += count;
                self.figure(&bucket, &[pairs[0], pairs[1], ("le", &bound.to_string())], up_to);
            }
            self.figure(&bucket, &[pairs[0], pairs[1], ("le", "+Inf")], cell.count);
            self.figure(&format!("{name}_sum"), &pairs, cell.sum_seconds);
            self.figure(&format!("{name}_count"), &pairs, cell.count);
        }
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("a text takes any text");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn durations_are_cumulative_classes_with_sum_and_count() {
        let durations = Durations::within(&[0.1, 1.0]);
        for millis in [50, 500, 5_000] {
            durations.add(("a", "ok"), Duration::from_millis(millis));
        }
        let mut text = Exposition::default();
        text.durations("x_seconds", "How long.", ["what", "outcome"], &durations);
        let expected = "# HELP x_seconds How long.\n# TYPE x_seconds histogram\n\
            x_seconds_bucket{what=\"a\",outcome=\"ok\",le=\"0.1\"} 1\n\
            x_seconds_bucket{what=\"a\",outcome=\"ok\",le=\"1\"} 2\n\
            x_seconds_bucket{what=\"a\",outcome=\"ok\",le=\"+Inf\"} 3\n\
            x_seconds_sum{what=\"a\",outcome=\"ok\"} 5.55\n\
            x_seconds_count{what=\"a\",outcome=\"ok\"} 3\n";
        assert_eq!(text.into_text(), expected);
    }

    #[test]
    fn a_figure_without_labels_has_no_braces() {
        let mut text = Exposition::default();
        text.gauge("x", "How many.");
        text.figure("x", &[("", "")], 7);
        assert_eq!(text.into_text(), "# HELP x How many.\n# TYPE x gauge\nx 7\n");
    }
}
