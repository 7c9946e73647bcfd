//! `.env` files: read as `docker compose` reads them, and edited line by line with every other byte kept.
//!
//! The grammar is that of compose 2.40, tried with it: statements of `NAME=value` or `NAME: value`, `export` before
//! them or not, comments, blank lines. A value without quotes ends with its line or before ` #`; between single quotes
//! everything is literal but `\'`, over several lines too; between double quotes `\\`, `\"` and `\$` mean what they
//! escape. Without quotes and between double ones, compose replaces variables. What is no statement is kept as it is.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::template::is_variable_name;

/// A `.env` file.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvFile {
    text: String,
    entries: Vec<Entry>,
    names_alone: Vec<String>,
    /// The first line that is no statement, from 1.
    broken_line: Option<usize>,
}

/// It may hold secrets: only names are shown.
impl fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    /// Where it begins.
    start: usize,
    /// Where its value stands, with its quotes.
    value: Range<usize>,
}

/// What begins at a place that is neither blank nor a comment.
enum Statement {
    /// A name with a value, and where the next statement may begin.
    Entry(Entry, usize),
    /// A name alone: compose takes its value from its own environment.
    NameAlone(String),
    /// Compose would refuse the file.
    Broken,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

impl EnvFile {
    /// Reads any text.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        let (mut entries, mut names_alone, mut broken_line) = (Vec::new(), Vec::new(), None);
        let mut at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        loop {
            at += text[at..].len() - text[at..].trim_start().len();
            if at == text.len() {
                return Self { text, entries, names_alone, broken_line };
            }
            let end_of_line = text[at..].find('\n').map_or(text.len(), |length| at + length);
            if text[at..].starts_with('#') {
                at = end_of_line;
                continue;
            }
            match statement(&text, at) {
                Statement::Entry(entry, next) => {
                    entries.push(entry);
                    at = next;
                }
                Statement::NameAlone(name) => {
                    names_alone.push(name);
                    at = end_of_line;
                }
                Statement::Broken => {
                    broken_line.get_or_insert_with(|| text[..at].matches('\n').count() + 1);
                    at = end_of_line;
                }
            }
        }
    }

    /// The file, byte for byte.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first line, from 1, for which `docker compose` would refuse the file.
    #[must_use]
    pub fn broken_line(&self) -> Option<usize> {
        self.broken_line
    }

    /// The names that have a value, in order; one that is there twice comes twice.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The names that stand alone: compose gives them the value that they have in its own environment.
    pub fn names_alone(&self) -> impl Iterator<Item = &str> {
        self.names_alone.iter().map(String::as_str)
    }

    /// What a name has as its value, the last where it is there twice. `None` where it is not there, or holds other
    /// variables or escapes that are not told apart here.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let entry = self.entries.iter().rfind(|entry| entry.name == name)?;
        decoded(&self.text[entry.value.clone()])
    }

    /// The variables that compose replaces in the values: each with the place of its value in [`EnvFile::names`], and
    /// whether it is written with a default.
    #[must_use]
    pub fn uses(&self) -> Vec<(usize, &str, bool)> {
        let of_entry = |(place, entry): (usize, &Entry)| {
            let uses = uses_in(&self.text[entry.value.clone()]);
            uses.into_iter().map(move |(name, has_default)| (place, name, has_default)).collect::<Vec<_>>()
        };
        self.entries.iter().enumerate().flat_map(of_entry).collect()
    }

    /// The file with these values. Every byte that is not the value of one of these names is kept. Of a name that is
    /// there twice, the last is changed, which is the one that counts; names that are not there come before everything
    /// else, so that the lines of the file may use them.
    #[must_use]
    pub fn with<'a>(&self, values: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let last: BTreeMap<&str, &Entry> =
            self.entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
        let mut edits: BTreeMap<usize, (&Entry, &str)> = BTreeMap::new();
        let mut added: Vec<(&str, &str)> = Vec::new();
        for (name, value) in values {
            match last.get(name) {
                Some(entry) => drop(edits.insert(entry.value.start, (entry, value))),
                None => match added.iter_mut().find(|(known, _)| *known == name) {
                    Some(known) => known.1 = value,
                    None => added.push((name, value)),
                },
            }
        }
        let mark = if self.text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut edited = self.text[..mark].to_owned();
        for (name, value) in added {
            edited.push_str(&line(name, value));
        }
        let mut copied = mark;
        for (entry, value) in edits.into_values() {
            edited.push_str(&self.text[copied..entry.value.start]);
            edited.push_str(&quoted(value));
            copied = entry.value.end;
        }
        edited.push_str(&self.text[copied..]);
        edited
    }

    /// The file without the lines that give a value to such names.
    #[must_use]
    pub fn without(&self, mut is_unwanted: impl FnMut(&str) -> bool) -> String {
        let (mut kept, mut copied) = (String::new(), 0);
        for entry in self.entries.iter().filter(|entry| is_unwanted(&entry.name)) {
            if entry.start < copied {
                continue;
            }
            kept.push_str(&self.text[copied..entry.start]);
            let rest = &self.text[entry.value.end..];
            copied = entry.value.end + rest.find('\n').map_or(rest.len(), |length| length + 1);
        }
        kept.push_str(&self.text[copied..]);
        kept
    }
}

/// A line that gives `name` that value.
fn line(name: &str, value: &str) -> String {
    format!("{name}={}\n", quoted(value))
}

/// A value as compose reads it back. The shell's `'\''` is a syntax error to it; so single quotes where they can hold
/// the value, else double ones.
fn quoted(value: &str) -> String {
    if !value.contains('\'') && !value.ends_with('\\') {
        return format!("'{value}'");
    }
    let mut quoted = String::with_capacity(value.len() + 8);
    for character in value.chars() {
        if matches!(character, '\\' | '"' | '$') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    format!("\"{quoted}\"")
}

/// The statement that begins at `start`.
fn statement(text: &str, start: usize) -> Statement {
    let mut name_start = start;
    if let Some(rest) = text[start..].strip_prefix("export") {
        let blank = rest.len() - rest.trim_start().len();
        name_start += if blank > 0 { "export".len() + blank } else { 0 };
    }
    for (length, character) in text[name_start..].char_indices() {
        let is_end = matches!(character, '=' | ':' | '\n');
        let is_of_name =
            |c: char| is_blank(c) || c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
        if !is_end && !is_of_name(character) {
            return Statement::Broken;
        }
        if is_end {
            let name = text[name_start..name_start + length].trim_end();
            return match (name, character) {
                (name, _) if name.is_empty() || name.contains(' ') => Statement::Broken,
                (name, '\n') => Statement::NameAlone(name.to_owned()),
                (name, _) => match value(text, name_start + length + 1) {
                    Some((value, next)) => {
                        Statement::Entry(Entry { name: name.to_owned(), start, value }, next)
                    }
                    None => Statement::Broken,
                },
            };
        }
    }
    Statement::NameAlone(text[name_start..].trim_end().to_owned())
}

/// Where the value after a separator stands, and where the next statement may begin. `None` where its quote has no end.
fn value(text: &str, after_separator: usize) -> Option<(Range<usize>, usize)> {
    let rest = &text[after_separator..];
    let start = after_separator + rest.len() - rest.trim_start_matches(is_blank).len();
    let quote = text[start..].chars().next().filter(|first| matches!(first, '\'' | '"'));
    if let Some(quote) = quote {
        let mut is_escaped = false;
        for (length, character) in text[start..].char_indices().skip(1) {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                _ if character == quote => return Some((start..start + length + 1, start + length + 1)),
                _ => {}
            }
        }
        return None;
    }
    let end_of_line = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let line = &text[start..end_of_line];
    let value = line.split_once(" #").map_or(line, |(value, _)| value).trim_end();
    // What has no value gets one right after the separator: before the carriage return, if there is one.
    let start = if value.is_empty() { after_separator } else { start };
    Some((start..start + value.len(), end_of_line))
}

/// What compose takes for blanks within a line.
const fn is_blank(character: char) -> bool {
    matches!(character, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// What a value with its quotes means; `None` where it holds variables, or escapes that are not known here.
fn decoded(value: &str) -> Option<String> {
    let Some(quote) = value.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
        return (!value.contains('$')).then(|| value.to_owned());
    };
    let (mut text, mut characters) = (String::new(), value[1..value.len() - 1].chars());
    while let Some(character) = characters.next() {
        match (quote, character) {
            ('"', '$') => return None,
            (_, '\\') => match (quote, characters.next()) {
                ('\'', Some('\'')) => text.push('\''),
                ('\'', Some(other)) => text.extend(['\\', other]),
                (_, Some(other)) if matches!(other, '\\' | '"' | '$') => text.push(other),
                (_, Some(other)) if "abcfnrtv0".contains(other) => return None,
                (_, Some(other)) => text.extend(['\\', other]),
                (_, None) => text.push('\\'),
            },
            _ => text.push(character),
        }
    }
    Some(text)
}

/// The variables that compose replaces in a value with its quotes.
fn uses_in(value: &str) -> Vec<(&str, bool)> {
    let mut uses = Vec::new();
    let is_double = value.starts_with('"');
    let mut rest = if value.starts_with('\'') { "" } else { value };
    while let Some(at) = rest.find(['$', '\\']) {
        let after = &rest[at + 1..];
        let skipped = after.chars().next().map_or(0, char::len_utf8);
        if rest[at..].starts_with('\\') {
            rest = if is_double { &after[skipped..] } else { after };
        } else if after.starts_with('$') {
            rest = &after[skipped..];
        } else {
            let inner = after.strip_prefix('{');
            let name = inner.unwrap_or(after);
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            let has_default = inner.is_some() && !name[end..].starts_with('}');
            if is_variable_name(&name[..end]) {
                uses.push((&name[..end], has_default));
            }
            rest = &name[end..];
        }
    }
    uses
}

#[cfg(test)]
mod tests;
