//! A soak: for as long as wanted, installs, stops, starts, restarts, uninstalls, restores, purges and the death of
//! containers at random, while the server is killed (-9) once a minute and started again. At the end no app is lost, nothing is
//! there that no app owns, no event was missed, and the server takes no more memory and no more files than before.
//!
//! `cargo xtask soak --minutes N` runs it for long; with all other tests it lasts moments. `TESTENV_SOAK_SECONDS` says how
//! long, `TESTENV_SEED` repeats the choices of a run, not their moments.

mod app;
mod figures;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use acceptance::json::{items, text};
use acceptance::packages::HELLO;
use acceptance::random::{self, Random};
use acceptance::{Api, Follower, Package, Server, Setup, note, share, traces, wait};
use app::{App, Place};
use figures::{Figures, Life};

/// Clients side by side, each with apps of its own: what a client was answered is then all that holds for its apps.
const CLIENTS: u64 = 4;
const APPS_EACH: u64 = 3;

/// A life of the server, but for the last.
const LIFE: Duration = Duration::from_secs(60);

/// Where nobody says how long: enough for every verb, and for three kills.
const SHORT_SECONDS: u64 = 20;

/// How many times each thing happened.
type Tally = BTreeMap<String, u64>;

/// What all threads share.
struct Soak {
    /// Written to by whoever kills and starts it; a reader has it alive and ready.
    server: RwLock<Server>,
    /// For calls that the server's death may cut off.
    api: Api,
    is_over: AtomicBool,
}

impl Soak {
    fn server(&self) -> RwLockReadGuard<'_, Server> {
        self.server.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Kills the server at once, now and then also in the first moments of its next life, and starts it again.
    fn kill_server(&self, random: &mut Random) {
        let mut server = self.server.write().unwrap_or_else(PoisonError::into_inner);
        server.kill_9();
        if random.below(4) == 0 {
            server.spawn();
            std::thread::sleep(random.up_to(Duration::from_millis(300)));
            server.kill_9();
        }
        server.start();
    }
}

/// Ends all threads when one of them fails: nobody waits an hour for what is known.
struct EndsAll<'a>(&'a Soak);

impl Drop for EndsAll<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.is_over.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn after_a_soak_no_app_is_lost_nothing_is_left_over_and_memory_is_flat() {
    let whole = Duration::from_secs(random::wanted("TESTENV_SOAK_SECONDS").unwrap_or(SHORT_SECONDS));
    let seed = random::seed();
    let pair = Package::pair("pair", HELLO);
    let packages = [pair, Package::pair("broken", HELLO).with_broken_main_service()];
    let ports = share::ports_apart();
    let setup = Setup::default().subnets(64).setting("network.port_first", ports);
    let server = setup.setting("network.port_last", ports + share::PORTS - 1).packages(&packages).start();
    let api = server.api();
    let soak = Soak { server: RwLock::new(server), api, is_over: AtomicBool::new(false) };
    let (mut apps, tally, events, lives) = run(&soak, whole, seed);

    for app in &mut apps {
        app.check(&soak.server(), "at the end");
    }
    nothing_is_there_but(&soak.server(), &apps);
    for (operation, verb) in apps.iter().flat_map(|app| &app.operations) {
        assert!(
            events.contains_key(operation),
            "seed {seed}: no event told of the end of {verb} {operation}"
        );
    }
    assert!(events.values().all(|count| *count == 1), "no operation ends twice: {events:?}");
    let figures = Figures::of(&lives);
    note(&format!("{} of {} s, seed {seed}:\n{tally:#?}\n{figures}", "a soak", whole.as_secs()));
    note(&format!("{} apps, {} operations, {} lives", apps.len(), events.len(), lives.len()));
    assert!(figures.are_flat(), "the server grows:\n{figures}");
    let mut server = soak.server.into_inner().unwrap_or_else(PoisonError::into_inner);
    server.stop();
    assert!(!server.log().contains("panicked at"), "{}", server.log());
}

/// All that is done at once, until the time is over.
fn run(soak: &Soak, whole: Duration, seed: u64) -> (Vec<App>, Tally, BTreeMap<String, u64>, Vec<Life>) {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || use_apps(soak, client, &mut Random::of(seed, client))))
            .collect();
        let follower = scope.spawn(|| follow(soak));
        let sampler = scope.spawn(|| figures::sample(soak));
        kill_again_and_again(soak, whole, &mut Random::of(seed, CLIENTS));
        let clients: Vec<_> = clients.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        // The follower's stream ends with the server; what happened last has been stored then.
        let mut server = soak.server.write().unwrap_or_else(PoisonError::into_inner);
        server.stop();
        server.start();
        drop(server);
        let mut apps = Vec::new();
        let mut tally = Tally::new();
        for client in clients {
            let (own, counts) = client.unwrap_or_else(|_| panic!("seed {seed}"));
            apps.extend(own);
            for (what, count) in counts {
                *tally.entry(what).or_default() += count;
            }
        }
        let lives = sampler.join().unwrap_or_else(|_| panic!("seed {seed}"));
        (apps, tally, follower.join().unwrap_or_else(|_| panic!("seed {seed}")), lives)
    })
}

/// The last life is spared: for a sixth of the time it is looked at how the server grows.
fn kill_again_and_again(soak: &Soak, whole: Duration, random: &mut Random) {
    let began = Instant::now();
    let life = LIFE.min(whole / 5);
    let over_within = |limit: Duration| wait::within(limit, || soak.is_over().then_some(())).is_some();
    while began.elapsed() + life < whole - whole / 6 {
        // Not at the same moment of each minute: work follows clocks, too.
        let sooner = random.up_to(life / 4);
        if over_within(life - sooner) {
            return;
        }
        let _ends = EndsAll(soak);
        soak.kill_server(random);
    }
    over_within(whole.saturating_sub(began.elapsed()));
    soak.is_over.store(true, Ordering::Relaxed);
}

/// One client: does something with one of its apps, waits for the end, looks whether it is true, and again.
fn use_apps(soak: &Soak, client: u64, random: &mut Random) -> (Vec<App>, Tally) {
    let _ends = EndsAll(soak);
    let mut tally = Tally::new();
    let name = |number: u64| soak.server().name(&format!("c{client}a{number}"));
    let mut apps: Vec<App> = (0..APPS_EACH).map(|number| App::named(name(number))).collect();
    while !soak.is_over() {
        let chosen = usize::try_from(random.below(APPS_EACH)).expect("a small number");
        let app = &mut apps[chosen];
        let done = app.act(soak, random);
        app.check(&soak.server(), &done);
        *tally.entry(done).or_default() += 1;
    }
    (apps, tally)
}

/// How many times the end of each operation was told, to a client that goes on after each death where it was.
fn follow(soak: &Soak) -> BTreeMap<String, u64> {
    let _ends = EndsAll(soak);
    let mut ended: BTreeMap<String, u64> = BTreeMap::new();
    let mut last_id = 0;
    while !soak.is_over() {
        let mut follower = Follower::after(&soak.server().api(), last_id);
        while let Some(event) = follower.next_event() {
            if ["succeeded", "failed", "cancelled"].contains(&text(&event, "/kind").as_str()) {
                *ended.entry(text(&event, "/operation_id")).or_default() += 1;
            }
        }
        last_id = follower.last_id;
    }
    ended
}

/// Asserts that the lists name these apps and no others, and that engine and disk have nothing of anybody else.
fn nothing_is_there_but(server: &Server, apps: &[App]) {
    let at = |places: &[Place]| {
        let mut names: Vec<String> =
            apps.iter().filter(|app| places.contains(&app.place)).map(|app| app.name.clone()).collect();
        names.sort();
        names
    };
    let named = |list: &[serde_json::Value]| {
        let mut names: Vec<String> = list.iter().map(|app| text(app, "/app_id")).collect();
        names.sort();
        names
    };
    assert_eq!(
        named(&server.api().list()),
        at(&[Place::Failed, Place::Runs, Place::Stopped, Place::Killed]),
        "AppList"
    );
    let trash = items(&server.api().call("AppTrash", &[]).expect("it answers"), "");
    assert_eq!(named(&trash), at(&[Place::Trashed]), "AppTrash");
    let mut expected: Vec<String> = apps.iter().flat_map(App::expected).collect();
    expected.sort();
    assert_eq!(app::found(server, &server.name("")), expected, "nothing that no app owns");
    let children = traces::children(server);
    assert!(children.is_empty(), "no process is left: {children:?}");
}
