//! Generated faults for every verb on an installed app: at every call that the verb makes across a port, in turn,
//! the call fails, or the server dies before it, or dies right after it. Whatever happens, the verb has its whole
//! effect or none, data is lost only where that was asked for, and nothing answered is forgotten.

use std::collections::BTreeSet;

use control::{Data, Error};
use domain::settings::{Given, GivenSettings};
use domain::{AppId, ContainerState, OperationKind, OperationState, RestartPolicy, Secret, Status};
use testkit::{Behaviour, Fault, Life, Running, World};

/// Far more calls than a verb makes: a run that does not reach its fault ends the search.
const CALLS_MAX: usize = 300;

/// What is asked for, and of an app in which state.
#[derive(Clone, Copy, Debug)]
struct Case {
    verb: OperationKind,
    before: Before,
    /// Whether Docker starts its containers again by itself: only then are they restarted side by side.
    comes_again: bool,
}

/// How the app is before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// There is none.
    Nothing,
    Running,
    /// By its owner's order.
    Stopped,
    /// Past this server: it is meant to run.
    Killed,
    /// Stopped, and then all containers and images were removed by hand.
    Pruned,
    /// In the recycle bin.
    Trash,
}

impl Case {
    const fn of(verb: OperationKind) -> Self {
        let before = match verb {
            OperationKind::Install => Before::Nothing,
            OperationKind::Start => Before::Stopped,
            OperationKind::Restore => Before::Trash,
            _ => Before::Running,
        };
        Self { verb, before, comes_again: true }
    }

    async fn ask(self, server: &Running) -> Result<AppId, Error> {
        match self.verb {
            OperationKind::Start => server.control.start("one").await,
            OperationKind::Stop => server.control.stop("one").await,
            OperationKind::Restart => server.control.restart("one").await,
            OperationKind::Uninstall => server.control.uninstall("one", Data::Keep).await,
            OperationKind::Purge if self.before == Before::Trash => server.control.purge("one").await,
            OperationKind::Purge => server.control.uninstall("one", Data::Purge).await,
            OperationKind::Restore => server.control.restore("one").await,
            OperationKind::Configure => server.control.configure("one", Ok(title("New"))).await,
            OperationKind::Install => server.install("blog", "one").await,
            OperationKind::Adopt | OperationKind::Release => unreachable!("foreign_faults.rs has them"),
        }
    }
}

fn title(text: &str) -> GivenSettings {
    [("TITLE".to_owned(), Given::Scalar(Secret::from_text(text)))].into()
}

/// A world with the app that the verb needs, whose server has been stopped in good order.
async fn prepared(case: Case) -> World {
    let world = World::default();
    if case.before != Before::Pruned {
        // Nobody knows any more what was in one whose container was removed by hand: the next has another.
        world.engine.give_anonymous_volume("blog", "/uploads");
    }
    if !case.comes_again {
        world.engine.give_restart_policy(RestartPolicy::No);
    }
    let server = world.start();
    server.connected().await;
    if case.before == Before::Nothing {
        server.stop().await;
        return world;
    }
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    match case.before {
        Before::Nothing | Before::Running => {}
        Before::Killed => ["web", "db"].iter().for_each(|service| kill(&world, service)),
        Before::Stopped | Before::Pruned => {
            server.control.stop("one").await.expect("accepted");
            server.operation_ended("one").await;
        }
        Before::Trash => {
            server.control.uninstall("one", Data::Keep).await.expect("accepted");
            server.operation_ended("one").await;
        }
    }
    if case.before == Before::Pruned {
        ["web", "db"].iter().for_each(|service| world.engine.remove_by_hand("one", service));
        world.engine.prune_images();
    }
    server.stop().await;
    // Whatever makes containers now makes them of something else than before.
    world.engine.move_tag("blog");
    world
}

/// As `docker kill` does.
fn kill(world: &World, service: &str) {
    world.engine.change("one", service, |facts| {
        facts.state = ContainerState::Exited;
        facts.exit_code = 137;
    });
}

/// What holds the app's data, and nothing else.
fn data_of(world: &World) -> Vec<String> {
    let mut data: Vec<String> = world.engine.sight().volumes.into_iter().map(|volume| volume.name).collect();
    data.extend(world.projects.all().iter().map(|path| path.display().to_string()));
    data.sort();
    data
}

/// Runs the verb with those faults. Where a call is held, the operation is cancelled meanwhile. Returns the number of
/// calls that were made.
async fn run_with(case: Case, plan: &[(usize, Fault)]) -> usize {
    let world = prepared(case).await;
    let data = data_of(&world);
    let life = Life::with_all(plan);
    let server = world.start_in(life.clone());
    server.connected().await;
    let answer = tokio::sync::Notify::new();
    let asked = async {
        let answered = tokio::select! {
            biased;
            answer = case.ask(&server) => answer.is_ok(),
            () = life.died() => false,
        };
        answer.notify_one();
        answered
    };
    let cancelled = async {
        life.holds().await;
        // Refused where nothing is open yet or any more, or where it is too late.
        drop(server.control.cancel("one").await);
        life.release();
        std::future::pending::<()>().await;
    };
    let ended = async {
        tokio::select! {
            biased;
            () = life.died() => {}
            () = cancelled => {}
            () = async { answer.notified().await; has_settled(&server).await; } => {}
        }
    };
    let (answered, ()) = tokio::join!(asked, ended);
    // A call that came too late to be cancelled.
    life.release();
    // It may have died in the very moment when all was done.
    let server = if life.is_dead() {
        server.kill().await;
        let next = world.start();
        next.connected().await;
        next
    } else {
        server
    };
    has_settled(&server).await;
    let calls = life.calls();
    let names: Vec<_> = plan.iter().map(|(call, fault)| (call, fault, calls.get(*call))).collect();
    let what = format!("{case:?}, {names:?}");
    let place = check(&world, &server, case, &data, answered, &what);
    check_images(&world, place, &what);
    let was_alive = !life.is_dead();
    server.stop().await;
    if was_alive && life.is_dead() {
        // A runner that claimed what was cancelled in this moment writes it once more: a fault may hit that.
        let next = world.start();
        next.connected().await;
        has_settled(&next).await;
        check(&world, &next, case, &data, answered, &what);
        next.stop().await;
    }
    calls.len()
}

/// Waits until no operation is open, and what was started has answered: a port takes a moment to open.
async fn has_settled(server: &Running) {
    server
        .until(|running| {
            let is_open = |memory: &control::memory::Memory| memory.open_operations().next().is_some();
            (!running.control.recorder().read(is_open)).then_some(())
        })
        .await;
    server.until(|running| (running.status("one") != Some(Status::Initing)).then_some(())).await;
}

/// Where an app can be found when nothing is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Runs,
    Stopped,
    Trashed,
    Failed,
    Gone,
}

impl Place {
    fn before(case: Case) -> Self {
        match case.before {
            Before::Nothing => Self::Failed,
            Before::Running => Self::Runs,
            Before::Stopped | Before::Killed | Before::Pruned => Self::Stopped,
            Before::Trash => Self::Trashed,
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
            (Some(Status::Error), false) if server.detail("one").is_some_and(|d| d.running.is_none()) => {
                Some(Self::Failed)
            }
            _ => None,
        }
    }
}

fn check(world: &World, server: &Running, case: Case, data: &[String], answered: bool, what: &str) -> Place {
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
    if matches!(expected, Place::Gone | Place::Failed) {
        assert!(world.traces().is_empty(), "{what}: left {:?}", world.traces());
    } else if !purge_failed_late && case.verb != OperationKind::Install {
        assert_eq!(data_of(world), data, "{what}: data was lost, or came into being");
    }
    if case.verb == OperationKind::Configure {
        let title = world.projects.variable("one", "TITLE");
        assert_eq!(title.as_deref(), Some(if succeeded { "New" } else { "A blog" }), "{what}");
    }
    let sight = world.engine.sight();
    let running = sight.containers.iter().filter(|c| c.facts.state == ContainerState::Running).count();
    let (containers, networks) = (sight.containers.len(), sight.networks.len());
    let reserved = (world.store.ports().len(), world.store.subnets().len());
    let whole = match expected {
        // None was made, or both were and none is started.
        Place::Stopped if case.before == Before::Pruned && containers == 0 => (0, 0, 1, (1, 1)),
        Place::Runs => (2, 2, 1, (1, 1)),
        Place::Stopped => (2, 0, 1, (1, 1)),
        Place::Trashed | Place::Gone | Place::Failed => (0, 0, 0, (0, 0)),
    };
    assert_eq!((containers, running, networks, reserved), whole, "{what}");
    expected
}

/// What is recorded of the images is what the containers are made of.
fn check_images(world: &World, expected: Place, what: &str) {
    let recorded: BTreeSet<_> =
        world.recorded_images("one").into_iter().map(|known| (known.image, known.id)).collect();
    let sight = world.engine.sight();
    let made_of: BTreeSet<_> = sight.containers.into_iter().map(|c| (c.image, c.image_id)).collect();
    match expected {
        Place::Trashed => assert_eq!(recorded.len(), 2, "{what}: kept, though no container is left"),
        Place::Stopped if made_of.is_empty() => {
            assert_eq!(recorded.len(), 2, "{what}: kept, as they were pruned");
        }
        Place::Runs | Place::Stopped | Place::Failed | Place::Gone => assert_eq!(recorded, made_of, "{what}"),
    }
}

async fn at_every_call(case: Case) {
    let run = async |plan: &[(usize, Fault)]| run_with(case, plan).await;
    testkit::faults::at_every_call(&format!("{case:?}"), 4..=CALLS_MAX, run).await;
    cancelled_at_every_call(case).await;
}

/// The operation is cancelled at each of its calls; and then, at each later call of its undo, a fault.
async fn cancelled_at_every_call(case: Case) {
    let mut call = 0;
    loop {
        let calls = run_with(case, &[(call, Fault::Hold)]).await;
        if calls <= call {
            return;
        }
        for fault in Fault::ALL {
            for later in call + 1..calls {
                run_with(case, &[(call, Fault::Hold), (later, fault)]).await;
            }
        }
        call += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn an_install_that_is_cancelled_survives_a_fault_at_any_call() {
    cancelled_at_every_call(Case::of(OperationKind::Install)).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_of_settings_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Configure)).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Start)).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_of_what_was_killed_survives_a_fault_at_any_call() {
    at_every_call(Case { before: Before::Killed, ..Case::of(OperationKind::Start) }).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_of_what_was_pruned_survives_a_fault_at_any_call() {
    at_every_call(Case { before: Before::Pruned, ..Case::of(OperationKind::Start) }).await;
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
async fn a_restart_in_order_survives_a_fault_at_any_call() {
    at_every_call(Case { comes_again: false, ..Case::of(OperationKind::Restart) }).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_a_stopped_app_survives_a_fault_at_any_call() {
    at_every_call(Case { before: Before::Stopped, ..Case::of(OperationKind::Restart) }).await;
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
    at_every_call(Case { before: Before::Trash, ..Case::of(OperationKind::Purge) }).await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_survives_a_fault_at_any_call() {
    at_every_call(Case::of(OperationKind::Restore)).await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_does_not_get_ready_leaves_the_data_in_the_recycle_bin() {
    let case = Case::of(OperationKind::Restore);
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
