//! `cargo xtask tidy`: what the compiler does not check about this repository.
//!
//! Each check is a function from what it reads to findings, so that each has tests with bad examples.
//! `layers` reads the manifests, `proofs` the tables of attacks and promises, `source` and `names` the files (through `scan`), `licences` the dependencies.

mod layers;
mod licences;
mod names;
mod proofs;
mod scan;
mod source;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::cargo;
use crate::command::output;

/// One thing to put right.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// From the repository's root.
    file: PathBuf,
    line: usize,
    /// What is wrong, and what to do.
    what: String,
}

impl Finding {
    fn new(file: impl Into<PathBuf>, line: usize, what: impl Into<String>) -> Finding {
        Finding { file: file.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// A text file of the repository.
struct SourceFile {
    /// From the repository's root.
    path: PathBuf,
    text: String,
}

/// Runs every check on the repository.
pub(crate) fn check(repository: &Path) -> Result<Vec<Finding>> {
    let files = rust_files(repository)?;
    let mut findings = Vec::new();
    for file in &files {
        findings.extend(source::check(file));
        findings.extend(names::check(&file.path));
    }
    for page in proofs::PAGES {
        let text = std::fs::read_to_string(repository.join(page))?;
        let read = |file: &std::path::Path| std::fs::read_to_string(repository.join(file)).ok();
        findings.extend(proofs::check(page, &text, read));
    }
    let metadata = cargo::metadata(repository)?;
    findings.extend(layers::check(&layers::packages(&metadata, repository)?));
    findings.extend(licences::check(&licences::dependencies(&metadata)?));
    findings.sort();
    Ok(findings)
}

/// The files that git knows or would take.
fn rust_files(repository: &Path) -> Result<Vec<SourceFile>> {
    let listed = output(Command::new("git").arg("-C").arg(repository).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.rs",
    ]))?;
    let mut files = Vec::new();
    for name in listed.lines() {
        // A file that was just deleted is still in git's list.
        if let Ok(text) = std::fs::read_to_string(repository.join(name)) {
            files.push(SourceFile { path: PathBuf::from(name), text });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_that_an_editor_can_jump_to() {
        let finding = Finding::new("crates/a/src/lib.rs", 7, "too long; split it");
        assert_eq!(finding.to_string(), "crates/a/src/lib.rs:7: too long; split it");
    }
}
