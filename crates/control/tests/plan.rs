//! A plan says what the install then does, and changes nothing.

use control::{DiskRoom, Error, InstallRequest, Plan};
use domain::policy::Wish;
use domain::{ErrorCode, GivenSettings, Protocol, Status, Verdict};
use testkit::{Running, World};

async fn plan(server: &Running, package: &str, name: &str) -> Plan {
    let request = InstallRequest {
        app_name: package.to_owned(),
        customer_app_name: name.to_owned(),
        app_version: "latest".to_owned(),
        settings: Ok(GivenSettings::new()),
    };
    server.control.plan(request).await.expect("there is something to plan")
}

fn codes(plan: &Plan) -> Vec<ErrorCode> {
    plan.obstacles.iter().map(Error::code).collect()
}

#[tokio::test(start_paused = true)]
async fn the_install_chooses_what_the_plan_said() {
    let world = World::default();
    world.host.listen(Protocol::Tcp, 8081);
    let server = world.start();
    server.connected().await;
    let traces = world.traces();
    let before = plan(&server, "BLOG", "one").await;
    assert_eq!(world.traces(), traces, "a plan leaves nothing");
    assert_eq!(server.status("one"), None);
    assert_eq!((before.package.as_str(), before.version.as_str()), ("Blog", "2"));
    assert_eq!(codes(&before), []);
    assert_eq!(before.policy.verdict, Verdict::Allowed);
    let ports: Vec<u16> = before.ports.iter().map(|port| port.port).collect();
    assert_eq!((ports, before.subnets.len()), (vec![8082], 1));
    assert!(before.images.iter().all(|image| image.is_present == Some(false)), "{:?}", before.images);

    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    let deployment = server
        .control
        .recorder()
        .read(|memory| memory.oldest_first().next().and_then(|record| record.app.deployment.clone()));
    let deployment = deployment.expect("it was deployed");
    assert_eq!((deployment.ports, deployment.subnets), (before.ports, before.subnets));

    let after = plan(&server, "blog", "two").await;
    assert!(after.images.iter().all(|image| image.is_present == Some(true)), "{:?}", after.images);
    assert_eq!(after.ports.first().map(|port| port.port), Some(8083));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn every_obstacle_is_told_and_not_only_the_first() {
    let world = World::default();
    world.projects.ask("Blog", "web", Wish::Privileged);
    let server = world.start();
    server.connected().await;
    server.install("hello", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    world.host.set_memory_bytes(1 << 20);
    world.engine.set_away(true);
    tokio::time::sleep(std::time::Duration::from_secs(20)).await;
    let plan = plan(&server, "blog", "one").await;
    assert_eq!(
        codes(&plan),
        [
            ErrorCode::PolicyRefused,
            ErrorCode::CustomerAppNameRepeat,
            ErrorCode::ContainerCommandError,
            ErrorCode::RequirementNotEnough
        ]
    );
    assert_eq!(plan.policy.verdict, Verdict::Refused);
    assert!(plan.images.iter().all(|image| image.is_present.is_none()), "the engine does not tell");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn where_there_is_nothing_to_plan_the_refusal_is_the_answer() {
    let server = World::default().start();
    server.connected().await;
    for (package, name, version, code) in [
        ("nothing", "one", "1", ErrorCode::AppUnknown),
        ("blog", "my-blog", "1", ErrorCode::CustomerAppNameFormat),
        ("blog", "one", "9", ErrorCode::AppVersionNotExis),
    ] {
        let request = InstallRequest {
            app_name: package.to_owned(),
            customer_app_name: name.to_owned(),
            app_version: version.to_owned(),
            settings: Ok(GivenSettings::new()),
        };
        assert_eq!(server.control.plan(request).await.expect_err("refused").code(), code);
    }
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_an_engine_on_another_machine_nobody_takes_this_ones_room_for_its_own() {
    for (is_elsewhere, is_refused) in [(false, true), (true, false)] {
        let world = World::default();
        world.engine.set_elsewhere(is_elsewhere);
        let server = world.start();
        server.connected().await;
        // Enough for the data directory, and for nothing else.
        world.host.set_disk_bytes(8 << 20);
        world.host.set_memory_bytes(1 << 20);
        let plan = plan(&server, "hello", "one").await;
        assert_eq!(plan.obstacles.iter().any(|found| matches!(found, Error::NotEnough(_))), is_refused);
        let installed = server.install("hello", "one").await;
        assert_eq!(matches!(installed, Err(Error::NotEnough(_))), is_refused, "{installed:?}");
        let room = server.control.checkup().await.disk;
        assert_eq!(room.ok(), is_elsewhere.then_some(DiskRoom::OfServerOnly));
        server.stop().await;
    }
}
