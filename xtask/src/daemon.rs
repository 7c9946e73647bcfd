//! Programs that outlive this one: started apart from the terminal, known by pid file, never by name.
//!
//! A pid file alone proves nothing: the number may have been given to another process since. So each daemon
//! has a mark, an argument that no other process has (a path of ours), which must be in its command line.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::{last_lines, until};
use crate::paths;

/// How long a daemon that was asked to end may take before it is ended by force.
const GRACE: Duration = Duration::from_secs(20);

/// How many lines of its log an error shows.
const SHOWN_LINES: usize = 15;

/// How long a killed process may take to be gone.
const DEATH: Duration = Duration::from_secs(10);

/// Variables of a daemon's environment beside those of this process, in order; `None` takes one away.
pub(crate) type Environment = Vec<(String, Option<String>)>;

/// One daemon, running or not.
pub(crate) struct Daemon {
    /// The file that holds its process id.
    pub(crate) pid_file: PathBuf,
    /// Where it prints to.
    pub(crate) log: PathBuf,
    /// The argument that only this daemon has.
    pub(crate) mark: String,
    /// What is different in its environment; it matters only for starting it.
    pub(crate) environment: Environment,
}

impl Daemon {
    /// Starts `program` in a session of its own, writes its pid file, and waits until `ready` says so.
    /// One that ends before is an error that shows the end of its log.
    pub(crate) fn start(
        &self,
        program: &Path,
        arguments: &[String],
        limit: Duration,
        ready: impl Fn() -> bool,
    ) -> Result<()> {
        let mut child = self.spawn(program, arguments)?;
        // Asked of the child itself: its command line is empty for a moment while it becomes the program.
        let mut died = None;
        let answered = until(limit, || {
            died = child.try_wait().ok().flatten();
            died.is_some() || ready()
        });
        let what = match died {
            None if answered => return Ok(()),
            None => format!("does not answer after {} s", limit.as_secs()),
            Some(status) => format!("ended while starting ({status})"),
        };
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        bail!(
            "{} {what}; the end of {}:\n{}",
            program.display(),
            self.log.display(),
            last_lines(&log, SHOWN_LINES)
        )
    }

    fn spawn(&self, program: &Path, arguments: &[String]) -> Result<Child> {
        if !arguments.contains(&self.mark) {
            bail!("{} is started without its mark {}", program.display(), self.mark);
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("the log {} cannot be opened", self.log.display()))?;
        // `setsid` replaces itself by the program: the child's process id is the daemon's.
        let mut command = Command::new("setsid");
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        paths::write(&self.pid_file, child.id().to_string())?;
        Ok(child)
    }

    /// The process id, where the daemon is alive and really ours.
    pub(crate) fn pid(&self) -> Option<Pid> {
        let pid: i32 = std::fs::read_to_string(&self.pid_file).ok()?.trim().parse().ok()?;
        let alive = is_alive(pid) && arguments_of(pid).contains(&self.mark);
        alive.then(|| Pid::from_raw(pid)).flatten()
    }

    /// Ends the daemon, by force where it does not listen, and takes away its pid file.
    pub(crate) fn stop(&self) -> Result<()> {
        if let Some(pid) = self.pid() {
            kill_process(pid, Signal::TERM).ok();
            if !until(GRACE, || self.pid().is_none()) {
                self.kill()?;
            }
        }
        std::fs::remove_file(&self.pid_file).ok();
        Ok(())
    }

    /// `kill -9`: what a crash looks like from outside.
    pub(crate) fn kill(&self) -> Result<()> {
        if let Some(pid) = self.pid() {
            kill_process(pid, Signal::KILL).ok();
            if !until(DEATH, || self.pid().is_none()) {
                bail!("process {} does not die; see what holds it", pid.as_raw_nonzero());
            }
        }
        Ok(())
    }
}

/// Whether the process runs; a zombie does not.
fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; the state comes after the last one.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The command line of a process, an empty one where it is gone.
pub(crate) fn arguments_of(pid: i32) -> Vec<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// The ids of all processes.
pub(crate) fn all_processes() -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect()
}

/// The parent of a process.
pub(crate) fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn daemon(folder: &Path, mark: &str) -> Daemon {
        Daemon {
            pid_file: folder.join("pid"),
            log: folder.join("log"),
            mark: mark.to_owned(),
            environment: vec![("DAEMON_TEST".to_owned(), Some("set".to_owned())), ("HOME".to_owned(), None)],
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-daemon-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_daemon_is_started_known_and_stopped() {
        let folder = folder("life");
        let daemon = daemon(&folder, "86399");
        let arguments = ["86399".to_owned()];
        daemon.start(Path::new("/bin/sleep"), &arguments, DEATH, || daemon.pid().is_some()).unwrap();
        let pid = daemon.pid().unwrap().as_raw_nonzero();
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        let names: Vec<_> = environment.split(|byte| *byte == 0).collect();
        assert!(names.contains(&b"DAEMON_TEST=set".as_slice()));
        assert!(!names.iter().any(|name| name.starts_with(b"HOME=")));
        daemon.stop().unwrap();
        assert!(daemon.pid().is_none());
        assert!(!daemon.pid_file.exists());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_pid_that_belongs_to_another_program_is_not_ours() {
        let folder = folder("foreign");
        let daemon = daemon(&folder, "no-process-has-this-argument");
        std::fs::write(&daemon.pid_file, std::process::id().to_string()).unwrap();
        assert!(daemon.pid().is_none());
        daemon.kill().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_daemon_that_ends_at_once_shows_its_log() {
        let folder = folder("early");
        let daemon = daemon(&folder, "/no-such-folder");
        let arguments = ["/no-such-folder".to_owned()];
        let error = daemon.start(Path::new("/bin/ls"), &arguments, DEATH, || false).unwrap_err().to_string();
        assert!(error.contains("ended while starting"), "{error}");
        assert!(error.contains("no-such-folder"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
