//! What thousands of packages cost: nothing may take more time for each the more there are. Times are the processor's, so
//! that a busy machine makes no difference, and are compared with each other more than with any clock.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use catalog::PackageCatalog;
use control::ports::{Catalog, Sources};
use domain::catalog::Synced;
use domain::{CatalogName, CatalogRecord, CatalogSource, Timestamp};
use tempfile::TempDir;
use testkit::costs::processor_time;

/// More than all catalogs of the field together.
const MANY: u32 = 2_000;
const FEW: u32 = MANY / 16;
/// What sixteen times as many may cost more: sixteen times, and some for luck. What is quadratic costs 256 times as much.
const RATIO_MAX: f64 = 30.0;
/// Loading in a build for development, which takes several times as long as a release (whose limit is a second).
const LOAD_MAX: Duration = Duration::from_secs(5);
/// All lookups of [`MANY`] names.
const LOOKUPS_MAX: Duration = Duration::from_secs(1);

/// In memory where that can be: what is measured is not how long a busy disk takes to flush.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

#[derive(Debug)]
struct Costs {
    sync: Duration,
    load: Duration,
    lookups: Duration,
}

fn write(folder: &Path, count: u32) {
    for number in 0..count {
        let package = folder.join(format!("app{number}"));
        fs::create_dir(&package).expect("made");
        let text = format!(
            "x-appmanage:\n  trademark: App {number}\n  description: {{ zh: 应用, en: It does the work of {number} }}\n  \
             categories: [office]\n  versions: [{{ name: \"1\" }}]\n  \
             requirements: {{ cpu_cores: 1, memory: 16M, disk: 16M }}\nservices:\n  web: {{ image: \"example/app:1\" }}\n"
        );
        fs::write(package.join("compose.yaml"), text).expect("written");
    }
}

fn write_casaos(folder: &Path, count: u32) {
    for number in 0..count {
        let app = folder.join(format!("Apps/App{number}"));
        fs::create_dir_all(&app).expect("made");
        let text = format!(
            "name: app{number}\nservices:\n  app: {{ image: \"example/app:1\" }}\n\
             x-casaos: {{ main: app, title: {{ en_us: App {number} }}, tagline: {{ en_us: It works }} }}\n"
        );
        fs::write(app.join("docker-compose.yml"), text).expect("written");
    }
}

fn write_coolify(folder: &Path, count: u32) {
    let folder = folder.join("templates/compose");
    fs::create_dir_all(&folder).expect("made");
    for number in 0..count {
        let text = format!("# slogan: It works, {number}\nservices:\n  app:\n    image: \"example/app:1\"\n");
        fs::write(folder.join(format!("app{number}.yaml")), text).expect("written");
    }
}

async fn costs(write: fn(&Path, u32), count: u32) -> Costs {
    let (data, store) = (folder(), folder());
    write(store.path(), count);
    let open = || PackageCatalog::load(None, data.path().join("catalogs")).catalog;
    let name = CatalogName::parse("store").expect("a name");
    let source = CatalogSource::Directory(store.path().to_owned());
    let began = processor_time();
    let staged = open().stage(&name, &source, Arc::default()).await.expect("it is sound");
    let report = staged.report().clone();
    assert_eq!((report.packages, report.new.count), (count, count), "{:?}", report.unreadable.first.first());
    staged.put_in_place().expect("there is room");
    let synced = processor_time();
    let added_at = Timestamp::from_millis(1);
    let record = CatalogRecord {
        name,
        source,
        is_trusted: false,
        added_at,
        synced: Some(Synced { at: added_at, report }),
        failed: None,
    };
    let catalog = open();
    assert_eq!(catalog.serve(&[record]), []);
    assert!(catalog.entries().len() >= count as usize);
    let loaded = processor_time();
    for number in 0..count {
        assert!(catalog.entry(&format!("app{number}@store")).is_some());
        assert!(catalog.entry(&format!("app{number}")).is_some());
    }
    let looked_up = processor_time();
    Costs { sync: synced - began, load: loaded - synced, lookups: looked_up - loaded }
}

// One test: another beside it would cost at the same time.
#[tokio::test]
async fn two_thousand_packages_cost_each_what_a_hundred_do() {
    let formats =
        [("our own", write as fn(&Path, u32)), ("casaos", write_casaos), ("coolify", write_coolify)];
    for (format, write) in formats {
        let (few, many) = (costs(write, FEW).await, costs(write, MANY).await);
        let told = format!("{format}: {few:?}, {many:?}");
        assert!(many.sync.as_secs_f64() < few.sync.as_secs_f64() * RATIO_MAX, "{told}");
        assert!(many.load < LOAD_MAX && many.lookups < LOOKUPS_MAX, "{told}");
    }
}
