//! The status follows what the engine shows, whoever changed it and whether or not we were told.

use std::time::Duration;

use control::Error;
use control::memory::{EngineLink, Memory};
use domain::{ContainerState, Health, Status};
use testkit::{Life, Running, World};

async fn with_a_running_app(world: &World) -> Running {
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server
}

#[tokio::test(start_paused = true)]
async fn what_is_done_by_hand_shows_at_once() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.change("one", "web", |facts| {
        facts.state = ContainerState::Exited;
        facts.exit_code = 137;
    });
    server.has_status("one", Status::Error).await;
    assert_eq!(server.detail("one").and_then(|detail| detail.running), None, "no running_info");
    world.engine.change("one", "db", |facts| facts.state = ContainerState::Exited);
    server.has_status("one", Status::Stop).await;
    for service in ["web", "db"] {
        world.engine.change("one", service, |facts| {
            facts.state = ContainerState::Running;
            facts.started_at = facts.started_at.map(|at| at.plus(Duration::from_secs(60)));
        });
    }
    server.has_status("one", Status::Running).await;
    world.engine.change("one", "web", |facts| facts.state = ContainerState::Paused);
    server.has_status("one", Status::Error).await;
    world.engine.change("one", "web", |facts| facts.state = ContainerState::Running);
    server.has_status("one", Status::Running).await;
    world.engine.change("one", "web", |facts| facts.health = Health::Unhealthy);
    server.has_status("one", Status::Error).await;
    world.engine.remove_by_hand("one", "web");
    world.engine.remove_by_hand("one", "db");
    server.has_status("one", Status::Error).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_changed_while_the_engine_was_away_is_seen_at_its_return() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.set_away(true);
    world.engine.change("one", "web", |facts| {
        facts.state = ContainerState::Exited;
        facts.exit_code = 1;
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(server.status("one"), Some(Status::Running), "bridged with the last known state");
    server
        .until(|running| {
            matches!(running.control.app_status("one"), Err(Error::EngineAway { .. })).then_some(())
        })
        .await;
    world.engine.set_away(false);
    server.has_status("one", Status::Error).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_changed_while_the_server_was_down_is_seen_at_its_start() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    server.kill().await;
    world.engine.change("one", "db", |facts| {
        facts.state = ContainerState::Exited;
        facts.oom_killed = true;
    });
    let server = world.start();
    server.connected().await;
    assert_eq!(server.status("one"), Some(Status::Error));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_remembered_over_a_restart_of_the_server() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    for restarts in 1..=2 {
        world.engine.change("one", "web", |facts| facts.restart_count = restarts);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    server.kill().await;
    world.engine.change("one", "web", |facts| facts.restart_count = 3);
    let server = world.start();
    server.connected().await;
    assert_eq!(server.status("one"), Some(Status::Error), "three restarts within five minutes");
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn events_tell_of_each_change_of_status_once() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.change("one", "web", |facts| {
        facts.state = ContainerState::Exited;
        facts.exit_code = 1;
    });
    server.has_status("one", Status::Error).await;
    server.stop().await;
    let store = world.ports(&Life::sound()).store;
    let mut told: Vec<(Status, Status)> = Vec::new();
    for event in store.events(None, 1_000).expect("events").into_iter().rev() {
        if let domain::EventKind::StatusChanged { from, to } = event.kind {
            told.push((from, to));
        }
    }
    let way =
        [Status::Queuing, Status::Pulling, Status::Creating, Status::Initing, Status::Running, Status::Error];
    let expected: Vec<(Status, Status)> = way.windows(2).map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_the_engine_hangs_over_hides_no_other() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    server.install("hello", "two").await.expect("accepted");
    server.has_status("two", Status::Running).await;
    world.engine.hang_over("two", "web");
    world.engine.change("two", "web", |facts| facts.health = Health::Starting);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.engine.change("one", "web", |facts| facts.health = Health::Unhealthy);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.status("one"), Some(Status::Error), "within a second");
    // Nor is the engine away because one question was not answered.
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.control.app_list(None).expect("the engine answers");
    }
    server.stop().await;
}

/// A server with a running app, and an engine that takes minutes over the look at everything that has just begun.
async fn amid_a_look_at_everything(world: &World) -> Running {
    let server = with_a_running_app(world).await;
    world.engine.look_slowly(LONG_LOOK);
    // Looked at every minute.
    tokio::time::sleep(Duration::from_secs(70)).await;
    server
}

const LONG_LOOK: Duration = Duration::from_secs(100);

#[tokio::test(start_paused = true)]
async fn what_happens_during_a_look_at_everything_shows_at_once_and_stays() {
    let world = World::default();
    let server = amid_a_look_at_everything(&world).await;
    world.engine.change("one", "web", |facts| {
        facts.state = ContainerState::Exited;
        facts.exit_code = 1;
    });
    for _ in 0..LONG_LOOK.as_secs() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(server.status("one"), Some(Status::Error), "the look has seen it before that");
    }
    // The next one is under way.
    world.engine.recreate("one", "web");
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.engine.remove_by_hand("one", "db");
    for _ in 0..2 * LONG_LOOK.as_secs() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let shown = server.detail("one").map(|app| app.summary.status);
        assert_eq!(shown, Some(Status::Error), "what is gone does not come back");
        assert_eq!(server.control.recorder().read(|memory| memory.engine.containers.len()), 1);
    }
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_freezes_over_a_look_at_everything_is_noticed() {
    let world = World::default();
    let server = amid_a_look_at_everything(&world).await;
    world.engine.set_away(true);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let is_up = |memory: &Memory| memory.engine_link == EngineLink::Up;
    assert!(!server.control.recorder().read(is_up), "long before the look is given up");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_container_that_cannot_be_inspected_for_a_while_is_no_crash_loop() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.change("one", "web", |facts| facts.restart_count = 3);
    server.has_status("one", Status::Error).await;
    server.has_status("one", Status::Running).await;
    let id = world.engine.hang_over("one", "web");
    tokio::time::sleep(Duration::from_secs(150)).await;
    world.engine.answer_about(&id);
    for _ in 0..150 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(server.status("one"), Some(Status::Running), "those restarts were long before");
    }
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sick_service_over_which_the_engine_hangs_stays_sick() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.change("one", "db", |facts| facts.health = Health::Unhealthy);
    server.has_status("one", Status::Error).await;
    world.engine.hang_over("one", "db");
    for _ in 0..150 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(server.status("one"), Some(Status::Error));
    }
    server.stop().await;
}

/// Whether the death of app `one`'s web container shows although `stalled` holds up an install of another.
async fn a_death_shows_while(stall: impl Fn(&World, bool)) -> bool {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    stall(&world, true);
    let shows = async {
        for (exit_code, status) in [(1, Status::Error), (0, Status::Error)] {
            world.engine.change("one", "web", |facts| {
                facts.state = ContainerState::Exited;
                facts.exit_code = exit_code;
            });
            server.has_status("one", status).await;
            world.engine.change("one", "web", |facts| facts.state = ContainerState::Running);
            server.has_status("one", Status::Running).await;
        }
    };
    let (shown, _) = tokio::join!(
        async {
            let shown = tokio::time::timeout(Duration::from_secs(5), shows).await;
            // Before anything else: whoever waits for the disk blocks a thread.
            stall(&world, false);
            shown.is_ok()
        },
        server.install("hello", "two"),
    );
    server.stop().await;
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_disk_is_busy_keeps_no_truth_back() {
    assert!(a_death_shows_while(|world, stalled| world.store.set_disk_stalled(stalled)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_does_not_tell_its_free_space_keeps_no_truth_back() {
    assert!(a_death_shows_while(|world, stalled| world.host.set_disk_stalled(stalled)).await);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_does_not_lengthen_the_grace() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.set_away(true);
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.clock.set_back(Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(matches!(server.control.app_status("one"), Err(Error::EngineAway { away_seconds: 10.., .. })));
    server.stop().await;
}
