//! What it costs to judge thousands of packages of a catalog in the background: each once, in a bounded time, with nothing
//! kept of it but the verdict; nothing at all where nothing has changed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use catalog::PackageCatalog;
use control::{CatalogRequest, CatalogState};
use domain::{CatalogSource, Verdict};
use tempfile::TempDir;
use testkit::costs::{processor_time, resident_bytes};
use testkit::{Life, Running, World};

/// More than all catalogs of the field together.
const MANY: usize = 2_000;
const FEW: usize = MANY / 16;
/// What sixteen times as many may cost more: sixteen times, and some for luck. What is quadratic costs 256 times as much.
const RATIO_MAX: f64 = 40.0;
/// What each package brings for its app.
const FILE_BYTES: usize = 16 << 10;
/// What the verdicts may take, and the whims of an allocator. The packages themselves would take four times as much.
const MEMORY_MAX_BYTES: u64 = 8 << 20;

/// In memory where that can be: what is measured is not how long a busy disk takes to flush.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// A server with a real catalog, whose engine and folders are fakes.
struct Place {
    data: TempDir,
    store: TempDir,
    world: World,
    count: usize,
}

impl Place {
    fn with(count: usize) -> Self {
        let (data, store) = (folder(), folder());
        // Its own would be judged, too.
        let mut world = World::default();
        world.packages.clear();
        let place = Self { data, store, world, count };
        for number in 0..count {
            place.write(number, "the work");
            let files = place.package(number).join("files");
            fs::create_dir(&files).expect("made");
            fs::write(files.join("some"), vec![b'x'; FILE_BYTES]).expect("written");
        }
        place
    }

    fn package(&self, number: usize) -> std::path::PathBuf {
        self.store.path().join(format!("app{number}"))
    }

    fn write(&self, number: usize, work: &str) {
        let text = format!(
            "x-appmanage:\n  trademark: App {number}\n  description: {{ zh: 应用, en: It does {work} }}\n  \
             categories: [office]\n  versions: [{{ name: \"1\" }}]\n  \
             requirements: {{ cpu_cores: 1, memory: 16M, disk: 16M }}\nservices:\n  web: {{ image: \"example/app:1\" }}\n"
        );
        fs::create_dir_all(self.package(number)).expect("made");
        fs::write(self.package(number).join("compose.yaml"), text).expect("written");
    }

    fn start(&self) -> Running {
        let folder: &Path = self.data.path();
        let catalog = Arc::new(PackageCatalog::load(None, folder.join("catalogs")).catalog);
        self.world.start_with(Life::sound(), |ports| {
            ports.catalog = Arc::clone(&catalog) as _;
            ports.sources = catalog;
        })
    }

    async fn sync(&self, server: &Running) {
        if server.control.catalogs().is_empty() {
            let source = CatalogSource::parse(&self.store.path().display().to_string(), None, None, None);
            let request = CatalogRequest { name: "store".to_owned(), source, position: None };
            server.control.add_catalog(request).await.expect("added");
        } else {
            server.control.sync_catalogs(None).expect("there is one");
        }
        let is_ready = |server: &Running| server.control.catalogs()[0].state == CatalogState::Ready;
        server.until(|server| is_ready(server).then_some(())).await;
    }

    /// How many packages of the catalog are judged.
    fn count_known(&self, server: &Running) -> usize {
        let entries = server.control.catalog().entries();
        let is_known = |verdict| verdict != Verdict::Unknown;
        let of_store = entries.iter().filter(|entry| entry.catalog == "store");
        of_store.filter(|entry| is_known(server.control.policy_of(entry).verdict)).count()
    }

    async fn all_judged(&self, server: &Running) {
        server.until(|server| (self.count_known(server) == self.count).then_some(())).await;
    }

    /// What it costs to judge all of them, of the processor and in memory that is kept.
    async fn costs(&self, server: &Running) -> (Duration, u64) {
        // Nothing is judged before the engine was seen.
        self.world.engine.set_away(true);
        self.sync(server).await;
        assert_eq!((self.count_known(server), self.world.projects.count_rendered_aside()), (0, 0));
        let (began, before) = (processor_time(), resident_bytes());
        self.world.engine.set_away(false);
        self.all_judged(server).await;
        assert_eq!(self.world.projects.count_rendered_aside(), self.count, "each is judged once");
        (processor_time() - began, resident_bytes().saturating_sub(before))
    }
}

#[tokio::test]
async fn thousands_of_packages_are_judged_once_each_at_the_cost_of_each_and_only_the_verdicts_are_kept() {
    let few = Place::with(FEW);
    let server = few.start();
    let (time_of_few, _) = few.costs(&server).await;
    server.stop().await;
    let many = Place::with(MANY);
    let server = many.start();
    let (time, bytes) = many.costs(&server).await;
    let told = format!("{FEW}: {time_of_few:?}; {MANY}: {time:?}, {bytes} bytes");
    assert!(time.as_secs_f64() < time_of_few.as_secs_f64() * RATIO_MAX, "{told}");
    assert!(bytes < MEMORY_MAX_BYTES, "{told}");

    // A sync that brings nothing new has nothing judged; one that does, only that.
    many.sync(&server).await;
    many.write(7, "more");
    many.sync(&server).await;
    many.all_judged(&server).await;
    assert_eq!(many.world.projects.count_rendered_aside(), MANY + 1);
    server.stop().await;

    // Nor has a restart.
    let server = many.start();
    assert_eq!(many.count_known(&server), MANY);
    many.write(9, "more");
    many.sync(&server).await;
    many.all_judged(&server).await;
    assert_eq!(many.world.projects.count_rendered_aside(), MANY + 2);
    server.stop().await;
}
