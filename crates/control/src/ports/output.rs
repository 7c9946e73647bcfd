//! What containers write: one line, and which lines are asked for.

/// Which of a container's two streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// The standard output; of a container with a terminal also what it writes as errors.
    Stdout,
    /// The standard error output.
    Stderr,
}

impl OutputStream {
    /// The stable name, for clients.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// A line that a container wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// When the engine got it, in nanoseconds since 1970-01-01T00:00:00Z: lines follow each other closely.
    pub at_nanos: i64,
    /// Where the container wrote it.
    pub stream: OutputStream,
    /// The line without its end, bounded in length.
    pub text: String,
}

/// Which lines of a container are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputQuery {
    /// Only the last so many of those that are there; `None` is all.
    pub tail: Option<usize>,
    /// Only those of that moment or later, in nanoseconds since the epoch.
    pub since_nanos: Option<i64>,
    /// Whether those still to come are told, too, until the container ends.
    pub follow: bool,
}
