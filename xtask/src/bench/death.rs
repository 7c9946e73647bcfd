//! How long a container's death takes to show, and what a list takes beside `docker compose ls`, both with 25 apps
//! on the real engine.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::Bench;
use super::docker::Docker;
use super::figures::{Row, median, milliseconds, shown_ms};
use super::reads::rounds;
use crate::api::{call, text};
use crate::command::{run, until};
use crate::paths;
use crate::trial::{Server, all_run};

const APPS: usize = 25;

/// How long the installs may take, and a restarted container.
const LIMIT: Duration = Duration::from_secs(300);

/// Calls of `docker compose ls` in each round.
const CALLS: usize = 5;

pub(super) fn measure(bench: &Bench, docker: &Docker) -> Result<Vec<Row>> {
    println!("a container's death, {APPS} apps");
    docker.clear()?;
    let data_dir = bench.programs.folder.join("death");
    paths::remove_folder(&data_dir)?;
    let server = Server::start(&bench.programs, &data_dir, &docker.variables())?;
    for number in 0..APPS {
        server.api.install("hello", &format!("bench{number:02}"), "1")?;
    }
    ensure!(until(LIMIT, || all_run(&server.api, APPS)), "not all of the {APPS} apps run");
    let mut rows = deaths(bench, docker, &server)?;
    rows.extend(lists(bench, docker, &server)?);
    server.stop()?;
    docker.clear()?;
    Ok(rows)
}

fn deaths(bench: &Bench, docker: &Docker, server: &Server) -> Result<Vec<Row>> {
    let (mut shown, mut back) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds() {
        let app = format!("bench{round:02}");
        let containers = docker.containers(&app)?;
        let id = text(&containers.first().with_context(|| format!("{app} has a container"))?["Id"]);
        let start = Instant::now();
        docker.ask("POST", &format!("/containers/{id}/kill"))?;
        wait(|| status(server, &app).as_deref() != Some("30"))?;
        shown.push(milliseconds(start.elapsed()));
        let start = Instant::now();
        docker.ask("POST", &format!("/containers/{id}/start"))?;
        wait(|| status(server, &app).as_deref() == Some("30"))?;
        back.push(milliseconds(start.elapsed()));
    }
    let death = median(&shown);
    Ok(vec![
        Row::new("`docker kill` to the changed status, 25 apps", shown_ms(death))
            .goal("≤ 1 s", death <= 1_000.0),
        Row::new("`docker start` to `30` again, its page asked for", shown_ms(median(&back))),
    ])
}

fn status(server: &Server, app: &str) -> Option<String> {
    server.api.status(app).ok().flatten()
}

/// Waits as closely as can be: what is measured may take a millisecond.
fn wait(condition: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while !condition() {
        ensure!(start.elapsed() < LIMIT, "the status does not change");
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok(())
}

fn lists(bench: &Bench, docker: &Docker, server: &Server) -> Result<Vec<Row>> {
    let mut compose = Vec::new();
    for _ in 0..bench.rounds() * CALLS {
        let start = Instant::now();
        run(docker.client().args(["compose", "ls"]))?;
        compose.push(milliseconds(start.elapsed()));
    }
    let compose = median(&compose);
    let ours = rounds(bench, &server.api, &call("AppList", &[]), 1_000)?;
    let ratio = compose / ours.p50;
    let status = rounds(bench, &server.api, &call("AppStatus", &[("app_id", "bench00")]), 1_000)?;
    Ok(vec![
        Row::new("AppStatus, 25 apps on the real engine: p50 / p99", status.latency()),
        Row::new("AppList, 25 apps on the real engine: p50 / p99", ours.latency()),
        Row::new(
            "`docker compose ls`, the same apps",
            format!("{} ({ratio:.0} × AppList)", shown_ms(compose)),
        ),
    ])
}
