//! The server of the demo: built, started so that it outlives this process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::state::Demo;
use crate::api::Api;
use crate::command::{output, run};
use crate::daemon::Environment;
use crate::paths;
use crate::progress::Progress;

/// The port that the product has by default, and how many after it are tried.
const FIRST_PORT: u16 = 5000;
const PORTS: u16 = 100;

/// The server is up in a tenth of a second; a loaded machine may take longer.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The programs that `up` needs.
pub(super) struct Built {
    server: PathBuf,
    /// Prints the images of every package; see crates/catalog/examples/package_images.rs.
    images: PathBuf,
}

impl Built {
    /// The images of the newest version of a package.
    pub(super) fn newest_images(&self, package: &str) -> Result<Vec<String>> {
        let printed = output(&mut Command::new(&self.images))?;
        let lines: Vec<Vec<&str>> = printed.lines().map(|line| line.split('\t').collect()).collect();
        let newest = lines.iter().find(|line| line.first() == Some(&package)).and_then(|line| line.get(1));
        let of_newest = |line: &&Vec<&str>| line.first() == Some(&package) && line.get(1) == newest;
        let images: Vec<String> = lines
            .iter()
            .filter(of_newest)
            .filter_map(|line| line.get(2))
            .map(|image| (*image).to_owned())
            .collect();
        if images.is_empty() {
            bail!("the catalog has no package {package}");
        }
        Ok(images)
    }
}

/// Builds what is needed, in the development profile: it shares all that `cargo xtask test` builds, and is ready
/// in a fraction of the time that the release profile takes for optimizing across all crates. The server waits
/// for Docker nearly always, so nobody will notice.
pub(super) fn build(repository: &Path, progress: &Progress) -> Result<Built> {
    let running = progress.begin("building the server (the first time takes minutes)");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(repository).args(["build", "--package", "appmanage", "--bin", "appmanage"]);
    cargo.args(["--package", "catalog", "--example", "package_images"]);
    let built = run(&mut cargo);
    running.end();
    built?;
    let target = paths::target(repository).join("debug");
    Ok(Built { server: target.join("appmanage"), images: target.join("examples/package_images") })
}

/// Starts the server and waits until it can install. Gives its port.
pub(super) fn start(demo: &Demo, built: &Built, engine: Environment) -> Result<u16> {
    let port = free_port().with_context(|| format!("no port from {FIRST_PORT} on is free"))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // An empty file, so that settings of the user's own server do not apply to this one.
    let config = demo.folder.join("appmanage.toml");
    paths::write(&config, "# The demo runs with the defaults; see docs/configuration.md.\n")?;
    let mut environment: Environment = std::env::vars()
        .filter(|(name, _)| name.starts_with("APPMANAGE_"))
        .map(|(name, _)| (name, None))
        .collect();
    environment.extend(engine);
    let daemon = demo.daemon(environment);
    // One that does not answer any more, though it lives.
    daemon.stop()?;
    let arguments = [
        "serve".to_owned(),
        daemon.mark.clone(),
        format!("--config={}", config.display()),
        format!("--listen={address}"),
    ];
    let api = Api::at(address);
    daemon.start(&built.server, &arguments, START_LIMIT, || api.is_good("/readyz"))?;
    Ok(port)
}

fn free_port() -> Option<u16> {
    (FIRST_PORT..FIRST_PORT + PORTS).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}
