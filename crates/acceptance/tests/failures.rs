//! Installs that fail: each says why in its own class, shows what the container said, leaves nothing, and
//! the same name can be installed again, on the same port and the only subnet.

use std::time::Duration;

use acceptance::apps::{self, INSTALL_LIMIT};
use acceptance::json::{items, text};
use acceptance::packages::in_registry;
use acceptance::proxy::Silence;
use acceptance::{Hello, Package, Setup, docker, share, traces, wait};
use serde_json::Value;

/// Troubles that may heal by themselves are borne with for half a minute.
const PATIENT_LIMIT: Duration = Duration::from_secs(120);

/// Installs a package that fails, then one that does not under the same name; the failed operation.
fn fails(setup: Setup, broken: &Hello, limit: Duration) -> Value {
    let port = share::free_port();
    let broken = broken.clone().hint(port).volume().package();
    fails_as(setup, broken, port, limit)
}

/// The same with any package of the name `broken` that would like that port.
fn fails_as(setup: Setup, broken: Package, port: u16, limit: Duration) -> Value {
    let good = Hello::named("good").hint(port).volume();
    // One subnet: a second app finds none unless the first has given it back.
    let server = setup.subnets(1).packages(&[broken, good.package()]).start();
    let name = apps::begin(&server, "broken", "app");
    let operation = apps::failure(&server, &name, limit);
    traces::assert_nothing_left(&server, &name);
    let message = text(&operation, "/reason/message");
    assert!(message.contains("again"), "it says what to do next: {message}");

    apps::install(&server, "good", "app");
    assert_eq!(apps::port(&server, &name), port, "the port was given back");
    assert!(apps::page(&server, &name).body.contains("Hello"));
    operation
}

fn assert_reason(operation: &Value, class: &str, subject: &str) {
    assert_eq!(text(operation, "/reason/class"), class, "{operation:#}");
    assert_eq!(text(operation, "/reason/subject"), subject, "{operation:#}");
}

fn assert_said(operation: &Value, words: &str) {
    let lines = items(operation, "/last_lines");
    assert!(lines.iter().any(|line| line.as_str().is_some_and(|line| line.contains(words))), "{operation:#}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_bad_tag_is_no_such_image() {
    let image = in_registry("appmanage/hello:no-such-tag");
    let operation = fails(Setup::default(), &Hello::named("broken").image(&image), INSTALL_LIMIT);
    assert_reason(&operation, "no_such_image", &image);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_missing_image_is_no_such_image() {
    let image = in_registry("appmanage/no-such-image:1");
    let operation = fails(Setup::default(), &Hello::named("broken").image(&image), INSTALL_LIMIT);
    assert_reason(&operation, "no_such_image", &image);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_registry_that_hangs_is_given_up() {
    let silence = Silence::listen();
    let image = silence.image("appmanage/hello:1");
    let setup = Setup::default().setting("installs.pull_idle_seconds", 10);
    let operation = fails(setup, &Hello::named("broken").image(&image), INSTALL_LIMIT);
    assert_reason(&operation, "pull_stalled", &image);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_registry_that_refuses_is_unreachable() {
    let image = format!("127.0.0.1:{}/appmanage/hello:1", share::free_port());
    let operation = fails(Setup::default(), &Hello::named("broken").image(&image), INSTALL_LIMIT);
    assert_reason(&operation, "registry_unreachable", &image);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_that_exits_is_told_with_its_code_and_last_lines() {
    let broken = Hello::named("broken").restart("no").environment("HELLO_EXIT_CODE", "1");
    let operation = fails(Setup::default(), &broken, INSTALL_LIMIT);
    assert_reason(&operation, "exit_code", "web");
    assert_eq!(text(&operation, "/reason/detail"), "1");
    assert_said(&operation, "cannot start: told to fail");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_that_exits_again_and_again_is_a_crash_loop() {
    let broken = Hello::named("broken").environment("HELLO_EXIT_CODE", "1");
    let operation = fails(Setup::default(), &broken, PATIENT_LIMIT);
    assert_reason(&operation, "crash_loop", "web");
    assert_said(&operation, "cannot start: told to fail");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_without_memory_is_out_of_memory() {
    let broken = Hello::named("broken").restart("no").environment("HELLO_MEMORY_MB", "64");
    let operation = fails(Setup::default(), &broken.more("mem_limit: 16m"), INSTALL_LIMIT);
    assert_reason(&operation, "out_of_memory", "web");
    assert_said(&operation, "taking 64 MB");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_that_is_out_of_memory_again_and_again_is_out_of_memory() {
    let broken = Hello::named("broken").environment("HELLO_MEMORY_MB", "64").more("mem_limit: 16m");
    let operation = fails(Setup::default(), &broken, PATIENT_LIMIT);
    assert_reason(&operation, "out_of_memory", "web");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_that_is_never_healthy_is_unhealthy() {
    let broken = Hello::named("broken").health_check().environment("HELLO_UNHEALTHY", "1");
    let operation = fails(Setup::default(), &broken, PATIENT_LIMIT);
    assert_reason(&operation, "unhealthy", "web");
    assert_said(&operation, "listening on port 80");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_whose_port_never_answers_is_a_time_out() {
    let broken = Hello::named("broken").patience(3).environment("HELLO_DELAY_SECONDS", "100");
    let operation = fails(Setup::default(), &broken, INSTALL_LIMIT);
    assert_reason(&operation, "time_out", "web");
    assert_eq!(text(&operation, "/reason/detail"), "3");
    assert_said(&operation, "waiting 100 s");
}

/// Of the port that a package would like, which is not the point here.
fn fails_somehow(rest: &str, limit: Duration) -> Value {
    let port = share::free_port();
    let rest = rest.replace("PORT", &port.to_string());
    fails_as(Setup::default(), Package::with("broken", &rest), port, limit)
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_the_engine_cannot_start_is_told_in_its_words() {
    let broken = Hello::named("broken").more("entrypoint: [/no-such-program]");
    let operation = fails(Setup::default(), &broken, INSTALL_LIMIT);
    assert_reason(&operation, "container_command", "");
    assert!(text(&operation, "/reason/detail").contains("/no-such-program"), "{operation:#}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_service_that_others_wait_for_is_the_one_to_blame() {
    let unhealthy = "  main: { service: web, port: 80, http: {} }
services:
  web:
    image: appmanage/hello:1
    ports: [\"PORT:80\"]
    depends_on: { database: { condition: service_healthy } }
  database:
    image: appmanage/hello:1
    environment: { HELLO_UNHEALTHY: \"1\" }
    healthcheck: { test: [CMD, /healthcheck], interval: 300ms, retries: 2 }
";
    let operation = fails_somehow(unhealthy, INSTALL_LIMIT);
    assert_reason(&operation, "unhealthy", "database");
    assert_said(&operation, "listening on port 80");

    let first = "  one_shot: [first]
  main: { service: web, port: 80, http: {} }
services:
  web:
    image: appmanage/hello:1
    ports: [\"PORT:80\"]
    depends_on: { first: { condition: service_completed_successfully } }
  first:
    image: appmanage/hello:1
    restart: \"no\"
    environment: { HELLO_EXIT_CODE: \"7\" }
";
    let operation = fails_somehow(first, INSTALL_LIMIT);
    assert_reason(&operation, "exit_code", "first");
    assert_eq!(text(&operation, "/reason/detail"), "7");
    assert_said(&operation, "cannot start: told to fail");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_password_that_a_failing_container_prints_is_not_passed_on() {
    let talkative = "  variables:
    - { name: SECRET, kind: secret, label: { zh: 密码, en: Password } }
  main: { service: web, port: 80, http: {} }
services:
  web:
    image: appmanage/hello:1
    restart: \"no\"
    ports: [\"PORT:80\"]
    environment: { SECRET: \"${SECRET}\" }
    entrypoint: [sh, -c, \"echo the password is $$SECRET and no other; exit 4\"]
";
    let operation = fails_somehow(talkative, INSTALL_LIMIT);
    assert_reason(&operation, "exit_code", "web");
    assert_eq!(items(&operation, "/last_lines"), ["the password is *** and no other"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_a_failing_container_said_is_bounded_whatever_it_said() {
    let noisy = "  main: { service: web, port: 80, http: {} }
services:
  web:
    image: appmanage/hello:1
    restart: \"no\"
    ports: [\"PORT:80\"]
    entrypoint:
      - sh
      - -c
      - |
        head -c 20000000 /dev/zero | tr '\\000' '\\377'
        for i in 1 2 3; do head -c 4000000 /dev/zero | tr '\\000' x; echo; done
        echo the end
        exit 4
";
    let operation = fails_somehow(noisy, INSTALL_LIMIT);
    assert_reason(&operation, "exit_code", "web");
    let lines = items(&operation, "/last_lines");
    assert!(lines.len() <= 50 && lines.last().is_some_and(|line| line == "the end"), "{} lines", lines.len());
    assert!(operation.to_string().len() < 512 * 1024, "{} bytes", operation.to_string().len());
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_container_that_somebody_removes_during_its_install_has_vanished() {
    let slow = Hello::named("slow").environment("HELLO_DELAY_SECONDS", "50");
    let server = Setup::default().packages(&[slow.package()]).start();
    let name = apps::begin(&server, "slow", "app");
    server.api().await_status(&name, "12", INSTALL_LIMIT);
    docker::docker(&["rm", "--force", &apps::container(&name, "web")]);
    let operation = apps::failure(&server, &name, INSTALL_LIMIT);
    assert_reason(&operation, "vanished", "web");
    traces::assert_nothing_left(&server, &name);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_volume_that_only_the_image_declares_goes_with_its_container() {
    let anonymous = Hello::named("anonymous").image("redis:7.0").patience(3);
    let anonymous = anonymous.more("entrypoint: [sleep, \"50\"]");
    let server = Setup::default().packages(&[anonymous.package()]).start();
    let name = apps::begin(&server, "anonymous", "app");
    server.api().await_status(&name, "12", INSTALL_LIMIT);
    let inspected = docker::inspect(&apps::container(&name, "web")).expect("it runs");
    let volume = text(&inspected, "/Mounts/0/Name");
    assert!(docker::ask(&format!("/volumes/{volume}")).is_some_and(|_| !volume.is_empty()), "{inspected}");
    let _ = apps::failure(&server, &name, INSTALL_LIMIT);
    traces::assert_nothing_left(&server, &name);
    assert!(docker::ask(&format!("/volumes/{volume}")).is_none(), "{volume} is left");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_undo_that_somebody_holds_up_waits_and_touches_nothing_of_theirs() {
    let slow = Hello::named("slow").patience(3).environment("HELLO_DELAY_SECONDS", "50");
    let server = Setup::default().packages(&[slow.package()]).start();
    let name = apps::begin(&server, "slow", "app");
    server.api().await_status(&name, "12", INSTALL_LIMIT);
    // Their container in our network: the network cannot go before they leave it.
    let (theirs, network) = (server.name("theirs"), format!("{name}_default"));
    docker::docker(&[
        "run",
        "--detach",
        "--name",
        &theirs,
        "--network",
        &network,
        acceptance::packages::HELLO,
    ]);
    wait::until("the undo is stuck", PATIENT_LIMIT, || {
        (text(&server.api().operation(&name), "/state") == "stuck").then_some(())
    });
    assert_eq!(server.api().status(&name).as_deref(), Ok("12"), "its last step's status stays");
    let again = server.api().install("slow", &name, "1").expect_err("its undo is open");
    assert_eq!(again.code, "Param.CustomerAppName.Wait");
    assert_eq!(docker::state(&theirs), "running");
    docker::docker(&["network", "disconnect", &network, &theirs]);
    let operation = apps::failure(&server, &name, PATIENT_LIMIT);
    assert_reason(&operation, "time_out", "web");
    traces::assert_nothing_left(&server, &name);
    assert_eq!(docker::state(&theirs), "running");
}
