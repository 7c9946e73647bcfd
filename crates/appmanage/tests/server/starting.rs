//! How it starts, and what it says where it cannot.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::place::{Place, Started};

#[test]
fn it_answers_on_socket_and_address_and_ends_cleanly_at_sigterm() {
    let place = Place::new();
    let mut server = place.serve(&["--listen", "unix:a.sock", "--listen", &place.address]);
    server.wait_until_ready();
    let socket = place.data_dir().join("a.sock");
    assert_eq!(fs::metadata(&socket).expect("it is there").permissions().mode() & 0o777, 0o660);
    assert!(place.get_by_socket("a.sock", "/healthz").starts_with("HTTP/1.1 200"));
    assert!(place.get("/healthz").starts_with("HTTP/1.1 200"));
    let list = place.get("/AppList");
    assert!(list.starts_with("HTTP/1.1 200") && list.contains("\"ResponseData\":[]"), "{list}");
    let (code, log) = server.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped") && !socket.exists(), "{log}");
}

#[test]
fn without_an_engine_it_starts_and_says_so_in_one_line() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    server.wait_until_ready();
    assert!(!place.get("/readyz").starts_with("HTTP/1.1 200"));
    server.wait_for_line("the container engine is away");
    let (_, log) = server.terminate();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(" WARN ")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("no such socket; install Docker, start it"), "{log}");
}

#[test]
fn a_second_server_on_one_data_directory_is_refused_and_told_who_holds_it() {
    let place = Place::new();
    let mut first = place.serve(&[]);
    first.wait_until_ready();
    let (code, log) = place.serve(&["--listen", "127.0.0.1:0"]).wait();
    assert_eq!(code, Some(1));
    let holder = format!("is in use by another server (process {}): stop that one", first.id());
    assert!(log.contains(&holder), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(place.get("/healthz").starts_with("HTTP/1.1 200"), "the first is not disturbed");
    first.terminate();
}

#[test]
fn after_kill_9_the_next_start_takes_lock_and_socket_over() {
    let place = Place::new();
    let mut first = place.serve(&["--listen", "unix:a.sock"]);
    first.wait_until_ready();
    first.kill();
    assert!(place.data_dir().join("a.sock").exists());
    let mut second = place.serve(&["--listen", "unix:a.sock"]);
    second.wait_until_ready();
    assert!(place.get_by_socket("a.sock", "/healthz").starts_with("HTTP/1.1 200"));
    second.terminate();
}

/// The one line that a start which cannot work ends with.
fn refusal(server: Started) -> String {
    let (code, log) = server.wait();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.starts_with("appmanage: ") && log.lines().count() == 1, "{log}");
    log
}

#[test]
fn an_address_that_is_taken_is_told() {
    let place = Place::new();
    let _other = TcpListener::bind(&place.address).expect("it is free");
    let log = refusal(place.serve(&[]));
    assert!(
        log.contains(&format!("cannot listen at {}: another program does already", place.address)),
        "{log}"
    );
}

#[test]
fn a_docker_that_cannot_be_used_is_told() {
    let place = Place::new();
    place.docker("echo 2.28.1");
    assert!(refusal(place.serve(&[])).contains("2.29 or newer is needed"));
    place.docker("echo \"docker: 'compose' is not a docker command.\" >&2; exit 1");
    assert!(refusal(place.serve(&[])).contains("docker has no compose plugin: install"));
    place.no_docker();
    assert!(refusal(place.serve(&[])).contains("no docker command is found on the PATH: install"));
}

#[test]
fn a_database_of_a_newer_server_is_refused() {
    let place = Place::new();
    drop(store::SqliteStore::open(&place.data_dir()).expect("it can be created"));
    let database = place.data_dir().join(store::FILE_NAME);
    // Bytes 60 to 63 of the file are `PRAGMA user_version`.
    let mut bytes = fs::read(&database).expect("it is there");
    bytes[60..64].copy_from_slice(&77_u32.to_be_bytes());
    fs::write(&database, bytes).expect("it is ours");
    let log = refusal(place.serve(&[]));
    assert!(log.contains("schema version 77") && log.contains("run the newer appmanage"), "{log}");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_told() {
    let place = Place::new();
    let log = refusal(place.serve(&["--data-dir", "/sys/appmanage"]));
    assert!(log.contains("the data directory /sys/appmanage cannot be written"), "{log}");
}

#[test]
fn a_full_disk_is_told() {
    let place = Place::new();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(place.data_dir()).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        writeln!(std::io::stderr(), "left out: mounting a small file system takes root").expect("stderr");
        return;
    }
    let filled = fs::write(place.data_dir().join("ballast"), vec![0; 1 << 20]);
    let (code, log) = place.serve(&[]).wait();
    let unmounted = Command::new("umount").arg(place.data_dir()).status();
    assert!(filled.is_err() && unmounted.is_ok_and(|status| status.success()));
    assert_eq!(code, Some(1));
    assert!(log.contains("the disk is full; free some space"), "{log}");
}

#[test]
fn exit_codes_tell_misuse_from_failure() {
    let place = Place::new();
    let code = |arguments: &[&str]| {
        let output = place.command(arguments).output().expect("it can be run");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(code(&["--version"]).0, Some(0));
    assert_eq!(code(&["settings"]).0, Some(0));
    assert_eq!(code(&["serve", "--nonsense"]).0, Some(2));
    assert_eq!(code(&["frobnicate"]).0, Some(2));
    let (usage, line) = code(&["settings", "--listen", "5000"]);
    assert_eq!(usage, Some(2));
    assert!(
        line.starts_with("appmanage: flag --listen: listen cannot be [\"5000\"]: write a list"),
        "{line}"
    );
    let (failure, line) = code(&["settings", "--config", "/nowhere.toml"]);
    assert_eq!(failure, Some(2));
    assert_eq!(
        line,
        "appmanage: cannot read the configuration file /nowhere.toml: No such file or directory (os error 2)\n"
    );
    // Settings that no further try mends: systemd makes none.
    for wrong in ["a = b", "nonsense = 1", "log.format = \"xml\"", "gateway.user = \"nobody-of-that-name\""] {
        let file = place.file("wrong.toml");
        fs::write(&file, wrong).expect("it can be written");
        let file = file.to_str().expect("a path in UTF-8");
        assert_eq!(code(&["serve", "--config", file]).0, Some(2), "{wrong}");
    }
    assert_eq!(
        code(&["user", "list", "--server", "http://127.0.0.1:1"]).0,
        Some(3),
        "as any failure of the client's"
    );
}

#[test]
fn settings_prints_what_is_in_force_and_where_it_comes_from() {
    let place = Place::new();
    let file = place.data_dir().join("settings.toml");
    fs::write(&file, "installs.at_once = 3\n").expect("it can be written");
    let output = place
        .command(&["settings", "--listen", "127.0.0.1:7", "--config"])
        .arg(&file)
        .env("APPMANAGE_LOG_FORMAT", "json")
        .output()
        .expect("it can be run");
    let printed = String::from_utf8(output.stdout).expect("it is text");
    let line = |key: &str| {
        let line = printed.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.expect("every setting is printed").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("installs.at_once"), format!("installs.at_once = 3 # {}:1", file.display()));
    assert_eq!(line("log.format"), "log.format = \"json\" # environment APPMANAGE_LOG_FORMAT");
    assert_eq!(line("listen"), "listen = [\"127.0.0.1:7\"] # flag --listen");
    assert_eq!(line("network.subnet_prefix"), "network.subnet_prefix = 27 # default");
}
