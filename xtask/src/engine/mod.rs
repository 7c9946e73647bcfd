//! `cargo xtask engine`: a private Docker engine with a registry and images, for tests and the demo.
//!
//! Each engine has a name and shares nothing with other engines or with the user's own Docker. Everything is
//! in `target/testenv`, in /run/appmanage-* (sockets), and in the user's cache folder (images). `stop` leaves
//! the cache and the logs. Where to read next: `place` for what belongs to an engine, `dockerd` for how it is
//! started, `leftovers` for how it is taken away, `images` for what the registry serves.

mod base;
mod compose;
mod dockerd;
mod firewall;
mod fragment;
mod host_settings;
mod images;
mod leftovers;
mod machine;
mod packages;
mod place;
mod recipe;
mod registry;

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::paths;
pub(crate) use base::unpack_machine;
pub(crate) use compose::{ensure as ensure_compose, is_new_enough as is_new_enough_compose};
pub(crate) use packages::install as install_packages;
use place::Place;
use registry::Registry;

/// What `start` is told.
pub(crate) struct Options {
    pub(crate) name: String,
    /// The images that the registry must have; all where nothing is said.
    pub(crate) only: Option<Vec<String>>,
    /// More arguments for dockerd.
    pub(crate) extra: Vec<String>,
}

/// Starts the registry and the engine, installing and building what is missing.
pub(crate) fn start(repository: &Path, options: &Options) -> Result<()> {
    let begin = Instant::now();
    be_root()?;
    let place = named(repository, &options.name)?;
    let _lock = lock(repository)?;
    packages::ensure()?;
    machine::Before::new(repository).remember()?;
    let registry = Registry::new(repository);
    let port = registry.start()?;
    images::ensure(repository, &registry, options.only.as_deref())?;
    compose::ensure(&place.client_config())?;
    dockerd::start(&place, port, &options.extra)?;
    println!("engine {} is up at {} ({:.1} s)", place.name, place.host(), begin.elapsed().as_secs_f64());
    Ok(())
}

/// Stops the engine and deletes what it left; the registry and what all engines share go with the last one.
pub(crate) fn stop(repository: &Path, name: &str) -> Result<()> {
    be_root()?;
    let place = named(repository, name)?;
    let _lock = lock(repository)?;
    leftovers::clear(&place)?;
    if !Place::all(repository)?.iter().any(Place::is_running) {
        Registry::new(repository).stop()?;
        machine::Before::new(repository).restore()?;
    }
    println!("engine {name} is gone");
    Ok(())
}

/// `kill -9` of the engine's dockerd alone. `start` brings it back with all that it had.
pub(crate) fn kill(repository: &Path, name: &str) -> Result<()> {
    let place = named(repository, name)?;
    let dockerd = place.dockerd();
    if dockerd.pid().is_none() {
        bail!("engine {name} does not run");
    }
    dockerd.kill()
}

/// The variables that clients and tests need, by name.
pub(crate) fn environment(repository: &Path, name: &str) -> Result<Vec<(&'static str, String)>> {
    let place = named(repository, name)?;
    let port = Registry::new(repository).port();
    let (Some(port), true) = (port, place.is_running()) else {
        bail!("engine {name} does not run; `cargo xtask engine start --name {name}` starts it");
    };
    let this = std::env::current_exe().context("the path of this program is not known")?;
    Ok(vec![
        ("DOCKER_HOST", place.host()),
        ("DOCKER_CONFIG", place.client_config().display().to_string()),
        ("DOCKER_BUILDKIT", "0".to_owned()),
        ("TESTENV_REGISTRY", format!("127.0.0.1:{port}")),
        ("TESTENV_ENGINE", place.name.clone()),
        ("TESTENV_SUBNETS", place.network()?.named()),
        ("TESTENV_XTASK", this.display().to_string()),
    ])
}

/// Whether the engine of that name runs.
pub(crate) fn is_running(repository: &Path, name: &str) -> Result<bool> {
    Ok(named(repository, name)?.is_running())
}

/// One line per engine and one for the registry.
pub(crate) fn status(repository: &Path) -> Result<()> {
    for place in Place::all(repository)? {
        let state = match place.dockerd().pid() {
            None => "stopped".to_owned(),
            Some(_) if !dockerd::answers(&place.socket()) => "does not answer".to_owned(),
            Some(pid) => format!("up, process {}, {}", pid.as_raw_nonzero(), place.host()),
        };
        println!("engine {:<10} {state}", place.name);
    }
    match Registry::new(repository).port() {
        Some(port) => println!("registry          up, 127.0.0.1:{port}"),
        None => println!("registry          stopped"),
    }
    Ok(())
}

fn named(repository: &Path, name: &str) -> Result<Place> {
    if name == images::BUILDER {
        bail!("`{name}` is the engine that builds the images; use another name");
    }
    Place::new(repository, name)
}

/// One start or stop at a time; a second one waits.
fn lock(repository: &Path) -> Result<File> {
    let folder = paths::run_state(repository);
    paths::create_folder(&folder)?;
    let file = folder.join("lock");
    let lock = File::create(&file).with_context(|| format!("{} cannot be opened", file.display()))?;
    lock.lock().with_context(|| format!("{} cannot be locked", file.display()))?;
    Ok(lock)
}

fn be_root() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("a Docker engine needs root: run this with sudo, or as root in a virtual machine");
    }
    Ok(())
}
