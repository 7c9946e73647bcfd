//! Starting, stopping and restarting: what is told on the way, in which order it is done, and what is made good.

use std::time::{Duration, Instant};

use acceptance::apps::{self, INSTALL_LIMIT, LATE, container};
use acceptance::json::text;
use acceptance::packages::HELLO;
use acceptance::{Hello, Package, Server, Setup, docker, traces, wait};

/// WordPress and its database on two busy cores.
const LARGE_LIMIT: Duration = Duration::from_secs(240);

/// A moment of a container's life, as the engine writes it: texts of one length, which sort as times do.
fn time(container: &str, which: &str) -> String {
    docker::inspect(container).map(|found| text(&found, &format!("/State/{which}"))).unwrap_or_default()
}

/// What changes when something is done to an app: the ids of its containers and their starts.
fn lives(name: &str) -> Vec<(String, String)> {
    let mut containers = docker::containers(name);
    containers.sort();
    let life = |container: String| {
        let found = docker::inspect(&container).expect("it is there");
        (text(&found, "/Id"), text(&found, "/State/StartedAt"))
    };
    containers.into_iter().map(life).collect()
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn no_verb_tells_of_an_error_and_what_others_need_is_stopped_last_and_started_first() {
    let server = Setup::default().setting("installs.at_once", 3).start();
    let packages = [("wordpress", "6.1"), ("postgres", "15"), ("node-red", "3")];
    let names = packages.map(|(package, version)| {
        let name = server.name(&package.replace('-', ""));
        server.api().install(package, &name, version).expect("the install is accepted")
    });
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| ordinary_life(&server, name));
        }
    });
    let told = server.log();
    assert!(!told.contains("WARN") && !told.contains("ERROR"), "nothing to worry about: {told}");
}

fn ordinary_life(server: &Server, name: &str) {
    let (api, is_pair) = (server.api(), name.ends_with("wordpress"));
    api.await_status(name, "30", LARGE_LIMIT);
    let before = lives(name);
    apps::done(server, "AppStart", name);
    assert_eq!(lives(name), before, "a start of what runs does nothing");
    assert_eq!(text(&api.operation(name), "/kind"), "install");

    apps::done(server, "AppStop", name);
    assert_eq!(api.status(name).as_deref(), Ok("40"), "it is told as soon as it is done");
    for container in docker::containers(name) {
        assert_eq!(docker::state(&container), "exited");
    }
    let (web, database) = (container(name, "wordpress"), container(name, "database"));
    if is_pair {
        assert!(time(&web, "FinishedAt") < time(&database, "FinishedAt"), "the database ends last");
    }
    let stopped = api.operation(name);
    apps::done(server, "AppStop", name);
    assert_eq!((api.operation(name), lives(name)), (stopped, before.clone()), "nor does a second stop");

    apps::done(server, "AppStart", name);
    api.await_status(name, "30", LARGE_LIMIT);
    if is_pair {
        assert!(time(&database, "StartedAt") < time(&web, "StartedAt"), "the database begins first");
    }
    let ids = |lives: Vec<(String, String)>| lives.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    let started = lives(name);
    assert_eq!(ids(started.clone()), ids(before), "no container was made anew");
    apps::done(server, "AppRestart", name);
    api.await_status(name, "30", LARGE_LIMIT);
    let restarted = lives(name);
    assert_eq!(ids(restarted.clone()), ids(started.clone()));
    assert!(restarted.iter().zip(&started).all(|(after, before)| after.1 > before.1), "all began anew");
    apps::done(server, "AppUninstall", name);
    let told = apps::told(server, name);
    assert!(!told.contains(&"error".to_owned()), "{name}: {told:?}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_was_removed_by_hand_is_made_again_by_a_start() {
    let image = acceptance::packages::in_registry(HELLO);
    let server = Setup::default().packages(&[Package::pair("pair", &image)]).start();
    let api = server.api();
    let name = apps::install(&server, "pair", "app");
    let (web, database, network) =
        (container(&name, "web"), container(&name, "database"), format!("{name}_default"));
    let starts = || docker::docker(&["exec", &database, "cat", "/data/starts"]).lines().count();
    let port = apps::port(&server, &name);

    // One container of an app that runs: an error, which a start mends.
    docker::docker(&["rm", "--force", &web]);
    api.await_status(&name, "50", LATE * 2);
    let kept = time(&database, "StartedAt");
    apps::done(&server, "AppStart", &name);
    api.await_status(&name, "30", INSTALL_LIMIT);
    assert_eq!(time(&database, "StartedAt"), kept, "what ran went on running");

    // The network under an app that is stopped.
    apps::done(&server, "AppStop", &name);
    docker::docker(&["network", "rm", &network]);
    apps::done(&server, "AppStart", &name);
    api.await_status(&name, "30", INSTALL_LIMIT);

    // Everything but the data, as `docker system prune --all` takes it.
    apps::done(&server, "AppStop", &name);
    docker::docker(&["rm", &web, &database]);
    docker::docker(&["network", "rm", &network]);
    docker::docker(&["image", "rm", "--force", &image]);
    assert_eq!(api.status(&name).as_deref(), Ok("40"), "it is still stopped");
    apps::done(&server, "AppStart", &name);
    api.await_status(&name, "30", INSTALL_LIMIT);
    assert!(starts() >= 3, "its data is there");
    assert_eq!(apps::port(&server, &name), port);
    assert!(apps::page(&server, &name).body.contains("Hello"));
    assert_eq!(docker::networks(&name), [network]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_that_is_frozen_by_hand_can_be_started_and_stopped() {
    let server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let api = server.api();
    let name = apps::install(&server, "hello", "app");
    let web = container(&name, "web");
    docker::docker(&["pause", &web]);
    api.await_status(&name, "40", LATE * 2);
    apps::done(&server, "AppStart", &name);
    api.await_status(&name, "30", INSTALL_LIMIT);
    assert_eq!(docker::state(&web), "running");
    docker::docker(&["pause", &web]);
    api.await_status(&name, "40", LATE * 2);
    apps::done(&server, "AppRestart", &name);
    api.await_status(&name, "30", INSTALL_LIMIT);
    assert!(apps::page(&server, &name).body.contains("Hello"));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_stop_ends_a_container_that_docker_keeps_restarting() {
    let failing = Hello::named("failing").environment("HELLO_EXIT_AFTER_SECONDS", "3");
    let server = Setup::default().packages(&[failing.package()]).start();
    let api = server.api();
    let name = apps::install(&server, "failing", "app");
    let web = container(&name, "web");
    // Docker waits longer before each restart: so is it found waiting.
    wait::until("docker waits before a restart", INSTALL_LIMIT, || {
        (docker::state(&web) == "restarting").then_some(())
    });
    apps::done(&server, "AppStop", &name);
    assert_eq!(api.status(&name).as_deref(), Ok("40"));
    assert_eq!(docker::state(&web), "exited");
    let began = Instant::now();
    wait::within(Duration::from_secs(3), || {
        assert_eq!((docker::state(&web), api.status(&name)), ("exited".to_owned(), Ok("40".to_owned())));
        (began.elapsed() > Duration::from_secs(2)).then_some(())
    });
    apps::done(&server, "AppUninstall purge", &name);
    traces::assert_nothing_left(&server, &name);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn while_one_operation_is_open_every_other_is_refused() {
    let slow = Hello::named("slow").environment("HELLO_IGNORE_TERM", "1").more("stop_grace_period: 4s");
    let server = Setup::default().packages(&[slow.package()]).start();
    let api = server.api();
    let name = apps::install(&server, "slow", "app");
    apps::ask(&server, "AppStop", &name);
    for verb in ["AppStart", "AppStop", "AppRestart", "AppUninstall"] {
        let refused = api.call(verb, &[("app_id", &name)]).expect_err("a stop is open");
        assert_eq!(refused.code, "APP.Busy", "{verb}: {refused}");
    }
    assert_eq!(text(&apps::ended(&server, &name), "/state"), "succeeded");
    let ended = docker::inspect(&container(&name, "web")).expect("it is there");
    assert_eq!(ended.pointer("/State/ExitCode").and_then(serde_json::Value::as_i64), Some(137));
    assert_eq!(api.status(&name).as_deref(), Ok("40"), "ended by force, and stopped all the same");
    apps::done(&server, "AppStart", &name);
    api.await_status(&name, "30", INSTALL_LIMIT);
}
