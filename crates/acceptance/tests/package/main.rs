//! The Debian package, from its installation in a clean Debian to its purge, with an app that outlives it all.

mod behind_nginx;
mod older_database;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acceptance::apps::{INSTALL_LIMIT, container};
use acceptance::json::text;
use acceptance::machine::{Booted, Machine, xtask};
use acceptance::{Api, docker, share, wait};
use serde_json::Value;

/// The container of that name's only service.
fn redis(app: &str) -> String {
    container(app, "redis")
}

/// Everything that an app is, as the engine has it, but for what passes by.
fn life(container: &str) -> (String, String, String) {
    let found = docker::inspect(container).expect("it is there");
    (text(&found, "/Id"), text(&found, "/State/StartedAt"), docker::state(container))
}

fn in_volume(app: &str, words: &str) -> String {
    docker::docker(&["exec", &redis(app), "sh", "-c", words])
}

/// Gives the server an app that keeps data in a volume, with a setting of its user's; and somebody who may call.
fn fill(api: &Api, store: &str) {
    let wanted = [
        ("app_name", "redis"),
        ("customer_app_name", store),
        ("app_version", "7.0"),
        ("settings", r#"{"REDIS_PASSWORD":"OfTheUsersOwn1"}"#),
    ];
    api.call("AppInstall", &wanted).expect("the install is accepted");
    api.await_status(store, "30", INSTALL_LIMIT);
    in_volume(store, "echo kept >/data/marker");
    api.call("UserAdd", &[("name", "alice")]).expect("she is added");
    api.call("KeyAdd", &[("name", "robot"), ("scope", "full"), ("days", "9")]).expect("it is added");
}

/// What an upgrade has to keep: an app with its settings and its history, and who may call.
fn kept(api: &Api, app: &str) -> Vec<Value> {
    let of_app = [("app_id", app)];
    let calls: [(&str, &[(&str, &str)]); 6] = [
        ("AppDetail", &of_app),
        ("AppConfig", &of_app),
        ("AppOperations", &of_app),
        ("UserList", &[]),
        ("KeyList", &[]),
        ("AppAudit", &[]),
    ];
    calls.map(|(interface, parameters)| api.call(interface, parameters).expect("it is answered")).into()
}

/// Takes away what a test made, passed or not.
struct Leftovers(String);

impl Drop for Leftovers {
    fn drop(&mut self) {
        docker::remove_all(&self.0);
    }
}

/// The package with that revision.
fn package(folder: &Path, revision: &str) -> PathBuf {
    let folder = folder.display().to_string();
    let printed = xtask(&["deb", "--quick", "--revision", revision, "--to", &folder]);
    PathBuf::from(printed.lines().last().expect("it prints where it is"))
}

/// The package as it was, and the one that comes after it: made once for all tests, since that takes seconds.
fn packages() -> &'static [PathBuf; 2] {
    static MADE: OnceLock<[PathBuf; 2]> = OnceLock::new();
    MADE.get_or_init(|| ["1", "2"].map(|revision| package(Path::new(env!("CARGO_TARGET_TMPDIR")), revision)))
}

/// A package that stands in for Docker's own, as far as dependencies and the group go: the engine is elsewhere.
fn docker_package(folder: &Path) -> PathBuf {
    let stage = folder.join("docker-ce");
    fs::create_dir_all(stage.join("DEBIAN")).expect("a new folder");
    let control = "Package: docker-ce\nVersion: 5:27.0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n\
                   Description: stands in for Docker\n";
    fs::write(stage.join("DEBIAN/control"), control).expect("it can be written");
    let script = stage.join("DEBIAN/postinst");
    let group = fs::metadata(docker::socket()).expect("the engine is up").gid();
    let text = format!("#!/bin/sh\nset -e\ngroupadd --force --non-unique --gid {group} docker\n");
    fs::write(&script, text).expect("it can be written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let built =
        Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(&stage).arg(folder).output();
    assert!(built.expect("dpkg-deb is part of Debian").status.success());
    folder.join("docker-ce_27.0_all.deb")
}

const APT: [&str; 4] = ["apt-get", "install", "--yes", "--no-install-recommends"];

fn apt_install(machine: &Machine, packages: &[&Path]) -> String {
    let files: Vec<String> = packages.iter().map(|package| machine.bring(package)).collect();
    let files = files.iter().map(String::as_str);
    machine.run(&APT.into_iter().chain(files).collect::<Vec<_>>())
}

/// The same where systemd runs.
fn install_booted(machine: &Machine, booted: &Booted, package: &Path) {
    let file = machine.bring(package);
    booted.run(&APT.into_iter().chain([file.as_str()]).collect::<Vec<_>>());
}

/// A machine with the stand-in for Docker's package, and these of Debian's.
fn machine(folder: &Path, packages: &[&str]) -> Machine {
    let machine = Machine::unpack(packages);
    apt_install(&machine, &[&docker_package(folder)]);
    machine
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn two_builds_are_equal_to_the_byte() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let again = fs::read(package(folder.path(), "1")).expect("it was made");
    assert!(fs::read(&packages()[0]).expect("it was made") == again);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_outlives_upgrade_removal_and_purge_of_the_package() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let [first, second] = packages();
    let machine = machine(folder.path(), &[]);
    apt_install(&machine, &[first]);
    assert_installed(&machine);

    let prefix = share::prefix();
    let _leftovers = Leftovers(prefix.clone());
    let settings = settings();
    let app = format!("{prefix}app");
    let server = machine.serve(&settings);
    server.api.install("hello", &app, "latest").expect("the install is accepted");
    server.api.await_status(&app, "30", INSTALL_LIMIT);
    let container = container(&app, "hello");
    let before = life(&container);
    let store = format!("{prefix}store");
    fill(&server.api, &store);
    let all = kept(&server.api, &store);

    // The settings are the administrator's: an upgrade asks nothing and keeps them.
    let toml = machine.path("/etc/appmanage/appmanage.toml");
    let own = format!("{}\n# mine\n", fs::read_to_string(&toml).expect("it is there"));
    fs::write(&toml, &own).expect("it can be written");
    apt_install(&machine, &[second]);
    assert_eq!(fs::read_to_string(&toml).expect("it is there"), own);
    assert_eq!(server.api.status(&app).as_deref(), Ok("30"), "the old server answers until it is restarted");
    server.stop();
    older_database::put_in_place(&machine);
    let server = machine.serve(&settings);
    assert!(older_database::was_changed(&machine), "the new server reads what an older one has left");
    server.api.await_status(&app, "30", Duration::from_secs(20));
    assert_eq!(life(&container), before, "nobody touched the app");
    server.api.await_status(&store, "30", Duration::from_secs(20));
    assert_eq!(kept(&server.api, &store), all, "apps, settings, users and keys are as they were");
    server.api.call("AppRestart", &[("app_id", &store)]).expect("the new server takes it over");
    wait::until("it runs again", INSTALL_LIMIT, || {
        let operation = server.api.operation(&store);
        (text(&operation, "/kind") == "restart" && text(&operation, "/state") == "succeeded").then_some(())
    });
    assert_eq!(in_volume(&store, "cat /data/marker").trim(), "kept");
    server.stop();

    machine.run(&["dpkg", "--remove", "appmanage"]);
    assert!(!machine.path("/usr/bin/appmanage").exists() && toml.exists());
    assert!(machine.path("/var/lib/appmanage/appmanage.db").exists());
    assert_eq!(life(&container), before);
    apt_install(&machine, &[second]);
    let server = machine.serve(&settings);
    server.api.await_status(&app, "30", Duration::from_secs(20));
    server.stop();

    machine.run(&["dpkg", "--purge", "appmanage"]);
    for gone in ["/etc/appmanage", "/run/appmanage", "/usr/share/doc/appmanage"] {
        assert!(!machine.path(gone).exists(), "{gone}");
    }
    assert_eq!(
        machine.run(&["ls", "-A", "/var/lib/appmanage"]),
        "apps\n",
        "their folders may hold their data"
    );
    assert_eq!(machine.run(&["find", "/etc/systemd", "/var/lib/systemd", "-name", "appmanage*"]), "");
    assert_eq!(life(&container), before, "apps and their volumes are Docker's");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn under_systemd_it_installs_apps_and_no_caller_is_refused_while_it_is_upgraded() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let [first, second] = packages();
    let machine = machine(folder.path(), &[]);
    let variables = settings().into_iter().map(|(name, value)| format!("Environment={name}={value}\n"));
    // A watchdog that is quick to bite, for the end of the test.
    let drop_in = format!("[Service]\nWatchdogSec=2\n{}", variables.collect::<String>());
    let drop_ins = machine.path("/etc/systemd/system/appmanage.service.d");
    fs::create_dir(&drop_ins).expect("a new folder");
    fs::write(drop_ins.join("test.conf"), drop_in).expect("it can be written");
    let booted = machine.boot();
    let install = |package: &Path| install_booted(&machine, &booted, package);
    let state = |unit: &str| booted.run(&["systemctl", "show", "--property=ActiveState", "--value", unit]);
    install(first);
    for unit in ["appmanage.service", "appmanage.socket", "appmanage-gateway.path"] {
        assert_eq!(state(unit).trim(), "active", "{}", booted.run(&["systemctl", "status", unit]));
    }
    let prefix = share::prefix();
    let _leftovers = Leftovers(prefix.clone());
    let (api, app) = (machine.api(), format!("{prefix}app"));
    api.install("hello", &app, "latest").expect("the install is accepted");
    api.await_status(&app, "30", INSTALL_LIMIT);
    let container = container(&app, "hello");
    let before = life(&container);

    let server = || booted.run(&["systemctl", "show", "--property=MainPID", "--value", "appmanage.service"]);
    let first_server = server();
    let upgraded = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| {
            let mut calls = 0;
            while !upgraded.load(Ordering::Relaxed) {
                assert_eq!(api.status(&app).as_deref(), Ok("30"), "call {calls}");
                calls += 1;
            }
        });
        install(second);
        upgraded.store(true, Ordering::Relaxed);
        caller.join().expect("every call was answered");
    });
    let second_server = server();
    assert_ne!(second_server, first_server, "the new program runs");
    assert_eq!(life(&container), before, "nobody touched the app");

    // One that hangs is ended and started again; one that was stopped is started by the next call.
    booted.run(&["systemctl", "kill", "--signal=STOP", "appmanage.service"]);
    wait::until("the watchdog bites", INSTALL_LIMIT, || (server() != second_server).then_some(()));
    assert_eq!(api.status(&app).as_deref(), Ok("30"));
    booted.run(&["systemctl", "stop", "appmanage.service"]);
    assert_eq!(state("appmanage.service").trim(), "inactive");
    assert_eq!(api.status(&app).as_deref(), Ok("30"));
    booted.run(&["apt-get", "purge", "--yes", "appmanage"]);
    assert_eq!(booted.run(&["systemctl", "list-units", "--all", "--quiet", "appmanage*"]).trim(), "");
    assert_eq!(life(&container), before);
}

/// The settings that keep a test out of others' way.
fn settings() -> Vec<(&'static str, String)> {
    let port = share::ports();
    vec![
        ("APPMANAGE_NETWORK_PORT_FIRST", port.to_string()),
        ("APPMANAGE_NETWORK_PORT_LAST", (port + share::PORTS - 1).to_string()),
        ("APPMANAGE_NETWORK_SUBNET_POOL", share::subnet_pool(8)),
        ("APPMANAGE_PUBLIC_HOST", "127.0.0.1".to_owned()),
        ("APPMANAGE_PROJECTS_FOREIGN", "false".to_owned()),
    ]
}

fn assert_installed(machine: &Machine) {
    let groups = machine.run(&["id", "--name", "--groups", "appmanage"]);
    assert_eq!(groups.trim(), "appmanage docker");
    let user = machine.run(&["getent", "passwd", "appmanage"]);
    assert!(user.contains(":/var/lib/appmanage:/usr/sbin/nologin"), "{user}");
    for wanted in [
        "multi-user.target.wants/appmanage.service",
        "multi-user.target.wants/appmanage-gateway.path",
        "sockets.target.wants/appmanage.socket",
    ] {
        let link = machine.path("/etc/systemd/system").join(wanted);
        assert!(fs::symlink_metadata(&link).is_ok(), "{wanted} is not enabled");
    }
    // What is installed belongs to root, whoever built it.
    for path in ["/usr/bin/appmanage", "/etc/appmanage", "/etc/appmanage/appmanage.toml"] {
        let found = fs::metadata(machine.path(path)).expect("it is installed");
        assert_eq!((found.uid(), found.mode() & 0o022), (0, 0), "{path}");
    }
    assert!(machine.run(&["appmanage", "--version"]).starts_with("appmanage "));
    assert_eq!(machine.run(&["dpkg", "--verify", "appmanage"]), "", "what is there is what was packed");
    // The units find the program, and systemd understands them.
    machine.run(&["systemd-analyze", "verify", "--man=no", "appmanage.service", "appmanage-gateway.path"]);
    let socket = machine.run(&["appmanage", "settings"]);
    assert!(socket.contains("listen = [\"unix:/run/appmanage/appmanage.sock\"]"), "{socket}");
}
