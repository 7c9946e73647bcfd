//! Finds the processes that work on an app, whoever their parent was, by two environment variables that
//! every one of them was started with.
//!
//! A process inherits them from `docker` to the compose plugin and on, whatever process group or session
//! it moves to, and they are set by the same `execve` that starts it: there is no moment in which a
//! process works and cannot be found. See `docs/adr/0003-leftover-processes.md`.

use domain::{InstallId, InstanceId};
use rustix::process::{Pid, Signal, getpid, kill_process};

/// Names the data directory.
const VARIABLE_INSTANCE: &str = "APPMANAGE_INSTANCE";
/// Names the installation.
const VARIABLE_INSTALL: &str = "APPMANAGE_INSTALL";

/// The mark of all processes that work on one installation.
#[derive(Clone, Debug)]
pub(crate) struct Markers {
    variables: [(String, String); 2],
}

impl Markers {
    pub(crate) fn of(instance: &InstanceId, install: &InstallId) -> Self {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            variables: [pair(VARIABLE_INSTANCE, instance.as_str()), pair(VARIABLE_INSTALL, install.as_str())],
        }
    }

    /// The variables to start a process with.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// Ends every process so marked at once, and says how many there were. One that is just being
    /// started by another may be missed: repeat until there are none.
    pub(crate) fn kill_all(&self) -> usize {
        let marked = self.processes();
        for process in &marked {
            // It may have ended by itself meanwhile: that is what we want.
            kill_process(*process, Signal::KILL).ok();
        }
        marked.len()
    }

    fn processes(&self) -> Vec<Pid> {
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(Pid::from_raw).filter(|pid| *pid != getpid() && self.is_on(*pid)).collect()
    }

    /// Whether that process has the mark. Processes of other users cannot be read, and are not ours.
    fn is_on(&self, pid: Pid) -> bool {
        let Ok(environment) = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())) else {
            return false;
        };
        self.variables.iter().all(|(name, value)| {
            environment.split(|&byte| byte == 0).any(|entry| entry == format!("{name}={value}").as_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

    use std::process::Command;

    use super::*;

    #[test]
    fn only_processes_with_both_marks_are_ended() {
        let instance = InstanceId::from_text(format!("markers-test-{}", std::process::id()));
        let markers = |install: &str| Markers::of(&instance, &InstallId::from_text(install));
        let start = |markers: &Markers| {
            Command::new("sleep").arg("600").envs(markers.variables().to_vec()).spawn().expect("sleep starts")
        };
        let (one, other) = (markers("one"), markers("other"));
        let (mut of_one, mut of_other) = (start(&one), start(&other));

        // The mark is there from the moment of `execve`, which may be after `spawn` has returned.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while one.kill_all() == 0 && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert!(!of_one.wait().expect("it was started").success());
        assert!(of_other.try_wait().expect("it was started").is_none(), "the other install's is left alone");
        assert_eq!(markers("on").kill_all(), 0, "the value is compared whole");
        of_other.kill().expect("it is alive");
        of_other.wait().expect("it was started");
    }
}
