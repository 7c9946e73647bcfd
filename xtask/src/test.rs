//! `cargo xtask test`: everything that CI runs, in order, and one line at the end that counts it all.
//!
//! A step that fails shows its whole output and does not keep the next ones from running: one run tells all.

use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::command::until;
use crate::progress::Progress;
use crate::{engine, openapi, paths, release, tidy};

/// The engine of the tests. It is gone before and after: tests start on a clean one.
const ENGINE: &str = "test";

/// How long one run of cargo may take: a test that hangs must not hang whoever waits for the result.
const CARGO_LIMIT: Duration = Duration::from_secs(40 * 60);

/// How much is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    /// Without what needs a Docker engine.
    Fast,
}

/// Runs it all. The last line printed is `N passed, N failed`.
pub(crate) fn run(repository: &Path, scope: Scope) -> Result<ExitCode> {
    let logs = paths::run_state(repository).join("logs");
    paths::create_folder(&logs)?;
    let mut run = Run { repository, logs, progress: Progress::new(), done: Vec::new() };
    run.cargo("format", &["fmt", "--all", "--check", "--", "--color=never"], &[]);
    run.cargo("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[]);
    run.cargo("doc", &["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings".to_owned())]);
    run.step("tidy", tidy_up);
    run.step("openapi", |run| openapi::check(run.repository));
    run.tests("tests", &["test", "--workspace", "--no-fail-fast"], &[]);
    match scope {
        Scope::All => {
            run.step("deploy", |run| release::check(run.repository));
            run.with_engine();
        }
        Scope::Fast => println!("left out: the tests that need a Docker engine (--fast)"),
    }
    Ok(run.summary())
}

/// What one step came to.
struct Done {
    name: &'static str,
    count: Count,
    time: Duration,
}

/// How many went well and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
    /// Those among them that were tests, not checks.
    tests: usize,
}

struct Run<'a> {
    repository: &'a Path,
    logs: PathBuf,
    progress: Progress,
    done: Vec<Done>,
}

impl Run<'_> {
    /// A check that is one thing: it passes or it fails.
    fn step(&mut self, name: &'static str, work: impl FnOnce(&Run) -> Result<()>) -> bool {
        let start = Instant::now();
        let running = self.progress.begin(name);
        let result = work(self);
        running.end();
        if let Err(error) = &result {
            println!("---- {name} failed:\n{error:#}\n----");
        }
        let good = result.is_ok();
        let count = Count { passed: usize::from(good), failed: usize::from(!good), tests: 0 };
        self.finish(Done { name, count, time: start.elapsed() });
        good
    }

    fn cargo(&mut self, name: &'static str, arguments: &[&str], environment: &[(&str, String)]) -> bool {
        self.step(name, |run| {
            let (good, log) = run.logged(name, arguments, environment)?;
            if good { Ok(()) } else { Err(anyhow::anyhow!("{log}{}", missing_component(&log))) }
        })
    }

    /// A run of tests, each of which counts.
    fn tests(&mut self, name: &'static str, arguments: &[&str], environment: &[(&str, String)]) {
        let start = Instant::now();
        let running = self.progress.begin(name);
        let result = self.logged(name, arguments, environment);
        running.end();
        let count = match result {
            Ok((good, log)) => {
                if !good {
                    println!("---- {name} failed:\n{log}\n----");
                }
                count_tests(&log, good)
            }
            Err(error) => {
                println!("---- {name} failed:\n{error:#}\n----");
                Count { passed: 0, failed: 1, tests: 0 }
            }
        };
        self.finish(Done { name, count, time: start.elapsed() });
    }

    /// Runs the tests that are ignored without an engine, with one.
    fn with_engine(&mut self) {
        // What an earlier run left, which was interrupted.
        engine::stop(self.repository, ENGINE).ok();
        let started = self.step("engine start", |run| {
            engine::start(
                run.repository,
                &engine::Options { name: ENGINE.to_owned(), only: None, extra: Vec::new() },
            )
        });
        if started && self.cargo("binary", &["build", "--package", "appmanage"], &[]) {
            let mut environment = Vec::new();
            self.step("engine env", |run| {
                environment = engine::environment(run.repository, ENGINE)?;
                let binary = paths::target(run.repository).join("debug/appmanage");
                environment.push(("TESTENV_BINARY", binary.display().to_string()));
                Ok(())
            });
            // Without the examples in comments, where "ignore" means another thing.
            let arguments = ["test", "--workspace", "--all-targets", "--no-fail-fast", "--", "--ignored"];
            self.tests("engine tests", &arguments, &environment);
        }
        self.step("engine stop", |run| engine::stop(run.repository, ENGINE));
    }

    /// Runs cargo and gives whether it went well, and all that it printed.
    fn logged(
        &self,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Result<(bool, String)> {
        let file = self.logs.join(format!("{}.log", name.replace(' ', "-")));
        let log = File::create(&file).with_context(|| format!("{} cannot be written", file.display()))?;
        let mut cargo = Command::new("cargo")
            .process_group(0)
            .current_dir(self.repository)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cargo could not be started")?;
        let mut good = false;
        let in_time = until(CARGO_LIMIT, || match cargo.try_wait() {
            Ok(Some(status)) => {
                good = status.success();
                true
            }
            Ok(None) => false,
            Err(_) => true,
        });
        let mut log = String::from_utf8_lossy(&std::fs::read(&file)?).into_owned();
        if !in_time {
            end_group(&mut cargo);
            let _ = write!(log, "\n`cargo {}` did not end within {CARGO_LIMIT:?}", arguments.join(" "));
        }
        Ok((good, log))
    }

    fn finish(&mut self, done: Done) {
        println!("{}", line(&done));
        self.done.push(done);
    }

    fn summary(&self) -> ExitCode {
        println!("\nIn all:");
        for done in &self.done {
            println!("{}", line(done));
        }
        let total = self.done.iter().fold(Count::default(), |sum, done| sum + done.count);
        if total.tests == 0 {
            println!("no test ran at all");
        }
        println!("{} passed, {} failed", total.passed, total.failed);
        ExitCode::from(u8::from(total.failed > 0 || total.tests == 0))
    }
}

impl std::ops::Add for Count {
    type Output = Count;

    fn add(self, other: Count) -> Count {
        Count {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            tests: self.tests + other.tests,
        }
    }
}

fn line(done: &Done) -> String {
    let Done { name, count, time } = done;
    format!("{name:<14}{:>6} passed {:>4} failed {:>8.1} s", count.passed, count.failed, time.as_secs_f64())
}

fn tidy_up(run: &Run) -> Result<()> {
    let findings = tidy::check(run.repository)?;
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Err(anyhow::anyhow!(lines.join("\n")))
}

/// Ends a cargo that hangs, with the tests that it runs.
fn end_group(cargo: &mut Child) {
    if let Some(group) = i32::try_from(cargo.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended in this moment; then there is nothing to be done.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = cargo.wait();
}

/// Adds up the lines in which each test program tells its result. A run that failed although no test did,
/// for it does not compile, say, is one failure.
fn count_tests(log: &str, good: bool) -> Count {
    let mut count = Count::default();
    for result in log.lines().filter_map(|line| line.strip_prefix("test result: ")) {
        let number = |what: &str| -> usize {
            let part = result.split([';', '.']).map(str::trim).find_map(|part| part.strip_suffix(what));
            part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        count.passed += number(" passed");
        count.failed += number(" failed");
    }
    count.tests = count.passed + count.failed;
    if !good && count.failed == 0 {
        count.failed = 1;
    }
    count
}

/// What to do where a part of the toolchain is not installed.
fn missing_component(log: &str) -> String {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if log.contains(&format!("no such command: `{command}`"))
            || log.contains(&format!("'cargo-{command}' is not"))
        {
            return format!("\n{component} is not installed; `rustup component add {component}` does that");
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
running 2 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s
";

    #[test]
    fn every_result_line_counts() {
        assert_eq!(count_tests(LOG, false), Count { passed: 5, failed: 4, tests: 9 });
    }

    #[test]
    fn a_run_that_failed_before_any_test_is_one_failure() {
        assert_eq!(count_tests("error: could not compile", false), Count { passed: 0, failed: 1, tests: 0 });
    }

    #[test]
    fn a_missing_component_is_told_with_the_way_to_get_it() {
        assert!(
            missing_component("error: no such command: `clippy`\n").contains("rustup component add clippy")
        );
        assert!(missing_component("error: something else").is_empty());
    }
}
