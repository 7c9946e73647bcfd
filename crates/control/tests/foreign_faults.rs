//! Generated faults for the verbs on a compose project that this server did not install: at every call that the verb
//! makes across a port, in turn, the call fails, or the server dies before it, or dies right after it. Whatever happens,
//! the verb has its whole effect or none, and nothing of the project is made, changed or deleted.

use control::{Data, Error};
use domain::{AppId, ContainerState, OperationKind, OperationState, Origin, Status};
use testkit::{Fault, Life, Running, World};

/// Far more calls than a verb makes: a run that does not reach its fault ends the search.
const CALLS_MAX: usize = 100;

/// How the project is, in what a verb can change.
type Place = (Origin, Status, usize);

async fn ask(server: &Running, verb: OperationKind) -> Result<AppId, Error> {
    match verb {
        OperationKind::Start => server.control.start("shop").await,
        OperationKind::Stop => server.control.stop("shop").await,
        OperationKind::Restart => server.control.restart("shop").await,
        OperationKind::Adopt => server.control.adopt("shop").await,
        OperationKind::Release => server.control.uninstall("shop", Data::Keep).await,
        other => unreachable!("no verb of a project: {other:?}"),
    }
}

const fn place_before(verb: OperationKind) -> Place {
    match verb {
        OperationKind::Start => (Origin::Foreign, Status::Stop, 0),
        OperationKind::Release => (Origin::Adopted, Status::Running, 2),
        _ => (Origin::Foreign, Status::Running, 2),
    }
}

const fn place_after(verb: OperationKind) -> Place {
    match verb {
        OperationKind::Stop => (Origin::Foreign, Status::Stop, 0),
        OperationKind::Adopt => (Origin::Adopted, Status::Running, 2),
        _ => (Origin::Foreign, Status::Running, 2),
    }
}

fn place(world: &World, server: &Running) -> Option<Place> {
    let id = AppId::parse("shop").expect("an app id");
    let origin = server.control.recorder().read(|memory| memory.app(&id).map(|record| record.app.origin))?;
    let sight = world.engine.sight();
    let running = sight.containers.iter().filter(|c| c.facts.state == ContainerState::Running).count();
    Some((origin, server.status("shop")?, running))
}

/// A world with a project that is as the verb needs it, whose server has been stopped in good order.
async fn prepared(verb: OperationKind) -> World {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    world.engine.compose_up("shop", &["db", "web"]);
    server.has_status("shop", Status::Running).await;
    let first = match verb {
        OperationKind::Start => Some(OperationKind::Stop),
        OperationKind::Release => Some(OperationKind::Adopt),
        _ => None,
    };
    if let Some(first) = first {
        ask(&server, first).await.expect("accepted");
        server.operation_ended("shop").await;
    }
    assert_eq!(place(&world, &server), Some(place_before(verb)));
    server.stop().await;
    world
}

/// All that the engine holds, without the states of containers.
fn held(world: &World) -> Vec<String> {
    let sight = world.engine.sight();
    let containers = sight.containers.iter().map(|c| format!("{} {}", c.facts.id, c.facts.name));
    let networks = sight.networks.iter().map(|network| network.name.clone());
    let volumes = sight.volumes.iter().map(|volume| volume.name.clone());
    containers.chain(networks).chain(volumes).collect()
}

/// The server that is at work in the end: that one, or the next if it died.
async fn survivor(world: &World, server: Running, life: &Life) -> Running {
    tokio::select! {
        biased;
        () = life.died() => {
            server.kill().await;
            let next = world.start();
            next.connected().await;
            next
        }
        () = has_settled(&server) => server,
    }
}

/// Waits until no operation is open.
async fn has_settled(server: &Running) {
    server
        .until(|running| {
            let is_open = |memory: &control::memory::Memory| memory.open_operations().next().is_some();
            (!running.control.recorder().read(is_open)).then_some(())
        })
        .await;
}

/// Runs the verb with a fault at the call of that number. Returns whether the fault was reached.
async fn run_with(verb: OperationKind, call: usize, fault: Fault) -> bool {
    let world = prepared(verb).await;
    let before = held(&world);
    let life = Life::with(call, fault);
    let server = world.start_in(life.clone());
    server.connected().await;
    let answered = {
        let died = life.died();
        tokio::select! {
            biased;
            answer = ask(&server, verb) => answer.is_ok(),
            () = died => false,
        }
    };
    let server = survivor(&world, server, &life).await;
    has_settled(&server).await;
    let what = format!("{verb:?}, call {call} ({:?}), {fault:?}", life.calls().get(call));
    let operation = server.control.app_operation("shop").ok().filter(|operation| operation.kind == verb);
    assert!(operation.is_some() || !answered, "{what}: an answered verb was forgotten");
    let succeeded = operation.is_some_and(|operation| operation.state == OperationState::Succeeded);
    let expected = if succeeded { place_after(verb) } else { place_before(verb) };
    assert_eq!(place(&world, &server), Some(expected), "{what}, succeeded: {succeeded}");
    assert_eq!(held(&world), before, "{what}: something was made or deleted");
    assert!(world.projects.all().is_empty(), "{what}: a folder was made");
    let reached = life.calls().len() > call;
    server.stop().await;
    reached
}

async fn at_every_call(verb: OperationKind) {
    for fault in Fault::ALL {
        let mut call = 0;
        while run_with(verb, call, fault).await {
            call += 1;
            assert!(call < CALLS_MAX, "{verb:?} makes more than {CALLS_MAX} calls");
        }
        assert!(call > 1, "{verb:?} makes more calls than {call}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_of_a_project_survives_a_fault_at_any_call() {
    at_every_call(OperationKind::Start).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_a_project_survives_a_fault_at_any_call() {
    at_every_call(OperationKind::Stop).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_a_project_survives_a_fault_at_any_call() {
    at_every_call(OperationKind::Restart).await;
}

#[tokio::test(start_paused = true)]
async fn an_adoption_survives_a_fault_at_any_call() {
    at_every_call(OperationKind::Adopt).await;
}

#[tokio::test(start_paused = true)]
async fn a_removal_from_management_survives_a_fault_at_any_call() {
    at_every_call(OperationKind::Release).await;
}

#[tokio::test(start_paused = true)]
async fn a_project_is_seen_and_missed_whatever_fails() {
    for fault in Fault::ALL {
        for call in 0..4 {
            let world = World::default();
            let life = Life::with(call, fault);
            let server = world.start_in(life.clone());
            server.connected().await;
            world.engine.compose_up("shop", &["db", "web"]);
            let server = tokio::select! {
                biased;
                () = life.died() => {
                    server.kill().await;
                    world.start()
                }
                () = server.has_status("shop", Status::Running) => server,
            };
            server.has_status("shop", Status::Running).await;
            world.engine.compose_down("shop");
            let server = tokio::select! {
                biased;
                () = server.life.died() => {
                    server.kill().await;
                    world.start()
                }
                () = server.until(|running| running.status("shop").is_none().then_some(())) => server,
            };
            server.until(|running| running.status("shop").is_none().then_some(())).await;
            server.stop().await;
        }
    }
}
