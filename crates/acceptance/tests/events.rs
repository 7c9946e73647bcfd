//! Following what happens to real apps, through deaths and stops of the server.

use std::time::{Duration, Instant};

use acceptance::apps::INSTALL_LIMIT;
use acceptance::json::{items, text};
use acceptance::{Follower, Hello, Setup, apps};

/// A server with nothing at work ends at once; far below what ordinary answers may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(5);

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_install_is_followed_to_its_running_through_a_death_of_the_server() {
    let hello = Hello::named("hello").environment("HELLO_DELAY_SECONDS", "2");
    let mut server = Setup::default().packages(&[hello.package()]).start();
    let mut follower = Follower::after(&server.api(), 0);
    let name = apps::begin(&server, "hello", "a");
    let mut told: Vec<String> = Vec::new();
    let mut was_killed = false;
    let began = Instant::now();
    while told.last().map(String::as_str) != Some("running") {
        assert!(began.elapsed() < INSTALL_LIMIT, "{told:?}");
        let Some(event) = follower.next_event() else {
            server.start();
            follower = Follower::after(&server.api(), follower.last_id);
            continue;
        };
        assert_eq!(text(&event, "/app_id"), name);
        match text(&event, "/kind").as_str() {
            "step_started" if text(&event, "/step") == "await_ready" && !was_killed => {
                was_killed = true;
                server.kill_9();
            }
            "status_changed" => told.push(text(&event, "/status_to")),
            _ => {}
        }
    }
    assert_eq!(server.api().status(&name), Ok("30".to_owned()), "an event is told when it is true");
    assert_eq!(told, ["pulling", "creating", "initing", "running"]);

    let operations = server.api().call("AppOperations", &[("app_id", &name)]).expect("it answers");
    assert_eq!(items(&operations, "").len(), 1);
    assert_eq!(operations[0], server.api().operation(&name));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn followers_do_not_hold_up_a_stop() {
    let mut server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let mut followers: Vec<Follower> = (0..20).map(|_| Follower::after(&server.api(), 0)).collect();
    apps::install(&server, "hello", "a");
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < STOP_LIMIT, "{:?}", began.elapsed());
    for follower in &mut followers {
        while follower.next_event().is_some() {}
        assert!(follower.last_id > 5, "it was told of the install");
    }
}
