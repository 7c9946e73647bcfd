//! The status tells what is: whatever is done to containers behind the server's back shows within a second
//! of the engine's own answer.

use std::time::{Duration, Instant};

use acceptance::apps::{self, LATE, container};
use acceptance::docker::{self, docker};
use acceptance::json::text;
use acceptance::packages::HELLO;
use acceptance::{Hello, Package, Server, Setup, note, wait};

/// Until something that an app does by itself has happened.
const OWN_TIME: Duration = Duration::from_secs(60);

/// Asserts that the status is right within a second, and `running_info` true to it.
fn shows(server: &Server, name: &str, wanted: &str, after: &str) {
    let api = server.api();
    let since = Instant::now();
    let is_so = || api.status_or_code(name) == wanted;
    let late = wait::time_until(&format!("{wanted} after {after}"), LATE * 10, is_so);
    note(&format!("{wanted} {:>4} ms after {after}", late.as_millis()));
    assert!(late <= LATE, "{wanted} came {late:?} after {after}");
    let detail = api.detail(name);
    if text(&detail, "/status_code") == wanted {
        assert_eq!(detail["running_info"].is_object(), wanted == "30", "{detail}");
    }
    assert!(since.elapsed() < LATE * 20);
}

/// Waits until the engine shows something of a container that nobody's command waits for.
fn until_engine_shows(container: &str, pointer: &str, wanted: &str) {
    wait::until(&format!("{container} has {pointer} {wanted}"), OWN_TIME, || {
        let found = docker::inspect(container).map(|found| text(&found, pointer)).unwrap_or_default();
        (found == wanted).then_some(())
    });
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_is_done_to_the_only_container_shows() {
    let server = Setup::default().packages(&[Hello::named("hello").volume().package()]).start();
    let name = apps::install(&server, "hello", "app");
    let web = container(&name, "web");
    for (verb, status) in [
        (&["kill"][..], "40"),
        (&["start"], "30"),
        (&["stop"], "40"),
        (&["start"], "30"),
        (&["pause"], "40"),
        (&["unpause"], "30"),
        (&["restart", "--time", "1"], "30"),
        (&["rm", "--force"], "50"),
    ] {
        docker(&[verb, &[&web]].concat());
        shows(&server, &name, status, &format!("docker {}", verb[0]));
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_program_that_ignores_sigterm_is_stopped_all_the_same() {
    let stubborn = Hello::named("stubborn").environment("HELLO_IGNORE_TERM", "1");
    let server = Setup::default().packages(&[stubborn.package()]).start();
    let name = apps::install(&server, "stubborn", "app");
    docker(&["stop", "--time", "1", &container(&name, "web")]);
    assert_eq!(docker::inspect(&container(&name, "web")).expect("it is there")["State"]["ExitCode"], 137);
    shows(&server, &name, "40", "docker stop of a program that ignores it");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn one_of_two_services_that_is_gone_is_an_error() {
    let server = Setup::default().packages(&[Package::pair("pair", HELLO)]).start();
    let name = apps::install(&server, "pair", "app");
    let (web, database) = (container(&name, "web"), container(&name, "database"));
    docker(&["kill", &database]);
    shows(&server, &name, "50", "docker kill of one of two");
    docker(&["kill", &web]);
    shows(&server, &name, "40", "docker kill of both");
    docker(&["start", &database]);
    docker(&["start", &web]);
    until_engine_shows(&database, "/State/Health/Status", "healthy");
    shows(&server, &name, "30", "docker start of both");
    docker(&["rm", "--force", &web]);
    shows(&server, &name, "50", "docker rm of one of two");
    docker(&["stop", "--time", "1", &database]);
    shows(&server, &name, "50", "docker stop of the other");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn docker_compose_in_the_apps_folder_is_the_same_app() {
    let server = Setup::default().packages(&[Package::pair("pair", HELLO)]).start();
    let name = apps::install(&server, "pair", "app");
    let folder = server.app_folder(&name);
    let compose = |words: &[&str]| {
        let mut command = std::process::Command::new("docker");
        let output = command.arg("compose").args(words).current_dir(&folder).output().expect("it starts");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(compose(&["ps", "--quiet"]).lines().count(), 2);
    let port = apps::port(&server, &name);
    compose(&["down"]);
    shows(&server, &name, "50", "docker compose down");
    compose(&["up", "--detach"]);
    wait::until("its port answers", OWN_TIME, || {
        let answers = acceptance::http::Address::local(port).get("/");
        answers.is_ok_and(|page| page.status == 200).then_some(())
    });
    shows(&server, &name, "30", "docker compose up");
    assert_eq!(apps::port(&server, &name), port);
    compose(&["restart"]);
    compose(&["stop"]);
    shows(&server, &name, "40", "docker compose stop");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn health_that_turns_shows() {
    let check = "healthcheck: { test: [CMD-SHELL, \"[ ! -e /tmp/bad ]\"], interval: 500ms, retries: 2 }";
    let server = Setup::default().packages(&[Hello::named("ill").more(check).package()]).start();
    let name = apps::install(&server, "ill", "app");
    let web = container(&name, "web");
    docker(&["exec", &web, "sh", "-c", "echo >/tmp/bad"]);
    until_engine_shows(&web, "/State/Health/Status", "unhealthy");
    shows(&server, &name, "50", "health turned bad");
    docker(&["exec", &web, "rm", "/tmp/bad"]);
    until_engine_shows(&web, "/State/Health/Status", "healthy");
    shows(&server, &name, "30", "health turned good");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_that_ends_by_itself_is_an_error() {
    let ends = Hello::named("ends").restart("no").environment("HELLO_EXIT_AFTER_SECONDS", "4");
    let server = Setup::default().packages(&[ends.environment("HELLO_EXIT_CODE", "3").package()]).start();
    let name = apps::install(&server, "ends", "app");
    until_engine_shows(&container(&name, "web"), "/State/Status", "exited");
    shows(&server, &name, "50", "the container's own end");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_that_restarts_again_and_again_is_an_error_with_the_third_restart() {
    let ends = Hello::named("loops").environment("HELLO_EXIT_AFTER_SECONDS", "2");
    let server = Setup::default().packages(&[ends.package()]).start();
    let name = apps::install(&server, "loops", "app");
    let web = container(&name, "web");
    let restarts = || docker::inspect(&web).map_or(0, |found| found["RestartCount"].as_u64().unwrap_or(0));
    wait::until("it restarted twice", OWN_TIME, || {
        let before = restarts();
        let status = server.api().status_or_code(&name);
        assert!(before >= 2 || restarts() > 2 || status != "50", "too early");
        (before >= 2).then_some(())
    });
    wait::until("it restarted three times", OWN_TIME, || (restarts() >= 3).then_some(()));
    shows(&server, &name, "50", "the third restart");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn until_its_port_answers_again_a_restarted_app_is_not_running() {
    let slow = Hello::named("slow").environment("HELLO_DELAY_SECONDS", "3");
    let server = Setup::default().packages(&[slow.package()]).start();
    let name = apps::install(&server, "slow", "app");
    let port = apps::port(&server, &name);
    docker(&["restart", "--time", "1", &container(&name, "web")]);
    shows(&server, &name, "12", "docker restart of an app that takes its time");
    wait::until("its port answers", OWN_TIME, || {
        let before = server.api().status_or_code(&name);
        let answers = acceptance::http::Address::local(port).get("/").is_ok_and(|page| page.status == 200);
        assert!(before == "12" || answers, "{before} before its port answered");
        answers.then_some(())
    });
    shows(&server, &name, "30", "the port's answer");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_happened_while_the_server_was_away_shows_at_its_start() {
    let mut server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let (one, two) = (apps::install(&server, "hello", "one"), apps::install(&server, "hello", "two"));
    server.kill_9();
    docker(&["kill", &container(&one, "web")]);
    docker(&["rm", "--force", &container(&two, "web")]);
    server.start();
    shows(&server, &one, "40", "a start that follows docker kill");
    shows(&server, &two, "50", "a start that follows docker rm");
    assert!(server.stop().success());
    docker(&["start", &container(&one, "web")]);
    server.start();
    shows(&server, &one, "30", "a start that follows docker start");
}
