//! What a person sees while something takes long: spinners and bars on a terminal, plain lines everywhere else.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(120);

/// Several things that run at the same time.
pub(crate) struct Progress {
    bars: Option<MultiProgress>,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        Progress { bars: std::io::stderr().is_terminal().then(MultiProgress::new) }
    }

    /// Shows that something runs until `end` is called.
    pub(crate) fn begin(&self, what: &str) -> Running {
        let bar = self.bars.as_ref().map(|bars| {
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}").expect("a valid template");
            let bar = bars.add(ProgressBar::new_spinner().with_style(style).with_message(what.to_owned()));
            bar.enable_steady_tick(TURN);
            bar
        });
        Running { bar }
    }

    /// Shows how many bytes of something have come until `end` is called.
    pub(crate) fn transfer(&self, what: &str) -> Transfer {
        let bar = self.bars.as_ref().map(|bars| {
            let style =
                ProgressStyle::with_template("{prefix:<24} {bar:30} {bytes:>10} of {total_bytes:<10} {msg}")
                    .expect("a valid template");
            bars.add(ProgressBar::new(0).with_style(style).with_prefix(what.to_owned()))
        });
        Transfer { bar }
    }

    /// Prints a line without disturbing what turns.
    pub(crate) fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| println!("{text}")),
            None => println!("{text}"),
        }
    }
}

/// One thing that runs.
pub(crate) struct Running {
    bar: Option<ProgressBar>,
}

impl Running {
    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Something that comes in bytes.
pub(crate) struct Transfer {
    bar: Option<ProgressBar>,
}

impl Transfer {
    /// Whether anything can be seen of it.
    pub(crate) fn is_drawn(&self) -> bool {
        self.bar.is_some()
    }

    pub(crate) fn set(&self, bytes_done: u64, bytes_total: u64, note: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(bytes_total);
            bar.set_position(bytes_done);
            bar.set_message(note.to_owned());
        }
    }

    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
