//! Catalogs of others, written to a folder and added to a server, and apps installed from them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::apps::INSTALL_LIMIT;
use crate::json::{items, text};
use crate::{Server, Setup, docker, wait};

/// How long reading a folder with a few apps may take.
const SYNC_LIMIT: Duration = Duration::from_secs(60);

/// Writes a catalog's files.
fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a new folder");
        fs::write(path, text).expect("it can be written");
    }
}

/// A server with that catalog, of which it understands every app.
///
/// # Panics
/// It does not.
#[must_use]
pub fn with_catalog(format: &str, files: &[(&str, &str)]) -> Server {
    let setup = Setup::default();
    let folder = setup.folder().join("store");
    write(&folder, files);
    let server = setup.start();
    let api = server.api();
    let source = folder.display().to_string();
    api.call("CatalogAdd", &[("name", "store"), ("source", &source)]).expect("it is added");
    let synced = wait::within(SYNC_LIMIT, || {
        let listed = api.call("CatalogList", &[]).expect("it answers");
        let store = items(&listed, "").into_iter().find(|catalog| text(catalog, "/name") == "store")?;
        assert_ne!(text(&store, "/state"), "failed", "{store:#}");
        (text(&store, "/state") == "ready").then_some(store)
    });
    let synced = synced.expect("it is synced");
    assert_eq!(text(&synced, "/report/format"), format, "{synced:#}");
    server
}

/// What a container was given for that name.
///
/// # Panics
/// Nothing.
#[must_use]
pub fn given(container: &str, name: &str) -> String {
    let found = docker::inspect(container).expect("it is there");
    let prefix = format!("{name}=");
    let entries = items(&found, "/Config/Env");
    let entry =
        entries.iter().filter_map(|entry| entry.as_str()).find_map(|entry| entry.strip_prefix(&prefix));
    entry.unwrap_or_else(|| panic!("{container} has {name}")).to_owned()
}

/// Installs a package of the catalog and waits until it runs.
///
/// # Panics
/// It does not in time.
#[must_use]
pub fn install(server: &Server, package: &str, version: &str) -> String {
    let name = server.name("b");
    server.api().install(package, &name, version).expect("the install is accepted");
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    name
}
