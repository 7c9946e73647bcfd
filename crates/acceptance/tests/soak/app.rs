//! One app of the soak: where it is by what was answered, what is done with it, and whether the machine agrees.

use std::fs;
use std::time::{Duration, Instant};

use acceptance::apps::{INSTALL_LIMIT, container};
use acceptance::http::Address;
use acceptance::json::{items, number, text};
use acceptance::random::Random;
use acceptance::{Server, docker, traces, wait};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Soak;

/// The longest that a verb takes here with two cores for all, about: the moments of a cancellation are spread over that.
const LENGTH: Duration = Duration::from_millis(2_500);

/// A verb, and the server's death and its next start while the verb is at work.
const LIMIT: Duration = Duration::from_secs(180);

/// Three restarts within five minutes are a crash loop, and told as an error: so often it does not happen here.
const CALM_AFTER: Duration = Duration::from_secs(300);

/// Where an app can be when nothing is at work on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Gone,
    Failed,
    Runs,
    Stopped,
    /// By hand, not by us: it is still wanted to run.
    Killed,
    Trashed,
}

/// What can be done: with an app that is where, and where it is then.
const ACTIONS: [(&str, Place, Place); 18] = [
    ("AppInstall pair", Place::Gone, Place::Runs),
    ("AppInstall pair", Place::Gone, Place::Runs),
    ("AppInstall broken", Place::Gone, Place::Failed),
    ("AppUninstall", Place::Failed, Place::Gone),
    ("AppStop", Place::Runs, Place::Stopped),
    ("AppRestart", Place::Runs, Place::Runs),
    ("AppUninstall", Place::Runs, Place::Trashed),
    ("AppUninstall purge", Place::Runs, Place::Gone),
    (KILLED, Place::Runs, Place::Killed),
    (CRASHED, Place::Runs, Place::Runs),
    ("AppStart", Place::Stopped, Place::Runs),
    ("AppRestart", Place::Stopped, Place::Runs),
    ("AppUninstall", Place::Stopped, Place::Trashed),
    ("AppStart", Place::Killed, Place::Runs),
    ("AppRestart", Place::Killed, Place::Runs),
    ("AppUninstall", Place::Killed, Place::Trashed),
    ("AppRestore", Place::Trashed, Place::Runs),
    ("AppPurge", Place::Trashed, Place::Gone),
];

/// Both containers killed by hand: Docker leaves them.
const KILLED: &str = "docker kill";

/// The process in a container killed: Docker starts it again.
const CRASHED: &str = "kill -9 in the container";

/// How a verb ends that Docker could not carry out.
const REFUSED: &str = "failed, for Docker could not";

pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// When its volume was made, and its password; nothing as long as it has none.
    data: Option<(String, String)>,
    /// When a process of its was killed last.
    crashed_at: Option<Instant>,
    /// Every operation that was accepted, and what it was.
    pub(crate) operations: Vec<(String, String)>,
}

impl App {
    pub(crate) fn named(name: String) -> Self {
        Self { name, place: Place::Gone, data: None, crashed_at: None, operations: Vec::new() }
    }

    /// Does something that can be done, and waits for its end. Says what it was and how it ended.
    pub(crate) fn act(&mut self, soak: &Soak, random: &mut Random) -> String {
        let possible: Vec<_> = ACTIONS.iter().filter(|(_, from, _)| *from == self.place).collect();
        let chosen = usize::try_from(random.below(possible.len() as u64)).expect("a small number");
        let (action, _, to) = *possible[chosen];
        let is_calm = self.crashed_at.is_none_or(|at| at.elapsed() > CALM_AFTER);
        let action = if action == CRASHED && !is_calm { "AppRestart" } else { action };
        let ended = match action {
            KILLED => self.kill_containers(),
            CRASHED => self.crash_container(random),
            _ => {
                let is_cancelled = random.below(6) == 0;
                self.ask(soak, action, is_cancelled.then(|| random.up_to(LENGTH)))
            }
        };
        self.place = match ended.as_str() {
            "succeeded" => to,
            "failed" if to == Place::Failed => to,
            "cancelled" | REFUSED if action.starts_with("AppInstall") => Place::Failed,
            "cancelled" if self.place == Place::Killed => self.mend(soak),
            REFUSED if self.place != Place::Trashed => self.mend(soak),
            // Nothing has changed, which only these may say.
            "cancelled" | REFUSED | "not accepted" | "ContainerCommandError" => self.place,
            _ => panic!("{action} of {} {ended}", self.name),
        };
        format!("{action}: {ended}")
    }

    /// Makes it run. What is wanted to run is not stopped by an undo: half of it may run, or none.
    fn mend(&mut self, soak: &Soak) -> Place {
        wait::until("it runs again", LIMIT, || {
            (self.ask(soak, "AppRestart", None) == "succeeded").then_some(Place::Runs)
        })
    }

    fn kill_containers(&self) -> String {
        let both = ["database", "web"].map(|service| container(&self.name, service));
        docker::docker(&["kill", &both[0], &both[1]]);
        "succeeded".to_owned()
    }

    fn crash_container(&mut self, random: &mut Random) -> String {
        self.crashed_at = Some(Instant::now());
        let service = ["database", "web"][usize::from(random.below(2) == 0)];
        let container = container(&self.name, service);
        let look = || docker::inspect(&container).expect("it is there");
        let before = look();
        let process = i32::try_from(number(&before, "/State/Pid")).ok().and_then(Pid::from_raw);
        kill_process(process.expect("it runs"), Signal::KILL).expect("it is alive");
        wait::until("Docker starts it again", INSTALL_LIMIT, || {
            let restarted = number(&look(), "/RestartCount") > number(&before, "/RestartCount");
            (restarted && text(&look(), "/State/Status") == "running").then_some(())
        });
        "succeeded".to_owned()
    }

    /// Asks for a verb and waits for its end, through deaths of the server; cancels it after a time, if one is given.
    fn ask(&mut self, soak: &Soak, verb: &str, cancelled_after: Option<Duration>) -> String {
        let before =
            operation(soak, &self.name).map(|found| text(&found, "/operation_id")).unwrap_or_default();
        let (interface, what) = verb.split_once(' ').unwrap_or((verb, "keep"));
        let parameters: &[(&str, &str)] = match interface {
            "AppInstall" => &[("app_name", what), ("customer_app_name", &self.name), ("app_version", "1")],
            "AppUninstall" => &[("app_id", &self.name), ("data", what)],
            _ => &[("app_id", &self.name)],
        };
        let answer = soak.api.try_call(interface, parameters);
        if let Ok(Err(refused)) = &answer {
            return refused.code.clone();
        }
        if let Some(time) = cancelled_after {
            std::thread::sleep(time);
            // It may be over, too late, or without an answer.
            soak.api.try_call("AppCancel", &[("app_id", &self.name)]).ok();
        }
        let ended = wait::within(LIMIT, || {
            let found = operation(soak, &self.name);
            let Some(found) = found.filter(|found| text(found, "/operation_id") != before) else {
                assert!(answer.is_err(), "{verb} of {}: an answered verb was forgotten", self.name);
                return Some(None);
            };
            let state = text(&found, "/state");
            ["succeeded", "failed", "cancelled"].contains(&state.as_str()).then_some(Some((found, state)))
        });
        let ended = ended.unwrap_or_else(|| panic!("{verb} ends: {:#?}", operation(soak, &self.name)));
        let Some((found, state)) = ended else { return "not accepted".to_owned() };
        self.operations.push((text(&found, "/operation_id"), format!("{verb} of {}", self.name)));
        if state == "failed" && what != "broken" {
            // Engines that share a machine share its firewall: one that starts gets into another's way.
            let is_firewall = text(&found, "/reason/detail").to_lowercase().contains("iptables");
            assert!(is_firewall, "{verb} of {} failed: {found:#}", self.name);
            return REFUSED.to_owned();
        }
        state
    }

    /// Asserts that the app is where it is to be, with all of it there, or nothing.
    pub(crate) fn check(&mut self, server: &Server, after: &str) {
        let (name, api) = (&self.name, server.api());
        let (status, is_trashed) = match self.place {
            Place::Gone => ("APP.NotExis", false),
            Place::Failed => ("50", false),
            Place::Runs => ("30", false),
            Place::Stopped | Place::Killed => ("40", false),
            Place::Trashed => ("APP.NotExis", true),
        };
        // One of two containers that were killed is seen first, one that starts again is not well at once.
        let reached = wait::within(INSTALL_LIMIT, || (api.status_or_code(name) == status).then_some(()));
        let has = || api.status_or_code(name);
        assert!(reached.is_some(), "{after}: {name} is {}, not {status}: {:#}", has(), api.operation(name));
        let bin = items(&api.call("AppTrash", &[]).expect("it answers"), "");
        assert_eq!(bin.iter().any(|app| text(app, "/app_id") == *name), is_trashed, "{after}: {name}");
        assert_eq!(found(server, name), self.expected(), "{after}: {name}");
        let folder = server.app_folder(name).display().to_string();
        let children = traces::children(server).into_iter().filter(|(_, words)| words.contains(&folder));
        assert_eq!(children.collect::<Vec<_>>(), [], "{after}: no process is left of {name}");
        if self.place == Place::Runs {
            // A status may be late: that of one that has just been started again may be from before.
            wait::until(&format!("{after}: {name} is served"), INSTALL_LIMIT, || {
                let port = u16::try_from(number(&api.detail(name), "/running_info/port")).expect("a port");
                let page = Address::local(port).get("/").ok()?;
                page.body.contains("Hello").then_some(())
            });
        }
        let data = data_of(server, name);
        if let (Some(before), Some(now)) = (&self.data, &data) {
            assert_eq!(now, before, "{after}: the data of {name} is the same");
        }
        self.data = data;
    }

    /// All that is to be there of it, as [`found`] tells it.
    pub(crate) fn expected(&self) -> Vec<String> {
        let name = &self.name;
        let containers = |state: &str| {
            ["database", "web"].map(|service| format!("container {} {state}", container(name, service)))
        };
        let folder = format!("folder {name}");
        let network = format!("network {name}_default");
        let volume = format!("volume {name}_data");
        let [database, web] = containers(if self.place == Place::Runs { "runs" } else { "is stopped" });
        match self.place {
            Place::Gone | Place::Failed => vec![],
            Place::Trashed => vec![folder, volume],
            Place::Runs | Place::Stopped | Place::Killed => vec![database, web, folder, network, volume],
        }
    }
}

/// The newest operation of an app, as soon as the server answers; nothing where there is none.
fn operation(soak: &Soak, name: &str) -> Option<Value> {
    wait::until("the server answers", LIMIT, || {
        soak.api.try_call("AppOperation", &[("app_id", name)]).ok().map(Result::ok)
    })
}

/// What engine and disk have whose name begins so, sorted.
pub(crate) fn found(server: &Server, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in items(&docker::ask("/containers/json?all=true").expect("the engine answers"), "") {
        let name = text(&item, "/Names/0").trim_start_matches('/').to_owned();
        // One that was made again and not started is as stopped as one that has ended.
        let state = if text(&item, "/State") == "running" { "runs" } else { "is stopped" };
        found.push(("container", format!("{name} {state}")));
    }
    for item in items(&docker::ask("/networks").expect("the engine answers"), "") {
        found.push(("network", text(&item, "/Name")));
    }
    for item in items(&docker::ask("/volumes").expect("the engine answers"), "/Volumes") {
        found.push(("volume", text(&item, "/Name")));
    }
    let folders = fs::read_dir(server.apps_folder()).expect("it is there").flatten();
    found.extend(folders.map(|folder| ("folder", folder.file_name().to_string_lossy().into_owned())));
    let own = found.into_iter().filter(|(_, name)| name.starts_with(prefix));
    let mut lines: Vec<String> = own.map(|(kind, name)| format!("{kind} {name}")).collect();
    lines.sort();
    lines
}

/// When the app's volume was made, and its password, where there are both.
fn data_of(server: &Server, name: &str) -> Option<(String, String)> {
    let volume = docker::ask(&format!("/volumes/{name}_data"))?;
    let env = fs::read_to_string(server.app_folder(name).join(".env")).ok()?;
    let secret = env.lines().find(|line| line.starts_with("SECRET"))?;
    Some((text(&volume, "/CreatedAt"), secret.to_owned()))
}
