//! What can go wrong with the database, and how it is told apart: a broken rule, a full disk, a damaged
//! file, a file of a newer server, and the rest.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use control::ports::store::{Conflict, StoreError};
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;

use crate::migrate;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer server wrote it.
    #[error(
        "the database {} has schema version {found}, and this appmanage knows only versions up to {known}: \
         run the newer appmanage that wrote it, or put back {}.before-v{found}, the copy it made before",
        path.display(),
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// It is damaged.
    #[error(transparent)]
    Damaged(Damaged),
    /// There is no room for it.
    #[error("cannot open the database {}: the disk is full; free some space on its file system", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Something else.
    #[error("cannot {action} the database {}", path.display())]
    Failed {
        /// What was to be done: open, migrate.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it could not.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The file is no sound database.
#[derive(Debug, thiserror::Error)]
#[error("the database {} is damaged ({why}); {}", path.display(), self.advice())]
pub struct Damaged {
    /// The file.
    pub path: PathBuf,
    /// The newest copy that was made before a migration, if there is one.
    pub backup: Option<PathBuf>,
    /// What SQLite says; its own source says the same once more.
    pub why: rusqlite::Error,
}

impl Damaged {
    fn advice(&self) -> String {
        match &self.backup {
            Some(backup) => format!(
                "stop the server and put back your own backup, or {}, made before the last upgrade",
                backup.display()
            ),
            None => "stop the server and put back your own backup: no upgrade has made a copy yet".to_owned(),
        }
    }
}

/// Anything that can go wrong in here, before it is told apart.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    /// Its own source says the same once more.
    #[error("{0}")]
    Sqlite(rusqlite::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("a value cannot be kept as JSON")]
    Unwritable(#[from] serde_json::Error),
    #[error("the row {key} of {table} cannot be read: {reason}")]
    Unreadable { table: &'static str, key: String, reason: String },
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Fault {
    pub(crate) fn into_store_error(self, action: &'static str, path: &Path) -> StoreError {
        let directory = path.parent().unwrap_or(path);
        match self {
            Self::Conflict(conflict) => StoreError::Conflict(conflict),
            fault if fault.is_disk_full(directory) => StoreError::DiskFull(Box::new(fault)),
            Self::Sqlite(source) if is_damage(&source) => {
                StoreError::Failed { action, source: Box::new(damaged(path, source)) }
            }
            fault => StoreError::Failed { action, source: Box::new(fault) },
        }
    }

    pub(crate) fn into_open_error(self, action: &'static str, path: &Path) -> OpenError {
        let directory = path.parent().unwrap_or(path);
        match self {
            fault if fault.is_disk_full(directory) => {
                OpenError::DiskFull { path: path.to_owned(), source: Box::new(fault) }
            }
            Self::Sqlite(source) if is_damage(&source) => OpenError::Damaged(damaged(path, source)),
            fault => OpenError::Failed { action, path: path.to_owned(), source: Box::new(fault) },
        }
    }

    fn is_disk_full(&self, directory: &Path) -> bool {
        match self {
            Self::Io(error) => is_out_of_space(error),
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => true,
                // SQLite tells a full disk apart only where it writes pages; where it extends its shared
                // memory or creates a file it does not say why. So the file system is asked.
                Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => has_no_room(directory),
                _ => false,
            },
            Self::Conflict(_) | Self::Unwritable(_) | Self::Unreadable { .. } => false,
        }
    }
}

/// Whether that statement failed because a unique index would have been broken.
pub(crate) fn is_not_unique(error: &rusqlite::Error) -> bool {
    error.sqlite_extended_error_code() == Some(SQLITE_CONSTRAINT_UNIQUE)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn damaged(path: &Path, why: rusqlite::Error) -> Damaged {
    Damaged { path: path.to_owned(), backup: migrate::newest_backup(path), why }
}

fn is_out_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Bytes written to find out whether there is room: what SQLite extends its shared memory by.
const PROBE_BYTES: usize = 32 * 1024;

fn has_no_room(directory: &Path) -> bool {
    let probe = directory.join(".room-probe");
    let written = fs::File::create(&probe).and_then(|mut file| file.write_all(&[0; PROBE_BYTES]));
    // Nothing to do if it cannot be removed: the next probe overwrites it.
    drop(fs::remove_file(&probe));
    written.is_err_and(|error| is_out_of_space(&error))
}
