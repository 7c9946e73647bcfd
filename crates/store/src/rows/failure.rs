//! Failures, as JSON.

use domain::{Failure, FailureClass};
use serde::{Deserialize, Serialize};

use super::text;

#[derive(Serialize, Deserialize)]
pub(crate) struct FailureRow {
    #[serde(with = "text::failure_class")]
    class: FailureClass,
    subject: String,
    detail: String,
}

pub(crate) fn to_json(failure: &Failure) -> serde_json::Result<String> {
    serde_json::to_string(&FailureRow::from(failure))
}

impl From<&Failure> for FailureRow {
    fn from(failure: &Failure) -> Self {
        Self { class: failure.class, subject: failure.subject.clone(), detail: failure.detail.clone() }
    }
}

impl From<FailureRow> for Failure {
    fn from(row: FailureRow) -> Self {
        Self { class: row.class, subject: row.subject, detail: row.detail }
    }
}
