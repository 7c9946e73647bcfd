//! Generated faults: at every call that an install makes across a port, in turn, the call fails, or the
//! server dies before it, or dies right after it. Whatever happens, the app ends installed whole or undone
//! whole, and nothing answered is forgotten.

use control::Data;
use control::ports::Ownership;
use domain::{InstallId, Lifecycle, OperationState, Status};
use testkit::{Behaviour, Fault, Life, Running, World};

/// Far more calls than an install makes: a run that does not reach its fault ends the search.
const CALLS_MAX: usize = 500;

/// What a whole install has recorded that its containers are made of.
const IMAGES: [(&str, &str); 2] = [("db", "sha256:published-db-0"), ("blog", "sha256:published-blog-0")];

/// Runs one install with a fault at the call of that number. Returns whether the fault was reached.
async fn install_with(call: usize, fault: Fault, behaviour: Behaviour) -> bool {
    let world = World::default();
    world.engine.behave("blog", behaviour);
    let life = Life::with(call, fault);
    let server = world.start_in(life.clone());
    server.connected().await;
    let answered = {
        let died = life.died();
        let install = server.install("blog", "one");
        tokio::select! {
            biased;
            answer = install => answer.is_ok(),
            () = died => false,
        }
    };
    let server = tokio::select! {
        biased;
        () = life.died() => {
            server.kill().await;
            let next = world.start();
            next.connected().await;
            next
        }
        () = has_ended(&server, "one", answered) => server,
    };
    let known = server.control.app_operation("one").is_ok();
    assert!(known || !answered, "call {call}, {fault:?}: an answered install was forgotten");
    if known {
        server.operation_ended("one").await;
        server.until(|running| (running.status("one") != Some(Status::Initing)).then_some(())).await;
    }
    check(&world, &server, known, &format!("call {call} ({:?}), {fault:?}", life.calls().get(call)));
    let reached = life.calls().len() > call;
    server.stop().await;
    reached
}

/// Waits for the end of the operation if there is one.
async fn has_ended(server: &Running, name: &str, answered: bool) {
    if answered {
        server.operation_ended(name).await;
    }
}

fn check(world: &World, server: &Running, known: bool, what: &str) {
    world.engine.settle();
    let traces = world.traces();
    if !known {
        assert!(traces.is_empty(), "{what}: not known, but left {traces:?}");
        return;
    }
    let operation = server.control.app_operation("one").expect("it is known");
    match operation.state {
        OperationState::Succeeded => {
            assert_eq!(server.status("one"), Some(Status::Running), "{what}");
            let sight = world.engine.sight();
            let found = (sight.containers.len(), sight.networks.len(), sight.volumes.len());
            assert_eq!(found, (2, 1, 2), "{what}: not whole, or double: {traces:?}");
            assert_eq!((world.store.ports().len(), world.store.subnets().len()), (1, 1), "{what}");
            assert_eq!(world.projects.all().len(), 1, "{what}");
            let recorded = world.recorded_images("one").into_iter().map(|image| (image.image, image.digest));
            let expected = IMAGES.map(|(image, digest)| (image.to_owned(), Some(digest.to_owned())));
            assert_eq!(recorded.collect::<Vec<_>>(), expected, "{what}");
        }
        OperationState::Failed(_) => {
            assert_eq!(server.status("one"), Some(Status::Error), "{what}");
            assert!(traces.is_empty(), "{what}: undone, but left {traces:?}");
            assert!(world.recorded_images("one").is_empty(), "{what}");
        }
        other => panic!("{what}: ended as {other:?}"),
    }
}

async fn at_every_call(fault: Fault, behaviour: Behaviour) {
    for call in 0..CALLS_MAX {
        if !install_with(call, fault, behaviour).await {
            assert!(call > 10, "an install makes more calls than {call}");
            return;
        }
    }
    panic!("an install makes more than {CALLS_MAX} calls");
}

#[tokio::test(start_paused = true)]
async fn an_install_survives_a_failure_of_any_call() {
    at_every_call(Fault::Fail, Behaviour::Well).await;
}

#[tokio::test(start_paused = true)]
async fn an_install_survives_a_crash_before_any_call() {
    at_every_call(Fault::CrashBefore, Behaviour::Well).await;
}

#[tokio::test(start_paused = true)]
async fn an_install_survives_a_crash_after_any_call() {
    at_every_call(Fault::CrashAfter, Behaviour::Well).await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_survives_a_failure_of_any_call() {
    at_every_call(Fault::Fail, Behaviour::Exits(1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_survives_a_crash_before_any_call() {
    at_every_call(Fault::CrashBefore, Behaviour::Exits(1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_survives_a_crash_after_any_call() {
    at_every_call(Fault::CrashAfter, Behaviour::Exits(1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_waits_for_an_engine_that_is_away_and_keeps_the_name() {
    let world = World::default();
    world.engine.behave("blog", Behaviour::Exits(1));
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server
        .until(|running| {
            let operation = running.control.app_operation("one").ok()?;
            matches!(operation.state, OperationState::Unwinding(_)).then_some(())
        })
        .await;
    world.engine.set_away(true);
    server
        .until(|running| {
            let operation = running.control.app_operation("one").ok()?;
            matches!(operation.state, OperationState::Stuck(_)).then_some(())
        })
        .await;
    assert!(!world.store.ports().is_empty(), "its reservations are kept");
    tokio::time::sleep(std::time::Duration::from_secs(300)).await;
    let events = world.ports(&Life::sound()).store.events(None, 1_000).expect("events");
    let stuck = events.iter().filter(|event| matches!(event.kind, domain::EventKind::Stuck(_))).count();
    assert_eq!(stuck, 1, "told once, however often it is tried");
    world.engine.set_away(false);
    server.has_status("one", Status::Error).await;
    assert!(world.traces().is_empty(), "{:?}", world.traces());
    let lifecycle =
        server.control.recorder().read(|memory| memory.oldest_first().next().map(|r| r.app.lifecycle));
    assert_eq!(lifecycle, Some(Lifecycle::Failed));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_of_a_failed_install_is_taken_away_and_nothing_else() {
    let world = World::default();
    world.engine.behave("blog", Behaviour::Exits(1));
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Error).await;
    let install = server.control.recorder().read(|m| m.oldest_first().next().map(|r| r.app.install.clone()));
    let own = |install| Ownership {
        instance: Some(server.control.instance().clone()),
        install,
        project: Some("one".to_owned()),
    };
    let unknown = own(Some(InstallId::from_text("unknown")));
    world.engine.add_late_volume("other_data", unknown);
    world.engine.add_late_volume("one_data", own(install));
    server.until(|_| (world.traces() == ["other_data"]).then_some(())).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_of_an_install_whose_name_was_used_again_is_taken_away_once_the_name_is_free() {
    let world = World::default();
    world.engine.behave("blog", Behaviour::Exits(1));
    let server = world.start();
    server.connected().await;
    let install = async |status: Status| {
        server.install("blog", "one").await.expect("accepted");
        server.operation_ended("one").await;
        server.has_status("one", status).await;
        let memory =
            |memory: &control::memory::Memory| memory.oldest_first().next().map(|r| r.app.install.clone());
        server.control.recorder().read(memory)
    };
    let comes_late = |install: &Option<InstallId>, name: &str| {
        let owner = Ownership {
            instance: Some(server.control.instance().clone()),
            install: install.clone(),
            project: Some("one".to_owned()),
        };
        world.engine.add_late_volume(name, owner);
    };
    let is_there = |name: &str| world.engine.sight().volumes.iter().any(|volume| volume.name == name);
    let first = install(Status::Error).await;
    let second = install(Status::Error).await;
    assert_ne!(first, second);
    comes_late(&first, "one_first");
    comes_late(&Some(InstallId::from_text("of a backup")), "one_unknown");
    server.until(|_| (!is_there("one_first")).then_some(())).await;
    // Looked for once more, whether it comes again.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(is_there("one_unknown"), "it would keep the name from everybody, but nobody knows whose it is");
    world.engine.remove_volume("one_unknown");
    let is_seen = |memory: &control::memory::Memory| memory.engine.volumes.is_empty();
    server.until(|server| server.control.recorder().read(is_seen).then_some(())).await;
    world.engine.behave("blog", Behaviour::Well);
    let third = install(Status::Running).await;
    comes_late(&first, "one_first");
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert!(is_there("one_first"), "whoever runs under that name may have taken it over");
    server.control.uninstall("one", Data::Purge).await.expect("accepted");
    server.until(|server| server.control.app_status("one").is_err().then_some(())).await;
    comes_late(&third, "one_third");
    comes_late(&Some(InstallId::from_text("of a backup")), "one_unknown");
    server.until(|_| (world.traces() == ["one_unknown"]).then_some(())).await;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(world.traces(), ["one_unknown"]);
    server.stop().await;
}
