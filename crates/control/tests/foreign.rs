//! Compose projects that this server did not install: shown as they are, started and stopped, adopted and let go, and
//! never made, changed or deleted.

use control::ports::{Ownership, Store};
use control::{Data, Error};
use domain::{
    AppId, Condition, ContainerState, Dependency, EventKind, FailureClass, InstanceId, OperationKind,
    OperationState, Status,
};
use testkit::{FOREIGN_PORT, Life, Running, World};

/// A server beside a project that somebody brought up by hand.
async fn with_a_project(name: &str) -> (World, Running) {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    world.engine.compose_up(name, &["db", "web"]);
    server.has_status(name, Status::Running).await;
    (world, server)
}

/// All that the engine holds, without the states of containers.
fn held(world: &World) -> Vec<String> {
    let sight = world.engine.sight();
    let containers = sight.containers.iter().map(|c| format!("{} {}", c.facts.id, c.facts.name));
    let networks = sight.networks.iter().map(|network| network.name.clone());
    let volumes = sight.volumes.iter().map(|volume| volume.name.clone());
    containers.chain(networks).chain(volumes).collect()
}

fn ids(server: &Running) -> Vec<String> {
    let list = server.control.app_list(None).expect("the engine answers");
    list.into_iter().map(|detail| detail.summary.id.to_string()).collect()
}

fn running(world: &World) -> usize {
    let sight = world.engine.sight();
    sight.containers.iter().filter(|c| c.facts.state == ContainerState::Running).count()
}

async fn is_gone(server: &Running, name: &str) {
    server.until(|running| running.status(name).is_none().then_some(())).await;
}

async fn succeeded(server: &Running, name: &str, kind: OperationKind) {
    let operation = server.operation_ended(name).await;
    assert_eq!((operation.kind, operation.state), (kind, OperationState::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn a_project_is_shown_with_its_true_status_while_it_is_there() {
    let (world, server) = with_a_project("shop").await;
    let detail = server.detail("shop").expect("it is listed");
    let summary = detail.summary;
    assert_eq!((summary.package.as_str(), summary.trademark.as_str()), ("shop", "shop"));
    assert!(!summary.official);
    let info = detail.running.expect("it runs");
    assert_eq!((info.port, info.url.as_str(), info.admin_url.as_str()), (FOREIGN_PORT, "", ""));
    assert_eq!(info.compose_file.to_str(), Some("/srv/shop/compose.yaml"));
    world.engine.change("shop", "web", |facts| {
        facts.state = ContainerState::Exited;
        facts.exit_code = 1;
    });
    server.has_status("shop", Status::Error).await;
    world.engine.change("shop", "web", |facts| facts.exit_code = 0);
    world.engine.change("shop", "db", |facts| facts.state = ContainerState::Exited);
    server.has_status("shop", Status::Stop).await;
    assert_eq!(server.detail("shop").and_then(|detail| detail.running), None);
    world.engine.remove_by_hand("shop", "web");
    world.engine.change("shop", "db", |facts| facts.state = ContainerState::Running);
    // What is gone of it is its owner's affair.
    server.has_status("shop", Status::Running).await;
    world.engine.compose_down("shop");
    is_gone(&server, "shop").await;
    let told = world.store.events(AppId::parse("shop").ok().as_ref(), 100).expect("it can be read");
    assert_eq!(told.first().map(|newest| &newest.kind), Some(&EventKind::Vanished));
    assert_eq!(told.last().map(|oldest| &oldest.kind), Some(&EventKind::Appeared));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_others_wait_to_complete_is_well_when_it_has() {
    let (world, server) = with_a_project("shop").await;
    world.engine.change("shop", "web", |facts| {
        facts.depends_on = vec![Dependency { service: "db".into(), condition: Condition::Completed }];
    });
    world.engine.change("shop", "db", |facts| facts.state = ContainerState::Exited);
    server.has_status("shop", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_the_server_is_shown_and_what_went_meanwhile_is_not() {
    let (world, server) = with_a_project("shop").await;
    server.kill().await;
    world.engine.compose_down("shop");
    world.engine.compose_up("wiki", &["web"]);
    let server = world.start();
    server.has_status("wiki", Status::Running).await;
    is_gone(&server, "shop").await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_project_is_started_stopped_and_restarted() {
    let (world, server) = with_a_project("shop").await;
    let before = held(&world);
    server.control.stop("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Stop).await;
    assert_eq!((server.status("shop"), running(&world)), (Some(Status::Stop), 0));
    server.control.start("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Start).await;
    assert_eq!((server.status("shop"), running(&world)), (Some(Status::Running), 2));
    server.control.restart("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Restart).await;
    assert_eq!((server.status("shop"), running(&world)), (Some(Status::Running), 2));
    assert_eq!(held(&world), before);
    assert!(world.projects.all().is_empty());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_only_its_owner_can_make_is_said_when_it_is_missing() {
    let (world, server) = with_a_project("shop").await;
    server.control.adopt("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Adopt).await;
    world.engine.remove_by_hand("shop", "web");
    server.has_status("shop", Status::Error).await;
    server.control.start("shop").await.expect("accepted");
    let OperationState::Failed(failure) = server.operation_ended("shop").await.state else {
        panic!("it cannot be made");
    };
    assert_eq!(failure.class, FailureClass::NotOurs);
    assert_eq!((failure.subject.as_str(), failure.detail.as_str()), ("web", "/srv/shop"));
    world.engine.compose_up("shop", &["db", "web"]);
    server.has_status("shop", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn adopted_and_let_go_it_runs_on_untouched() {
    let (world, server) = with_a_project("shop").await;
    let (before, containers) = (held(&world), world.engine.sight().containers);
    server.control.adopt("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Adopt).await;
    assert!(matches!(server.control.adopt("shop").await, Err(Error::Managed { .. })));
    let refused = server.control.uninstall("shop", Data::Purge).await;
    assert!(matches!(refused, Err(Error::NotManaged { .. })), "its data is not ours");
    server.control.uninstall("shop", Data::Keep).await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Release).await;
    assert_eq!(server.status("shop"), Some(Status::Running), "shown as any other project");
    for data in [Data::Keep, Data::Purge] {
        let refused = server.control.uninstall("shop", data).await;
        assert!(matches!(refused, Err(Error::NotManaged { .. })));
    }
    assert_eq!((held(&world), world.engine.sight().containers), (before, containers));
    assert!(server.control.app_trash().is_empty());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_adopted_project_is_missed_when_its_containers_go() {
    let (world, server) = with_a_project("shop").await;
    server.control.adopt("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Adopt).await;
    world.engine.compose_down("shop");
    server.has_status("shop", Status::Error).await;
    server.kill().await;
    let server = world.start();
    server.connected().await;
    assert_eq!(server.status("shop"), Some(Status::Error), "and after a restart");
    world.engine.compose_up("shop", &["db", "web"]);
    server.has_status("shop", Status::Running).await;
    server.control.stop("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Stop).await;
    world.engine.compose_down("shop");
    server.until(|_| world.engine.sight().containers.is_empty().then_some(())).await;
    server.has_status("shop", Status::Stop).await;
    server.control.uninstall("shop", Data::Keep).await.expect("accepted");
    is_gone(&server, "shop").await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_no_app_id_or_taken_gets_a_derived_one() {
    let (world, server) = with_a_project("shop").await;
    server.install("hello", "mine").await.expect("accepted");
    server.has_status("mine", Status::Running).await;
    server.control.uninstall("mine", Data::Keep).await.expect("accepted");
    server.operation_ended("mine").await;
    for name in ["my-shop", "my_shop", "mine"] {
        world.engine.compose_up(name, &["web"]);
    }
    server.until(|running| (ids(running).len() == 4).then_some(())).await;
    let all = ids(&server);
    assert_eq!(all.iter().filter(|id| id.starts_with("myshop")).count(), 2, "{all:?}");
    assert!(all.iter().any(|id| id.starts_with("mine") && id != "mine"), "the bin holds the name: {all:?}");
    // The same after it was gone.
    world.engine.compose_down("my-shop");
    server.until(|running| (ids(running).len() == 3).then_some(())).await;
    world.engine.compose_up("my-shop", &["web"]);
    server.until(|running| (ids(running).len() == 4).then_some(())).await;
    let (mut before, mut after) = (all, ids(&server));
    before.sort();
    after.sort();
    assert_eq!(before, after);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_project_is_taken_for_an_install() {
    let (_world, server) = with_a_project("shop").await;
    assert!(matches!(server.install("hello", "shop").await, Err(Error::NameTaken(_))));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_another_server_manages_and_what_was_run_beside_an_app_is_not_shown() {
    let world = World::default();
    let other = Ownership {
        instance: Some(InstanceId::from_text("another")),
        project: Some("theirs".to_owned()),
        ..Ownership::default()
    };
    world.engine.compose_up_as("theirs", &["web"], &other);
    // One more container of it, by hand and without the labels.
    world.engine.compose_up("theirs", &["web", "debug"]);
    world.engine.compose_up("oneoff", &["job"]);
    world.engine.change("oneoff", "job", |facts| facts.service.clear());
    let server = world.start();
    server.connected().await;
    world.engine.compose_up("shop", &["web"]);
    server.has_status("shop", Status::Running).await;
    assert_eq!(ids(&server), ["shop"]);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_setting_hides_them_but_those_that_are_adopted() {
    let (mut world, server) = with_a_project("shop").await;
    world.engine.compose_up("wiki", &["web"]);
    server.has_status("wiki", Status::Running).await;
    server.control.adopt("shop").await.expect("accepted");
    succeeded(&server, "shop", OperationKind::Adopt).await;
    server.stop().await;
    world.settings.foreign_projects = false;
    let server = world.start_in(Life::sound());
    server.connected().await;
    is_gone(&server, "wiki").await;
    assert_eq!(ids(&server), ["shop"]);
    server.control.uninstall("shop", Data::Keep).await.expect("accepted");
    is_gone(&server, "shop").await;
    assert_eq!(running(&world), 3, "all of them run on");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_delays_a_project_and_loses_none() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    world.store.set_disk_full(true);
    world.engine.compose_up("shop", &["web"]);
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert_eq!(server.status("shop"), None);
    world.store.set_disk_full(false);
    server.has_status("shop", Status::Running).await;
    server.stop().await;
}
