//! Log lines on standard error, as text or JSON. What is logged is said where it happens.
//!
//! A line is a line: whatever a client, a package or Docker says, it cannot end one, begin another, or steer the
//! terminal that shows it.

use std::fmt::{self, Debug, Display, Write as _};
use std::io::{self, IsTerminal, Write};

use tracing::Subscriber;
use tracing::field::Field;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as lines};

use crate::config::LogFormat;

/// Begins to log. Called once.
pub(crate) fn start(format: LogFormat, targets: Targets) {
    subscriber(format, targets, io::stderr, io::stderr().is_terminal()).init();
}

fn subscriber<W>(format: LogFormat, targets: Targets, writer: W, in_colours: bool) -> impl Subscriber
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = match format {
        // systemd's journal and files have no use for colours; NO_COLOR is heeded by the subscriber itself.
        LogFormat::Text => lines::layer()
            .with_ansi(in_colours)
            .fmt_fields(debug_fn(write_field).delimited(" "))
            .with_writer(writer)
            .boxed(),
        LogFormat::Json => lines::layer()
            .json()
            .flatten_event(true)
            // It is the last of the list of spans.
            .with_current_span(false)
            .with_writer(EscapedJson(writer))
            .boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets))
}

fn write_field(line: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(line, "{}=", field.name())?;
    }
    write!(line, "{}", OneLine(&format!("{value:?}")))
}

/// Whether a terminal obeys that character, or shows what stands beside it elsewhere.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text in which nothing steers.
struct OneLine<'a>(&'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_steering(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Escapes also what JSON lets stand as it is, but a terminal does not.
struct EscapedJson<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for EscapedJson<W> {
    type Writer = EscapedJson<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapedJson(self.0.make_writer())
    }
}

impl<W: Write> Write for EscapedJson<W> {
    /// Is given a whole line with its end.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if text.trim_end_matches('\n').contains(is_steering) {
            let mut escaped = String::with_capacity(text.len() + 16);
            for character in text.trim_end_matches('\n').chars() {
                if is_steering(character) {
                    escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
                } else {
                    escaped.push(character);
                }
            }
            escaped.push('\n');
            self.0.write_all(escaped.as_bytes())?;
        } else {
            self.0.write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::Level;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Tries to end a line, to begin another, to clear a screen, to turn the direction of what follows.
    const EVIL: &str = "a\r\nERROR forged\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\u{0}z";

    fn logged(format: LogFormat) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let targets = Targets::new().with_default(Level::INFO);
        let subscriber = subscriber(format, targets, move || writer.clone(), false);
        tracing::subscriber::with_default(subscriber, || {
            let call = tracing::error_span!("call", request.id = EVIL);
            let _call = call.enter();
            let _operation = tracing::error_span!("operation", operation.id = %EVIL).entered();
            let error = io::Error::other(EVIL);
            tracing::warn!(reason = EVIL, %error, shown = %EVIL, debugged = ?EVIL, "said {EVIL}");
        });
        let bytes = kept.0.lock().expect("nobody panics").clone();
        String::from_utf8(bytes).expect("it is text")
    }

    fn assert_one_plain_line(log: &str) {
        let line = log.strip_suffix('\n').expect("it ends");
        assert!(!line.contains(is_steering), "{log:?}");
        assert_eq!(log.matches("forged").count(), 7, "{log:?}");
    }

    #[test]
    fn no_value_can_end_a_line_of_text_or_steer_a_terminal() {
        let log = logged(LogFormat::Text);
        assert_one_plain_line(&log);
        assert!(log.contains(r"shown=a\r\nERROR forged\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\u{0}z"), "{log}");
    }

    #[test]
    fn no_value_can_end_a_line_of_json_or_steer_a_terminal_and_every_value_is_told_whole() {
        let log = logged(LogFormat::Json);
        assert_one_plain_line(&log);
        let line: serde_json::Value = serde_json::from_str(&log).expect("it is JSON");
        assert_eq!(line["reason"], EVIL);
        assert_eq!(line["spans"][0]["request.id"], EVIL);
        assert_eq!(line["spans"][1]["operation.id"], EVIL);
    }
}
