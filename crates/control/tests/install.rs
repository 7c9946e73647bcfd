//! AppInstall, from the request to the end of its operation, over the world in memory.

use std::time::Duration;

use control::{Error, NameHolder, Resource};
use domain::{FailureClass, OperationKind, OperationState, Protocol, Status, Step, StepOutcome};
use testkit::{Behaviour, World};

#[tokio::test(start_paused = true)]
async fn an_accepted_install_is_queued_and_then_runs() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install("blog", "myblog").await.expect("accepted");
    assert_eq!(server.status("myblog"), Some(Status::Queuing));
    assert_eq!(server.detail("myblog").expect("listed").running, None);
    server.has_status("myblog", Status::Running).await;
    let detail = server.detail("myblog").expect("listed");
    let info = detail.running.expect("it runs");
    assert_eq!(detail.summary.package, "Blog", "spelled as the catalog spells it");
    assert_eq!((info.port, info.url.as_str()), (8081, "http://apps.example:8081/"));
    assert_eq!(info.admin_url, "http://apps.example:8081/admin");
    assert_eq!(info.login.user_name, "admin");
    assert_eq!(info.login.password.reveal().len(), 24);

    let operation = server.operation_ended("myblog").await;
    assert_eq!(operation.state, OperationState::Succeeded);
    assert!(operation.pulls.iter().all(|pull| pull.complete) && operation.pulls.len() == 2);
    let steps: Vec<Step> = operation.steps.iter().map(|record| record.step).collect();
    assert_eq!(steps, OperationKind::Install.steps(), "each once, in order");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn requests_are_refused_in_the_order_of_the_contract_and_change_nothing() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    assert!(matches!(server.install("nothing", "NOT OK").await, Err(Error::AppUnknown { .. })));
    assert!(matches!(server.install("hello", "NOT OK").await, Err(Error::CustomerAppNameFormat { .. })));
    let long = "a".repeat(33);
    assert!(matches!(server.install("hello", &long).await, Err(Error::CustomerAppNameFormat { .. })));
    let request = control::InstallRequest {
        app_name: "HELLO".to_owned(),
        customer_app_name: "one".to_owned(),
        app_version: "99".to_owned(),
        settings: Ok(domain::GivenSettings::new()),
    };
    let refused = server.control.install(request).await;
    assert!(
        matches!(&refused, Err(Error::VersionUnknown { offered, .. }) if *offered == ["2", "1"]),
        "{refused:?}"
    );
    world.engine.add_foreign_volume("one_data");
    let holder = server.until(|_| world.engine.sight().volumes.first().cloned()).await;
    assert_eq!(holder.name, "one_data");
    server
        .until(|running| running.control.recorder().read(|m| (!m.engine.volumes.is_empty()).then_some(())))
        .await;
    let refused = server.install("blog", "one").await;
    assert!(
        matches!(&refused, Err(Error::NameTaken(NameHolder::Volume(name))) if name == "one_data"),
        "{refused:?}"
    );
    assert!(server.control.app_list(None).expect("a list").is_empty());
    assert_eq!(world.traces(), ["one_data"]);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_wait_while_its_install_is_open_then_repeat_and_free_again_after_a_failure() {
    let world = World::default();
    world.engine.behave("hello", Behaviour::Exits(1));
    let server = world.start();
    server.connected().await;
    server.install("hello", "one").await.expect("accepted");
    assert!(matches!(server.install("hello", "one").await, Err(Error::InstallOpen)));
    server.has_status("one", Status::Error).await;
    world.engine.behave("hello", Behaviour::Well);
    server.install("hello", "one").await.expect("a failed install does not count");
    server.has_status("one", Status::Running).await;
    assert!(matches!(server.install("hello", "one").await, Err(Error::NameTaken(NameHolder::App))));
    assert_eq!(server.control.app_list(None).expect("a list").len(), 1);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_name_fifty_times_at_once_has_one_winner() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    let calls = (0..50).map(|_| server.install("hello", "one"));
    let results = futures_util::future::join_all(calls).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| matches!(result, Err(Error::InstallOpen))).count(), 49);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn twenty_installs_at_once_all_run_on_ports_and_subnets_of_their_own() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    for number in 0..20 {
        server.install("hello", &format!("app{number:02}")).await.expect("accepted");
    }
    let mut most_at_work = 0;
    server
        .until(|running| {
            let list = running.control.app_list(None).ok()?;
            let at = |status: Status| move |detail: &&control::AppDetail| detail.summary.status == status;
            let done = list.iter().filter(at(Status::Running)).count();
            let queued = list.iter().filter(at(Status::Queuing)).count();
            most_at_work = most_at_work.max(list.len() - done - queued);
            // Oldest first: whatever still waits is younger than whatever is done.
            let names = |status| list.iter().filter(at(status)).map(|d| d.summary.id.clone());
            if let (Some(done), Some(waiting)) = (names(Status::Running).max(), names(Status::Queuing).max())
            {
                assert!(done < waiting || queued == 0);
            }
            (done == 20).then_some(())
        })
        .await;
    assert!(most_at_work <= 2, "{most_at_work} at work at once");
    let mut ports: Vec<u16> = world.store.ports().iter().map(|(_, port)| port.port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!((ports.len(), world.store.subnets().len()), (20, 20));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_open_installs_were_promised_counts() {
    let world = World::default();
    world.engine.behave("blog", Behaviour::Silent);
    let server = world.start();
    server.connected().await;
    world.host.set_memory_bytes(800 << 20);
    server.install("blog", "one").await.expect("512 MiB of 800");
    let refused = server.install("blog", "two").await;
    let Err(Error::NotEnough(shortages)) = refused else { panic!("{refused:?}") };
    assert_eq!((shortages[0].resource, shortages[0].needed), (Resource::Memory, 1024 << 20));
    world.host.set_memory_bytes(8 << 30);
    world.host.set_disk_bytes(1 << 20);
    let refused = server.install("hello", "two").await;
    let Err(Error::NotEnough(shortages)) = refused else { panic!("{refused:?}") };
    assert_eq!(shortages[0].resource, Resource::Disk);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_stolen_before_the_start_is_replaced() {
    let world = World::default();
    world.host.listen(Protocol::Tcp, 8080);
    world.engine.steal_port(8081);
    let server = world.start();
    server.connected().await;
    server.install("hello", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    let info = server.detail("one").and_then(|detail| detail.running).expect("it runs");
    assert_eq!(info.port, 8082, "8080 was taken, 8081 was stolen");
    let operation = server.operation_ended("one").await;
    let stolen = |record: &domain::StepRecord| matches!(&record.outcome, StepOutcome::Failed(failure) if failure.class == FailureClass::PortTaken);
    assert!(operation.steps.iter().any(stolen), "the log tells of it");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn three_stolen_ports_are_enough() {
    let world = World::default();
    for port in 8080..8090 {
        world.engine.steal_port(port);
    }
    let server = world.start();
    server.connected().await;
    server.install("hello", "one").await.expect("accepted");
    server.has_status("one", Status::Error).await;
    let operation = server.operation_ended("one").await;
    assert_eq!(operation.state.failure().map(|f| f.class), Some(FailureClass::PortTaken));
    assert_eq!(operation.attempts(Step::Create), 3);
    assert_eq!(world.traces(), Vec::<String>::new());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn every_way_of_not_coming_up_has_its_class_and_leaves_nothing() {
    let ways = [
        (Behaviour::Exits(1), FailureClass::ExitCode),
        (Behaviour::OutOfMemory, FailureClass::OutOfMemory),
        (Behaviour::Unhealthy, FailureClass::Unhealthy),
        (Behaviour::Silent, FailureClass::TimeOut),
    ];
    for (behaviour, class) in ways {
        let world = World::default();
        world.engine.behave("hello", behaviour);
        let server = world.start();
        server.connected().await;
        server.install("hello", "one").await.expect("accepted");
        server.has_status("one", Status::Error).await;
        let operation = server.operation_ended("one").await;
        assert_eq!(operation.state.failure().map(|failure| failure.class), Some(class), "{behaviour:?}");
        assert_eq!(operation.last_lines, ["last words of one-web-1"]);
        assert_eq!(world.traces(), Vec::<String>::new(), "{behaviour:?}");
        server.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_that_no_registry_knows_fails_the_install_with_its_name() {
    let world = World::default();
    world.engine.lose_image("db");
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Error).await;
    let failure = server.operation_ended("one").await.state.failure().cloned().expect("it failed");
    assert_eq!((failure.class, failure.subject.as_str()), (FailureClass::NoSuchImage, "db"));
    assert_eq!(world.traces(), Vec::<String>::new());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_before_and_during_an_install_is_waited_for() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    world.engine.set_away(true);
    server.install("hello", "one").await.expect("accepted within the grace");
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    assert!(matches!(server.control.app_status("one"), Err(Error::EngineAway { .. })));
    assert!(matches!(server.control.app_list(None), Err(Error::EngineAway { .. })));
    assert!(matches!(server.install("hello", "two").await, Err(Error::EngineAway { .. })));
    world.engine.set_away(false);
    server.has_status("one", Status::Pulling).await;
    world.engine.set_away(true);
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    world.engine.set_away(false);
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_somebody_makes_while_the_images_are_pulled_is_not_taken_over() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Pulling).await;
    world.engine.add_foreign_volume("one_data");
    server.has_status("one", Status::Error).await;
    let failure = server.operation_ended("one").await.state.failure().cloned().expect("it failed");
    assert_eq!(failure.class, FailureClass::NameTaken);
    assert_eq!(world.traces(), ["one_data"]);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_subnets_and_ports_that_queued_installs_will_take_count() {
    for (subnets_prefix, ports, resource) in [(26, 1_000, Resource::Subnets), (16, 1, Resource::Ports)] {
        let mut world = World::default();
        let pool = world.settings.subnet_pool.addr();
        world.settings.subnet_pool = ipnet::Ipv4Net::new_assert(pool, subnets_prefix);
        world.settings.port_last = world.settings.port_first + ports - 1;
        world.settings.installs_at_once = 1;
        world.engine.behave("hello", Behaviour::Silent);
        let server = world.start();
        server.connected().await;
        server.install("hello", "atwork").await.expect("accepted");
        server.has_status("atwork", Status::Initing).await;
        server.install("hello", "queued").await.expect("one more has room");
        let refused = server.install("hello", "refused").await;
        let Err(Error::NotEnough(shortages)) = refused else { panic!("{resource:?}: {refused:?}") };
        let shortage = shortages[0];
        assert_eq!((shortage.resource, shortage.needed, shortage.available), (resource, 2, 1));
        server.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded() {
    let mut world = World::default();
    world.settings.installs_at_once = 1;
    world.host.set_memory_bytes(1 << 40);
    world.host.set_disk_bytes(1 << 50);
    world.engine.behave("hello", Behaviour::Silent);
    let server = world.start();
    server.connected().await;
    for number in 0..100 {
        server.install("hello", &format!("app{number}")).await.expect("it may wait");
    }
    let refused = server.install("hello", "onemore").await;
    let Err(Error::NotEnough(shortages)) = refused else { panic!("{refused:?}") };
    let told: Vec<_> = shortages.iter().map(|s| (s.resource, s.needed, s.available)).collect();
    assert_eq!(told, [(Resource::Queue, 101, 100)]);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_name_is_free_at_once_also_where_the_engines_events_are_late() {
    let world = World::default();
    world.engine.behave("blog", Behaviour::Exits(1));
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    let unwinding = |running: &testkit::Running| {
        let operation = running.control.app_operation("one").ok()?;
        matches!(operation.state, OperationState::Unwinding(_)).then_some(())
    };
    server.until(unwinding).await;
    world.engine.set_mute(true);
    server.has_status("one", Status::Error).await;
    world.engine.set_mute(false);
    world.engine.behave("blog", Behaviour::Well);
    server.install("blog", "one").await.expect("nothing of it is left");
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_install_that_waits_keeps_its_place_when_the_clock_is_set_back() {
    let mut world = World::default();
    world.settings.installs_at_once = 1;
    let server = world.start();
    server.connected().await;
    for name in ["first", "second"] {
        server.install("hello", name).await.expect("accepted");
    }
    world.clock.set_back(Duration::from_hours(24));
    server.install("hello", "third").await.expect("accepted");
    server.has_status("third", Status::Running).await;
    assert_eq!(server.status("second"), Some(Status::Running), "it waited for longer");
    server.stop().await;
}
