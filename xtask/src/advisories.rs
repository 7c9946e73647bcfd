//! `cargo xtask advisories`: whether a security advisory is known for a crate that we use.
//!
//! Apart from `test`, because it needs the internet and changes its answer while the code stays as it is.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::command::find;

/// A program that knows the advisories, and how it is asked.
struct Checker {
    program: &'static str,
    arguments: &'static [&'static str],
    /// Tells from what it printed how many it found; `None` where it could not look.
    count: fn(&str) -> Option<usize>,
}

const CHECKERS: [Checker; 2] = [
    Checker { program: "cargo-audit", arguments: &["audit", "--json"], count: count_of_audit },
    Checker {
        program: "cargo-deny",
        arguments: &["deny", "--format", "json", "check", "advisories"],
        count: count_of_deny,
    },
];

/// Looks, or says why it could not. Only an advisory that was found is a failure.
pub(crate) fn check(repository: &Path) -> Result<ExitCode> {
    let Some(checker) = CHECKERS.iter().find(|checker| find(checker.program).is_some()) else {
        println!(
            "advisories: not checked: neither cargo-audit nor cargo-deny is installed; `cargo install cargo-audit` does that"
        );
        return Ok(ExitCode::SUCCESS);
    };
    let ended = Command::new(checker.program)
        .current_dir(repository)
        .args(checker.arguments)
        .output()
        .with_context(|| format!("{} could not be started", checker.program))?;
    let printed =
        [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).join("\n");
    match (checker.count)(&printed) {
        Some(0) => println!("advisories: none for the crates of Cargo.lock, says {}", checker.program),
        Some(count) => {
            println!("{printed}\nadvisories: {count} found by {}", checker.program);
            return Ok(ExitCode::FAILURE);
        }
        None => println!(
            "{printed}\nadvisories: not checked: {} could not look, as it says above; it downloads the list of advisories, \
             so run this again when online",
            checker.program
        ),
    }
    Ok(ExitCode::SUCCESS)
}

fn count_of_audit(printed: &str) -> Option<usize> {
    let report = printed.lines().find_map(|line| serde_json::from_str::<Value>(line).ok())?;
    usize::try_from(report["vulnerabilities"]["count"].as_u64()?).ok()
}

/// One JSON value a line; the last one sums up.
fn count_of_deny(printed: &str) -> Option<usize> {
    let mut lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let summary = lines.rfind(|line| line["type"] == "summary")?;
    usize::try_from(summary["fields"]["advisories"]["errors"].as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checker_that_could_not_look_has_found_neither_nothing_nor_something() {
        assert_eq!(count_of_audit("error: couldn't fetch advisory database"), None);
        assert_eq!(count_of_deny("{\"type\":\"log\",\"fields\":{\"message\":\"failed to fetch\"}}"), None);
    }

    #[test]
    fn findings_are_counted() {
        assert_eq!(count_of_audit("{\"vulnerabilities\":{\"found\":true,\"count\":2,\"list\":[]}}"), Some(2));
        assert_eq!(
            count_of_deny("{\"type\":\"summary\",\"fields\":{\"advisories\":{\"errors\":0,\"warnings\":1}}}"),
            Some(0)
        );
    }
}
