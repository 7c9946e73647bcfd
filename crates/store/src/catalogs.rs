//! The list of catalogs: [`CatalogStore`] over its table.

use control::ports::CatalogStore;
use control::ports::store::StoreError;
use domain::catalog::{FailedSync, Listed, SyncReport, Synced, UnreadableApp};
use domain::{CatalogName, CatalogRecord, CatalogSource, Timestamp};
use rusqlite::{Row, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use crate::SqliteStore;
use crate::error::Fault;
use crate::rows::Cells;
use crate::rows::failure::FailureRow;

impl CatalogStore for SqliteStore {
    fn catalogs(&self) -> Result<Vec<CatalogRecord>, StoreError> {
        self.with("read the database", |connection| {
            let mut statement = connection.prepare("SELECT * FROM catalog ORDER BY position")?;
            statement.query_and_then([], read)?.collect()
        })
    }

    fn write_catalogs(&self, catalogs: &[CatalogRecord]) -> Result<(), StoreError> {
        self.with("write the database", |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM catalog", [])?;
            for (position, record) in (0_u32..).zip(catalogs) {
                transaction.execute(
                    "INSERT INTO catalog (name, position, source, is_trusted, added_at, synced, failed)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        record.name.as_str(),
                        position,
                        serde_json::to_string(&SourceRow::of(&record.source))?,
                        record.is_trusted,
                        record.added_at.as_millis(),
                        record.synced.as_ref().map(SyncedRow::json_of).transpose()?,
                        record.failed.as_ref().map(FailedRow::json_of).transpose()?,
                    ],
                )?;
            }
            Ok(transaction.commit()?)
        })
    }
}

fn read(row: &Row<'_>) -> Result<CatalogRecord, Fault> {
    let cells = Cells { row, table: "catalog", key_column: "name" };
    Ok(CatalogRecord {
        name: cells.known("name", CatalogName::parse)?,
        source: cells.json::<SourceRow>("source")?.into_source(),
        is_trusted: cells.plain("is_trusted")?,
        added_at: cells.time("added_at")?,
        synced: cells.optional_json::<SyncedRow>("synced")?.map(SyncedRow::into_synced),
        failed: cells
            .optional_json::<FailedRow>("failed")?
            .map(|row| FailedSync { at: Timestamp::from_millis(row.at), failure: row.failure.into() }),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceRow {
    Directory { path: String },
    Git { url: String, branch: Option<String> },
    Archive { url: String, sha256: Option<String>, key: Option<String> },
}

impl SourceRow {
    fn of(source: &CatalogSource) -> Self {
        match source.clone() {
            // What is given as text is text.
            CatalogSource::Directory(path) => Self::Directory { path: path.to_string_lossy().into_owned() },
            CatalogSource::Git { url, branch } => Self::Git { url, branch },
            CatalogSource::Archive { url, sha256, key } => Self::Archive { url, sha256, key },
        }
    }

    fn into_source(self) -> CatalogSource {
        match self {
            Self::Directory { path } => CatalogSource::Directory(path.into()),
            Self::Git { url, branch } => CatalogSource::Git { url, branch },
            Self::Archive { url, sha256, key } => CatalogSource::Archive { url, sha256, key },
        }
    }
}

#[derive(Serialize, Deserialize)]
struct FailedRow {
    at: i64,
    failure: FailureRow,
}

impl FailedRow {
    fn json_of(failed: &FailedSync) -> serde_json::Result<String> {
        serde_json::to_string(&Self { at: failed.at.as_millis(), failure: (&failed.failure).into() })
    }
}

#[derive(Serialize, Deserialize)]
struct SyncedRow {
    at: i64,
    format: String,
    revision: String,
    packages: u32,
    new: ListedRow<String>,
    changed: ListedRow<String>,
    gone: ListedRow<String>,
    unreadable: ListedRow<(String, String)>,
    hidden: u32,
}

#[derive(Serialize, Deserialize)]
struct ListedRow<T> {
    count: u32,
    first: Vec<T>,
}

impl<T> ListedRow<T> {
    fn of<D: Clone>(listed: &Listed<D>, row: impl Fn(D) -> T) -> Self {
        Self { count: listed.count, first: listed.first.iter().cloned().map(row).collect() }
    }

    fn into_listed<D>(self, read: impl Fn(T) -> D) -> Listed<D> {
        Listed { count: self.count, first: self.first.into_iter().map(read).collect() }
    }
}

impl SyncedRow {
    fn json_of(Synced { at, report }: &Synced) -> serde_json::Result<String> {
        let names = |listed| ListedRow::of(listed, |name| name);
        serde_json::to_string(&Self {
            at: at.as_millis(),
            format: report.format.clone(),
            revision: report.revision.clone(),
            packages: report.packages,
            new: names(&report.new),
            changed: names(&report.changed),
            gone: names(&report.gone),
            unreadable: ListedRow::of(&report.unreadable, |UnreadableApp { app, reason }| (app, reason)),
            hidden: report.hidden,
        })
    }

    fn into_synced(self) -> Synced {
        let names = |row: ListedRow<String>| row.into_listed(|name| name);
        let report = SyncReport {
            format: self.format,
            revision: self.revision,
            packages: self.packages,
            new: names(self.new),
            changed: names(self.changed),
            gone: names(self.gone),
            unreadable: self.unreadable.into_listed(|(app, reason)| UnreadableApp { app, reason }),
            hidden: self.hidden,
        };
        Synced { at: Timestamp::from_millis(self.at), report }
    }
}
