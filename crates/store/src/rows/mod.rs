//! How domain values become rows and back.
//!
//! The JSON in some columns is described by structs that are private to their module, never by domain
//! types: what is on disks must not change because a rule was rewritten. A field that is added later gets
//! `#[serde(default)]`, and one that is not known is passed over, so that older rows stay readable.

pub(crate) mod app;
pub(crate) mod app_domain;
pub(crate) mod deployment;
pub(crate) mod event;
pub(crate) mod failure;
pub(crate) mod image;
pub(crate) mod observation;
pub(crate) mod operation;
pub(crate) mod settings;
mod text;

use domain::Timestamp;
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::de::DeserializeOwned;

use crate::error::Fault;

/// One row, with what it takes to name it when something in it cannot be read.
pub(crate) struct Cells<'row, 'statement> {
    pub(crate) row: &'row Row<'statement>,
    pub(crate) table: &'static str,
    pub(crate) key_column: &'static str,
}

impl Cells<'_, '_> {
    pub(crate) fn plain<T: FromSql>(&self, column: &str) -> Result<T, Fault> {
        self.row.get(column).map_err(|error| self.unreadable(column, error))
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, Fault> {
        Ok(Timestamp::from_millis(self.plain(column)?))
    }

    pub(crate) fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, Fault> {
        Ok(self.plain::<Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    /// A text out of a closed set.
    pub(crate) fn known<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
        let text: String = self.plain(column)?;
        parse(&text).ok_or_else(|| self.unreadable(column, format_args!("{text:?} is not known")))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Fault> {
        let text: String = self.plain(column)?;
        serde_json::from_str(&text).map_err(|error| self.unreadable_json(column, &error))
    }

    pub(crate) fn optional_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Fault> {
        let text: Option<String> = self.plain(column)?;
        let value = text.map(|text| serde_json::from_str(&text)).transpose();
        value.map_err(|error| self.unreadable_json(column, &error))
    }

    /// Without the error's own words: they may quote a password.
    fn unreadable_json(&self, column: &str, error: &serde_json::Error) -> Fault {
        let (kind, at) = (error.classify(), error.column());
        self.unreadable(column, format_args!("{kind:?} error of its JSON at character {at}"))
    }

    fn unreadable(&self, column: &str, reason: impl std::fmt::Display) -> Fault {
        let key = self.row.get(self.key_column).unwrap_or(rusqlite::types::Value::Null);
        Fault::Unreadable {
            table: self.table,
            key: match key {
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                other => format!("{other:?}"),
            },
            reason: format!("{column}: {reason}"),
        }
    }
}
