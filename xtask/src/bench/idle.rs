//! A server at rest with 100 apps: start, memory, processor, size.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Bench;
use super::docker::Docker;
use super::figures::{Row, median, milliseconds, shown_ms};
use crate::command::until;
use crate::trial::{FakeMachine, Server, all_run};

const APPS: usize = 100;

/// After a start: threads that blocked for the disk end after ten idle seconds.
const SETTLE: Duration = Duration::from_secs(12);

/// Processor time is taken over this long in each round. Too short for the full look at the engine that comes once
/// a minute: what that costs is not in the figure.
const WINDOW: Duration = Duration::from_secs(12);

const LOOK_LIMIT: Duration = Duration::from_secs(30);

pub(super) fn measure(bench: &Bench, docker: &Docker) -> Result<Vec<Row>> {
    let machine = FakeMachine::with_apps(&bench.programs, &docker.variables(), APPS)?;
    // The first life finds rows that no server has seen before, and stores what it saw.
    let first = Server::start(&bench.programs, &machine.data_dir, &machine.variables)?;
    ensure!(until(LOOK_LIMIT, || all_run(&first.api, APPS)), "not all of the {APPS} apps run");
    first.stop()?;
    let (mut starts, mut truths, mut resident, mut proportional) = (vec![], vec![], vec![], vec![]);
    let mut processor = Vec::new();
    for round in 0..bench.rounds() {
        println!("at rest, round {}", round + 1);
        let mut server = Server::spawn(&bench.programs, &machine.data_dir, &machine.variables)?;
        starts.push(milliseconds(server.wait(|api| api.call("AppList", &[]).is_ok())?));
        truths.push(milliseconds(server.wait(|api| api.is_good("/readyz") && all_run(api, APPS))?));
        if !bench.quick {
            std::thread::sleep(SETTLE);
        }
        let (rss, pss) = server.memory_bytes()?;
        resident.push(rss / 1e6);
        proportional.push(pss / 1e6);
        processor.push(share_of_a_core(&server));
        server.stop()?;
    }
    let (start, rss, cpu) = (median(&starts), median(&resident), median(&processor));
    let size = std::fs::metadata(&bench.programs.server)?.len() as f64 / 1e6;
    Ok(vec![
        Row::new("start to first answer (AppList), 100 apps", shown_ms(start))
            .goal("≤ 100 ms", start <= 100.0),
        Row::new("start until ready to install and every app looked at", shown_ms(median(&truths))),
        Row::new("memory, 100 apps: RSS (PSS)", format!("{rss:.1} MB ({:.1} MB)", median(&proportional)))
            .goal("≤ 20 MB", rss <= 20.0),
        Row::new("processor, 100 apps", format!("{:.3} % of a core", cpu * 100.0))
            .goal("< 0.2 %", cpu < 0.002),
        Row::new("binary", format!("{size:.1} MB")),
    ])
}

/// The part of one core that the server takes while nobody asks it anything.
fn share_of_a_core(server: &Server) -> f64 {
    let (before, start) = (server.processor_time(), Instant::now());
    std::thread::sleep(WINDOW);
    let after = server.processor_time();
    let spent: Duration = after
        .iter()
        .map(|(thread, time)| time.saturating_sub(before.get(thread).copied().unwrap_or_default()))
        .sum();
    spent.as_secs_f64() / start.elapsed().as_secs_f64()
}
