//! The store on the disk does what every store does.

use std::path::Path;

use control::ports::{AccessStore, CatalogStore, Store};
use store::SqliteStore;
use tempfile::TempDir;
use testkit::store_suite::Subject;

struct OnDisk {
    data_dir: TempDir,
    store: Option<SqliteStore>,
}

fn open(data_dir: &Path) -> SqliteStore {
    SqliteStore::open(data_dir).expect("the database opens")
}

impl OnDisk {
    fn fresh() -> Self {
        let data_dir = tempfile::tempdir().expect("a temporary directory");
        let store = Some(open(data_dir.path()));
        Self { data_dir, store }
    }
}

impl Subject for OnDisk {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().expect("it is closed only within `reopen`")
    }

    fn access(&self) -> &dyn AccessStore {
        self.store.as_ref().expect("it is closed only within `reopen`")
    }

    fn catalogs(&self) -> &dyn CatalogStore {
        self.store.as_ref().expect("it is closed only within `reopen`")
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(open(self.data_dir.path()));
    }
}

testkit::store_contract!(OnDisk::fresh());
