//! The command line against a real server with a real engine: an app's whole life by the commands that a person types.

use std::process::Command;

use acceptance::packages::HELLO;
use acceptance::setup::binary;
use acceptance::{Package, Server, Setup, docker};
use serde_json::Value;

/// What a command left.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn appmanage(server: &Server, line: &str) -> Ended {
    let socket = server.setup.socket();
    let output = Command::new(binary())
        .args(line.split(' '))
        .env_clear()
        .env("LANG", "en_US.UTF-8")
        .env("APPMANAGE_SERVER", format!("unix:{}", socket.display()))
        .output()
        .expect("it can be run");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ended { code: output.status.code(), stdout, stderr }
}

/// What a command that has to succeed writes.
fn done(server: &Server, line: &str) -> String {
    let ended = appmanage(server, line);
    assert_eq!(ended.code, Some(0), "appmanage {line}\n{}{}", ended.stdout, ended.stderr);
    ended.stdout
}

fn json(server: &Server, line: &str) -> Value {
    serde_json::from_str(&done(server, &format!("{line} --output json"))).expect("one JSON document")
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_lives_its_whole_life_by_commands() {
    let server = Setup::default().start();
    let app = server.name("hello");
    let run = |line: &str| done(&server, &line.replace("APP", &app));

    assert!(run("catalog search hello").contains("hello"));
    assert!(run("install hello APP --plan").contains("Nothing stands in the way."));
    assert!(run("install hello APP --wait").starts_with(&format!("{app} is installed and runs.\nhttp://")));
    assert!(run("list").contains("running"));
    assert!(run("status APP").contains("succeeded"));
    assert!(run("open APP").starts_with("http://"));
    assert!(run("logs APP").contains("hello | hello: listening on port"));
    assert!(run("stats APP").contains("hello"));

    assert_eq!(run("stop APP --wait"), format!("{app} is stopped.\n"));
    assert_eq!(run("stop APP --wait"), format!("{app} is stopped already.\n"));
    assert!(run("start APP --wait").starts_with(&format!("{app} runs.\n")));
    assert!(run("restart APP --wait").starts_with(&format!("{app} was restarted and runs.\n")));

    assert!(run("uninstall APP --wait").starts_with(&format!("{app} is uninstalled")));
    assert!(run("trash").contains(&app));
    let taken = appmanage(&server, &format!("install hello {app}"));
    assert_eq!(taken.code, Some(1));
    assert!(taken.stderr.contains("AppRestore"), "{}", taken.stderr);
    assert!(run("restore APP --wait").starts_with(&format!("{app} is restored.\n")));
    assert_eq!(run("uninstall APP --wait --purge --yes"), format!("{app} is deleted with all its data.\n"));
    assert!(!run("trash").contains(&app));

    let kinds: Vec<Value> = json(&server, &format!("operations {app}"))
        .as_array()
        .expect("a list")
        .iter()
        .rev()
        .map(|operation| operation["kind"].clone())
        .collect();
    assert_eq!(kinds, ["install", "stop", "start", "restart", "uninstall", "restore", "purge"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_project_that_runs_is_adopted_and_let_go_by_commands() {
    let server = Setup::default().setting("projects.foreign", true).start();
    let name = server.name("shop");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, format!("services: {{ web: {{ image: \"{HELLO}\" }} }}\n"))
        .expect("it can be written");
    let compose = |rest: &[&str]| {
        let path = file.display().to_string();
        docker::docker(&[&["compose", "--project-name", &name, "--file", &path], rest].concat());
    };
    compose(&["up", "--detach"]);
    acceptance::wait::until("it is seen", acceptance::apps::INSTALL_LIMIT, || {
        done(&server, "list").contains(&name).then_some(())
    });
    assert_eq!(done(&server, &format!("adopt {name} --wait")), format!("{name} is taken over.\n"));
    let again = appmanage(&server, &format!("adopt {name}"));
    assert_eq!(again.code, Some(1), "{}", again.stdout);
    let released = done(&server, &format!("uninstall {name} --wait"));
    assert_eq!(released, format!("{name} is not managed any more; it runs on as it was.\n"));
    assert!(done(&server, "list").contains(&name));
    compose(&["down"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn the_doctor_finds_a_sound_server_sound() {
    let server = Setup::default().start();
    let findings = json(&server, "doctor");
    assert_eq!(findings["ok"], true, "{findings}");
    let broken = Setup::default().packages(&[Package::of("sick", "services: {}\n")]).start();
    let found = appmanage(&broken, "doctor");
    assert_eq!(found.code, Some(1), "{}", found.stdout);
    assert!(found.stdout.contains("FAIL  catalog\n      sick: "), "{}", found.stdout);
}
