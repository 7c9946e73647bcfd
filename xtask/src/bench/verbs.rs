//! How long stopping, starting and restarting an app take, over plain `docker compose` on the same app.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::Bench;
use super::docker::Docker;
use super::figures::{Row, median, milliseconds, shown_ms};
use crate::api::text;
use crate::command::{run, until};
use crate::paths;
use crate::trial::Server;

/// How long anything may take before the bench gives up.
const LIMIT: Duration = Duration::from_secs(300);

/// How often it is asked whether an operation has ended: far below what it takes.
const ASKED_EVERY: Duration = Duration::from_millis(2);

const GOAL: f64 = 1.05;

/// In this order each finds the app as it needs it.
const VERBS: [(&str, &str); 3] = [("AppStop", "stop"), ("AppStart", "start"), ("AppRestart", "restart")];

const SUBJECTS: [(&str, &str, &str); 2] =
    [("WordPress with MariaDB", "wordpress", "6.1"), ("hello", "hello", "1")];

pub(super) fn measure(bench: &Bench, docker: &Docker) -> Result<Vec<Row>> {
    docker.clear()?;
    let data_dir = bench.programs.folder.join("verbs");
    paths::remove_folder(&data_dir)?;
    let server = Server::start(&bench.programs, &data_dir, &docker.variables())?;
    let mut rows = Vec::new();
    for (what, package, version) in SUBJECTS {
        println!("verbs: {what}");
        server.api.install(package, package, version)?;
        await_running(&server, package)?;
        let folder = server.data_dir.join("apps").join(package);
        let (mut ours_ms, mut plain_ms) = (vec![Vec::new(); VERBS.len()], vec![Vec::new(); VERBS.len()]);
        for round in 0..bench.rounds() {
            // Which comes first changes, so that neither always finds what the other left warm.
            for way in 0..2 {
                for (number, (interface, verb)) in VERBS.into_iter().enumerate() {
                    let is_ours = (round + way) % 2 == 0;
                    let taken = if is_ours {
                        ours(&server, interface, package)?
                    } else {
                        plain(docker, verb, &folder)?
                    };
                    let times = if is_ours { &mut ours_ms } else { &mut plain_ms };
                    times[number].push(milliseconds(taken));
                    if verb != "stop" {
                        await_running(&server, package)?;
                    }
                }
            }
        }
        for (number, (_, verb)) in VERBS.into_iter().enumerate() {
            let (ours, plain) = (median(&ours_ms[number]), median(&plain_ms[number]));
            let ratio = ours / plain;
            let figure = format!("{ratio:.2} × ({} over {})", shown_ms(ours), shown_ms(plain));
            println!("    {verb}: {figure}");
            rows.push(Row::new(format!("{verb} {what}"), figure).goal(&format!("≤ {GOAL} ×"), ratio <= GOAL));
        }
    }
    server.stop()?;
    docker.clear()?;
    Ok(rows)
}

/// By our API, from the call to the end of the operation.
fn ours(server: &Server, interface: &str, app: &str) -> Result<Duration> {
    let start = Instant::now();
    server.api.call(interface, &[("app_id", app)])?;
    loop {
        let operation = server.api.operation(app)?;
        match text(&operation["state"]).as_str() {
            "succeeded" => return Ok(start.elapsed()),
            "failed" | "cancelled" => bail!("{interface} of {app} failed: {}", operation["reason"]),
            _ => ensure!(start.elapsed() < LIMIT, "{interface} of {app} takes longer than {LIMIT:?}"),
        }
        std::thread::sleep(ASKED_EVERY);
    }
}

/// By hand, in the app's folder.
fn plain(docker: &Docker, verb: &str, folder: &Path) -> Result<Duration> {
    let mut compose = docker.client();
    compose.current_dir(folder).args(["compose", verb]);
    let start = Instant::now();
    run(&mut compose)?;
    Ok(start.elapsed())
}

/// Waits until an app is up again, whoever started it.
fn await_running(server: &Server, app: &str) -> Result<()> {
    let runs = || server.api.status(app).is_ok_and(|status| status.as_deref() == Some("30"));
    ensure!(until(LIMIT, runs), "{app} does not get ready: {}", server.api.operation(app)?);
    Ok(())
}
