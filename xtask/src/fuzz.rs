//! Runs the fuzz targets for longer than the tests do, and differently each time. What they are is in
//! `testkit::fuzz`; an input that breaks something stays in the corpus beside the target.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Where targets are: the package, and which of its tests.
const TARGETS: &[&[&str]] = &[
    &["--package", "server", "--lib", "--test", "api", "fuzz::"],
    &["--package", "docker", "--lib", "fuzz::"],
    &["--package", "catalog", "--lib", "--test", "fuzz", "any_bytes"],
];

/// Runs every target for so many seconds. Those of one package run side by side.
pub(crate) fn run(repository: &Path, seconds: &str) -> Result<()> {
    let seconds: u64 = seconds.parse().context("--seconds takes a whole number")?;
    for target in TARGETS {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(repository).env("APPMANAGE_FUZZ_SECONDS", seconds.to_string());
        // The harness shows what a target prints only where asked to.
        cargo.args(["test", "--quiet"]).args(*target).args(["--", "--nocapture"]);
        if !cargo.status().context("cargo cannot be started")?.success() {
            bail!(
                "a target failed; its input is kept in the corpus: make the reader stand it, and commit both"
            );
        }
    }
    Ok(())
}
