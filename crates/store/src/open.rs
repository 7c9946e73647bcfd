//! The file and the connection: who may read it, and how SQLite is to treat it.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::{Fault, OpenError};
use crate::migrate;

/// Only the server's own user may read it: passwords are in it.
const MODE: u32 = 0o600;

/// How long a statement waits for a person's `sqlite3` that has the file locked.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = connect(path).map_err(|fault| fault.into_open_error("open", path))?;
    migrate::migrate(&mut connection, path, migrate::MIGRATIONS)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    // Before SQLite can: it would create the file for everybody to read. Its `-wal` and `-shm` take over
    // the file's own mode.
    create_private(path)?;
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_LIMIT)?;
    // WAL: one flush per commit. FULL: a commit that has returned survives a power cut. A cache of 1 MiB
    // and no memory mapping: the whole of it is read once, at the start.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -1024;
         PRAGMA mmap_size = 0;
         PRAGMA journal_size_limit = 4194304;",
    )?;
    Ok(connection)
}

/// Creates an empty file that only its owner may read, or makes one that is there so.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).open(path)?;
    fs::set_permissions(path, Permissions::from_mode(MODE))
}
