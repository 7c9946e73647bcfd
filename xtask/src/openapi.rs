//! Whether `docs/openapi.json` is valid OpenAPI, in the eyes of a validator that is not ours.
//!
//! That the document is what the server serves is a test of `server`'s.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::{output, run};
use crate::{engine, paths};

/// The validator, from PyPI. Pinned: a newer one may judge otherwise, and that should be a choice.
const VALIDATOR: &str = "openapi-spec-validator==0.9.0";

/// Validates the document. Installs the validator into the cache at the first time.
pub(crate) fn check(repository: &Path) -> Result<()> {
    let environment = paths::cache()?.join(format!("python-{}", VALIDATOR.replace("==", "-")));
    let validator = environment.join("bin/openapi-spec-validator");
    if !validator.is_file() {
        // Debian's Python leaves out what makes an environment.
        if output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_err() {
            engine::install_packages(&["python3", "python3-venv"])?;
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", VALIDATOR]))
            .context("the validator of the OpenAPI document cannot be installed; it comes from PyPI")?;
    }
    run(Command::new(validator).arg(repository.join("docs/openapi.json")))
        .context("docs/openapi.json is no valid OpenAPI")
}
