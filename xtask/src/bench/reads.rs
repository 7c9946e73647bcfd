//! AppStatus and AppList with 1, 100 and 1,000 apps, before an engine that exists only on a socket.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Bench;
use super::docker::Docker;
use super::figures::{Row, median, percentile, shown_ms};
use super::load::{latencies, throughput};
use crate::api::{Api, call};
use crate::command::until;
use crate::trial::{FakeMachine, Server, all_run};

/// Connections at once where throughput is measured.
const CONNECTIONS: usize = 16;

/// How long throughput is measured in each round.
const THROUGHPUT_TIME: Duration = Duration::from_secs(2);

/// How long the server may take to look at the containers of a thousand apps.
const LOOK_LIMIT: Duration = Duration::from_secs(60);

/// Whether every package of the catalog has been judged: after its start, the server runs `docker compose` for that.
fn all_judged(api: &Api) -> bool {
    api.call("AppCatalog", &[("limit", "100")]).is_ok_and(|list| {
        let packages = list.as_array().map_or(&[][..], Vec::as_slice);
        !packages.is_empty() && packages.iter().all(|package| package["policy"]["verdict"] != "unknown")
    })
}

pub(super) fn measure(bench: &Bench, docker: &Docker) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for count in [1, 100, 1_000] {
        let mut machine = FakeMachine::with_apps(&bench.programs, &docker.variables(), count)?;
        let server = Server::start(&bench.programs, &machine.data_dir, &machine.variables)?;
        ensure!(until(LOOK_LIMIT, || all_run(&server.api, count)), "not all of the {count} apps run");
        ensure!(until(LOOK_LIMIT, || all_judged(&server.api)), "not all packages are judged");
        if count == 100 {
            rows.push(proof(bench, &mut machine, &server)?);
        }
        println!("reads, {}", apps(count));
        rows.extend(status_rows(bench, &server, count)?);
        rows.extend(list_rows(bench, &server, count)?);
        server.stop()?;
    }
    Ok(rows)
}

/// That reads start no process and ask Docker nothing.
fn proof(bench: &Bench, machine: &mut FakeMachine, server: &Server) -> Result<Row> {
    let count = bench.repetitions(5_000);
    let (requests, children) = (machine.requests()?, server.children()?);
    let start = Instant::now();
    latencies(&server.api, &status_request(), count)?;
    latencies(&server.api, &call("AppList", &[]), count)?;
    let time = start.elapsed();
    let asked = machine.requests()? - requests;
    let is_without_process = server.children()? == children;
    let processes = if is_without_process { "no process" } else { "processes" };
    let figure =
        format!("{asked} Docker calls, {processes} ({} reads in {:.1} s)", 2 * count, time.as_secs_f64());
    Ok(Row::new("Docker calls and processes for reads, 100 apps", figure)
        .goal("none", asked == 0 && is_without_process))
}

pub(super) fn status_request() -> Vec<u8> {
    call("AppStatus", &[("app_id", "blog0000")])
}

fn status_rows(bench: &Bench, server: &Server, count: usize) -> Result<Vec<Row>> {
    let measured = rounds(bench, &server.api, &status_request(), 2_000)?;
    let what = format!("AppStatus, {}", apps(count));
    Ok(vec![
        Row::new(format!("{what}: p50 / p99"), measured.latency()).goal("p50 < 0.3 ms", measured.p50 < 0.3),
        Row::new(format!("{what}: a second, {CONNECTIONS} connections"), measured.per_second()),
    ])
}

fn list_rows(bench: &Bench, server: &Server, count: usize) -> Result<Vec<Row>> {
    let repetitions = if count < 1_000 { 1_000 } else { 200 };
    let measured = rounds(bench, &server.api, &call("AppList", &[]), repetitions)?;
    let what = format!("AppList, {}", apps(count));
    let latency = Row::new(format!("{what}: p50 / p99"), measured.latency());
    let throughput = Row::new(format!("{what}: a second, {CONNECTIONS} connections"), measured.per_second());
    Ok(match count {
        100 => vec![
            latency.goal("p50 < 1.5 ms", measured.p50 < 1.5),
            throughput.goal("≥ 2,000", measured.throughput >= 2_000.0),
        ],
        1_000 => vec![latency.goal("p50 < 15 ms", measured.p50 < 15.0), throughput],
        _ => vec![latency, throughput],
    })
}

fn apps(count: usize) -> String {
    match count {
        1 => "1 app".to_owned(),
        1_000 => "1,000 apps".to_owned(),
        count => format!("{count} apps"),
    }
}

/// Medians over the rounds.
pub(super) struct Measured {
    pub(super) p50: f64,
    p99: f64,
    throughput: f64,
}

impl Measured {
    pub(super) fn latency(&self) -> String {
        format!("{} / {}", shown_ms(self.p50), shown_ms(self.p99))
    }

    fn per_second(&self) -> String {
        format!("{:.0}", self.throughput)
    }
}

pub(super) fn rounds(bench: &Bench, api: &Api, request: &[u8], repetitions: usize) -> Result<Measured> {
    let (mut p50, mut p99, mut per_second) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let taken = latencies(api, request, bench.repetitions(repetitions))?;
        p50.push(percentile(&taken, 0.5));
        p99.push(percentile(&taken, 0.99));
        per_second.push(throughput(api, request, CONNECTIONS, THROUGHPUT_TIME)?);
    }
    Ok(Measured { p50: median(&p50), p99: median(&p99), throughput: median(&per_second) })
}
