//! The engine dies and comes back under the server. Alone in its process: nobody else has an engine then.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use acceptance::apps::{self, INSTALL_LIMIT, LATE, container};
use acceptance::json::text;
use acceptance::packages::HELLO;
use acceptance::proxy::{Mode, Registry};
use acceptance::setup::variable;
use acceptance::{Hello, Package, Setup, docker, note, share, traces, wait};
use rustix::process::{Pid, Signal, kill_process};

static ALONE: Mutex<()> = Mutex::new(());

const AWAY: &str = "ContainerCommandError";

/// The engine, in the hands of one test. It runs again when this is dropped.
struct Engine {
    _alone: MutexGuard<'static, ()>,
}

impl Engine {
    fn take() -> Self {
        Self { _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    fn kill_9(&self) {
        xtask("kill");
    }

    fn start(&self) {
        xtask("start");
    }

    /// Tells dockerd to end, as a reboot does: it stops its containers first.
    fn shut_down(&self) {
        kill_process(self.process(), Signal::TERM).expect("it is ours");
        wait::until("dockerd has ended", INSTALL_LIMIT, || (!docker::socket().exists()).then_some(()));
    }

    /// Stops dockerd where it stands: its socket accepts and nothing answers.
    fn freeze(&self) -> Frozen {
        kill_process(self.process(), Signal::STOP).expect("it is ours");
        Frozen(self.process())
    }

    fn process(&self) -> Pid {
        let socket = docker::socket().display().to_string();
        let is_it =
            |words: &String| words.contains("dockerd") && words.contains(&format!("--host=unix://{socket}"));
        let found = traces::command_lines().find(|(_, words)| is_it(words));
        let (pid, _) = found.expect("dockerd runs with its socket in its arguments");
        i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process")
    }
}

/// Until it is dropped.
struct Frozen(Pid);

impl Drop for Frozen {
    fn drop(&mut self) {
        kill_process(self.0, Signal::CONT).ok();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        xtask("start");
    }
}

fn setup() -> Setup {
    Setup::default().setting("network.subnet_pool", share::subnet_pool_apart())
}

fn xtask(verb: &str) {
    let mut command = Command::new(variable("TESTENV_XTASK"));
    let output = command.args(["engine", verb, "--name", &variable("TESTENV_ENGINE")]).output();
    let output = output.expect("xtask can be executed");
    assert!(output.status.success(), "engine {verb}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_dead_engine_is_bridged_then_told_and_its_return_shows_the_truth() {
    const GRACE: Duration = Duration::from_secs(4);
    let engine = Engine::take();
    // What becomes of `unless-stopped` is the engine's choice: one that was killed takes the containers
    // that it finds alive for stopped by hand.
    let hello = |name, policy| Hello::named(name).restart(policy).package();
    let packages = [hello("stays", "always"), hello("unless", "unless-stopped"), hello("ends", "no")];
    let server = setup().setting("engine.grace_seconds", GRACE.as_secs()).packages(&packages).start();
    let api = server.api();
    let stays = apps::install(&server, "stays", "stays");
    let others = ["unless", "ends"].map(|package| apps::install(&server, package, package));

    engine.kill_9();
    let bridged = wait::time_until("the grace is over", GRACE * 3, || {
        let status = api.status_or_code(&stays);
        assert!(status == "30" || status == AWAY, "{status}");
        status == AWAY
    });
    note(&format!("an engine that died was bridged for {bridged:?}"));
    assert!(bridged + LATE > GRACE && bridged < GRACE + 2 * LATE, "bridged for {bridged:?}");
    let refused = api.status(&stays).expect_err("the engine is away");
    assert!(refused.message.contains("since ") && refused.message.contains("docker.sock"), "{refused}");
    assert_eq!(api.call("AppList", &[]).expect_err("the engine is away").code, AWAY);
    let new = server.name("new");
    assert_eq!(api.install("stays", &new, "1").expect_err("the engine is away").code, AWAY);
    assert_eq!(text(&api.operation(&stays), "/state"), "succeeded", "AppOperation is answered meanwhile");
    let ready = api.address.get("/readyz").expect("it answers");
    assert!(ready.status == 503 && ready.body.contains("\"engine\""), "{ready:?}");

    engine.start();
    let truth = wait::time_until("the truth is told", INSTALL_LIMIT, || {
        docker::state(&container(&stays, "web")) == "running" && api.status_or_code(&stays) == "30"
    });
    note(&format!("the truth was told {truth:?} after the engine's start"));
    for name in others {
        let state = docker::state(&container(&name, "web"));
        note(&format!("{name} is {state}"));
        let wanted = if state == "running" { "30" } else { "40" };
        wait::until(wanted, LATE, || (api.status_or_code(&name) == wanted).then_some(()));
    }
    assert_eq!(api.status_or_code(&new), "APP.NotExis", "a refused install changes nothing");
    apps::install(&server, "stays", "new");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn after_a_reboot_the_apps_are_told_as_the_engine_brings_them_back() {
    let engine = Engine::take();
    let packages = [Hello::named("hello").package(), Hello::named("stopped").package()];
    let mut server = setup().packages(&packages).start();
    let name = apps::install(&server, "hello", "app");
    let stopped = apps::install(&server, "stopped", "stopped");
    docker::docker(&["stop", "--time", "1", &container(&stopped, "web")]);
    let by_us = apps::install(&server, "stopped", "byus");
    apps::done(&server, "AppStop", &by_us);
    for server_reboots in [false, true] {
        engine.shut_down();
        if server_reboots {
            server.kill_9();
        }
        engine.start();
        if server_reboots {
            server.start();
        }
        wait::until("it is back", INSTALL_LIMIT, || {
            (docker::state(&container(&name, "web")) == "running").then_some(())
        });
        wait::until("it is told", 2 * LATE, || (server.api().status_or_code(&name) == "30").then_some(()));
        assert_eq!(server.api().status(&stopped).as_deref(), Ok("40"), "stopped by hand, and stays so");
        assert_eq!(server.api().status(&by_us).as_deref(), Ok("40"), "stopped by us, and stays so");
        assert!(apps::page(&server, &name).body.contains("Hello"));
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_frozen_engine_holds_no_answer_up_and_is_told_like_a_dead_one() {
    let engine = Engine::take();
    let server = setup().setting("engine.grace_seconds", 1);
    let server = server.packages(&[Hello::named("hello").package()]).start();
    let api = server.api();
    let name = apps::install(&server, "hello", "app");
    let frozen = engine.freeze();
    let mut slowest = Duration::ZERO;
    wait::until("it is told", INSTALL_LIMIT, || {
        let began = Instant::now();
        let status = api.status_or_code(&name);
        slowest = slowest.max(began.elapsed());
        assert!(status == "30" || status == AWAY, "{status}");
        (status == AWAY).then_some(())
    });
    assert!(slowest < LATE, "AppStatus took {slowest:?}");
    drop(frozen);
    let back = wait::time_until("it is back", INSTALL_LIMIT, || api.status_or_code(&name) == "30");
    assert!(back <= LATE, "the truth was told {back:?} after the engine thawed");

    // And in the midst of an install: compose waits, and so do we.
    let second = apps::begin(&server, "hello", "second");
    wait::until("compose is at work", INSTALL_LIMIT, || {
        (!traces::children(&server).is_empty()).then_some(())
    });
    let frozen = engine.freeze();
    wait::until("it is told", INSTALL_LIMIT, || (api.status_or_code(&second) == AWAY).then_some(()));
    drop(frozen);
    api.await_status(&second, "30", INSTALL_LIMIT);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_install_accepted_while_the_engine_is_away_waits_for_it() {
    let engine = Engine::take();
    let setup = setup().setting("engine.grace_seconds", 120);
    let mut server = setup.packages(&[Hello::named("hello").package()]).start();
    engine.kill_9();
    let name = apps::begin(&server, "hello", "app");
    // It is durable, too: the server may go while it waits.
    server.kill_9();
    server.start_without_engine();
    assert_eq!(server.api().status(&name).as_deref(), Ok("00"));
    engine.start();
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    assert!(apps::page(&server, &name).body.contains("Hello"));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_engine_that_dies_during_an_install_leaves_it_whole_or_undone() {
    let engine = Engine::take();
    let registry = Registry::open(Mode::Slow(Duration::from_millis(100)));
    let packages = [
        Package::pair("pulled", &registry.image(HELLO)).with_restart("always"),
        Package::pair("created", HELLO).with_restart("always"),
        Hello::named("awaited").restart("always").environment("HELLO_DELAY_SECONDS", "3").package(),
    ];
    let server = setup().setting("engine.grace_seconds", 2).packages(&packages).start();
    for (package, step) in [("pulled", "pull"), ("created", "create"), ("awaited", "await_ready")] {
        let name = apps::begin(&server, package, package);
        wait::until(step, INSTALL_LIMIT, || {
            (text(&server.api().operation(&name), "/step") == step).then_some(())
        });
        engine.kill_9();
        // Long enough for the grace to be over: the install has to bear with that.
        wait::until("it is told", INSTALL_LIMIT, || {
            (server.api().status_or_code(&name) == AWAY).then_some(())
        });
        engine.start();
        let state = wait::until("the install has ended", INSTALL_LIMIT, || {
            let state = text(&server.api().operation(&name), "/state");
            ["succeeded", "failed"].contains(&state.as_str()).then_some(state)
        });
        note(&format!("an engine that died at {step}: {state}"));
        if state == "succeeded" {
            server.api().await_status(&name, "30", INSTALL_LIMIT);
            assert!(apps::page(&server, &name).body.contains("Hello"));
        } else {
            traces::assert_nothing_left(&server, &name);
        }
        assert!(traces::children(&server).is_empty(), "no process is left");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_power_cut_in_the_midst_of_installs_leaves_each_whole_or_undone() {
    let engine = Engine::take();
    let packages = [
        Package::pair("pair", HELLO).with_restart("always"),
        Package::pair("broken", HELLO).with_broken_main_service(),
    ];
    let mut server = setup().packages(&packages).start();
    for round in 0..3 {
        let good = apps::begin(&server, "pair", &format!("good{round}"));
        let broken = apps::begin(&server, "broken", &format!("broken{round}"));
        wait::until("compose brings something up", INSTALL_LIMIT, || {
            traces::children(&server).iter().any(|(_, words)| words.contains(" up ")).then_some(())
        });
        std::thread::sleep(Duration::from_millis(400) * round);
        engine.kill_9();
        server.kill_9();
        traces::end_processes(&server);
        server.start_without_engine();
        engine.start();
        let _ = apps::failure(&server, &broken, INSTALL_LIMIT);
        traces::assert_nothing_left(&server, &broken);
        server.api().await_status(&good, "30", INSTALL_LIMIT);
        assert_eq!(docker::containers(&good).len(), 2);
        docker::remove_all(&good);
    }
}
