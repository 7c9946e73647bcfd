//! Catalogs of others: what is installed from one stays what it is, and what is known of their packages is remembered.

use std::sync::Arc;

use control::{CatalogDetail, CatalogRequest, CatalogState, Error};
use domain::policy::Wish;
use domain::{CatalogSource, Failure, FailureClass, OperationState, Status, Step, Verdict};
use testkit::{Running, World, packages};
use tokio::sync::Semaphore;

fn request(name: &str) -> CatalogRequest {
    let source = CatalogSource::parse("https://example.org/store", None, None, None);
    CatalogRequest { name: name.to_owned(), source, position: None }
}

/// Waits until that catalog is not at work any more.
async fn settled(server: &Running, name: &str) -> CatalogDetail {
    let is_at_work =
        |detail: &CatalogDetail| matches!(detail.state, CatalogState::Queued | CatalogState::Syncing { .. });
    let find = |server: &Running| {
        let mut all = server.control.catalogs().into_iter();
        all.find(|detail| detail.record.name.as_str() == name).expect("it is there")
    };
    server.until(|server| Some(find(server)).filter(|detail| !is_at_work(detail))).await
}

/// Adds the catalog `store` and waits until it is synced.
async fn add_store(server: &Running) -> CatalogDetail {
    server.control.add_catalog(request("store")).await.expect("added");
    settled(server, "store").await
}

async fn verdict(server: &Running, package: &str) -> Verdict {
    let verdict = |server: &Running| {
        let entry = server.control.catalog().entry(package).expect("it is there");
        server.control.policy_of(&entry).verdict
    };
    server.until(|server| Some(verdict(server)).filter(|verdict| *verdict != Verdict::Unknown)).await
}

#[tokio::test(start_paused = true)]
async fn apps_stay_as_they_are_when_their_catalog_is_removed() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.connected().await;
    assert_eq!(add_store(&server).await.state, CatalogState::Ready);
    server.install("blog@store", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server.control.remove_catalog("store").await.expect("removed");
    assert!(matches!(server.install("blog@store", "two").await, Err(Error::AppUnknown { .. })));

    let control = Arc::clone(&server.control);
    let went_well = async |verb: &str| {
        let operation = server.operation_ended("one").await;
        assert_eq!(operation.state, OperationState::Succeeded, "{verb}");
    };
    control.restart("one").await.expect("accepted");
    went_well("restart").await;
    control.uninstall("one", control::Data::Keep).await.expect("accepted");
    went_well("uninstall").await;
    control.restore("one").await.expect("accepted");
    went_well("restore").await;
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_install_that_was_accepted_keeps_its_package_whatever_a_sync_brings() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.connected().await;
    add_store(&server).await;
    server.install("blog@store", "one").await.expect("accepted");
    world.catalog.offer("store", vec![packages::hello()]);
    server.control.sync_catalogs(None).expect("there is one");
    settled(&server, "store").await;
    assert!(server.control.catalog().find("blog@store").is_none());
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_packages_ask_for_is_remembered_over_a_restart_and_found_out_anew_when_they_change() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.connected().await;
    add_store(&server).await;
    assert_eq!(verdict(&server, "blog@store").await, Verdict::Allowed);
    server.stop().await;

    // Nothing is asked of the engine: it is away.
    world.engine.set_away(true);
    let server = world.start();
    let entry = server.control.catalog().entry("blog@store").expect("it is there");
    assert_eq!(server.control.policy_of(&entry).verdict, Verdict::Allowed);
    world.engine.set_away(false);
    world.projects.ask("Blog", "web", Wish::Privileged);
    let changed = domain::Package { note: None, trademark: "Another".into(), ..packages::blog() };
    world.catalog.offer("store", vec![changed]);
    server.control.sync_catalogs(None).expect("there is one");
    settled(&server, "store").await;
    assert_eq!(verdict(&server, "blog@store").await, Verdict::Refused);
    server.stop().await;
}

/// A world in which one install is slow and the next waits for it, and a package `Blog` that asks for too much: the
/// other one, [`packages::blog`], asks for nothing.
fn waiting_world() -> (World, domain::Package) {
    let mut world = World::default();
    world.settings.installs_at_once = 1;
    world.engine.pull_slowly("hello");
    let greedy = domain::Package { compose: "services: { greedy: {} }\n".to_owned(), ..packages::blog() };
    world.projects.ask(&greedy.compose, "web", Wish::Privileged);
    (world, greedy)
}

async fn sync(server: &Running, world: &World, offered: domain::Package) {
    world.catalog.offer("store", vec![offered]);
    server.control.sync_catalogs(None).expect("there is one");
    settled(server, "store").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_package_that_is_installed_is_not_taken_for_its_successors() {
    let (world, greedy) = waiting_world();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.connected().await;
    server.install("hello", "slow").await.expect("accepted");
    add_store(&server).await;
    server.install("blog@store", "one").await.expect("accepted");
    sync(&server, &world, greedy).await;
    server.control.cancel("slow").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    assert_eq!(verdict(&server, "blog@store").await, Verdict::Refused);
    let refused = server.install("blog@store", "two").await;
    assert!(matches!(refused, Err(Error::PolicyRefused { .. })), "{refused:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_install_that_waited_over_a_restart_installs_what_was_accepted_or_nothing() {
    let (world, _) = waiting_world();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.connected().await;
    server.install("hello", "slow").await.expect("accepted");
    add_store(&server).await;
    server.install("blog@store", "changed").await.expect("accepted");
    server.install("blog", "same").await.expect("accepted");
    let successor = domain::Package { trademark: "Another".into(), ..packages::blog() };
    sync(&server, &world, successor).await;
    server.stop().await;

    let server = world.start();
    server.connected().await;
    server.control.cancel("slow").await.expect("accepted");
    let OperationState::Failed(failure) = server.operation_ended("changed").await.state else {
        panic!("another package was installed than the one that was accepted")
    };
    assert_eq!(failure, Failure::of(FailureClass::PackageChanged, "Blog@store", ""));
    server.has_status("same", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_install_whose_files_are_written_goes_on_after_a_restart_whatever_became_of_its_catalog() {
    let world = World::default();
    world.engine.pull_slowly("blog");
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.connected().await;
    add_store(&server).await;
    server.install("blog@store", "one").await.expect("accepted");
    let is_pulling = |server: &Running| {
        server.control.app_operation("one").ok().and_then(|it| it.step()) == Some(Step::Pull)
    };
    server.until(|server| is_pulling(server).then_some(())).await;
    server.control.remove_catalog("store").await.expect("removed");
    server.stop().await;

    world.engine.pull_soundly("blog");
    let server = world.start();
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_sync_replaces_while_it_is_to_be_judged_is_not_judged_by_its_successor() {
    let (world, greedy) = waiting_world();
    world.catalog.offer("store", vec![greedy.clone()]);
    let server = world.start();
    server.connected().await;
    server.install("hello", "slow").await.expect("accepted");
    add_store(&server).await;
    sync(&server, &world, packages::blog()).await;
    server.control.cancel("slow").await.expect("accepted");
    assert_eq!(verdict(&server, "blog@store").await, Verdict::Allowed);
    sync(&server, &world, greedy).await;
    assert_eq!(verdict(&server, "blog@store").await, Verdict::Refused);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_package_that_could_not_be_judged_in_time_is_judged_later() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    // All that is not known yet: the world's own, and the catalog's.
    world.projects.be_late(3);
    let server = world.start();
    server.connected().await;
    add_store(&server).await;
    assert_eq!(verdict(&server, "blog@store").await, Verdict::Allowed);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_exception_counts_for_trusted_catalogs_only() {
    let mut world = World::default();
    world.settings.policy_exceptions = vec!["greedy".to_owned()];
    world.catalog.offer("store", vec![packages::greedy()]);
    let server = world.start();
    server.connected().await;
    add_store(&server).await;
    assert_eq!(verdict(&server, "greedy").await, Verdict::Excepted, "it is the administrator's own");
    assert_eq!(verdict(&server, "greedy@store").await, Verdict::Refused);
    let refused = server.install("greedy@store", "one").await;
    assert!(matches!(refused, Err(Error::PolicyRefused { .. })), "{refused:?}");
    server.control.trust_catalog("store", true).await.expect("trusted");
    assert_eq!(verdict(&server, "greedy@store").await, Verdict::Excepted);
    server.control.trust_catalog("store", false).await.expect("not trusted");
    assert_eq!(verdict(&server, "greedy@store").await, Verdict::Refused);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_catalog_that_was_added_is_synced_after_a_restart_in_the_middle() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let gate = Arc::new(Semaphore::new(0));
    world.catalog.hold(Arc::clone(&gate));
    let server = world.start();
    server.control.add_catalog(request("store")).await.expect("added");
    server.kill().await;
    gate.add_permits(1);
    let server = world.start();
    assert_eq!(settled(&server, "store").await.state, CatalogState::Ready);
    assert!(server.control.catalog().find("blog@store").is_some());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_is_asked_for_while_one_is_at_work_brings_what_is_there_now() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.control.add_catalog(request("store")).await.expect("added");
    let is_syncing =
        |server: &Running| matches!(server.control.catalogs()[0].state, CatalogState::Syncing { .. });
    let gate = Arc::new(Semaphore::new(0));
    settled(&server, "store").await;
    world.catalog.hold(Arc::clone(&gate));
    server.control.sync_catalogs(None).expect("there is one");
    server.until(|server| is_syncing(server).then_some(())).await;
    world.catalog.offer("store", vec![packages::hello()]);
    server.control.sync_catalogs(None).expect("there is one");
    gate.add_permits(2);
    settled(&server, "store").await;
    assert!(server.control.catalog().find("hello@store").is_some(), "what was there when it was asked for");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_catalog_that_is_added_while_the_removed_one_of_its_name_is_still_at_work_is_synced() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let gate = Arc::new(Semaphore::new(0));
    world.catalog.hold(Arc::clone(&gate));
    let server = world.start();
    server.control.add_catalog(request("store")).await.expect("added");
    let source = CatalogSource::parse("https://example.org/other", None, None, None);
    let other = CatalogRequest { source, ..request("store") };
    gate.add_permits(2);
    let (removed, added) =
        tokio::join!(server.control.remove_catalog("store"), server.control.add_catalog(other));
    removed.expect("removed");
    added.expect("added");
    let settled = settled(&server, "store").await;
    assert!(settled.record.synced.is_some(), "{settled:?}");
    assert!(server.control.catalog().find("blog@store").is_some());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_packages_of_a_catalog_that_is_added_again_are_judged_again() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    server.connected().await;
    for _ in 0..2 {
        server.control.add_catalog(request("store")).await.expect("added");
        settled(&server, "store").await;
        assert_eq!(verdict(&server, "blog@store").await, Verdict::Allowed);
        server.control.remove_catalog("store").await.expect("removed");
    }
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sync_whose_outcome_cannot_be_stored_harms_nothing() {
    let world = World::default();
    world.catalog.offer("store", vec![packages::blog()]);
    let server = world.start();
    add_store(&server).await;
    world.store.set_disk_full(true);
    server.control.sync_catalogs(None).expect("there is one");
    let told = settled(&server, "store").await;
    let failure = told.record.failed.expect("it is told").failure;
    assert!(told.state == CatalogState::Failed && failure.detail.contains("cannot be stored"), "{failure}");
    assert!(server.control.remove_catalog("store").await.is_err());
    assert!(server.control.catalog().find("blog@store").is_some());
    world.store.set_disk_full(false);
    server.control.remove_catalog("store").await.expect("removed");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn catalogs_have_an_order_of_preference() {
    let world = World::default();
    for name in ["one", "two", "three"] {
        world.catalog.offer(name, vec![packages::blog()]);
    }
    let server = world.start();
    server.control.add_catalog(request("one")).await.expect("added");
    server.control.add_catalog(request("two")).await.expect("added");
    let first = CatalogRequest { position: Some(1), ..request("three") };
    server.control.add_catalog(first).await.expect("added");
    let names = || -> Vec<String> {
        server.control.catalogs().iter().map(|detail| detail.record.name.to_string()).collect()
    };
    assert_eq!(names(), ["three", "one", "two"]);
    server.control.trust_catalog("two", true).await.expect("trusted");
    assert_eq!(names(), ["two", "three", "one"], "the trusted before the others");
    assert!(matches!(server.control.add_catalog(request("one")).await, Err(Error::CatalogTaken { .. })));
    server.stop().await;
}

/// More than all catalogs of the field together.
const MANY: usize = 2_000;

#[tokio::test(start_paused = true)]
async fn what_is_not_judged_yet_says_so_and_is_judged_when_it_is_installed_while_thousands_wait() {
    let world = World::default();
    let mut offered: Vec<_> = (0..MANY)
        .map(|number| domain::Package { name: format!("app{number}"), ..packages::blog() })
        .collect();
    offered.push(domain::Package { name: "zealous".to_owned(), ..packages::blog() });
    world.projects.ask("zealous", "web", Wish::Privileged);
    world.catalog.offer("store", offered);
    // Nothing is judged before the engine was seen.
    world.engine.set_away(true);
    let server = world.start();
    add_store(&server).await;
    let entry = server.control.catalog().entry("zealous@store").expect("it is there");
    let report = server.control.policy_of(&entry);
    assert_eq!((report.verdict, report.risks), (Verdict::Unknown, Vec::new()));

    world.engine.set_away(false);
    server.connected().await;
    let began = tokio::time::Instant::now();
    match server.install("zealous@store", "one").await {
        Err(refused) => assert!(matches!(refused, Error::PolicyRefused { .. }), "{refused:?}"),
        Ok(_) => {
            let operation = server.operation_ended("one").await;
            let failure = operation.state.failure().expect("it is refused");
            assert_eq!(failure.class, domain::FailureClass::PolicyRefused);
            assert_eq!(operation.attempts(domain::Step::Pull), 0);
        }
    }
    server.install("app7@store", "two").await.expect("accepted");
    server.has_status("two", Status::Running).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "it did not wait for thousands");
    assert_eq!(verdict(&server, "zealous@store").await, Verdict::Refused);
    server.stop().await;
}
