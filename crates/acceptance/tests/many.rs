//! Many apps on one engine, many installs at once, many calls for one name.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use acceptance::apps;
use acceptance::json::text;
use acceptance::{Hello, Server, Setup, docker, note, wait};

/// Forty small apps, two at a time, on two busy cores.
const LIMIT: Duration = Duration::from_secs(300);

/// As the setting's default.
const AT_ONCE: usize = 2;

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn forty_apps_install_twenty_at_once_oldest_first_and_two_at_work() {
    // A default Docker has no network left for the thirty-first.
    let setup = Setup::default().subnets(64);
    // All would like the same port.
    let hello = Hello::named("hello").hint(setup.first_port);
    let server = setup.packages(&[hello.package()]).start();
    let api = server.api();
    let mut names: Vec<String> = Vec::new();
    for batch in 0..2 {
        let first = names.len();
        names.extend((0..20).map(|number| apps::begin(&server, "hello", &format!("{batch}x{number}"))));
        let mut ended = first;
        wait::until("all run", LIMIT, || {
            let apps = api.list();
            let codes: Vec<String> = apps.iter().map(|app| text(app, "/status_code")).collect();
            let listed: Vec<String> = apps.iter().map(|app| text(app, "/app_id")).collect();
            assert_eq!(listed, names, "AppList is in the order of the installs");
            assert!(!codes.contains(&"50".to_owned()), "{codes:?}");
            let at_work = codes.iter().filter(|code| ["10", "11", "12"].contains(&code.as_str())).count();
            assert!(at_work <= AT_ONCE, "{codes:?}");
            // Whoever waits is younger than all that have begun.
            let begun = codes.iter().rposition(|code| code != "00").map_or(0, |last| last + 1);
            let waiting = codes.iter().position(|code| code == "00").unwrap_or(codes.len());
            // One that was just claimed still chooses its port and has its files judged, and shows as waiting: the
            // older of the two that are at work may be at that when the younger pulls.
            assert!(waiting + AT_ONCE >= begun, "{codes:?}");
            ended = codes.iter().filter(|code| *code == "30").count();
            (ended == names.len()).then_some(())
        });
    }
    assert_eq!(names.len(), 40);
    let ports: BTreeSet<u16> = names.iter().map(|name| apps::port(&server, name)).collect();
    assert_eq!(ports.len(), 40);
    let subnets: BTreeSet<String> = names.iter().flat_map(|name| apps::subnets(name)).collect();
    assert_eq!(subnets.len(), 40);
    let started = |name: &String| text(&api.operation(name), "/started_at");
    let times: Vec<String> = names.iter().map(started).collect();
    assert!(times.is_sorted(), "oldest first: {times:?}");
    for name in [&names[0], &names[39]] {
        assert!(apps::page(&server, name).body.contains("Hello"));
    }
    all_at_once_are_told_within_a_second(&server, &names);
}

fn all_at_once_are_told_within_a_second(server: &Server, names: &[String]) {
    let containers: Vec<String> = names.iter().map(|name| apps::container(name, "web")).collect();
    let containers: Vec<&str> = containers.iter().map(String::as_str).collect();
    let all_are = |wanted: &str| server.api().list().iter().all(|app| text(app, "/status_code") == wanted);
    docker::docker(&[&["kill"], &containers[..]].concat());
    let late = wait::time_until("all are stopped", apps::LATE * 10, || all_are("40"));
    note(&format!("40 containers killed were told {} ms after", late.as_millis()));
    assert!(late <= apps::LATE, "{late:?}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn of_fifty_calls_for_one_name_exactly_one_wins() {
    let server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let name = server.name("app");
    let barrier = Barrier::new(50);
    let outcomes: Vec<Result<String, String>> = std::thread::scope(|scope| {
        let call = || {
            barrier.wait();
            server.api().install("hello", &name, "1").map_err(|refused| refused.code)
        };
        let calls: Vec<_> = (0..50).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().expect("it answers")).collect()
    });
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1, "{outcomes:?}");
    let waits = Err("Param.CustomerAppName.Wait".to_owned());
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == waits).count(), 49, "{outcomes:?}");
    server.api().await_status(&name, "30", apps::INSTALL_LIMIT);
    assert_eq!(server.api().list().len(), 1);
    assert_eq!(docker::containers(&name).len(), 1);
}
