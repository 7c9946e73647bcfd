//! Which engine the demo uses: the user's, if it can do what is needed, else a private one.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::PACKAGE;
use super::server::Built;
use super::state::{Engine, State};
use crate::command::output_within;
use crate::daemon::Environment;
use crate::engine;
use crate::http::Address;

/// The private engine.
pub(super) const PRIVATE: &str = "demo";

/// The version of the app whose images are built here, from Debian's packages.
const VERSION_OF_DEBIAN: &str = "6.1";

/// The images that the private engine's registry gets: the app's, and those of what the summary proposes next.
const PRIVATE_IMAGES: [&str; 4] = ["wordpress", "mariadb", "redis", "hello"];

/// Where an engine is if nobody says otherwise.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// How long a local engine, or its client, may take for a simple answer.
const ENGINE_LIMIT: Duration = Duration::from_secs(10);

/// How long a registry may take to tell one manifest.
const REGISTRY_LIMIT: Duration = Duration::from_secs(20);

/// Chooses, and says what was chosen and why.
pub(super) fn choose(built: &Built) -> Result<State> {
    let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let host = host.unwrap_or_else(|| DEFAULT_HOST.to_owned());
    let images = built.newest_images(PACKAGE)?;
    match users_engine(&host, &images) {
        Ok(new_images) => {
            println!("engine    yours, at {host}");
            let engine = Engine::Users { host };
            Ok(State { engine, version: "latest".to_owned(), new_images, port: 0 })
        }
        Err(why) => {
            println!("engine    a private one, for {why:#}");
            // `engage` finds out whose it is to stop.
            let engine = Engine::Private { ours_to_stop: false };
            Ok(State { engine, version: VERSION_OF_DEBIAN.to_owned(), new_images: Vec::new(), port: 0 })
        }
    }
}

/// Whether the user's engine will do; if so, which of the images it does not have yet.
fn users_engine(host: &str, images: &[String]) -> Result<Vec<String>> {
    let Some(address) = Address::of_docker_host(host) else {
        bail!("{host} is no address that a plain connection reaches");
    };
    if !address.get("/_ping", ENGINE_LIMIT).is_ok_and(|answer| answer.status == 200) {
        bail!("no Docker engine answers at {host}");
    }
    let version = output_within(Command::new("docker").args(["compose", "version", "--short"]), ENGINE_LIMIT)
        .context("there is no `docker compose`")?;
    if !engine::is_new_enough_compose(version.trim()) {
        bail!("docker compose {} is too old", version.trim());
    }
    let mut missing = Vec::new();
    for image in images {
        if address
            .get(&format!("/images/{image}/json"), ENGINE_LIMIT)
            .is_ok_and(|answer| answer.status == 200)
        {
            continue;
        }
        // The engine asks, through the mirrors and proxies that it would pull through.
        let asked = address.get(&format!("/distribution/{image}/json"), REGISTRY_LIMIT);
        if !asked.is_ok_and(|answer| answer.status == 200) {
            bail!("no registry gives {image}");
        }
        missing.push(image.clone());
    }
    Ok(missing)
}

/// Sees to it that the chosen engine is up. Gives the variables that lead the server to it.
pub(super) fn engage(repository: &Path, state: &mut State) -> Result<Environment> {
    let mut environment = Environment::new();
    match &mut state.engine {
        Engine::Users { host } => environment.push(("DOCKER_HOST".to_owned(), Some(host.clone()))),
        Engine::Private { ours_to_stop } => {
            // Once ours, always ours: a second `up` may find it running.
            *ours_to_stop |= !engine::is_running(repository, PRIVATE)?;
            let only = Some(PRIVATE_IMAGES.map(str::to_owned).to_vec());
            let options = engine::Options { name: PRIVATE.to_owned(), only, extra: Vec::new() };
            engine::start(repository, &options)?;
            for (name, value) in engine::environment(repository, PRIVATE)? {
                match name {
                    "DOCKER_HOST" | "DOCKER_CONFIG" => environment.push((name.to_owned(), Some(value))),
                    // Subnets that other engines of the test environment leave alone.
                    "TESTENV_SUBNETS" => {
                        environment.push(("APPMANAGE_NETWORK_SUBNET_POOL".to_owned(), Some(value)));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(environment)
}
