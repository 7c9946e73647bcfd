//! What the owner of an app set, as JSON. It holds passwords: nothing here can be printed.

use std::collections::BTreeMap;

use domain::{Secret, SettingValues, VariableValue};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct SettingsRow(BTreeMap<String, ValueRow>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ValueRow {
    Plain(String),
    Secret(String),
}

pub(crate) fn to_json(settings: &SettingValues) -> serde_json::Result<String> {
    let row = |value: &VariableValue| match value {
        VariableValue::Plain(text) => ValueRow::Plain(text.clone()),
        VariableValue::Secret(secret) => ValueRow::Secret(secret.reveal().to_owned()),
    };
    let rows = settings.iter().map(|(name, value)| (name.to_owned(), row(value)));
    serde_json::to_string(&SettingsRow(rows.collect()))
}

impl From<SettingsRow> for SettingValues {
    fn from(SettingsRow(rows): SettingsRow) -> Self {
        let value = |row: ValueRow| match row {
            ValueRow::Plain(text) => VariableValue::Plain(text),
            ValueRow::Secret(text) => VariableValue::Secret(Secret::from_text(text)),
        };
        Self::of(rows.into_iter().map(|(name, row)| (name, value(row))).collect())
    }
}
