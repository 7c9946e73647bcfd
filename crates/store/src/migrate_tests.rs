//! From every old version to the newest, with what its servers had stored.

use std::os::unix::fs::PermissionsExt;

use control::ports::{AccessStore, CatalogStore, Store};
use domain::{AppId, OperationState};

use super::*;
use crate::{FILE_NAME, SqliteStore};

/// What a server of each version has stored: one sample per migration, in order.
const SAMPLES: &[&str] = &[
    include_str!("../migrations/samples/0001.sql"),
    include_str!("../migrations/samples/0002.sql"),
    include_str!("../migrations/samples/0003.sql"),
    include_str!("../migrations/samples/0004.sql"),
    include_str!("../migrations/samples/0005.sql"),
    include_str!("../migrations/samples/0006.sql"),
    include_str!("../migrations/samples/0007.sql"),
];

/// Stands in for the next release's migration until there is one.
const NEXT: &str = "ALTER TABLE app ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';";

fn database_of_version(version: usize, directory: &Path) -> (Connection, PathBuf) {
    let path = directory.join(FILE_NAME);
    let mut connection = Connection::open(&path).expect("a file in a fresh directory");
    for (version, migration) in (1..=version).zip(MIGRATIONS) {
        apply(&mut connection, version, migration).expect("a released migration works");
    }
    connection.execute_batch(SAMPLES[version - 1]).expect("the sample fits its version");
    (connection, path)
}

fn version_of(path: &Path) -> usize {
    version(&Connection::open(path).expect("the file is there")).expect("it is a database")
}

fn next_release() -> Vec<&'static str> {
    MIGRATIONS.iter().copied().chain([NEXT]).collect()
}

#[test]
fn every_old_version_is_brought_up_to_date_and_still_read() {
    assert_eq!(SAMPLES.len(), MIGRATIONS.len(), "every version has a sample");
    for old in 1..=MIGRATIONS.len() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (connection, path) = database_of_version(old, directory.path());
        drop(connection);
        let store = SqliteStore::open(directory.path()).expect("it is migrated");
        assert_eq!(version_of(&path), MIGRATIONS.len());
        assert_eq!(backup_path(&path, MIGRATIONS.len()).exists(), old < MIGRATIONS.len());

        assert_eq!(store.instance().expect("it is read").as_str(), "sampleinstance");
        let loaded = store.load().expect("it is read");
        let ids: Vec<&str> = loaded.apps.iter().map(|app| app.id.as_str()).collect();
        assert_eq!(ids, ["blog", "cache", "wiki"]);
        let blog = loaded.apps[0].deployment.as_ref().expect("it was deployed");
        assert_eq!(blog.secrets[0].1.reveal(), "Zbcdefghijklmnop12345678");
        assert_eq!(loaded.apps[0].images.len(), usize::from(old >= 5));
        let accepted = loaded.apps[1].package.fingerprint.as_deref();
        assert_eq!(accepted, (old >= 7).then_some("0123456789abcdef"));
        let address = loaded.apps[0].address().map(|(name, port)| (name.as_str(), port));
        let expected = ("blog.example.com", if old >= 6 { 8443 } else { 443 });
        assert_eq!(address, (old >= 3).then_some(expected), "a name that was certified was served");
        assert!(matches!(loaded.operations[1].state, OperationState::Queued));
        assert!(matches!(loaded.operations[2].state, OperationState::Failed(_)));
        let blog = AppId::parse("blog").expect("an app id");
        assert_eq!(store.events(Some(&blog), 10).expect("they are read").len(), 3);
        let known = usize::from(old >= 3);
        let accounts = store.accounts().expect("they are read");
        assert_eq!((accounts.users.len(), accounts.keys.len()), (known, known));
        assert_eq!(store.audit(None, 10).expect("it is read").len(), known);
        assert_eq!(store.catalogs().expect("they are read").len(), usize::from(old >= 4));
    }
}

#[test]
fn a_database_is_copied_before_it_is_migrated() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let newest = MIGRATIONS.len();
    let (mut connection, path) = database_of_version(newest, directory.path());
    let backup = backup_path(&path, newest + 1);
    fs::write(beside(&backup, ".unfinished"), "left over by a power cut").expect("it can be written");
    migrate(&mut connection, &path, &next_release()).expect("it is migrated");
    assert_eq!((version_of(&path), version_of(&backup)), (newest + 1, newest));
    assert_eq!(fs::metadata(&backup).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(!beside(&backup, ".unfinished").exists());
    assert_eq!(newest_backup(&path), Some(backup.clone()));
    let count: i64 = Connection::open(&backup)
        .and_then(|copy| copy.query_row("SELECT count(*) FROM app", [], |row| row.get(0)))
        .expect("the copy is a database");
    assert_eq!(count, 3);
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let newest = MIGRATIONS.len();
    let (mut connection, path) = database_of_version(newest, directory.path());
    let broken: Vec<&str> = MIGRATIONS.iter().copied().chain(["CREATE TABLE half (a); NONSENSE;"]).collect();
    let error = migrate(&mut connection, &path, &broken).expect_err("it cannot be carried out");
    assert!(matches!(error, OpenError::Failed { action: "migrate", .. }), "{error}");
    assert_eq!(version_of(&path), newest);
    assert!(connection.prepare("SELECT * FROM half").is_err(), "nothing of it is there");
    migrate(&mut connection, &path, &next_release()).expect("the next try works");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let newest = MIGRATIONS.len();
    let (mut connection, path) = database_of_version(newest, directory.path());
    migrate(&mut connection, &path, &next_release()).expect("it is migrated");
    drop(connection);
    let error = SqliteStore::open(directory.path()).err().expect("it is too new").to_string();
    for part in ["schema version 8", "up to 7", "run the newer appmanage", "appmanage.db.before-v8"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(version_of(&path), newest + 1);
}
