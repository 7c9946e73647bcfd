//! The database: SQLite in one file of the data directory, behind the port [`control::ports::Store`].
//!
//! Owns the file and its schema (`open`, `migrate`), how domain values become rows and back (`rows`), and
//! the one transaction that writes a change (`commit`). It decides nothing: the only rules it knows are
//! unique indexes, and a broken one comes back as a typed [`control::ports::Conflict`]. That no second
//! server uses the file is the business of whoever opens it.

mod access;
mod catalogs;
mod commit;
mod error;
mod migrate;
mod open;
mod read;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use control::ports::store::{Change, EventPage, Loaded, Store, StoreError};
use domain::{AppId, Event, EventId, InstallId, InstanceId, Operation, OperationId};
use rusqlite::{Connection, TransactionBehavior};

pub use error::{Damaged, OpenError};

use error::Fault;

/// The database's file in the data directory. Beside it lie SQLite's own `-wal` and `-shm`, and the
/// copies `.before-vN` that were made before a migration to version N.
pub const FILE_NAME: &str = "appmanage.db";

/// The store on the disk.
///
/// One connection behind a mutex, for reads too: the server reads at its start and writes a few times a
/// second, and a second connection would only add SQLite's own locking between the two.
pub struct SqliteStore {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the database in that directory, creates it if it is not there, and brings its schema up to
    /// date. Takes the same time however much is stored, unless there is something to migrate.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(data_dir: &Path) -> Result<Self, OpenError> {
        let path = data_dir.join(FILE_NAME);
        let connection = open::open(&path)?;
        Ok(Self { path, connection: Mutex::new(connection) })
    }

    fn with<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        // A panic while the lock was held has rolled its transaction back: the connection is sound.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|fault| fault.into_store_error(action, &self.path))
    }
}

impl Store for SqliteStore {
    fn instance(&self) -> Result<InstanceId, StoreError> {
        self.with("read the database", |connection| read::instance(connection))
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        self.with("read the database", |connection| {
            Ok(Loaded { apps: read::apps(connection)?, operations: read::newest_operations(connection)? })
        })
    }

    fn commit(&self, change: &Change) -> Result<Option<EventId>, StoreError> {
        self.with("write the database", |connection| {
            // Immediate: a transaction that begins by reading cannot always be turned into a writing one.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let first_event = commit::write(&transaction, change)?;
            transaction.commit()?;
            Ok(first_event)
        })
    }

    fn operation(&self, id: &OperationId) -> Result<Option<Operation>, StoreError> {
        self.with("read the database", |connection| read::operation(connection, id))
    }

    fn newest_operation(&self, install: &InstallId) -> Result<Option<Operation>, StoreError> {
        self.with("read the database", |connection| read::newest_operation(connection, install))
    }

    fn operations(
        &self,
        app: Option<&AppId>,
        before: Option<&OperationId>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        self.with("read the database", |connection| read::operations(connection, app, before, limit))
    }

    fn events_after(
        &self,
        place: EventId,
        app: Option<&AppId>,
        limit: usize,
    ) -> Result<EventPage, StoreError> {
        self.with("read the database", |connection| read::events_after(connection, place, app, limit))
    }

    fn events(&self, app: Option<&AppId>, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.with("read the database", |connection| read::events(connection, app, limit))
    }

    fn check(&self) -> Result<(), StoreError> {
        // A write that is really committed: only that tells of a full disk or one gone read-only.
        self.with("write the database", |connection| {
            connection.execute("UPDATE meta SET check_count = check_count + 1", [])?;
            Ok(())
        })
    }
}
