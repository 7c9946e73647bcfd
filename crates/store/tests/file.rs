//! The file: who may read it, how it is when the disk is full or the file is damaged.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use control::ports::access::{AUDIT_CUT_PERIOD, AUDIT_DONE_KEPT, AUDIT_REFUSED_KEPT, AccessStore};
use control::ports::store::{Change, Store, StoreError};
use domain::{AuditEntry, Timestamp};
use store::{FILE_NAME, OpenError, SqliteStore};
use testkit::store_suite::Generator;

fn with_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// An app of some hundred bytes, and an event about it.
fn change(number: u32) -> Change {
    let mut generator = Generator::seeded(u64::from(number));
    let app = generator.app(&format!("install{number}"), &format!("app{number}"));
    let operation = generator.operation(&format!("operation{number}"), &app);
    let event = generator.event(&app);
    Change { app: Some(app), operation: Some(operation), events: vec![event], ..Change::default() }
}

/// A row of the trail.
fn audited(outcome: &str) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_millis(0),
        caller: "local".into(),
        address: "unix".into(),
        request_id: "1".into(),
        interface: "AppStop".into(),
        app_id: String::new(),
        account: String::new(),
        outcome: outcome.into(),
    }
}

/// The trail of a store of that file after so many rows of those outcomes were added at once, and ordinary ones until it
/// was cut: how many there are of each outcome.
fn trail_after(data_dir: &Path, store: &SqliteStore, outcome: &str, rows: u64) -> BTreeMap<String, u64> {
    let connection = rusqlite::Connection::open(data_dir.join(FILE_NAME)).expect("it is there");
    let many = "WITH RECURSIVE row (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM row WHERE n < ?1)
                INSERT INTO audit (at, caller, address, request_id, interface, app_id, account, outcome)
                SELECT 0, 'key:watch', '', '', 'AppStop', '', '', ?2 FROM row";
    connection.execute(many, rusqlite::params![rows.cast_signed(), outcome]).expect("it is unlocked");
    let newest = || store.audit(None, 1).expect("it can be read")[0].0;
    store.append_audit(&audited(outcome)).expect("it can be written");
    while !newest().is_multiple_of(AUDIT_CUT_PERIOD) {
        store.append_audit(&audited(outcome)).expect("it can be written");
    }
    let mut counts = BTreeMap::new();
    for (_, entry) in store.audit(None, usize::MAX).expect("it can be read") {
        *counts.entry(entry.outcome).or_default() += 1;
    }
    counts
}

#[test]
fn the_trail_is_bounded_and_refused_calls_push_out_no_change() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::open(data_dir.path()).expect("it opens");
    store.append_audit(&audited(AuditEntry::DONE)).expect("it can be written");
    let flooded = trail_after(data_dir.path(), &store, "Auth.ReadOnly", 120_990);
    assert_eq!(flooded, BTreeMap::from([("Auth.ReadOnly".into(), AUDIT_REFUSED_KEPT), ("ok".into(), 1)]));
    assert_eq!(store.audit(Some(2), 2).expect("it can be read").len(), 1, "the first row is the change");
    let many = trail_after(data_dir.path(), &store, AuditEntry::DONE, 119_990);
    let refused = ("Auth.ReadOnly".into(), AUDIT_REFUSED_KEPT);
    assert_eq!(many, BTreeMap::from([refused, ("ok".into(), AUDIT_DONE_KEPT)]));
    assert!(store.audit(Some(2), 2).expect("it can be read").is_empty(), "the oldest are dropped");
}

#[test]
fn only_its_owner_may_read_it() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let path = data_dir.path().join(FILE_NAME);
    fs::write(&path, "").expect("it can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let store = SqliteStore::open(data_dir.path()).expect("it opens");
    store.commit(&change(1)).expect("it can be written");
    let modes = fs::read_dir(data_dir.path()).expect("it is ours").map(|entry| {
        let entry = entry.expect("it can be listed");
        let mode = entry.metadata().expect("it is there").permissions().mode() & 0o777;
        (entry.file_name().to_string_lossy().into_owned(), mode)
    });
    let mut modes: Vec<(String, u32)> = modes.collect();
    modes.sort();
    let expected = ["appmanage.db", "appmanage.db-shm", "appmanage.db-wal"].map(|n| (n.to_owned(), 0o600));
    assert_eq!(modes, expected);
}

#[test]
fn a_damaged_file_is_refused_and_the_error_names_the_copy() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let path = data_dir.path().join(FILE_NAME);
    fs::write(&path, "this is no database, whatever its name says".repeat(200)).expect("it can be written");
    let error = SqliteStore::open(data_dir.path()).err().expect("it is no database");
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(FILE_NAME) && text.contains("damaged") && text.contains("no upgrade"), "{text}");

    for version in [2, 10, 9] {
        fs::write(data_dir.path().join(format!("{FILE_NAME}.before-v{version}")), "").expect("it is ours");
    }
    let text = SqliteStore::open(data_dir.path()).err().expect("it is no database").to_string();
    assert!(text.contains("appmanage.db.before-v10"), "{text}");
}

#[test]
fn rows_that_are_damaged_are_met_with_a_clear_error() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::open(data_dir.path()).expect("it opens");
    for number in 0..50 {
        store.commit(&change(number)).expect("it can be written");
    }
    drop(store);
    let path = data_dir.path().join(FILE_NAME);
    let mut bytes = fs::read(&path).expect("it is ours");
    // The schema lies at the beginning; the rows behind it become nonsense.
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xA5);
    fs::write(&path, bytes).expect("it is ours");
    let store = SqliteStore::open(data_dir.path()).expect("the schema is sound");
    let error = store.load().expect_err("the rows are not");
    assert!(with_chain(&error).contains("is damaged"), "{}", with_chain(&error));
}

#[test]
fn the_error_about_an_unreadable_row_does_not_quote_what_may_be_a_password() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::open(data_dir.path()).expect("it opens");
    store.commit(&change(1)).expect("it can be written");
    let connection = rusqlite::Connection::open(data_dir.path().join(FILE_NAME)).expect("it is ours");
    let damage = r#"UPDATE app SET deployment = '{"folder":"/x","secrets":"hunter2hunter2"}'"#;
    connection.execute(damage, []).expect("it is ours");
    let text = with_chain(&store.load().expect_err("it cannot be read"));
    assert!(text.contains("app1") && text.contains("deployment") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let error = SqliteStore::open(&data_dir.path().join("gone")).err().expect("there is no such directory");
    let text = with_chain(&error);
    assert!(text.starts_with("cannot open the database /") && text.contains("No such file"), "{text}");
}

/// A file system of its own, small enough to be filled.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where this process may not mount.
    fn mount(size: &str) -> Option<Self> {
        let place = tempfile::tempdir().expect("a temporary directory");
        let options = format!("size={size},mode=0700");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(place.path()).output();
        mount.is_ok_and(|output| output.status.success()).then(|| Self(place))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "{} stays mounted", self.path().display());
    }
}

#[test]
fn a_full_disk_is_told_apart_and_costs_nothing_that_was_stored() {
    let Some(disk) = SmallDisk::mount("400k") else {
        writeln!(std::io::stderr(), "left out: mounting a small file system takes root").expect("stderr");
        return;
    };
    let mut stored = 0;
    let store = SqliteStore::open(disk.path()).expect("it has room for an empty database");
    let error = loop {
        match store.commit(&change(stored)) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 10_000, "the disk never gets full");
    };
    assert!(matches!(error, StoreError::DiskFull(_)), "{error:?}");
    assert!(store.load().expect("reading needs no room").apps.len() >= stored as usize);
    drop(store);

    // A start on the full disk either works or says why it cannot; what was stored is still there after.
    let ballast = disk.path().join("ballast");
    let filled = fs::File::create(&ballast).and_then(|mut file| file.write_all(&vec![0; 1 << 20]));
    assert!(filled.is_err(), "the disk is full");
    match SqliteStore::open(disk.path()).and_then(|store| store.load().map_err(opened_but_unreadable)) {
        Ok(loaded) => assert_eq!(loaded.apps.len(), stored as usize),
        Err(error) => assert!(matches!(error, OpenError::DiskFull { .. }), "{error:?}"),
    }
    fs::remove_file(&ballast).expect("it is ours");
    let store = SqliteStore::open(disk.path()).expect("there is room again");
    assert_eq!(store.load().expect("it can be read").apps.len(), stored as usize);
}

fn opened_but_unreadable(error: StoreError) -> OpenError {
    match error {
        StoreError::DiskFull(source) => OpenError::DiskFull { path: "".into(), source },
        error => OpenError::Failed { action: "read", path: "".into(), source: Box::new(error) },
    }
}

#[test]
fn a_thousand_apps_are_loaded_in_an_instant() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::open(data_dir.path()).expect("it opens");
    for number in 0..1000 {
        store.commit(&change(number)).expect("it can be written");
    }
    drop(store);
    let began = Instant::now();
    let loaded = SqliteStore::open(data_dir.path()).expect("it opens").load().expect("it can be read");
    assert_eq!((loaded.apps.len(), loaded.operations.len()), (1000, 1000));
    // Twenty times what it takes in a debug build: catches only a change of its order.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}
