//! Generated faults for every verb on an installed app: at every call that the verb makes across a port, in turn,
//! the call fails, or the server dies before it, or dies right after it. Whatever happens, the verb has its whole
//! effect or none, data is lost only where that was asked for, and nothing answered is forgotten.

use control::{Data, Error};
use domain::{AppId, ContainerState, OperationKind, OperationState, Status};
use testkit::{Behaviour, Fault, Life, Running, World};

/// Far more calls than a verb makes: a run that does not reach its fault ends the search.
const CALLS_MAX: usize = 300;

/// What is asked for, and of an app in which state.
#[derive(Clone, Copy, Debug)]
struct Case {
    verb: OperationKind,
    /// Whether the app lies in the recycle bin before.
    from_trash: bool,
}

impl Case {
    const fn of(verb: OperationKind) -> Self {
        Self { verb, from_trash: false }
    }

    async fn ask(self, server: &Running) -> Result<AppId, Error> {
        match self.verb {
            OperationKind::Start => server.control.start("one").await,
            OperationKind::Stop => server.control.stop("one").await,
            OperationKind::Restart => server.control.restart("one").await,
            OperationKind::Uninstall => server.control.uninstall("one", Data::Keep).await,
            OperationKind::Purge if self.from_trash => server.control.purge("one").await,
            OperationKind::Purge => server.control.uninstall("one", Data::Purge).await,
            OperationKind::Restore => server.control.restore("one").await,
            OperationKind::Install | OperationKind::Configure => {
                unreachable!("they have suites of their own")
            }
        }
    }
}

/// A world with the app that the verb needs, whose server has been stopped in good order.
async fn prepared(case: Case) -> World {
    let world = World::default();
    world.engine.give_anonymous_volume("blog", "/uploads");
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    if case.verb == OperationKind::Start {
        server.control.stop("one").await.expect("accepted");
        server.operation_ended("one").await;
    }
    if case.from_trash {
        server.control.uninstall("one", Data::Keep).await.expect("accepted");
        server.operation_ended("one").await;
    }
    server.stop().await;
    world
}

/// What holds the app's data, and nothing else.
fn data_of(world: &World) -> Vec<String> {
    let mut data: Vec<String> = world.engine.sight().volumes.into_iter().map(|volume| volume.name).collect();
    data.extend(world.projects.all().iter().map(|path| path.display().to_string()));
    data.sort();
    data
}

/// Runs the verb with a fault at the call of that number. Returns whether the fault was reached.
async fn run_with(case: Case, call: usize, fault: Fault) -> bool {
    let world = prepared(case).await;
    let data = data_of(&world);
    let life = Life::with(call, fault);
    let server = world.start_in(life.clone());
    server.connected().await;
    let answered = {
        let died = life.died();
        tokio::select! {
            biased;
            answer = case.ask(&server) => answer.is_ok(),
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
        () = has_settled(&server) => server,
    };
    has_settled(&server).await;
    let what = format!("{case:?}, call {call} ({:?}), {fault:?}", life.calls().get(call));
    check(&world, &server, case, &data, answered, &what);
    let reached = life.calls().len() > call;
    server.stop().await;
    reached
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

/// Where an app can be found when nothing is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Runs,
    Stopped,
    Trashed,
    Gone,
}

impl Place {
    fn before(case: Case) -> Self {
        match (case.verb, case.from_trash) {
            (_, true) => Self::Trashed,
            (OperationKind::Start, _) => Self::Stopped,
            _ => Self::Runs,
        }
    }

    fn after(verb: OperationKind) -> Self {
        match verb {
            OperationKind::Stop => Self::Stopped,
            OperationKind::Uninstall => Self::Trashed,
            OperationKind::Purge => Self::Gone,
            _ => Self::Runs,
        }
    }

    fn of(server: &Running) -> Option<Self> {
        let is_trashed = server.control.app_trash().iter().any(|app| app.id.as_str() == "one");
        match (server.status("one"), is_trashed) {
            (None, true) => Some(Self::Trashed),
            (None, false) => Some(Self::Gone),
            (Some(Status::Running), false) => Some(Self::Runs),
            (Some(Status::Stop), false) => Some(Self::Stopped),
            _ => None,
        }
    }
}

fn check(world: &World, server: &Running, case: Case, data: &[String], answered: bool, what: &str) {
    world.engine.settle();
    let place = Place::of(server);
    let operation = server.control.app_operation("one").ok().filter(|operation| operation.kind == case.verb);
    let succeeded = match &operation {
        Some(operation) => operation.state == OperationState::Succeeded,
        // The row is gone with its app, or the verb was never accepted.
        None => place == Some(Place::Gone),
    };
    assert!(operation.is_some() || succeeded || !answered, "{what}: an answered verb was forgotten");
    let purge_failed_late =
        operation.as_ref().is_some_and(|operation| operation.is_past_return() && !succeeded);
    let expected = match () {
        () if succeeded => Place::after(case.verb),
        () if purge_failed_late => Place::Trashed,
        () => Place::before(case),
    };
    assert_eq!(place, Some(expected), "{what}: {operation:?}, status {:?}", server.status("one"));
    if expected == Place::Gone {
        assert!(world.traces().is_empty(), "{what}: left {:?}", world.traces());
    } else if !purge_failed_late {
        assert_eq!(data_of(world), data, "{what}: data was lost, or came into being");
    }
    let sight = world.engine.sight();
    let running = sight.containers.iter().filter(|c| c.facts.state == ContainerState::Running).count();
    let (containers, networks) = (sight.containers.len(), sight.networks.len());
    let reserved = (world.store.ports().len(), world.store.subnets().len());
    match expected {
        Place::Runs => assert_eq!((containers, running, networks, reserved), (2, 2, 1, (1, 1)), "{what}"),
        Place::Stopped => assert_eq!((containers, running, networks, reserved), (2, 0, 1, (1, 1)), "{what}"),
        Place::Trashed | Place::Gone => {
            assert_eq!((containers, networks, reserved), (0, 0, (0, 0)), "{what}")
        }
    }
}

async fn at_every_call(case: Case) {
    for fault in Fault::ALL {
        let mut call = 0;
        while run_with(case, call, fault).await {
            call += 1;
            assert!(call < CALLS_MAX, "{case:?} makes more than {CALLS_MAX} calls");
        }
        assert!(call > 3, "{case:?} makes more calls than {call}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Start)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Stop)).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Restart)).await;
}

#[tokio::test(start_paused = true)]
async fn an_uninstall_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Uninstall)).await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Purge)).await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_out_of_the_recycle_bin_survives_a_fault_at_any_call() {
    at_every_call(Case { verb: OperationKind::Purge, from_trash: true }).await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_survives_a_fault_at_any_call() {
    at_every_call(Case { verb: OperationKind::Restore, from_trash: true }).await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_does_not_get_ready_leaves_the_data_in_the_recycle_bin() {
    let case = Case { verb: OperationKind::Restore, from_trash: true };
    let world = prepared(case).await;
    let data = data_of(&world);
    world.engine.behave("blog", Behaviour::Exits(1));
    let server = world.start();
    server.connected().await;
    case.ask(&server).await.expect("accepted");
    assert!(matches!(server.operation_ended("one").await.state, OperationState::Failed(_)));
    assert_eq!((Place::of(&server), data_of(&world)), (Some(Place::Trashed), data));
    server.stop().await;
}
