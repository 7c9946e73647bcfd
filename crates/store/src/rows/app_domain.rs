//! The table `domain`.

use domain::{AppDomain, Certificate, DomainName, FailedTries, Timestamp};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::Cells;
use super::failure::FailureRow;
use crate::error::Fault;

#[derive(Serialize, Deserialize)]
struct CertificateRow {
    file: String,
    valid_from: i64,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct FailedTriesRow {
    count: u32,
    failure: FailureRow,
    at: i64,
}

pub(crate) fn read(row: &Row<'_>) -> Result<AppDomain, Fault> {
    let cells = Cells { row, table: "domain", key_column: "name" };
    let certificate = cells.optional_json::<CertificateRow>("certificate")?.map(|row| Certificate {
        file: row.file,
        valid_from: Timestamp::from_millis(row.valid_from),
        expires_at: Timestamp::from_millis(row.expires_at),
    });
    let failed = cells.optional_json::<FailedTriesRow>("failed")?.map(|row| FailedTries {
        count: row.count,
        failure: row.failure.into(),
        at: Timestamp::from_millis(row.at),
    });
    let name = cells.known("name", |text| DomainName::parse(text).ok())?;
    Ok(AppDomain {
        name,
        added_at: cells.time("added_at")?,
        served_port: row.get("served_port")?,
        certificate,
        failed,
    })
}

pub(crate) fn certificate_to_json(certificate: &Certificate) -> serde_json::Result<String> {
    serde_json::to_string(&CertificateRow {
        file: certificate.file.clone(),
        valid_from: certificate.valid_from.as_millis(),
        expires_at: certificate.expires_at.as_millis(),
    })
}

pub(crate) fn failed_to_json(failed: &FailedTries) -> serde_json::Result<String> {
    let FailedTries { count, failure, at } = failed;
    serde_json::to_string(&FailedTriesRow { count: *count, failure: failure.into(), at: at.as_millis() })
}
