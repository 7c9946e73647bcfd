//! What cargo knows about the workspace and its dependencies.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::command::output;

/// Cargo's metadata for this machine's kind of processor: the platform that we ship for.
pub(crate) fn metadata(repository: &Path) -> Result<Value> {
    let platform = format!("--filter-platform={}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut cargo = Command::new("cargo");
    let text = output(cargo.current_dir(repository).args(["metadata", "--format-version=1", &platform]))?;
    serde_json::from_str(&text).context("cargo metadata printed no JSON")
}

/// A string in the metadata that is always there.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name].as_str().with_context(|| format!("cargo metadata has no `{name}` where one was expected"))
}

/// An array in the metadata that is always there.
pub(crate) fn array<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    value[name].as_array().with_context(|| format!("cargo metadata has no `{name}` where one was expected"))
}
