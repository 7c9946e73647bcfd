//! Started by systemd: with sockets that are there already, and with somebody who waits for the server's word.
//!
//! The shell stands in for systemd: it puts a socket where systemd would, and becomes the server.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Stdio;
use std::time::Duration;

use crate::place::{Place, Started};

/// Starts a server whose third file is `socket`.
fn serve_with(place: &Place, socket: impl Into<OwnedFd>, arguments: &[&str]) -> Started {
    let server = place.command(&["serve"]);
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "LISTEN_FDS=1 LISTEN_FDNAMES=api LISTEN_PID=$$ exec \"$@\" 3<&0 </dev/null", "sh"]);
    shell.arg(server.get_program()).args(server.get_args()).args(arguments).env_clear();
    for (name, value) in server.get_envs() {
        shell.env(name, value.expect("none is removed"));
    }
    shell.stdin(Stdio::from(socket.into()));
    place.start(shell)
}

#[test]
fn a_socket_that_is_handed_over_is_served_and_outlives_the_server() {
    let place = Place::new();
    let path = place.file("api.sock");
    let ours = UnixListener::bind(&path).expect("nothing is in the way");
    let address = format!("unix:{}", path.display());
    let socket = || ours.try_clone().expect("it is open");
    for _ in 0..2 {
        let mut server = serve_with(&place, socket(), &["--listen", &address]);
        server.wait_until_ready();
        assert!(place.get_by_socket("../api.sock", "/healthz").starts_with("HTTP/1.1 200"));
        let (code, log) = server.terminate();
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains("WARN systemd") && path.exists(), "{log}");
    }
    // Between two lives callers wait, as they would with systemd.
    let asked = std::thread::spawn(move || {
        let stream = std::os::unix::net::UnixStream::connect(path).expect("systemd listens");
        crate::place::ask(stream, "/healthz")
    });
    let mut server = serve_with(&place, socket(), &["--listen", &address]);
    server.wait_until_ready();
    assert!(asked.join().expect("it does not panic").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_handed_over_socket_that_is_not_in_the_settings_is_served_with_a_warning() {
    let place = Place::new();
    let path = place.file("other.sock");
    let mut server = serve_with(&place, UnixListener::bind(&path).expect("nothing is in the way"), &[]);
    server.wait_for_line("does not name");
    server.wait_until_ready();
    assert!(place.get_by_socket("../other.sock", "/healthz").starts_with("HTTP/1.1 200"));
    assert!(place.get("/healthz").starts_with("HTTP/1.1 200"), "and the settings hold");
}

#[test]
fn an_address_that_systemd_has_bound_is_not_bound_again() {
    let place = Place::new();
    let socket = TcpListener::bind(&place.address).expect("it was free a moment ago");
    let mut server = serve_with(&place, socket, &[]);
    server.wait_until_ready();
    assert!(place.get("/healthz").starts_with("HTTP/1.1 200"));
}

#[test]
fn what_cannot_be_served_is_refused_by_name() {
    let place = Place::new();
    let (code, log) = serve_with(&place, UnixDatagram::unbound().expect("a socket"), &[]).wait();
    assert_eq!(code, Some(1));
    assert!(log.contains("the socket \"api\", which is neither"), "{log}");
}

#[test]
fn systemd_is_told_of_start_life_and_end() {
    let place = Place::new();
    let path = place.file("notify.sock");
    let systemd = UnixDatagram::bind(&path).expect("nothing is in the way");
    systemd.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    let told = || {
        let mut words = [0; 256];
        let length = loop {
            match systemd.recv(&mut words) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                told => break told.expect("the server says something"),
            }
        };
        String::from_utf8_lossy(&words[..length]).trim().to_owned()
    };
    let mut server = place.command(&["serve"]);
    server.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let server = place.start(server);
    let mut words = vec![told()];
    while !(words.contains(&"READY=1".to_owned()) && words.last().is_some_and(|word| word == "WATCHDOG=1")) {
        words.push(told());
    }
    server.ask_to_stop();
    while told() != "STOPPING=1" {}
    let (code, _) = server.wait();
    assert_eq!(code, Some(0));
    assert!(fs::exists(&path).expect("it can be looked at"));
}
