//! `kill -9` in the midst of commits: what was acknowledged is there, and nothing is half there.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use control::ports::store::{Change, Store};
use domain::InstallId;
use store::{FILE_NAME, SqliteStore};
use testkit::store_suite::Generator;

/// Names the data directory to the child that is to be killed.
const DATA_DIR: &str = "STORE_KILL_TEST_DATA_DIR";

/// What the child says before each number it has stored.
const STORED: &str = "stored ";

const ROUNDS: u32 = 10;

/// Acknowledged commits before the child is killed.
const COMMITS_PER_ROUND: usize = 40;

/// One app, its operation and two events, all of one number.
fn change(number: usize) -> Change {
    let mut generator = Generator::seeded(number as u64);
    let app = generator.app(&format!("install{number}"), &format!("app{number}"));
    let operation = generator.operation(&format!("operation{number}"), &app);
    let events = vec![generator.event(&app), generator.event(&app)];
    Change { app: Some(app), operation: Some(operation), events, ..Change::default() }
}

/// Not a test of its own: the child process. Without its variable it does nothing.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Some(data_dir) = std::env::var_os(DATA_DIR) else { return };
    let store = SqliteStore::open(Path::new(&data_dir)).expect("it opens");
    let mut stdout = std::io::stdout();
    for number in store.load().expect("it can be read").apps.len().. {
        store.commit(&change(number)).expect("it can be written");
        writeln!(stdout, "\n{STORED}{number}").and_then(|()| stdout.flush()).expect("the parent listens");
    }
}

/// Lets a child commit, kills it, and tells the last number that it acknowledged.
fn commit_and_kill(data_dir: &Path) -> usize {
    let this = std::env::current_exe().expect("a test has a file");
    let mut child = Command::new(this)
        .args(["--exact", "child_that_commits_until_it_is_killed", "--nocapture"])
        .env(DATA_DIR, data_dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut acknowledged = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix(STORED).and_then(|number| number.parse().ok()));
    let mut last = acknowledged.by_ref().take(COMMITS_PER_ROUND).last().expect("it commits");
    child.kill().expect("it is alive");
    child.wait().expect("it is ours");
    // What it said before it died, too.
    if let Some(number) = acknowledged.last() {
        last = number;
    }
    last
}

#[test]
fn after_kill_9_every_acknowledged_change_is_there_and_none_in_part() {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    for _ in 0..ROUNDS {
        let last = commit_and_kill(data_dir.path());
        let store = SqliteStore::open(data_dir.path()).expect("it opens");
        let loaded = store.load().expect("it can be read");
        let stored = loaded.apps.len();
        assert!(stored == last + 1 || stored == last + 2, "{stored} are stored, {last} was acknowledged");
        for number in 0..stored {
            let change = change(number);
            let install = InstallId::from_text(format!("install{number}"));
            assert_eq!(loaded.apps.iter().find(|app| app.install == install), change.app.as_ref());
            let operation = change.operation.expect("every change has one");
            assert_eq!(store.operation(&operation.id).expect("it can be read"), Some(operation));
        }
        assert_eq!(store.events(None, usize::MAX).expect("they can be read").len(), 2 * stored);
    }
    let check = rusqlite::Connection::open(data_dir.path().join(FILE_NAME))
        .and_then(|database| database.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
    assert_eq!(check.expect("it can be read"), "ok");
}
