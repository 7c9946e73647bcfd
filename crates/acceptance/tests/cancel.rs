//! AppCancel: whatever is at work ends soon, is undone, and leaves nothing.

use std::time::{Duration, Instant};

use acceptance::apps::{self, INSTALL_LIMIT, container};
use acceptance::json::text;
use acceptance::packages::in_registry;
use acceptance::proxy::{Mode, Registry};
use acceptance::{Hello, Package, Server, Setup, docker, note, traces, wait};

/// How soon the next in the queue has its turn (issue).
const NEXT_TURN: Duration = Duration::from_secs(2);

/// A large image, as large as there are.
const LARGE: &str = "library/wordpress:6.1";

/// Cancels what is open on an app; the step that it was in.
fn cancel(server: &Server, name: &str) -> String {
    let answer = server.api().call("AppCancel", &[("app_id", name)]);
    let answer = answer.unwrap_or_else(|refused| panic!("{name}: {refused}"));
    assert_eq!(text(&answer, "/app_id"), name);
    assert_eq!(text(&answer, "/operation_id"), text(&server.api().operation(name), "/operation_id"));
    text(&answer, "/step")
}

fn assert_cancelled(server: &Server, name: &str) {
    let operation = apps::ended(server, name);
    assert_eq!(text(&operation, "/state"), "cancelled", "{operation:#}");
    let nothing = server.api().call("AppCancel", &[("app_id", name)]).expect_err("nothing is open any more");
    assert_eq!(nothing.code, "Operation.NotExis", "{nothing}");
}

/// Waits until an app's operation is at that step.
fn await_step(server: &Server, name: &str, step: &str) {
    wait::until(step, INSTALL_LIMIT, || (text(&server.api().operation(name), "/step") == step).then_some(()));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_cancelled_pull_of_a_large_image_makes_way_at_once_and_leaves_nothing() {
    let registry = Registry::open(Mode::Trickling(Duration::from_millis(50)));
    let large = registry.image(LARGE);
    // What other tests have pulled would be there already.
    let known = docker::lines(&["image", "ls", "--quiet", "--filter", "reference=wordpress"]);
    known.iter().for_each(|image| drop(docker::try_docker(&["image", "rm", "--force", image])));
    let packages = [Hello::named("large").image(&large).volume().package(), Hello::named("hello").package()];
    let server = Setup::default().setting("installs.at_once", 1).packages(&packages).start();
    let api = server.api();
    let name = apps::begin(&server, "large", "large");
    wait::until("bytes come", INSTALL_LIMIT, || {
        let pull = api.operation(&name).pointer("/pulls/0/bytes_done").cloned().unwrap_or_default();
        (pull.as_u64() > Some(0)).then_some(())
    });
    let queued = ["next", "never"].map(|name| apps::begin(&server, "hello", name));
    let [next, never] = &queued;
    assert_eq!(cancel(&server, never), "", "it has not begun");
    assert_eq!(text(&api.operation(never), "/state"), "cancelled", "at once");
    assert_eq!(api.status(never).as_deref(), Ok("50"));
    traces::assert_nothing_left(&server, never);

    let began = Instant::now();
    assert_eq!(cancel(&server, &name), "pull");
    wait::until("the next has its turn", INSTALL_LIMIT, || {
        (text(&api.operation(next), "/state") != "queued").then_some(())
    });
    note(&format!("the queue moved on after {:?}", began.elapsed()));
    assert!(began.elapsed() < NEXT_TURN, "{:?}", began.elapsed());
    assert_cancelled(&server, &name);
    assert_eq!(api.status(&name).as_deref(), Ok("50"));
    traces::assert_nothing_left(&server, &name);
    assert!(docker::try_docker(&["image", "inspect", &large]).is_err(), "nothing of it was kept");
    api.await_status(next, "30", INSTALL_LIMIT);
    apps::done(&server, "AppUninstall", &name);
    assert_eq!(api.status_or_code(&name), "APP.NotExis");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_install_is_cancelled_at_any_stage_and_its_name_is_free() {
    let slow = Package::pair("slow", &in_registry(acceptance::packages::HELLO)).with_slow_main_service(30);
    // Compose waits for the health of what never listens.
    let waiting = "  main: { service: web, port: 80, http: {} }
services:
  web:
    image: appmanage/hello:1
    ports: [\"80\"]
    depends_on: { database: { condition: service_healthy } }
  database:
    image: appmanage/hello:1
    environment: { HELLO_DELAY_SECONDS: \"60\" }
    healthcheck: { test: [CMD, /healthcheck], interval: 1s, timeout: 5s, retries: 100 }
    volumes: [\"data:/data\"]
volumes: { data: {} }
";
    let packages = [slow, Package::with("waiting", waiting), Hello::named("hello").package()];
    let server = Setup::default().subnets(1).packages(&packages).start();
    for (package, step) in [("waiting", "create"), ("slow", "await_ready")] {
        let name = apps::begin(&server, package, "app");
        await_step(&server, &name, step);
        if step == "create" {
            wait::until("its database runs", INSTALL_LIMIT, || {
                (docker::state(&container(&name, "database")) == "running").then_some(())
            });
        }
        let began = Instant::now();
        assert_eq!(cancel(&server, &name), step);
        assert_cancelled(&server, &name);
        note(&format!("{step}: gone after {:?}", began.elapsed()));
        assert_eq!(server.api().status(&name).as_deref(), Ok("50"));
        traces::assert_nothing_left(&server, &name);
    }
    apps::install(&server, "hello", "app");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_cancelled_stop_restart_or_uninstall_leaves_the_app_running() {
    let stubborn = Package::pair("stubborn", acceptance::packages::HELLO)
        .with_line("web", "environment: { HELLO_IGNORE_TERM: \"1\" }")
        .with_line("web", "stop_grace_period: 2s");
    let server = Setup::default().packages(&[stubborn]).start();
    let api = server.api();
    let name = apps::install(&server, "stubborn", "app");
    let (web, database) = (container(&name, "web"), container(&name, "database"));
    let started = |container: &str| {
        docker::inspect(container).map(|found| text(&found, "/State/StartedAt")).unwrap_or_default()
    };
    for verb in ["AppStop", "AppRestart", "AppUninstall", "AppUninstall purge"] {
        let database_began = started(&database);
        apps::ask(&server, verb, &name);
        let step = if verb == "AppRestart" { "restart_containers" } else { "stop_containers" };
        await_step(&server, &name, step);
        // The engine has been asked, and the container does not want to go.
        wait::until("it was told to stop", INSTALL_LIMIT, || {
            let (logs, began) = (docker::docker(&["logs", "--since", &started(&web), &web]), started(&web));
            (logs.contains("SIGTERM ignored") && !began.is_empty()).then_some(())
        });
        assert_eq!(cancel(&server, &name), step, "{verb}");
        assert_cancelled(&server, &name);
        api.await_status(&name, "30", INSTALL_LIMIT);
        // What the engine was asked for has come to its end: it does not end the app later.
        let began = Instant::now();
        wait::within(Duration::from_secs(10), || {
            assert_eq!(docker::state(&web), "running", "{verb}");
            (began.elapsed() > Duration::from_millis(2_500)).then_some(())
        });
        assert_eq!(api.status(&name).as_deref(), Ok("30"), "{verb}");
        // A restart asks all containers at once.
        let went_on = started(&database) == database_began;
        assert!(went_on || verb == "AppRestart", "what was not asked to stop yet went on: {verb}");
        assert!(apps::page(&server, &name).body.contains("Hello"));
    }
}
