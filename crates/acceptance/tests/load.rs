//! AppStatus asked a thousand times a second while installs are at work, and then as often as the machine carries: no
//! answer is lost and none is wrong. What it took is shown.
//!
//! `cargo xtask load` runs it for a minute, with the program as it ships; with all other tests it lasts moments.
//! `TESTENV_LOAD_SECONDS` says how long.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::time::{Duration, Instant};

use acceptance::apps::{self, INSTALL_LIMIT};
use acceptance::http::Stream;
use acceptance::json::text;
use acceptance::{Api, Hello, Setup, note, random};
use serde_json::Value;

/// What is asked for (issue 4).
const CALLS_PER_SECOND: u32 = 1_000;
const INSTALLS: usize = 20;

/// Connections that share them out, and those that ask as fast as they are answered.
const CLIENTS: u32 = 8;
const EAGER_CLIENTS: u32 = 16;

/// Where nobody says how long.
const SHORT_SECONDS: u64 = 6;

/// In the order in which an install that goes well has them.
const STATUSES: [&str; 5] = ["00", "10", "11", "12", "30"];

/// A connection that is kept, and how far each app was when it was last asked about.
struct Client {
    stream: BufReader<Box<dyn Stream>>,
    seen: BTreeMap<String, usize>,
}

impl Client {
    fn of(api: &Api) -> Self {
        let stream = api.address.connect().expect("the server listens");
        Self { stream: BufReader::new(stream), seen: BTreeMap::new() }
    }

    /// Asks for a status and asserts that it is one that the app can have now.
    fn ask(&mut self, name: &str) {
        let answer = self.answer(name).unwrap_or_else(|error| panic!("an answer is lost: {error}"));
        let data = &answer["ResponseData"];
        assert!(answer.get("Error").is_none() && text(data, "/app_id") == name, "{name}: {answer}");
        let code = text(data, "/status_code");
        let place = STATUSES.iter().position(|status| *status == code);
        let place = place.unwrap_or_else(|| panic!("{name} goes well, and is {code}"));
        let before = self.seen.insert(name.to_owned(), place).unwrap_or_default();
        assert!(before <= place, "{name} was {}, and is {code}", STATUSES[before]);
    }

    fn answer(&mut self, name: &str) -> io::Result<Value> {
        let request = format!(
            "GET /AppStatus?app_id={name} HTTP/1.1\r\nHost: localhost\r\nVersion: v1\r\nLanguage: en\r\n\r\n"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(number) = line.strip_prefix("content-length: ") {
                length = number.parse().map_err(io::Error::other)?;
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        serde_json::from_slice(&body).map_err(io::Error::other)
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_thousand_calls_a_second_during_installs_are_all_answered_and_all_rightly() {
    let seconds = random::wanted("TESTENV_LOAD_SECONDS").unwrap_or(SHORT_SECONDS);
    // Two are at work at a time: so slow that they last for about as long as is asked.
    let delay = (seconds * 2 / INSTALLS as u64).saturating_sub(1).to_string();
    let hello = Hello::named("hello").environment("HELLO_DELAY_SECONDS", &delay);
    let server = Setup::default().subnets(64).packages(&[hello.package()]).start();
    let begin = |batch: &str, count| -> Vec<String> {
        (0..count).map(|number| apps::begin(&server, "hello", &format!("{batch}{number:02}"))).collect()
    };
    let mut names = begin("a", INSTALLS);
    let mut taken = asked_steadily(&server.api(), &names, Duration::from_secs(seconds));
    taken.sort_unstable();
    let of = |share: usize| taken[(taken.len() - 1) * share / 1_000];
    note(&format!(
        "{} AppStatus in {seconds} s during {INSTALLS} installs, all answered: p50 {:?}, p99 {:?}, p99.9 {:?}, at most {:?}",
        taken.len(),
        of(500),
        of(990),
        of(999),
        of(1_000)
    ));
    names.extend(begin("b", INSTALLS / 4));
    let time = Duration::from_secs(seconds.div_ceil(6));
    let answered = asked_eagerly(&server.api(), &names, time);
    let per_second = answered as f64 / time.as_secs_f64();
    note(&format!("as fast as it goes, {EAGER_CLIENTS} connections: {per_second:.0} AppStatus a second"));
    for name in &names {
        server.api().await_status(name, "30", INSTALL_LIMIT);
        assert!(apps::page(&server, name).body.contains("Hello"));
    }
}

/// Asks at the rate, whatever the answers take. Gives how long after its time each was answered.
fn asked_steadily(api: &Api, names: &[String], time: Duration) -> Vec<Duration> {
    let count = CALLS_PER_SECOND * u32::try_from(time.as_secs()).expect("not for ever") / CLIENTS;
    let began = Instant::now();
    let client = |number: u32| {
        let mut client = Client::of(api);
        let mut taken = Vec::new();
        for (call, name) in (0..count).zip(names.iter().cycle()) {
            let due = began + Duration::from_secs(1) * (call * CLIENTS + number) / CALLS_PER_SECOND;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            client.ask(name);
            taken.push(due.elapsed());
        }
        taken
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || client(number))).collect();
        clients.into_iter().flat_map(|client| client.join().expect("all its answers were right")).collect()
    })
}

/// Asks as fast as there are answers. Gives how many there were.
fn asked_eagerly(api: &Api, names: &[String], time: Duration) -> usize {
    let client = || {
        let (mut client, began, mut count) = (Client::of(api), Instant::now(), 0);
        for name in names.iter().cycle() {
            if began.elapsed() >= time {
                break;
            }
            client.ask(name);
            count += 1;
        }
        count
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..EAGER_CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().expect("all its answers were right")).sum()
    })
}
