//! Whether `docs/openapi.json` is valid OpenAPI, in the eyes of a validator that is not ours.
//!
//! That the document is what the server serves is a test of `server`'s.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::run;
use crate::python;

/// The validator, from PyPI. Pinned: a newer one may judge otherwise, and that should be a choice.
const VALIDATOR: &str = "openapi-spec-validator==0.9.0";

/// Validates the document. Installs the validator into the cache at the first time.
pub(crate) fn check(repository: &Path) -> Result<()> {
    let validator = python::program(VALIDATOR, "openapi-spec-validator")?;
    run(Command::new(validator).arg(repository.join("docs/openapi.json")))
        .context("docs/openapi.json is no valid OpenAPI")
}
