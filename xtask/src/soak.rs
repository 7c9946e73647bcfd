//! `cargo xtask soak`: an hour of everything at random on a real engine, the server killed every minute. What is done
//! and what has to hold is in crates/acceptance/tests/soak; this gives it an engine of its own and the time.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::run as run_quietly;
use crate::{engine, paths};

/// What docs/reliability.md speaks of.
pub(crate) const MINUTES: u64 = 60;

/// The private engine.
const ENGINE: &str = "soak";

/// Soaks for so many minutes. The figures are printed at the end.
pub(crate) fn run(repository: &Path, minutes: u64) -> Result<()> {
    // What an interrupted run has left would count as left over.
    engine::stop(repository, ENGINE).ok();
    let only = Some(vec!["hello".to_owned()]);
    engine::start(repository, &engine::Options { name: ENGINE.to_owned(), only, extra: Vec::new() })?;
    let soaked = on_engine(repository, minutes);
    engine::stop(repository, ENGINE)?;
    soaked
}

fn on_engine(repository: &Path, minutes: u64) -> Result<()> {
    let cargo = || {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(repository);
        cargo
    };
    run_quietly(cargo().args(["build", "--package", "appmanage"]))?;
    let mut soak = cargo();
    soak.args(["test", "--quiet", "--package", "acceptance", "--test", "soak", "--"]);
    // The harness shows what a test prints only where asked to.
    soak.args(["--ignored", "--nocapture"]).envs(engine::environment(repository, ENGINE)?);
    soak.env("TESTENV_BINARY", paths::target(repository).join("debug/appmanage"));
    soak.env("TESTENV_SOAK_SECONDS", (minutes * 60).to_string());
    if !soak.status().context("cargo cannot be started")?.success() {
        bail!("the soak failed; TESTENV_SEED with the seed above repeats its choices");
    }
    Ok(())
}
