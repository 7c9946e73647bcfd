//! AppStats: sampled once for everybody, and only while somebody asks.

use std::sync::Arc;
use std::time::Duration;

use control::{AppUsage, Error};
use domain::{ContainerState, Status};
use futures_util::future::join_all;
use testkit::{Running, World};

const MIB: u64 = 1024 * 1024;

async fn with_a_running_app(world: &World) -> Running {
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server
}

async fn stats(server: &Running) -> AppUsage {
    let mut all = server.control.app_stats(Some("one")).await.expect("it answers");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_has_a_share_of_the_processor_and_the_sums() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.load("one", "web", 2, 30 * MIB);
    world.engine.load("one", "db", 1, 50 * MIB);
    let volume = &world.engine.sight().volumes[0].name;
    world.engine.fill_volume(volume, 7 * MIB);
    world.engine.fill_volume("somebody_elses", MIB);
    let app = stats(&server).await;
    assert!(app.sampled_at.is_some());
    assert!((app.total.cpu_percent - 300.0).abs() < 1.0, "{app:?}");
    let counters = app.total.counters;
    assert_eq!(counters.memory_bytes, 80 * MIB);
    assert_eq!(counters.memory_limit_bytes, 2 << 30);
    assert_eq!((counters.network_received_bytes, counters.network_sent_bytes), (20, 40));
    assert_eq!((counters.disk_read_bytes, counters.disk_written_bytes), (60, 80));
    assert_eq!(app.volumes_bytes, 7 * MIB);
    let services: Vec<_> =
        app.services.iter().map(|(name, u)| (name.as_str(), u.counters.memory_bytes)).collect();
    assert_eq!(services, [("db", 50 * MIB), ("web", 30 * MIB)]);
    assert!((app.services[1].1.cpu_percent - 200.0).abs() < 1.0, "{app:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn fifty_clients_cost_as_much_as_one_and_nobody_costs_nothing() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((world.engine.samples_asked(), world.engine.sizes_asked()), (0, 0), "nobody asks");
    // Each asks every second, for ten seconds.
    let client = |control: Arc<control::Control>| async move {
        for _ in 0..10 {
            control.app_stats(None).await.expect("it answers");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    join_all((0..50).map(|_| client(Arc::clone(&server.control)))).await;
    let asked = world.engine.samples_asked();
    assert!((10..=16).contains(&asked), "two containers, every two seconds: {asked}");
    assert_eq!(world.engine.sizes_asked(), 1, "it is expensive");
    tokio::time::sleep(Duration::from_secs(30)).await;
    let asked = world.engine.samples_asked();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(world.engine.samples_asked(), asked, "nobody asks any more");
    assert_eq!(world.engine.sizes_asked(), 1);
    stats(&server).await;
    assert_eq!(world.engine.sizes_asked(), 2);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn only_the_apps_that_are_asked_for_are_sampled() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    server.install("hello", "two").await.expect("accepted");
    server.has_status("two", Status::Running).await;
    server.control.app_stats(Some("two")).await.expect("it answers");
    assert_eq!(world.engine.samples_asked(), 2, "one container, twice");
    let names: Vec<String> =
        server.control.app_stats(None).await.expect("it answers").iter().map(|a| a.app.to_string()).collect();
    assert_eq!(names, ["one", "two"], "oldest first");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_app_uses_nothing_and_is_answered_without_waiting_for_a_second_sample() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.load("one", "web", 1, MIB);
    for service in ["web", "db"] {
        world.engine.change("one", service, |facts| facts.state = ContainerState::Exited);
    }
    server.has_status("one", Status::Stop).await;
    let began = tokio::time::Instant::now();
    let app = stats(&server).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(app.total, control::Usage::default());
    let services: Vec<_> = app.services.iter().map(|(name, usage)| (name.as_str(), *usage)).collect();
    assert_eq!(services, [("db", control::Usage::default()), ("web", control::Usage::default())]);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restarted_container_counts_from_nought_and_not_below() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.load("one", "web", 1, MIB);
    stats(&server).await;
    world.engine.load("one", "web", 0, MIB);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let app = stats(&server).await;
    assert!(app.total.cpu_percent.abs() < 1e-9, "{app:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_is_bridged_for_its_grace_and_then_told() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.load("one", "web", 1, MIB);
    let before = stats(&server).await;
    world.engine.set_away(true);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let bridged = stats(&server).await;
    assert_eq!(bridged.sampled_at, before.sampled_at, "it says how old it is");
    assert_eq!(bridged.total.counters.memory_bytes, MIB);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let error = server.control.app_stats(None).await.expect_err("away");
    assert!(matches!(error, Error::EngineAway { .. }), "{error}");
    world.engine.set_away(false);
    server.connected().await;
    assert!(stats(&server).await.sampled_at > before.sampled_at);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_not_there_is_refused() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let error = server.control.app_stats(Some("two")).await.expect_err("there is none");
    assert!(matches!(error, Error::NoSuchApp { .. }), "{error}");
    let error = server.control.app_stats(Some("Two")).await.expect_err("no id");
    assert!(matches!(error, Error::AppIdFormat { .. }), "{error}");
    server.stop().await;
}
