//! `kill -9` of the real binary at random moments of each verb, cancelled ones among them. The next start goes on by
//! itself: the verb has its whole effect or none, and no data is lost but where that was asked for.
//!
//! `TESTENV_VERB_CRASHES` says how many lives of an app are gone through (2, each with a kill in each verb),
//! `TESTENV_SEED` repeats a run.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use acceptance::apps::{self, INSTALL_LIMIT, container};
use acceptance::json::{items, text};
use acceptance::packages::HELLO;
use acceptance::random::{self, Random};
use acceptance::{Package, Server, Setup, docker, note, traces};

/// Side by side, each with a server of its own on the one engine.
const LANES: u64 = 2;

/// The longest that a verb takes on this app, about: the moments are spread over that.
const LENGTH: Duration = Duration::from_millis(1_800);

/// Where an app can be when nothing is at work on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Runs,
    Stopped,
    Trashed,
    Gone,
}

/// A verb, as `apps::ask` takes it, with the place that it needs, and the place that it leads to.
const VERBS: [(&str, Place, Place); 7] = [
    ("AppRestart", Place::Runs, Place::Runs),
    ("AppStop", Place::Runs, Place::Stopped),
    ("AppStart", Place::Stopped, Place::Runs),
    ("AppUninstall", Place::Runs, Place::Trashed),
    ("AppRestore", Place::Trashed, Place::Runs),
    ("AppPurge", Place::Trashed, Place::Gone),
    ("AppUninstall purge", Place::Runs, Place::Gone),
];

/// What was hit: the verb and the step that it was in.
type Tally = BTreeMap<String, u64>;

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn after_a_kill_9_at_any_moment_a_verb_has_its_whole_effect_or_none() {
    let lives = random::wanted("TESTENV_VERB_CRASHES").unwrap_or(2);
    let seed = random::seed();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let lane = |lane| scope.spawn(move || run_lane(lives / LANES, Random::of(seed, lane)));
        let lanes: Vec<_> = (0..LANES).map(lane).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| panic!("seed {seed}"))).collect()
    });
    note(&format!("hit at {tallies:#?}"));
}

fn run_lane(lives: u64, mut random: Random) -> Tally {
    let pair = Package::pair("pair", HELLO).with_line("web", "environment: { HELLO_DELAY_SECONDS: \"1\" }");
    let mut server = Setup::default().subnets(4).packages(&[pair]).start();
    let mut tally = Tally::new();
    for life in 0..lives {
        let mut app = App::install(&server, &format!("life{life}"));
        for (verb, from, to) in VERBS {
            if app.place == Place::Gone {
                app = App::install(&server, &format!("again{life}"));
            }
            app.bring_to(&server, from);
            crash_during(&mut server, verb, &app.name, &mut random, &mut tally);
            app.check(&server, verb, from, to);
        }
        if app.place != Place::Gone {
            app.bring_to(&server, Place::Trashed);
            apps::done(&server, "AppPurge", &app.name);
        }
    }
    tally
}

/// Kills the server while a verb is at work, and starts it again.
fn crash_during(server: &mut Server, verb: &str, name: &str, random: &mut Random, tally: &mut Tally) {
    let (at_once, cancels) = (random.below(4) == 0, random.below(4) == 0);
    apps::ask(server, verb, name);
    // The first steps take milliseconds: by chance alone they would never be hit.
    let longest = if at_once { Duration::from_millis(15) } else { LENGTH };
    std::thread::sleep(random.up_to(longest));
    if cancels {
        // It may be over, or too late.
        let cancelled = server.api().call("AppCancel", &[("app_id", name)]).is_ok();
        *tally.entry(format!("{verb}: cancelled {cancelled}")).or_default() += 1;
        std::thread::sleep(random.up_to(longest));
    }
    let operation = server.api().operation(name);
    let (state, step) = (text(&operation, "/state"), text(&operation, "/step"));
    *tally.entry(format!("{verb}: {}", if state == "running" { step } else { state })).or_default() += 1;
    server.kill_9();
    server.start();
}

/// An app with data.
struct App {
    name: String,
    place: Place,
    /// When its volume was made, and its passwords.
    data: (String, String),
}

impl App {
    fn install(server: &Server, name: &str) -> Self {
        let name = apps::install(server, "pair", name);
        let data = data_of(server, &name);
        assert!(!data.0.is_empty() && data.1.contains("SECRET"), "{data:?}");
        Self { name, place: Place::Runs, data }
    }

    /// Brings it where the next verb needs it, undisturbed.
    fn bring_to(&mut self, server: &Server, wanted: Place) {
        while self.place != wanted {
            let (verb, place) = match (self.place, wanted) {
                (Place::Trashed, _) => ("AppRestore", Place::Runs),
                (Place::Stopped, _) => ("AppStart", Place::Runs),
                (_, Place::Stopped) => ("AppStop", Place::Stopped),
                _ => ("AppUninstall", Place::Trashed),
            };
            apps::done(server, verb, &self.name);
            self.place = place;
            if place == Place::Runs {
                server.api().await_status(&self.name, "30", INSTALL_LIMIT);
            }
        }
    }

    /// Waits for the end of the verb and asserts that all of its effect is there, or nothing.
    fn check(&mut self, server: &Server, verb: &str, from: Place, to: Place) {
        let name = &self.name;
        let operation = apps::ended(server, name);
        let kind = verb.trim_start_matches("App").to_lowercase();
        let kind = if kind == "uninstall purge" { "purge".to_owned() } else { kind };
        assert_eq!(text(&operation, "/kind"), kind, "an answered verb is not forgotten");
        let has_succeeded = match text(&operation, "/state").as_str() {
            "succeeded" => true,
            "cancelled" => false,
            other => panic!("{verb} {other}: {operation:#}"),
        };
        self.place = if has_succeeded { to } else { from };
        let children = traces::children(server);
        assert!(children.is_empty(), "no process is left: {children:?}");
        if self.place == Place::Gone {
            assert_eq!(server.api().status_or_code(name), "APP.NotExis");
            return traces::assert_nothing_left(server, name);
        }
        assert_eq!(data_of(server, name), self.data, "{verb}: its data is the same: {operation:#}");
        let bin = items(&server.api().call("AppTrash", &[]).expect("it answers"), "");
        let is_trashed = bin.iter().any(|app| text(app, "/app_id") == *name);
        assert_eq!(is_trashed, self.place == Place::Trashed, "{verb}: {operation:#}");
        let mut containers = docker::containers(name);
        containers.sort();
        if self.place == Place::Trashed {
            assert_eq!((containers, docker::networks(name)), (vec![], vec![]), "{verb}");
            return;
        }
        let both = [container(name, "database"), container(name, "web")];
        assert_eq!(containers, both, "{verb}");
        let (status, state) = if self.place == Place::Runs { ("30", "running") } else { ("40", "exited") };
        server.api().await_status(name, status, INSTALL_LIMIT);
        assert!(both.iter().all(|container| docker::state(container) == state), "{verb}: {operation:#}");
        if self.place == Place::Runs {
            assert!(apps::page(server, name).body.contains("Hello"));
        }
    }
}

/// When the app's volume was made, and its passwords.
fn data_of(server: &Server, name: &str) -> (String, String) {
    let volume = docker::ask(&format!("/volumes/{name}_data"));
    let created = volume.map(|found| text(&found, "/CreatedAt")).unwrap_or_default();
    (created, fs::read_to_string(server.app_folder(name).join(".env")).unwrap_or_default())
}
