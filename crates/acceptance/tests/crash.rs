//! `kill -9` of the real binary at random moments of installs, good ones and ones that fail, the life of
//! their `docker compose` child included. The next start goes on or undoes: whole or nothing.
//!
//! `TESTENV_CRASHES` says how many (50), `TESTENV_SEED` repeats a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use acceptance::apps::{self, INSTALL_LIMIT, container};
use acceptance::json::text;
use acceptance::packages::HELLO;
use acceptance::proxy::{Mode, Registry};
use acceptance::random::{self, Random};
use acceptance::{Package, Server, Setup, docker, note, traces, wait};

/// Side by side, each with a server of its own on the one engine.
const LANES: u64 = 2;

/// What a lane has lived through.
#[derive(Default)]
struct Tally {
    kills: u64,
    with_compose_alive: u64,
    unanswered: u64,
    /// What the install was at when it was hit.
    phases: BTreeMap<String, u64>,
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn after_a_kill_9_at_any_moment_the_install_is_whole_or_undone() {
    let crashes = random::wanted("TESTENV_CRASHES").unwrap_or(50);
    let seed = random::seed();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let lane = |lane| scope.spawn(move || run_lane(crashes / LANES, Random::of(seed, lane)));
        let lanes: Vec<_> = (0..LANES).map(lane).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| panic!("seed {seed}"))).collect()
    });
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let with_compose = sum(|tally| tally.with_compose_alive);
    let phases: Vec<_> = tallies.iter().map(|tally| &tally.phases).collect();
    note(&format!(
        "{} kills, {with_compose} with compose at work, {} before the answer; hit at {phases:?}",
        sum(|tally| tally.kills),
        sum(|tally| tally.unanswered),
    ));
    assert!(with_compose >= crashes / 10, "the life of the compose child was hit");
}

fn run_lane(rounds: u64, mut random: Random) -> Tally {
    let registry = Registry::open(Mode::Slow(Duration::from_millis(150)));
    let image = registry.image(HELLO);
    let broken = Package::pair("broken", &image).with_broken_main_service();
    let packages = [Package::pair("pair", &image).with_slow_main_service(1), broken];
    let mut server = Setup::default().subnets(64).packages(&packages).start();
    // How long they take undisturbed: the moments are spread over that.
    let began = Instant::now();
    apps::install(&server, "pair", "undisturbed");
    let whole = began.elapsed();
    let began = Instant::now();
    let name = apps::begin(&server, "broken", "failing");
    let operation = apps::failure(&server, &name, INSTALL_LIMIT);
    assert_eq!(text(&operation, "/reason/class"), "exit_code", "{operation:#}");
    let failing = began.elapsed();

    let mut tally = Tally::default();
    let mut answered = BTreeSet::from([server.name("undisturbed"), name]);
    for round in 0..rounds {
        let package = if random.below(3) == 0 { "broken" } else { "pair" };
        let length = if package == "broken" { failing } else { whole };
        let name = server.name(&format!("r{round:03}"));
        if crash_during(&mut server, package, &name, length, &mut random, &mut tally) {
            answered.insert(name.clone());
        }
        let exists = server.api().status_or_code(&name) != "APP.NotExis";
        assert!(exists || !answered.contains(&name), "an answered install was forgotten: {name}");
        if exists {
            check_end(&server, package, &name);
        } else {
            traces::assert_nothing_left(&server, &name);
        }
        docker::remove_all(&name);
        if random.below(2) == 0 {
            // The next one has more to pull than a glance at the registry.
            docker::try_docker(&["rmi", "--force", &image]).ok();
        }
    }
    let listed: Vec<String> = server.api().list().iter().map(|app| text(app, "/app_id")).collect();
    let distinct: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), distinct.len(), "no app is there twice: {listed:?}");
    assert!(answered.is_subset(&distinct), "none is forgotten");
    tally
}

/// Kills the server during an install, now and then the next life too, and starts it again. Returns whether
/// the install had been answered.
fn crash_during(
    server: &mut Server,
    package: &str,
    name: &str,
    length: Duration,
    random: &mut Random,
    tally: &mut Tally,
) -> bool {
    let api = server.api();
    let answered = std::thread::scope(|scope| {
        let parameters = [("app_name", package), ("customer_app_name", name), ("app_version", "1")];
        let call = scope.spawn(move || api.try_call("AppInstall", &parameters));
        match random.below(8) {
            // The first steps take milliseconds: by chance alone they would never be hit.
            0 => std::thread::sleep(random.up_to(Duration::from_millis(15))),
            1 | 2 => {
                wait::within(INSTALL_LIMIT, || (!traces::children(server).is_empty()).then_some(()));
                std::thread::sleep(random.up_to(length / 4));
            }
            _ => std::thread::sleep(random.up_to(length)),
        }
        kill(server, name, tally);
        let outcome = call.join().expect("the call ends");
        tally.unanswered += u64::from(outcome.is_err());
        match outcome {
            Ok(Ok(id)) => text(&id, "/app_id") == name,
            Ok(Err(refused)) => panic!("{name}: {refused}"),
            Err(_) => false,
        }
    });
    if random.below(4) == 0 {
        server.spawn();
        std::thread::sleep(random.up_to(length));
        kill(server, name, tally);
    }
    server.start();
    answered
}

fn kill(server: &mut Server, name: &str, tally: &mut Tally) {
    let phase = match server.api().try_call("AppOperation", &[("app_id", name)]) {
        Ok(Ok(operation)) => {
            let (state, step) = (text(&operation, "/state"), text(&operation, "/step"));
            if state == "running" { step } else { state }
        }
        Ok(Err(_)) => "before it was stored".to_owned(),
        Err(_) => "before the server listened".to_owned(),
    };
    *tally.phases.entry(phase).or_default() += 1;
    server.kill_9();
    tally.kills += 1;
    tally.with_compose_alive += u64::from(!traces::children(server).is_empty());
}

/// Waits for the end of the install and asserts that all of it is there, or nothing.
fn check_end(server: &Server, package: &str, name: &str) {
    let operation = wait::within(INSTALL_LIMIT, || {
        let operation = server.api().operation(name);
        ["succeeded", "failed"].contains(&text(&operation, "/state").as_str()).then_some(operation)
    });
    let operation = operation.unwrap_or_else(|| panic!("{name} ends: {:#}", server.api().operation(name)));
    assert!(
        traces::children(server).is_empty(),
        "of {name} no process is left: {:?}",
        traces::children(server)
    );
    if package == "broken" {
        assert_eq!(text(&operation, "/reason/class"), "exit_code", "{operation:#}");
        assert_eq!(server.api().status(name).as_deref(), Ok("50"));
        return traces::assert_nothing_left(server, name);
    }
    assert_eq!(text(&operation, "/state"), "succeeded", "{operation:#}");
    server.api().await_status(name, "30", INSTALL_LIMIT);
    let mut containers = docker::containers(name);
    containers.sort();
    assert_eq!(containers, [container(name, "database"), container(name, "web")]);
    assert_eq!(docker::networks(name), [format!("{name}_default")]);
    assert_eq!(docker::volumes(name), [format!("{name}_data")]);
    assert!(apps::page(server, name).body.contains("Hello"));
}
