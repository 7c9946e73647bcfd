//! The schema's versions: `PRAGMA user_version` counts the migrations that a file has been through.
//!
//! A migration that has been released is never changed; a new one is added at the end of [`MIGRATIONS`],
//! with a sample of the version before in `migrations/samples` for the tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Fault, OpenError};
use crate::open::create_private;

/// Every migration, in order: the first makes version 1 out of nothing.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first_release.sql"),
    include_str!("../migrations/0002_rest_of_life.sql"),
    include_str!("../migrations/0003_public_server.sql"),
    include_str!("../migrations/0004_catalogs.sql"),
    include_str!("../migrations/0005_images.sql"),
    include_str!("../migrations/0006_served_domains.sql"),
    include_str!("../migrations/0007_accepted_packages.sql"),
];

/// Brings the file to the newest version. One that holds something already is copied first, to
/// `<file>.before-vN`.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[&str],
) -> Result<(), OpenError> {
    let failed = |fault: Fault| fault.into_open_error("migrate", path);
    let found = version(connection).map_err(failed)?;
    let known = migrations.len();
    if found > known {
        return Err(OpenError::NewerSchema { path: path.to_owned(), found, known });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        let backup = backup_path(path, known);
        back_up(connection, &backup).map_err(failed)?;
        tracing::info!(from = found, to = known, backup = %backup.display(), "migrating the database");
    }
    for (version, migration) in (1..).zip(migrations).skip(found) {
        apply(connection, version, migration).map_err(failed)?;
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<usize, Fault> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? as usize)
}

/// All of one migration and the number of its version, or nothing.
fn apply(connection: &mut Connection, version: usize, migration: &str) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(migration)?;
    transaction.execute_batch(&format!("PRAGMA user_version = {version}"))?;
    Ok(transaction.commit()?)
}

fn backup_path(path: &Path, to_version: usize) -> PathBuf {
    beside(path, &format!(".before-v{to_version}"))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Copies the database, whole and on the disk before it bears its name.
fn back_up(connection: &Connection, backup: &Path) -> Result<(), Fault> {
    let unfinished = beside(backup, ".unfinished");
    if unfinished.exists() {
        fs::remove_file(&unfinished)?;
    }
    create_private(&unfinished)?;
    // VACUUM INTO takes an empty file, and reads through the WAL, as a plain copy would not.
    let target = unfinished.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [target.as_ref()])?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, backup)?;
    if let Some(directory) = backup.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// The copy made before the latest migration, if there was one.
pub(crate) fn newest_backup(path: &Path) -> Option<PathBuf> {
    let prefix = format!("{}.before-v", path.file_name()?.to_string_lossy());
    let version = |name: &str| name.strip_prefix(&prefix)?.parse::<usize>().ok();
    let entries = fs::read_dir(path.parent()?).ok()?.filter_map(Result::ok);
    let backups = entries.filter_map(|entry| {
        let version = version(&entry.file_name().to_string_lossy())?;
        Some((version, entry.path()))
    });
    backups.max_by_key(|(version, _)| *version).map(|(_, path)| path)
}

#[cfg(test)]
#[path = "migrate_tests.rs"]
mod tests;
