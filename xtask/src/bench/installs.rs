//! How long an install takes until the app is ready, over plain `docker compose pull && docker compose up -d` with
//! the same files, the same ports and the same wait.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::Bench;
use super::docker::Docker;
use super::figures::{Row, median, milliseconds, shown_ms};
use crate::api::text;
use crate::command::{run, until};
use crate::http::Address;
use crate::paths;
use crate::trial::Server;

/// How long an install may take before the bench gives up.
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

/// How long a page may take.
const PAGE_LIMIT: Duration = Duration::from_secs(10);

/// As often as the plain way looks: who asks more often takes from the two cores what the pull needs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The installs of many at once: so many, and so many of them at work at a time (the product's default).
const MANY: usize = 20;
const AT_ONCE: usize = 2;

/// One thing that is installed both ways.
struct Subject {
    what: &'static str,
    package: &'static str,
    version: &'static str,
    count: usize,
    goal: f64,
}

const SUBJECTS: [Subject; 3] = [
    Subject { what: "WordPress with MariaDB", package: "wordpress", version: "6.1", count: 1, goal: 1.0 },
    Subject { what: "hello", package: "hello", version: "1", count: 1, goal: 1.0 },
    Subject { what: "20 hellos at once, 2 at work", package: "hello", version: "1", count: MANY, goal: 1.05 },
];

pub(super) fn measure(bench: &Bench, docker: &Docker) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for subject in &SUBJECTS {
        println!("installs: {}", subject.what);
        // Not counted: it warms the page cache for both, and leaves the files that the plain way uses.
        let files = bench.programs.folder.join("plain");
        ours(bench, docker, subject, Some(&files))?;
        let (mut ours_ms, mut plain_ms) = (Vec::new(), Vec::new());
        for round in 0..bench.rounds() {
            // Which comes first changes, so that neither always finds what the other left warm.
            for way in 0..2 {
                if (round + way) % 2 == 0 {
                    ours_ms.push(milliseconds(ours(bench, docker, subject, None)?));
                } else {
                    plain_ms.push(milliseconds(plain(docker, subject, &files)?));
                }
            }
        }
        let (ours, plain) = (median(&ours_ms), median(&plain_ms));
        let ratio = ours / plain;
        let figure = format!("{ratio:.2} × ({} over {})", shown_ms(ours), shown_ms(plain));
        println!("    {figure}");
        rows.push(
            Row::new(subject.what, figure).goal(&format!("≤ {:.2} ×", subject.goal), ratio <= subject.goal),
        );
    }
    docker.clear()?;
    Ok(rows)
}

fn names(subject: &Subject) -> Vec<String> {
    (0..subject.count).map(|number| format!("bench{number:02}")).collect()
}

/// By our API, from the call to the status `30`. Copies the apps' folders if told to.
fn ours(bench: &Bench, docker: &Docker, subject: &Subject, copy_to: Option<&Path>) -> Result<Duration> {
    docker.clear()?;
    let data_dir = bench.programs.folder.join("installs");
    paths::remove_folder(&data_dir)?;
    let server = Server::start(&bench.programs, &data_dir, &docker.variables())?;
    let names = names(subject);
    let start = Instant::now();
    for name in &names {
        server.api.install(subject.package, name, subject.version)?;
    }
    let mut open: HashSet<&String> = names.iter().collect();
    while !open.is_empty() {
        for name in &names {
            if !open.contains(name) {
                continue;
            }
            match server.api.status(name)?.as_deref() {
                Some("30") => drop(open.remove(name)),
                Some("50") => bail!("{name} failed: {}", server.api.operation(name)?["reason"]),
                // They are served in this order: those after it have not come further.
                _ => break,
            }
        }
        ensure!(
            start.elapsed() < INSTALL_LIMIT,
            "an install takes longer than {} s",
            INSTALL_LIMIT.as_secs()
        );
        std::thread::sleep(BETWEEN_LOOKS);
    }
    let taken = start.elapsed();
    if let Some(files) = copy_to {
        keep_files(&server, &names, files)?;
    }
    server.stop()?;
    Ok(taken)
}

/// Keeps what `docker compose` was given, and the port that has to answer.
fn keep_files(server: &Server, names: &[String], files: &Path) -> Result<()> {
    paths::remove_folder(files)?;
    for name in names {
        let folder = files.join(name);
        paths::create_folder(&folder)?;
        let from = server.data_dir.join("apps").join(name);
        for file in ["compose.yaml", "compose.override.yaml", ".env"] {
            std::fs::copy(from.join(file), folder.join(file))
                .with_context(|| format!("{file} of {name} cannot be copied"))?;
        }
        let port = server.api.detail(name)?["running_info"]["port"].to_string();
        paths::write(&folder.join("port"), port)?;
    }
    Ok(())
}

/// By hand: pull, up, and the same wait; as many at a time as the server would have at work.
fn plain(docker: &Docker, subject: &Subject, files: &Path) -> Result<Duration> {
    docker.clear()?;
    let queue = Mutex::new(names(subject));
    let start = Instant::now();
    let work = || -> Result<()> {
        loop {
            let next = queue
                .lock()
                .ok()
                .and_then(|mut names| if names.is_empty() { None } else { Some(names.remove(0)) });
            let Some(name) = next else { return Ok(()) };
            plain_one(docker, &name, &files.join(&name))?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().ok().context("a worker panicked")??;
        }
        Ok(start.elapsed())
    })
}

fn plain_one(docker: &Docker, project: &str, folder: &PathBuf) -> Result<()> {
    let compose = |words: &[&str]| {
        let mut compose = docker.client();
        compose.current_dir(folder).args(["compose", "--project-name", project]);
        compose.args(words);
        run(&mut compose)
    };
    // compose.yaml, compose.override.yaml and .env are what it takes by itself.
    compose(&["pull"])?;
    compose(&["up", "--detach"])?;
    let port = paths::read(&folder.join("port"))?.trim().parse()?;
    let page = Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let is_ready = || {
        docker
            .containers(project)
            .is_ok_and(|containers| !containers.is_empty() && containers.iter().all(is_well))
            && page.get("/", PAGE_LIMIT).is_ok_and(|answer| answer.status < 500)
    };
    ensure!(until(INSTALL_LIMIT, is_ready), "{project} does not get ready by plain docker compose");
    Ok(())
}

fn is_well(container: &serde_json::Value) -> bool {
    let status = text(&container["Status"]);
    container["State"] == "running"
        && !status.contains("(health: starting)")
        && !status.contains("(unhealthy)")
}
