//! The clock is set, back and on, under the real server: what is shown stays true, nothing is lost, and nothing waits for
//! the time to come again. Certificates are not here: `control/src/certificates.rs` tells when they are due.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use acceptance::apps::{self, INSTALL_LIMIT, container};
use acceptance::json::{items, number, text};
use acceptance::{Api, Follower, Hello, Server, Setup, docker, wait};
use rustix::process::{Pid, Signal, kill_process};

/// How long the slow app takes to listen.
const DELAY_SECONDS: u64 = 4;

/// The clock that one server sees, by Debian's libfaketime: no test may set that of the machine. Time that passes
/// (`CLOCK_MONOTONIC`) stays real, as it does when a clock is set.
struct Clock(PathBuf);

impl Clock {
    fn preloaded(setup: Setup) -> (Setup, Self) {
        let library = format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
        assert!(Path::new(&library).exists(), "{library} is not there: install Debian's package faketime");
        let file = setup.folder().join("clock");
        let setup = setup.environment("LD_PRELOAD", &library).environment("FAKETIME_NO_CACHE", "1");
        let setup = setup.environment("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let setup = setup.environment("FAKETIME_TIMESTAMP_FILE", &file.display().to_string());
        let clock = Self(file);
        clock.set("+0");
        (setup, clock)
    }

    /// Sets it apart from the machine's by that much, such as `-1d`.
    fn set(&self, apart: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, apart).expect("it can be written");
        fs::rename(&new, &self.0).expect("it can be put in its place");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_clock_that_is_set_back_a_day_hides_nothing_loses_nothing_and_holds_nothing_up() {
    let (setup, clock) = Clock::preloaded(Setup::default());
    let slow = Hello::named("slow").environment("HELLO_DELAY_SECONDS", &DELAY_SECONDS.to_string());
    let mut server = setup.packages(&[Hello::named("hello").volume().package(), slow.package()]).start();
    let api = server.api();
    let key = api.call("KeyAdd", &[("name", "robot"), ("days", "1")]).expect("it is added");
    let [first, binned] = ["first", "binned"].map(|name| apps::install(&server, "hello", name));
    apps::done(&server, "AppUninstall", &binned);
    let in_bin = api.call("AppTrash", &[]).expect("it answers");
    crashes_now_and_then(&server, &clock, &first);
    let waiting = apps::begin(&server, "slow", "waiting");
    wait::until("it waits", INSTALL_LIMIT, || {
        (text(&api.operation(&waiting), "/step") == "await_ready").then_some(())
    });

    clock.set("-1d");
    assert_eq!(api.status(&first).as_deref(), Ok("30"), "old restarts are no crash loop");
    let began = Instant::now();
    api.await_status(&waiting, "30", INSTALL_LIMIT);
    assert!(began.elapsed() < Duration::from_secs(3 * DELAY_SECONDS), "{:?}", began.elapsed());
    is_told_in_time(&api, &first);
    let second = apps::install(&server, "hello", "second");
    assert!(text(&api.operation(&second), "/queued_at") < text(&api.operation(&first), "/queued_at"));
    assert_eq!(api.call("AppTrash", &[]).expect("it answers"), in_bin);
    let order = [&first, &waiting, &second];
    tells_all_in_order(&api, order);
    server.kill_9();
    server.start();
    for name in order {
        api.await_status(name, "30", INSTALL_LIMIT);
    }
    tells_all_in_order(&api, order);
    assert_eq!(api.call("AppTrash", &[]).expect("it answers"), in_bin);
    keys_end_when_they_were_to_end(&api, &clock, &text(&key, "/expires_at"));
    apps::done(&server, "AppRestore", &binned);
    api.await_status(&binned, "30", INSTALL_LIMIT);
}

/// Three restarts far apart: they say nothing about how the app is.
fn crashes_now_and_then(server: &Server, clock: &Clock, name: &str) {
    let mut follower = Follower::after(&server.api(), 0);
    for (times, apart) in [(1, "+10m"), (2, "+20m"), (3, "+30m")] {
        let look = || docker::inspect(&container(name, "web")).expect("it is there");
        let process = i32::try_from(number(&look(), "/State/Pid")).ok().and_then(Pid::from_raw);
        kill_process(process.expect("it runs"), Signal::KILL).expect("it is alive");
        wait::until("Docker starts it again", INSTALL_LIMIT, || {
            (number(&look(), "/RestartCount") == times).then_some(())
        });
        // Not before that has been seen.
        let is_back = |event: &serde_json::Value| {
            text(event, "/app_id") == name && text(event, "/status_to") == "running"
        };
        let mut seen = 0;
        while seen < if times == 1 { 2 } else { 1 } {
            seen += u8::from(is_back(&follower.next_event().expect("the server lives")));
        }
        clock.set(apart);
    }
}

fn is_told_in_time(api: &Api, name: &str) {
    let web = container(name, "web");
    for (verb, status) in [("kill", "40"), ("start", "30")] {
        docker::docker(&[verb, &web]);
        wait::until(status, 2 * apps::LATE, || (api.status_or_code(name) == status).then_some(()));
    }
}

/// Apps by their installs, operations newest first, and every event once, whatever their times say.
fn tells_all_in_order(api: &Api, order: [&String; 3]) {
    let names = |list: &[serde_json::Value]| -> Vec<String> {
        list.iter().map(|item| text(item, "/app_id")).collect()
    };
    assert_eq!(names(&api.list()), order.map(String::as_str));
    let operations = items(&api.call("AppOperations", &[]).expect("it answers"), "");
    assert_eq!(names(&operations)[..2], [order[2].as_str(), order[1]]);
    let last = text(&operations[0], "/operation_id");
    let mut follower = Follower::after(api, 0);
    wait::until("all events are told", INSTALL_LIMIT, || {
        let event = follower.next_event().expect("the server lives");
        (text(&event, "/operation_id") == last && text(&event, "/kind") == "succeeded").then_some(())
    });
}

fn keys_end_when_they_were_to_end(api: &Api, clock: &Clock, end: &str) {
    for (apart, is_expired) in [("-1d", false), ("+0", false), ("+2d", true), ("+0", false)] {
        clock.set(apart);
        let keys = api.call("KeyList", &[]).expect("it answers");
        assert_eq!((text(&keys, "/0/expires_at").as_str(), &keys[0]["expired"]), (end, &is_expired.into()));
    }
}
