//! The verbs of an app's life as its owner sees them: what is told on the way, and the recycle bin's time.

use std::time::Duration;

use control::Data;
use control::ports::{EngineContainer, Store as _};
use domain::{
    AppId, ContainerState, EventId, EventKind, FailureClass, OperationKind, OperationState, Status, Step,
};
use testkit::{Running, World};

async fn with_a_running_app(world: &World) -> Running {
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server
}

async fn done(server: &Running, kind: OperationKind) {
    match kind {
        OperationKind::Start => server.control.start("one").await,
        OperationKind::Stop => server.control.stop("one").await,
        OperationKind::Restart => server.control.restart("one").await,
        OperationKind::Uninstall => server.control.uninstall("one", Data::Keep).await,
        _ => server.control.restore("one").await,
    }
    .expect("accepted");
    let operation = server.operation_ended("one").await;
    assert_eq!(operation.kind, kind);
    assert_eq!(operation.state.as_str(), "succeeded", "{operation:?}");
}

/// The statuses that events have told of.
fn told(world: &World) -> Vec<Status> {
    let page = world.store.events_after(EventId::default(), None, 1_000).expect("it can be read");
    let status = |stored: &domain::StoredEvent| match stored.event.kind {
        EventKind::StatusChanged { to, .. } => Some(to),
        _ => None,
    };
    page.events.iter().filter_map(status).collect()
}

#[tokio::test(start_paused = true)]
async fn no_verb_tells_of_an_error_however_the_app_ends_at_a_stop() {
    let world = World::default();
    // As Node.js and Java programs do.
    world.engine.stop_with(1);
    let server = with_a_running_app(&world).await;
    use OperationKind::{Restart, Restore, Start, Stop, Uninstall};
    for kind in [Stop, Start, Restart, Stop, Restart, Uninstall, Restore, Stop, Uninstall, Restore] {
        done(&server, kind).await;
    }
    server.has_status("one", Status::Running).await;
    let told = told(&world);
    assert!(!told.contains(&Status::Error), "{told:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_waits_for_its_turn_tells_of_no_error_though_nothing_of_the_app_is_there() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    done(&server, OperationKind::Stop).await;
    world.engine.remove_by_hand("one", "web");
    world.engine.remove_by_hand("one", "db");
    server.has_status("one", Status::Stop).await;
    done(&server, OperationKind::Start).await;
    server.has_status("one", Status::Running).await;
    let told = told(&world);
    assert!(!told.contains(&Status::Error), "{told:?}");
    server.stop().await;
}

/// As short as that, because the clock runs through it second by second.
const RETENTION: Duration = Duration::from_hours(3);

#[tokio::test(start_paused = true)]
async fn the_recycle_bin_gives_up_what_is_due_and_nothing_else_also_after_a_restart() {
    let mut world = World::default();
    world.settings.trash_retention = RETENTION;
    let server = with_a_running_app(&world).await;
    for name in ["two", "three"] {
        server.install("blog", name).await.expect("accepted");
        server.has_status(name, Status::Running).await;
    }
    let trash = async |server: &Running, name: &str| {
        server.control.uninstall(name, Data::Keep).await.expect("accepted");
        server.operation_ended(name).await;
    };
    let binned = |server: &Running| -> Vec<String> {
        server.control.app_trash().iter().map(|app| app.id.to_string()).collect()
    };
    trash(&server, "one").await;
    tokio::time::sleep(RETENTION / 3).await;
    trash(&server, "two").await;
    tokio::time::sleep(RETENTION * 19 / 30).await;
    assert_eq!(binned(&server), ["one", "two"], "not yet");
    tokio::time::sleep(RETENTION / 15).await;
    server.until(|server| (binned(server) == ["two"]).then_some(())).await;
    server.stop().await;

    // The second becomes due while no server runs; so does the engine's absence not matter.
    tokio::time::sleep(RETENTION / 3).await;
    world.engine.set_away(true);
    let server = world.start();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(binned(&server), ["two"], "nothing can be deleted while the engine is away");
    world.engine.set_away(false);
    server.until(|server| binned(server).is_empty().then_some(())).await;
    assert_eq!(server.status("three"), Some(Status::Running));
    let (mut left, of_three) = (world.traces(), |trace: &String| trace.contains("three"));
    left.retain(|trace| !of_three(trace));
    assert_eq!(left.len(), 2, "but for its port and its subnet, all that is left is the third's: {left:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_app_that_its_owner_wants_back_is_not_deleted_because_its_time_ended_meanwhile() {
    let mut world = World::default();
    world.settings.trash_retention = RETENTION;
    let server = with_a_running_app(&world).await;
    server.control.uninstall("one", Data::Keep).await.expect("accepted");
    server.operation_ended("one").await;
    tokio::time::sleep(RETENTION - Duration::from_secs(30)).await;
    world.engine.prune_images();
    world.engine.pull_slowly("blog");
    server.control.restore("one").await.expect("accepted");
    tokio::time::sleep(Duration::from_secs(600)).await;
    server.control.cancel("one").await.expect("it pulls");
    server.operation_ended("one").await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(server.control.app_trash().len(), 1, "it has its whole time again");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_of_what_somebody_holds_is_not_tried_every_minute() {
    let mut world = World::default();
    world.settings.trash_retention = RETENTION;
    let server = with_a_running_app(&world).await;
    server.control.uninstall("one", Data::Keep).await.expect("accepted");
    server.operation_ended("one").await;
    world.engine.refuse_removals(true);
    tokio::time::sleep(RETENTION + Duration::from_hours(2)).await;
    let tries = server.life.calls().iter().filter(|call| **call == "engine.remove").count();
    assert!((1..=300).contains(&tries), "one purge, and no other: {tries}");
    world.engine.refuse_removals(false);
    tokio::time::sleep(Duration::from_hours(24)).await;
    assert!(server.control.app_trash().is_empty(), "it was tried again a day later");
    server.stop().await;
}

/// What a user has stopped, and `docker system prune --all` has then taken with its images.
async fn pruned(world: &World, server: &Running, name: &str) {
    server.install("blog", name).await.expect("accepted");
    server.has_status(name, Status::Running).await;
    server.control.stop(name).await.expect("accepted");
    server.operation_ended(name).await;
    world.engine.remove_by_hand(name, "web");
    world.engine.remove_by_hand(name, "db");
    let id = AppId::parse(name).expect("an app id");
    let is_bare = |memory: &control::memory::Memory| {
        memory.app(&id).is_some_and(|record| record.app.observation.containers.is_empty())
    };
    server.until(|server| server.control.recorder().read(is_bare).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn starts_that_have_to_download_keep_nobody_waiting_and_download_as_few_at_once_as_installs() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let names: Vec<String> = (0..10).map(|number| format!("pruned{number}")).collect();
    for name in &names {
        pruned(&world, &server, name).await;
    }
    world.engine.prune_images();
    world.engine.pull_slowly("blog");
    for name in &names {
        server.control.start(name).await.expect("accepted");
    }
    let all_run = |server: &Running| {
        let runs = |name: &String| {
            server.control.app_operation(name).is_ok_and(|newest| newest.state == OperationState::Running)
        };
        names.iter().all(runs).then_some(())
    };
    server.until(all_run).await;
    done(&server, OperationKind::Stop).await;
    let pulls =
        |name: &&String| server.control.app_operation(name).is_ok_and(|newest| !newest.pulls.is_empty());
    assert_eq!(names.iter().filter(pulls).count(), world.settings.installs_at_once);
    for name in &names {
        server.control.cancel(name).await.expect("it is at work");
        assert_eq!(server.operation_ended(name).await.state, OperationState::Cancelled);
        assert_eq!(server.status(name), Some(Status::Stop));
    }
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_fails_while_dockers_disk_has_no_room_for_it_is_told_as_a_full_disk() {
    use FailureClass::{DiskFull, NoSuchImage, RegistryUnreachable, WrongPlatform};
    const MIB: u64 = 1 << 20;
    let world = World::default();
    let server = with_a_running_app(&world).await;
    pruned(&world, &server, "two").await;
    world.engine.prune_images();
    for (said, layer_bytes, free_bytes, told) in [
        // The mirror was asked before any size was known, or told of more than there is room for.
        (RegistryUnreachable, 0, MIB, DiskFull),
        (NoSuchImage, 0, MIB, DiskFull),
        (RegistryUnreachable, 600 * MIB, 500 * MIB, DiskFull),
        (RegistryUnreachable, 400 * MIB, 500 * MIB, RegistryUnreachable),
        (NoSuchImage, 0, 500 * MIB, NoSuchImage),
        // What was found out of the image itself has nothing to do with the disk.
        (WrongPlatform, 0, MIB, WrongPlatform),
    ] {
        world.engine.fail_pulls("blog", said, layer_bytes);
        world.host.set_disk_bytes(free_bytes);
        server.control.start("two").await.expect("accepted");
        let failure = server.operation_ended("two").await.state.failure().cloned().expect("it failed");
        assert_eq!(failure.class, told, "{said:?}, {layer_bytes}, {free_bytes}");
        let says_both = failure.detail.contains("/var/lib/docker") && failure.detail.contains(said.as_str());
        assert!(says_both || told == said, "{failure}");
    }
    server.stop().await;

    // Of another machine's disk nothing is known here.
    world.engine.set_elsewhere(true);
    let server = world.start();
    server.connected().await;
    world.engine.fail_pulls("blog", NoSuchImage, 0);
    server.control.start("two").await.expect("accepted");
    let failure = server.operation_ended("two").await.state.failure().cloned().expect("it failed");
    assert_eq!(failure.class, NoSuchImage);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn undone_uninstalls_that_have_to_download_keep_nobody_waiting() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let names: Vec<String> = (0..10).map(|number| format!("undone{number}")).collect();
    for name in &names {
        server.install("blog", name).await.expect("accepted");
        server.has_status(name, Status::Running).await;
    }
    world.engine.pull_slowly("blog");
    for name in &names {
        let is_of_app = |c: &EngineContainer| c.owner.project.as_deref() == Some(name.as_str());
        server.control.uninstall(name, Data::Keep).await.expect("accepted");
        server.until(|_| (!world.engine.sight().containers.iter().any(is_of_app)).then_some(())).await;
        world.engine.prune_images();
        server.control.cancel(name).await.expect("it is not too late");
    }
    let pulls =
        |name: &&String| server.control.app_operation(name).is_ok_and(|newest| !newest.pulls.is_empty());
    let pulled = || names.iter().filter(pulls).count();
    server.until(|_| (pulled() >= world.settings.installs_at_once).then_some(())).await;
    done(&server, OperationKind::Stop).await;
    assert_eq!(pulled(), world.settings.installs_at_once, "as few at once as installs");
    // They download for ever.
    server.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_starts_what_was_created_and_never_started() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.change("one", "web", |facts| {
        facts.state = ContainerState::Created;
        facts.started_at = None;
    });
    server.has_status("one", Status::Initing).await;
    done(&server, OperationKind::Start).await;
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_what_was_frozen_by_hand() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    for service in ["web", "db"] {
        world.engine.change("one", service, |facts| facts.state = ContainerState::Paused);
    }
    server.has_status("one", Status::Stop).await;
    done(&server, OperationKind::Stop).await;
    let sight = world.engine.sight();
    assert!(sight.containers.iter().all(|container| container.facts.state == ContainerState::Exited));
    // Now there is nothing to be done.
    let newest = || server.control.app_operation("one").expect("it was stopped").id;
    let before = newest();
    server.control.stop("one").await.expect("accepted");
    assert_eq!(newest(), before);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_uninstall_that_is_cancelled_with_its_containers_gone_brings_the_app_back_with_all_its_data() {
    let world = World::default();
    world.engine.give_anonymous_volume("blog", "/uploads");
    let server = with_a_running_app(&world).await;
    let volumes = |world: &World| {
        let mut names: Vec<String> = world.engine.sight().volumes.into_iter().map(|v| v.name).collect();
        names.sort();
        names
    };
    let before = volumes(&world);
    server.control.uninstall("one", Data::Keep).await.expect("accepted");
    server.until(|_| world.engine.sight().containers.is_empty().then_some(())).await;
    let cancelled = server.control.cancel("one").await.expect("it is not too late");
    assert_eq!(cancelled.step(), Some(Step::TakeDown));
    assert_eq!(server.operation_ended("one").await.state, OperationState::Cancelled);
    server.has_status("one", Status::Running).await;
    assert_eq!(volumes(&world), before, "the same volumes, and no other");
    let sight = world.engine.sight();
    let mounted: Vec<&String> =
        sight.containers.iter().flat_map(|c| &c.anonymous_volumes).map(|v| &v.1).collect();
    assert!(mounted.iter().all(|name| before.contains(name)) && mounted.len() == 1, "{mounted:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_anonymous_volume_was_pruned_comes_back_with_an_empty_one() {
    let world = World::default();
    world.engine.give_anonymous_volume("blog", "/uploads");
    let server = with_a_running_app(&world).await;
    let mounted = || -> Vec<String> {
        let sight = world.engine.sight();
        sight.containers.into_iter().flat_map(|c| c.anonymous_volumes).map(|(_, name)| name).collect()
    };
    let first = mounted();
    done(&server, OperationKind::Uninstall).await;
    world.engine.prune_volumes();
    done(&server, OperationKind::Restore).await;
    let second = mounted();
    assert!(second.len() == 1 && second != first, "{second:?}");
    // The same of one that came back with what it had, whose containers go, too: `docker system prune --volumes`.
    done(&server, OperationKind::Uninstall).await;
    done(&server, OperationKind::Restore).await;
    assert_eq!(mounted(), second);
    done(&server, OperationKind::Stop).await;
    world.engine.remove_by_hand("one", "web");
    world.engine.remove_by_hand("one", "db");
    world.engine.prune_volumes();
    done(&server, OperationKind::Start).await;
    server.has_status("one", Status::Running).await;
    assert!(mounted().len() == 1 && mounted() != second);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restored_app_gets_its_old_port_unless_somebody_has_it() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let port =
        |server: &Running| server.detail("one").and_then(|app| app.running.map(|running| running.port));
    let before = port(&server).expect("it runs");
    done(&server, OperationKind::Uninstall).await;
    // Browsers had just been there: the kernel keeps their connections for a minute.
    world.host.linger(before);
    done(&server, OperationKind::Restore).await;
    assert_eq!(port(&server), Some(before), "links and bookmarks go on working");
    done(&server, OperationKind::Uninstall).await;
    world.host.listen(domain::Protocol::Tcp, before);
    done(&server, OperationKind::Restore).await;
    assert_ne!(port(&server), Some(before));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_create_that_ends_while_the_server_stops_is_not_done_again() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    // What is made comes into sight with the next full look, some time after the stop has begun.
    world.engine.set_mute(true);
    server.install("blog", "one").await.expect("accepted");
    server.until(|_| (!world.engine.sight().containers.is_empty()).then_some(())).await;
    server.stop().await;
    world.engine.set_mute(false);
    let server = world.start();
    server.has_status("one", Status::Running).await;
    let operation = server.operation_ended("one").await;
    assert_eq!((operation.state.as_str(), operation.attempts(Step::Create)), ("succeeded", 1));
    assert_eq!(operation.attempts(Step::AwaitReady), 1, "what was not begun is not said to be");
    server.stop().await;
}
