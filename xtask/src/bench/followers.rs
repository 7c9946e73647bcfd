//! AppStatus with 200 apps while 50 clients follow AppEvents and things happen to the apps, before an engine that
//! exists only on a socket.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::Bench;
use super::docker::Docker;
use super::figures::Row;
use super::reads::{rounds, status_request};
use crate::api::{Api, HEADERS};
use crate::command::until;
use crate::http::Address;
use crate::trial::{FakeMachine, Server, all_run};

const APPS: usize = 200;
const FOLLOWERS: usize = 50;

const LOOK_LIMIT: Duration = Duration::from_secs(60);

/// Between two apps to which something is done. The fake engine stops nothing, so that each takes seconds, and eight
/// are at work at once.
const BETWEEN_VERBS: Duration = Duration::from_millis(250);

pub(super) fn measure(bench: &Bench, docker: &Docker) -> Result<Vec<Row>> {
    println!("followers");
    let machine = FakeMachine::with_apps(&bench.programs, &docker.variables(), APPS)?;
    let server = Server::start(&bench.programs, &machine.data_dir, &machine.variables)?;
    ensure!(until(LOOK_LIMIT, || all_run(&server.api, APPS)), "not all of the {APPS} apps run");
    let bytes = Arc::new(AtomicU64::new(0));
    let followers = (0..FOLLOWERS).map(|_| Follower::of(&server.api, &bytes));
    let followers: Vec<Follower> = followers.collect::<Result<_>>()?;
    let is_over = AtomicBool::new(false);
    let measured = std::thread::scope(|scope| {
        scope.spawn(|| keep_busy(&server.api, &is_over));
        let measured = rounds(bench, &server.api, &status_request(), 2_000);
        let memory = server.memory_bytes();
        is_over.store(true, Ordering::Relaxed);
        anyhow::Ok((measured?, memory?))
    });
    drop(followers);
    let (measured, (rss, pss)) = measured?;
    let told = bytes.load(Ordering::Relaxed) / 1_000;
    ensure!(told > 0, "the followers were told of nothing");
    server.stop()?;
    let what = format!("{APPS} apps, {FOLLOWERS} clients following AppEvents");
    let figure = format!("{} ({told} kB told meanwhile)", measured.latency());
    Ok(vec![
        Row::new(format!("AppStatus, {what}: p50 / p99"), figure).goal("p50 < 0.3 ms", measured.p50 < 0.3),
        Row::new(format!("memory, {what}: RSS (PSS)"), format!("{:.1} MB ({:.1} MB)", rss / 1e6, pss / 1e6))
            .goal("≤ 40 MB", rss <= 40e6),
    ])
}

/// Lets something happen, to one app after the other, but the one that is asked for.
fn keep_busy(api: &Api, is_over: &AtomicBool) {
    for number in (1..APPS).cycle() {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        // One that is still at work on the last time refuses.
        api.call("AppRestart", &[("app_id", &format!("blog{number:04}"))]).ok();
        std::thread::sleep(BETWEEN_VERBS);
    }
}

/// A client of AppEvents, until it is dropped.
struct Follower {
    stream: TcpStream,
}

impl Follower {
    fn of(api: &Api, bytes: &Arc<AtomicU64>) -> Result<Follower> {
        let Address::Tcp(address) = api.address else { bail!("the bench's server listens on TCP") };
        let mut stream = TcpStream::connect(address).context("a follower cannot connect")?;
        // HTTP/1.0 has no chunks: the stream is all that comes.
        write!(stream, "GET /AppEvents HTTP/1.0\r\nHost: localhost\r\n{HEADERS}\r\n")?;
        let (mut reading, bytes) = (stream.try_clone()?, Arc::clone(bytes));
        std::thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            while let Ok(length @ 1..) = reading.read(&mut chunk) {
                bytes.fetch_add(length as u64, Ordering::Relaxed);
            }
        });
        Ok(Follower { stream })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stream.shutdown(Shutdown::Both).ok();
    }
}
