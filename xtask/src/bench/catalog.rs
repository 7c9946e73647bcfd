//! A catalog of 2,000 packages: how long a start takes with it, how long a search, and what it costs at rest.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::Bench;
use super::docker::Docker;
use super::figures::{Row, median, milliseconds, shown_ms};
use super::reads::rounds;
use crate::api::{Api, call};
use crate::command::until;
use crate::paths;
use crate::trial::{FakeMachine, Server};

const PACKAGES: usize = 2_000;

/// How long the packages may take to be translated, which is once for each sync.
const SYNC_LIMIT: Duration = Duration::from_secs(300);

/// After a start: threads that blocked for the disk end after ten idle seconds.
const SETTLE: Duration = Duration::from_secs(12);

pub(super) fn measure(bench: &Bench, docker: &Docker) -> Result<Vec<Row>> {
    let machine = FakeMachine::with_apps(&bench.programs, &docker.variables(), 1)?;
    let source = bench.programs.folder.join("packages");
    generate(&source)?;
    let (start_without, memory_without) = lives(bench, &machine)?;
    let server = Server::start(&bench.programs, &machine.data_dir, &machine.variables)?;
    let source = source.display().to_string();
    server.api.call("CatalogAdd", &[("name", "store"), ("source", &source)])?;
    ensure!(until(SYNC_LIMIT, || is_ready(&server.api)), "the catalog is not synced in {SYNC_LIMIT:?}");
    let nothing = rounds(bench, &server.api, &call("AppCatalog", &[("search", "no such thing")]), 500)?;
    let last = rounds(bench, &server.api, &call("AppCatalog", &[("search", "number 1999")]), 500)?;
    server.stop()?;
    let (start, memory) = lives(bench, &machine)?;
    let (more_start, more_memory) = (start - start_without, memory - memory_without);
    let what = "2,000 packages";
    Ok(vec![
        Row::new(format!("{what}: what they add to the start"), shown_ms(more_start))
            .goal("< 1 s", more_start < 1_000.0),
        Row::new(format!("{what}: a search that finds nothing, p50 / p99"), nothing.latency())
            .goal("p50 < 5 ms", nothing.p50 < 5.0),
        Row::new(format!("{what}: a search that finds one, p50 / p99"), last.latency())
            .goal("p50 < 5 ms", last.p50 < 5.0),
        Row::new(
            format!("{what}: what they add to the memory at rest (RSS)"),
            format!("{more_memory:.1} MB"),
        )
        .goal("≤ 20 MB", more_memory <= 20.0),
    ])
}

/// How long a start takes until the list is told, and the memory at rest in MB: medians over the rounds.
fn lives(bench: &Bench, machine: &FakeMachine) -> Result<(f64, f64)> {
    let (mut starts, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let mut server = Server::spawn(&bench.programs, &machine.data_dir, &machine.variables)?;
        starts.push(milliseconds(server.wait(|api| api.call("AppCatalog", &[("limit", "1")]).is_ok())?));
        if !bench.quick {
            std::thread::sleep(SETTLE);
        }
        resident.push(server.memory_bytes()?.0 / 1e6);
        server.stop()?;
    }
    Ok((median(&starts), median(&resident)))
}

fn is_ready(api: &Api) -> bool {
    api.call("CatalogList", &[]).is_ok_and(|list| list[0]["state"] == "ready")
}

/// Packages as large as those of the field are.
fn generate(folder: &Path) -> Result<()> {
    for number in 0..PACKAGES {
        let package = folder.join(format!("app-{number:04}"));
        paths::create_folder(&package)?;
        paths::write(&package.join("compose.yaml"), compose(number))?;
    }
    Ok(())
}

fn compose(number: usize) -> String {
    let sentence = "keeps what people write, draw and photograph, on a machine of their own";
    format!(
        r#"x-appmanage:
  trademark: App {number}
  description: {{ zh: "应用 {number},在自己的机器上保存人们所写、所画、所拍", en: "App number {number} {sentence}" }}
  categories: [category-{}, apps]
  versions:
    - {{ name: "2", variables: {{ TAG: "2.1" }} }}
    - {{ name: "1", variables: {{ TAG: "1.9" }} }}
  requirements: {{ cpu_cores: 1, memory: 128M, disk: 512M }}
  variables:
    - {{ name: PASSWORD, kind: secret, label: {{ zh: 密码, en: Password }} }}
  main: {{ service: web, port: 80, http: {{}} }}
services:
  web:
    image: "example/app-{number}:${{TAG}}"
    environment: {{ PASSWORD: "${{PASSWORD}}" }}
    ports: ["{}:80"]
    volumes: [data:/data]
volumes: {{ data: {{}} }}
"#,
        number % 12,
        10_000 + number
    )
}
