//! The configuration file: TOML, whose tables and dotted keys are the keys of the settings.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Origin};
use super::nearest::nearest;
use super::table::SETTINGS;
use super::value::Raw;

/// A setting as the file gives it.
pub(super) struct Given {
    pub(super) key: &'static str,
    pub(super) raw: Raw,
    pub(super) place: Origin,
}

/// Reads the text of the file at that path.
pub(super) fn read(path: &Path, text: &str) -> Result<Vec<Given>, ConfigError> {
    let file = File { path, text };
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: file.place(error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut given = Vec::new();
    file.gather(table.get_ref(), "", &mut given)?;
    Ok(given)
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn place(&self, offset: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(offset);
        Origin::File(self.path.to_owned(), 1 + before.filter(|byte| **byte == b'\n').count())
    }

    fn gather(&self, table: &DeTable<'_>, section: &str, given: &mut Vec<Given>) -> Result<(), ConfigError> {
        for (name, value) in table {
            let place = self.place(name.span().start);
            let path = format!("{section}{}", name.get_ref());
            let known = SETTINGS.iter().find(|setting| setting.key == path);
            let inside = format!("{path}.");
            match (known, value.get_ref()) {
                (Some(setting), value) => {
                    let raw = raw(value).ok_or_else(|| ConfigError::Value {
                        place: place.clone(),
                        key: setting.key,
                        given: article(value.type_str()),
                        reason: format!("write {}", (setting.form)()),
                    })?;
                    given.push(Given { key: setting.key, raw, place });
                }
                // Also of a table that is not known: what stands in it shows what was meant.
                (None, DeValue::Table(table)) if !table.is_empty() => {
                    self.gather(table, &inside, given)?;
                }
                (None, _) => {
                    let nearest = nearest(&path, SETTINGS.iter().map(|setting| setting.key));
                    return Err(ConfigError::UnknownKey { place, key: path, nearest });
                }
            }
        }
        Ok(())
    }
}

fn article(word: &str) -> String {
    let article = if word.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// `None` where no setting can be of that type.
fn raw(value: &DeValue<'_>) -> Option<Raw> {
    match value {
        DeValue::Array(items) => {
            items.iter().map(|item| scalar(item.get_ref())).collect::<Option<_>>().map(Raw::Many)
        }
        value => scalar(value).map(Raw::One),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}
