//! The only place that prints: answers to standard output, everything else to standard error.

use std::io::{self, Write};

use console::{Style, strip_ansi_codes};
use serde::Serialize;
use serde_json::Value;

use crate::Surroundings;
use crate::args::Format;
use crate::failure::{Failure, Told};
use crate::language::Language;
use crate::messages;
use crate::table::{self, Table, wrapped};

/// Before each line that belongs to the line above it.
const NOTE: &str = "      ";

/// Knows how to print, and for whom.
#[derive(Debug)]
pub(crate) struct Printer {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    pub(crate) language: Language,
    /// Whether standard output is a terminal that shows colours, and may.
    colours: bool,
    /// Columns of the terminal that standard output is; `None` where it is none.
    width: Option<usize>,
}

impl Printer {
    pub(crate) fn of(format: Format, quiet: bool, language: Language, surroundings: &Surroundings) -> Self {
        let terminal = console::Term::stdout();
        let width = terminal.is_term().then(|| usize::from(terminal.size().1));
        let forbidden = surroundings.is_set("NO_COLOR") || surroundings.has_dumb_terminal();
        Self { format, quiet, language, colours: width.is_some() && !forbidden, width }
    }

    /// A text of the client's own.
    pub(crate) fn text(&self, id: &str, variables: &[(&str, &str)]) -> String {
        messages::text(self.language, id, variables)
    }

    /// A text of the client's own for each id.
    pub(crate) fn texts<const N: usize>(&self, ids: [&str; N]) -> [String; N] {
        ids.map(|id| self.text(id, &[]))
    }

    /// The name of one of a known set (a status, a step, a kind), or that word itself where it is not known.
    pub(crate) fn word(&self, set: &str, word: &str) -> String {
        messages::find(self.language, &format!("{set}-{}", word.replace('_', "-")), &[])
            .unwrap_or_else(|| word.to_owned())
    }

    /// Text in the colour of a status or state.
    pub(crate) fn coloured(&self, text: &str, of: &str) -> String {
        let style = Style::new().force_styling(self.colours);
        let style = match of {
            "running" | "succeeded" | "allowed" | "excepted" | "ok" => style.green(),
            "error" | "failed" | "stuck" | "refused" | "problem" => style.red(),
            "stop" | "cancelled" => style.dim(),
            "head" => style.bold(),
            _ => style.yellow(),
        };
        style.apply_to(text).to_string()
    }

    /// Text that is to be seen first.
    pub(crate) fn head(&self, text: &str) -> String {
        self.coloured(text, "head")
    }

    /// What was asked for: the one document, or text for people.
    pub(crate) fn answer(&self, data: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        match self.format {
            Format::Json => self.document(data),
            Format::Text => write_text(&text()),
        }
    }

    /// The one document of `--output json`.
    pub(crate) fn document(&self, data: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_string_pretty(data)?;
        write_text(&format!("{json}\n"))
    }

    /// One thing of those that are followed.
    pub(crate) fn item(&self, data: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        match self.format {
            Format::Json => write_text(&format!("{}\n", serde_json::to_string(data)?)),
            Format::Text => write_text(&format!("{}\n", clean(&text()))),
        }
    }

    /// That a command did its work, which nobody asked for who is quiet.
    pub(crate) fn done(&self, data: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.format == Format::Text && self.quiet { Ok(()) } else { self.answer(data, text) }
    }

    /// A word beside the answer, for people.
    pub(crate) fn remark(&self, text: &str) {
        if self.format == Format::Text && !self.quiet {
            complain(text);
        }
    }

    /// A table's lines, with its head in bold.
    pub(crate) fn table(&self, table: &Table) -> String {
        self.table_with_notes(table, &[])
    }

    /// The same, with a line under each row that has more to say.
    pub(crate) fn table_with_notes(&self, table: &Table, notes: &[Option<String>]) -> String {
        let mut lines = table.lines(self.width).into_iter();
        let mut text = lines.next().map(|head| self.head(&head) + "\n").unwrap_or_default();
        for (at, line) in lines.enumerate() {
            text.push_str(&(line + "\n"));
            if let Some(note) = notes.get(at).and_then(Option::as_ref) {
                text.push_str(&self.note(note));
            }
        }
        text
    }

    /// Lines that belong to the line above them.
    pub(crate) fn note(&self, note: &str) -> String {
        let width = self.width.map(|width| width.saturating_sub(NOTE.len()));
        format!("{NOTE}{}\n", wrapped(note, width).replace('\n', &format!("\n{NOTE}")))
    }

    /// Names with their values, the values one below the other.
    pub(crate) fn fields(&self, fields: &[(String, String)]) -> String {
        table::fields(fields, self.width)
    }

    /// What went wrong: the JSON document, or lines for people on standard error.
    pub(crate) fn failure(&self, failure: &Failure, command: &str, subject: &str) {
        let told = Told::of(failure, self.language, command, subject);
        match (self.format, failure) {
            (_, Failure::Found { .. }) => {}
            // Who does not read any more will not read that either.
            (_, Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
            (Format::Json, Failure::Ended { answer, .. }) => self.last_document(answer),
            (Format::Json, _) => self.last_document(&told.document()),
            (Format::Text, _) => {
                let code = match failure {
                    // Ctrl-C is no error.
                    Failure::Interrupted { .. } => {
                        return complain(&format!("{}\n{}", told.message, told.next));
                    }
                    Failure::Refused { code, .. } => format!(" [{code}]"),
                    _ => String::new(),
                };
                let lines = [("error", told.message + &code), ("next", told.next)];
                for (id, line) in lines.into_iter().filter(|(_, line)| !line.is_empty()) {
                    complain(&format!("{}{line}", self.text(&format!("label-{id}"), &[])));
                }
            }
        }
    }

    /// Nobody is left to be told where that fails.
    fn last_document(&self, document: &Value) {
        drop(self.document(document));
    }
}

/// A line on standard error, for people. Nobody is left to be told where that fails.
pub(crate) fn complain(line: &str) {
    let terminal = console::Term::stderr();
    let width = terminal.is_term().then(|| usize::from(terminal.size().1));
    drop(writeln!(io::stderr(), "{}", wrapped(clean(line).trim_end(), width)));
}

/// Text of others without what would steer the terminal that shows it.
pub(crate) fn clean(text: &str) -> String {
    strip_ansi_codes(text).chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// The same with all texts of an answer.
pub(crate) fn clean_all(data: &mut Value) {
    match data {
        Value::String(text) => *text = clean(text),
        Value::Array(items) => items.iter_mut().for_each(clean_all),
        Value::Object(fields) => fields.values_mut().for_each(clean_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn write_text(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_does_not_steer_the_terminal() {
        assert_eq!(clean("\u{1b}[2J\u{1b}]0;title\u{7}a\u{8}\tb\r\n\u{9b}1m博"), "a\tb\n博");
    }
}
