//! What a client can do to the whole process, and what the process has asked the kernel for.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::place::{Place, Started};

/// Connections that say nothing, or not enough.
const IDLE: u64 = 10_000;

/// By then everybody else must be answered, on a machine under load. (Without any care it takes 75 s.)
const PATIENCE: Duration = Duration::from_secs(5);

/// Files that other tests of this process have open meanwhile.
const OF_OTHERS: u64 = 2_000;

/// Lets this process open as many connections as the tests need.
fn allow_idle_connections() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = IDLE + OF_OTHERS;
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    // Root may raise the limit of the system, too. A flood of fewer would show less than it says.
    let maximum = maximum.map(|maximum| maximum.max(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
        .expect("this test opens 12,000 files: run it where `ulimit -Hn` is at least that");
}

fn answered_in_time(what: &str, answer: impl Fn() -> String) {
    let begun = Instant::now();
    let answer = answer();
    assert!(answer.starts_with("HTTP/1.1 200"), "{what}: {answer}");
    assert!(begun.elapsed() < PATIENCE, "{what}: answered after {:?}", begun.elapsed());
}

fn open_files(server: &Started) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.id())).expect("it is alive").count()
}

#[test]
fn ten_thousand_idle_connections_shut_nobody_out() {
    let place = Place::new();
    let mut server = place.serve(&["--listen", "unix:a.sock", "--listen", &place.address]);
    server.wait_until_ready();
    let says = [
        "",
        "GET /AppList HTTP/1.1\r\nHost: loc",
        "POST /AppInstall HTTP/1.1\r\nContent-Length: 99\r\n\r\nx",
    ];
    let mut idle: Vec<TcpStream> = Vec::new();
    allow_idle_connections();
    for number in 0..IDLE {
        let mut stream = TcpStream::connect(&place.address).expect("it listens");
        let words = says[usize::try_from(number % 3).expect("below 3")];
        // It may have been asked to go already.
        let _ = stream.write_all(words.as_bytes());
        idle.push(stream);
        if number % 1_000 == 999 {
            answered_in_time("TCP", || place.get("/AppList"));
            answered_in_time("Unix", || place.get_by_socket("a.sock", "/AppList"));
        }
    }
    assert!(open_files(&server) < 700, "{} files are open", open_files(&server));
    answered_in_time("TCP", || place.get("/healthz"));
    server.terminate();
}

#[test]
fn a_stream_of_events_outlives_a_flood_of_connections() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    server.wait_until_ready();
    let mut stream = TcpStream::connect(&place.address).expect("it listens");
    stream.write_all(b"GET /AppEvents HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it listens");
    let mut first = [0; 15];
    stream.read_exact(&mut first).expect("it answers");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let _idle: Vec<TcpStream> =
        (0..800).map(|_| TcpStream::connect(&place.address).expect("it listens")).collect();
    place.get("/healthz");
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("it can be set");
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest).expect_err("it goes on");
    assert_eq!(ended.kind(), std::io::ErrorKind::WouldBlock);
    server.terminate();
}

#[test]
fn the_process_may_open_many_files_and_never_writes_its_memory_to_a_disk() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    server.wait_until_ready();
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).expect("it is alive");
    let soft = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).expect("the kernel tells");
        line[name.len()..].split_whitespace().next().expect("a figure").to_owned()
    };
    assert_eq!(soft("Max core file size"), "0");
    let files: u64 = soft("Max open files").parse().expect("a number");
    let allowed = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    assert!(files >= allowed.min(8_192), "{files}");
    // What may not be dumped belongs to root there, whoever runs it.
    let status = std::os::unix::fs::MetadataExt::uid(
        &fs::metadata(format!("/proc/{}/environ", server.id())).expect("it is alive"),
    );
    assert_eq!(status, 0);
    server.terminate();
}
