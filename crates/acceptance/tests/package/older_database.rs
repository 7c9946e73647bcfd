//! The database as a server of an older version would have left it: made of the one that is there, since no older program is
//! kept to write one.

use std::fs;
use std::path::Path;

use acceptance::machine::Machine;
use rusqlite::Connection;

/// The version of the schema: it has all that the test looks at again.
const VERSION: usize = 5;

const DATABASE: &str = "/var/lib/appmanage/appmanage.db";

/// Puts a database of the older schema in the place of the machine's, with its rows as far as there are columns for them.
/// No server runs.
pub(crate) fn put_in_place(machine: &Machine) {
    let live = machine.path(DATABASE);
    let older = live.with_extension("older");
    copy(&live, &older).expect("both are databases");
    for gone in ["-wal", "-shm"] {
        // A server that stopped in good order has left none.
        fs::remove_file(machine.path(&format!("{DATABASE}{gone}"))).ok();
    }
    fs::rename(&older, &live).expect("it is ours");
    machine.run(&["chown", "appmanage:appmanage", DATABASE]);
    machine.run(&["chmod", "600", DATABASE]);
}

/// Whether the next server made of it what it works with, after a copy beside it.
pub(crate) fn was_changed(machine: &Machine) -> bool {
    let found = Connection::open(machine.path(DATABASE)).expect("it is a database");
    let version: usize = found
        .query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))
        .map(|version| version as usize)
        .expect("a database has one");
    version > VERSION && machine.path(&format!("{DATABASE}.before-v{version}")).exists()
}

fn copy(live: &Path, older: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(older)?;
    for migration in migrations().iter().take(VERSION) {
        connection.execute_batch(migration)?;
    }
    connection.execute_batch(&format!("PRAGMA user_version = {VERSION}; PRAGMA foreign_keys = OFF"))?;
    connection.execute("ATTACH ?1 AS newer", [live.to_string_lossy()])?;
    let names = |query: &str| -> rusqlite::Result<Vec<String>> {
        connection.prepare(query)?.query_map([], |row| row.get(0))?.collect()
    };
    for table in
        names("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?
    {
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table}', 'main')"))?.join(", ");
        connection.execute_batch(&format!(
            "DELETE FROM main.{table}; INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}"
        ))?;
    }
    Ok(())
}

/// All of them, in order.
fn migrations() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations");
    let files = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is read").path());
    let mut files: Vec<_> = files.filter(|file| file.is_file()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).expect("it is text")).collect()
}
