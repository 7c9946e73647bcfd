//! `cargo xtask soak` and `cargo xtask load`: tests of crates/acceptance that show more the longer they last. Those say
//! what is done and what has to hold; this gives them an engine of their own, the program and the time.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::run as run_quietly;
use crate::{engine, paths};

/// The private engine.
const ENGINE: &str = "endurance";

/// One of the tests.
struct Trial {
    /// The test, and the command.
    name: &'static str,
    /// How the program is built, and where it is then.
    profile: (&'static [&'static str], &'static str),
    /// The flag that says how long, in what unit, and how long where it is absent.
    flag: (&'static str, u64, u64),
    /// The variable that takes the seconds.
    variable: &'static str,
}

const TRIALS: [Trial; 2] = [
    Trial {
        name: "soak",
        // With checks for what must never happen, such as a number that overflows.
        profile: (&[], "debug"),
        flag: ("--minutes", 60, 60),
        variable: "TESTENV_SOAK_SECONDS",
    },
    Trial {
        name: "load",
        profile: (&["--release"], "release"),
        flag: ("--seconds", 1, 60),
        variable: "TESTENV_LOAD_SECONDS",
    },
];

/// Runs the trial of that name for as long as `options` say. Its figures are printed.
pub(crate) fn run(repository: &Path, name: &str, options: &[&str]) -> Result<()> {
    let trial = TRIALS.iter().find(|trial| trial.name == name).context("there is no such trial")?;
    let seconds = seconds(trial, options)?;
    // What an interrupted run has left would count as left over.
    engine::stop(repository, ENGINE).ok();
    let only = Some(vec!["hello".to_owned()]);
    engine::start(repository, &engine::Options { name: ENGINE.to_owned(), only, extra: Vec::new() })?;
    let ended = on_engine(repository, trial, seconds);
    engine::stop(repository, ENGINE)?;
    ended
}

fn seconds(trial: &Trial, options: &[&str]) -> Result<u64> {
    let (flag, unit_seconds, default) = trial.flag;
    match options {
        [] => Ok(default * unit_seconds),
        [given, count] if *given == flag => {
            let count: u64 = count.parse().with_context(|| format!("{flag} takes a whole number"))?;
            if count == 0 {
                bail!("{flag} takes a number from 1 on");
            }
            Ok(count * unit_seconds)
        }
        _ => bail!("`{}` takes nothing but {flag} N", trial.name),
    }
}

fn on_engine(repository: &Path, trial: &Trial, seconds: u64) -> Result<()> {
    let cargo = || {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(repository);
        cargo
    };
    let (arguments, folder) = trial.profile;
    run_quietly(cargo().args(["build", "--package", "appmanage", "--bin", "appmanage"]).args(arguments))?;
    let mut test = cargo();
    // The harness shows what a test prints only where asked to.
    test.args(["test", "--quiet", "--package", "acceptance", "--test", trial.name]);
    test.args(["--", "--ignored", "--nocapture"]).envs(engine::environment(repository, ENGINE)?);
    test.env("TESTENV_BINARY", paths::target(repository).join(folder).join("appmanage"));
    test.env(trial.variable, seconds.to_string());
    if !test.status().context("cargo cannot be started")?.success() {
        bail!(
            "the {} failed; TESTENV_SEED with the seed above, if there is one, repeats its choices",
            trial.name
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_trial_lasts_as_long_as_is_said() {
        let [soak, load] = &TRIALS;
        assert_eq!(seconds(soak, &[]).unwrap(), 3_600);
        assert_eq!(seconds(soak, &["--minutes", "3"]).unwrap(), 180);
        assert_eq!(seconds(load, &["--seconds", "5"]).unwrap(), 5);
        for options in [&["--minutes"][..], &["--minutes", "0"], &["--minutes", "x"], &["--seconds", "5"]] {
            assert!(seconds(soak, options).is_err(), "{options:?}");
        }
    }
}
