//! Generated faults around the catalogs of others: at every call across a port that adding, syncing, trusting or removing
//! one makes, in turn, the call fails, or the server dies before it, or right after it. Whatever happens, what was
//! answered has happened, what is offered is the whole of one sync, and the next sync mends the rest.

use control::{CatalogDetail, CatalogRequest, CatalogState, Error};
use domain::CatalogSource;
use testkit::{Fault, Life, Running, World, packages};

/// Far more calls than one of them makes.
const CALLS_MAX: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Add,
    Sync,
    Trust,
    Remove,
}

impl Case {
    async fn ask(self, server: &Running) -> Result<(), Error> {
        let control = &server.control;
        match self {
            Self::Add => add(server).await,
            Self::Sync => control.sync_catalogs(Some("store")).map(drop),
            Self::Trust => control.trust_catalog("store", true).await.map(drop),
            Self::Remove => control.remove_catalog("store").await.map(drop),
        }
    }
}

async fn add(server: &Running) -> Result<(), Error> {
    let source = CatalogSource::parse("https://example.org/store", None, None, None);
    let request = CatalogRequest { name: "store".to_owned(), source, position: None };
    server.control.add_catalog(request).await.map(drop)
}

/// Waits until no catalog is at work any more; tells of the one that there may be.
async fn settled(server: &Running) -> Option<CatalogDetail> {
    server
        .until(|server| {
            let detail = server.control.catalogs().into_iter().next();
            let state = detail.as_ref().map(|detail| detail.state);
            (!matches!(state, Some(CatalogState::Queued | CatalogState::Syncing { .. }))).then_some(detail)
        })
        .await
}

/// The packages of the catalog that can be installed.
fn offered(server: &Running) -> Vec<String> {
    let entries = server.control.catalog().entries();
    let of_store = entries.iter().filter(|entry| entry.catalog == "store");
    of_store.map(|entry| entry.name.clone()).collect()
}

/// A world in which the catalog has been synced, but for adding it, and has other packages now.
async fn prepared(case: Case) -> World {
    let world = World::default();
    if case != Case::Add {
        world.catalog.offer("store", vec![packages::blog(), packages::greedy()]);
        let server = world.start();
        add(&server).await.expect("added");
        settled(&server).await;
        server.stop().await;
    }
    world.catalog.offer("store", vec![packages::hello()]);
    world
}

/// Does it with that fault. Returns the number of calls that were made until all was settled.
async fn run_with(case: Case, plan: &[(usize, Fault)]) -> usize {
    let world = prepared(case).await;
    let life = Life::with_all(plan);
    let server = world.start_in(life.clone());
    let asked = async {
        let answered = case.ask(&server).await.is_ok();
        settled(&server).await;
        answered
    };
    let answered = tokio::select! {
        biased;
        () = life.died() => false,
        answered = asked => answered,
    };
    let server = if life.is_dead() {
        server.kill().await;
        world.start()
    } else {
        server
    };
    let calls = life.calls();
    let names: Vec<_> = plan.iter().map(|(call, fault)| (call, fault, calls.get(*call))).collect();
    let what = format!("{case:?}, {names:?}");
    check(&server, case, answered, &what).await;
    server.stop().await;
    let server = world.start();
    mends(&server, &what).await;
    server.stop().await;
    calls.len()
}

async fn check(server: &Running, case: Case, answered: bool, what: &str) {
    let detail = settled(server).await;
    match case {
        Case::Add => assert!(detail.is_some() || !answered, "{what}: an answered change was forgotten"),
        Case::Remove => assert!(detail.is_none() || !answered, "{what}: an answered change was forgotten"),
        Case::Trust => {
            let is_trusted = detail.as_ref().expect(what).record.is_trusted;
            assert!(is_trusted || !answered, "{what}: an answered change was forgotten");
        }
        Case::Sync => assert!(detail.is_some(), "{what}"),
    }
    let found = offered(server);
    let (old, new) = (vec!["Blog".to_owned(), "greedy".to_owned()], vec!["hello".to_owned()]);
    match &detail {
        None => assert!(found.is_empty(), "{what}: {found:?} of a catalog that is not there"),
        Some(detail) => {
            let is_whole = found == old || found == new;
            let is_told = detail.state != CatalogState::Ready || detail.record.synced.is_some();
            assert!(is_told, "{what}: it was never synced, and nothing says so: {detail:?}");
            let is_nothing =
                found.is_empty() && (detail.record.synced.is_none() || detail.state == CatalogState::Broken);
            assert!(is_whole || is_nothing, "{what}: {found:?}, {detail:?}");
        }
    }
}

/// Whatever was left: the next try, without a fault, mends it.
async fn mends(server: &Running, what: &str) {
    if settled(server).await.is_none() {
        add(server).await.expect(what);
    } else {
        server.control.sync_catalogs(None).expect(what);
    }
    let mended = settled(server).await.expect(what);
    let new = vec!["hello".to_owned()];
    assert_eq!((mended.state, offered(server)), (CatalogState::Ready, new), "{what}: {mended:?}");
}

async fn at_every_call(case: Case) {
    let run = async |plan: &[(usize, Fault)]| run_with(case, plan).await;
    testkit::faults::at_every_call(&format!("{case:?}"), 2..=CALLS_MAX, run).await;
}

#[tokio::test(start_paused = true)]
async fn adding_a_catalog_survives_a_fault_at_any_call() {
    at_every_call(Case::Add).await;
}

#[tokio::test(start_paused = true)]
async fn a_sync_survives_a_fault_at_any_call() {
    at_every_call(Case::Sync).await;
}

#[tokio::test(start_paused = true)]
async fn trusting_a_catalog_survives_a_fault_at_any_call() {
    at_every_call(Case::Trust).await;
}

#[tokio::test(start_paused = true)]
async fn removing_a_catalog_survives_a_fault_at_any_call() {
    at_every_call(Case::Remove).await;
}
