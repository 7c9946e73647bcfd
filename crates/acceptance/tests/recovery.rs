//! What a server finds at its start after a crash, at moments and under conditions that a test chooses.

use acceptance::apps::{self, INSTALL_LIMIT};
use acceptance::json::text;
use acceptance::packages::HELLO;
use acceptance::proxy::{Mode, Registry};
use acceptance::{Hello, Package, Setup, traces, wait};
use rustix::process::{Pid, Signal, kill_process};

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_install_whose_package_is_gone_at_the_next_start_goes_on_or_is_undone() {
    let registry = Registry::open(Mode::Held);
    let held = Package::pair("held", &registry.image(HELLO));
    let mut server = Setup::default().packages(&[held, Package::pair("pair", HELLO)]).start();
    // Both are at work, so that a third waits; what they consist of is written into their folders.
    let pulling = ["first", "second"].map(|name| apps::begin(&server, "held", name));
    for name in &pulling {
        server.api().await_status(name, "10", INSTALL_LIMIT);
    }
    let waiting = apps::begin(&server, "pair", "waiting");
    server.kill_9();
    for package in ["held", "pair"] {
        std::fs::remove_dir_all(server.setup.folder().join("packages").join(package)).expect("it is there");
    }
    registry.set(Mode::Open);
    server.start();
    for name in &pulling {
        server.api().await_status(name, "30", INSTALL_LIMIT);
    }
    let operation = apps::failure(&server, &waiting, INSTALL_LIMIT);
    assert_eq!(text(&operation, "/reason/class"), "package_changed", "{operation:#}");
    traces::assert_nothing_left(&server, &waiting);
    assert!(traces::children(&server).is_empty());
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn everything_that_was_accepted_is_carried_out_after_a_crash_in_its_order() {
    let registry = Registry::open(Mode::Held);
    let held = Hello::named("held").image(&registry.image(HELLO));
    let mut server = Setup::default().packages(&[held.package(), Hello::named("hello").package()]).start();
    let packages = ["held", "held", "hello", "hello", "hello", "hello"];
    let names: Vec<String> = packages
        .iter()
        .enumerate()
        .map(|(at, package)| apps::begin(&server, package, &format!("x{at}")))
        .collect();
    server.api().await_status(&names[1], "10", INSTALL_LIMIT);
    server.kill_9();
    server.start();
    let listed: Vec<String> = server.api().list().iter().map(|app| text(app, "/app_id")).collect();
    assert_eq!(listed, names);
    for name in &names[2..] {
        assert_eq!(server.api().status(name).as_deref(), Ok("00"), "those at work go first");
    }
    registry.set(Mode::Open);
    for name in &names {
        server.api().await_status(name, "30", INSTALL_LIMIT);
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn told_to_end_in_the_midst_of_an_install_the_server_goes_on_at_its_next_start() {
    let registry = Registry::open(Mode::Held);
    let packages = [Package::pair("held", &registry.image(HELLO)), Package::pair("pair", HELLO)];
    let mut server = Setup::default().packages(&packages).start();
    let pulling = apps::begin(&server, "held", "pulling");
    server.api().await_status(&pulling, "10", INSTALL_LIMIT);
    let creating = apps::begin(&server, "pair", "creating");
    wait::until("compose is at work", INSTALL_LIMIT, || {
        (!traces::children(&server).is_empty()).then_some(())
    });
    assert!(server.stop().success(), "{}", server.log());
    assert!(traces::children(&server).is_empty(), "the step at work was let end");
    registry.set(Mode::Open);
    server.start();
    for name in [&pulling, &creating] {
        server.api().await_status(name, "30", INSTALL_LIMIT);
        assert!(apps::page(&server, name).body.contains("Hello"));
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_undo_goes_on_after_a_crash_also_when_the_engine_was_used_meanwhile() {
    let broken = Package::pair("broken", HELLO).with_broken_main_service();
    let mut server = Setup::default().packages(&[broken, Hello::named("hello").package()]).start();
    let name = apps::begin(&server, "broken", "app");
    wait::until("it is being undone", INSTALL_LIMIT, || {
        ["unwinding", "failed"]
            .contains(&text(&server.api().operation(&name), "/state").as_str())
            .then_some(())
    });
    server.kill_9();
    // Somebody takes away what the undo was about to.
    acceptance::docker::remove_all(&name);
    server.start();
    let operation = apps::failure(&server, &name, INSTALL_LIMIT);
    assert_eq!(text(&operation, "/reason/class"), "exit_code", "{operation:#}");
    traces::assert_nothing_left(&server, &name);
    apps::install(&server, "hello", "app");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_compose_of_an_earlier_life_that_never_ends_is_ended() {
    let mut server = Setup::default().packages(&[Package::pair("pair", HELLO)]).start();
    let name = apps::begin(&server, "pair", "app");
    let frozen = wait::until("compose is at work", INSTALL_LIMIT, || {
        let children = traces::children(&server);
        (!children.is_empty()).then_some(children)
    });
    for (pid, _) in &frozen {
        let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(pid, Signal::STOP).ok();
    }
    server.kill_9();
    server.start();
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    let left = traces::children(&server);
    assert!(left.is_empty(), "{left:?} of {frozen:?}");
    assert_eq!(acceptance::docker::containers(&name).len(), 2);
}
