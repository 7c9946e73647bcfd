//! What a person sees while something takes long: a spinner on a terminal, plain lines everywhere else.

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
