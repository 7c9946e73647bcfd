//! Log lines on standard error, as text or JSON. What is logged is said where it happens.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::LogFormat;

/// Begins to log. Called once.
pub(crate) fn start(format: LogFormat, targets: Targets) {
    let layer = match format {
        // systemd's journal and files have no use for colours; NO_COLOR is heeded by the subscriber itself.
        LogFormat::Text => fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => fmt::layer().with_writer(io::stderr).json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
}
