//! The server that is tried: its life, and what the kernel says of its process.

use std::collections::HashMap;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::Programs;
use crate::api::Api;
use crate::command::until;
use crate::daemon::{all_processes, parent_of};
use crate::paths;

/// A server that does not answer by then never will.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A server lets the step at work end.
const STOP_LIMIT: Duration = Duration::from_secs(45);

/// The variables that lead a server to an engine.
pub(crate) type Variables = Vec<(String, String)>;

/// A running server.
pub(crate) struct Server {
    pub(crate) api: Api,
    pub(crate) data_dir: PathBuf,
    /// What it says.
    pub(crate) log: PathBuf,
    started_at: Instant,
    child: Child,
}

impl Server {
    /// Starts one and does not wait.
    pub(crate) fn spawn(programs: &Programs, data_dir: &Path, variables: &Variables) -> Result<Server> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let config = programs.folder.join("appmanage.toml");
        paths::write(&config, "")?;
        let log = programs.folder.join("server.log");
        let output = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(&programs.server);
        command.arg("serve").arg("--data-dir").arg(data_dir).arg("--config").arg(config);
        command.args(["--listen", &address.to_string()]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("APPMANAGE_")) {
            command.env_remove(name);
        }
        command.env("APPMANAGE_PUBLIC_HOST", "127.0.0.1").envs(variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let started_at = Instant::now();
        let child =
            command.spawn().with_context(|| format!("{} cannot be started", programs.server.display()))?;
        Ok(Server { api: Api::at(address), data_dir: data_dir.to_owned(), log, started_at, child })
    }

    /// Starts one and waits until it can install.
    pub(crate) fn start(programs: &Programs, data_dir: &Path, variables: &Variables) -> Result<Server> {
        let mut server = Server::spawn(programs, data_dir, variables)?;
        server.wait(|api| api.is_good("/readyz"))?;
        Ok(server)
    }

    /// Waits until `ready` says so. Gives the time since the start.
    pub(crate) fn wait(&mut self, ready: impl Fn(&Api) -> bool) -> Result<Duration> {
        loop {
            if ready(&self.api) {
                return Ok(self.started_at.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}); see {}", self.log.display());
            }
            if self.started_at.elapsed() > START_LIMIT {
                bail!(
                    "the server is not ready after {} s; see {}",
                    START_LIMIT.as_secs(),
                    self.log.display()
                );
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Tells it to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM)?;
        }
        if !until(STOP_LIMIT, || matches!(self.child.try_wait(), Ok(Some(_)))) {
            bail!("the server does not end within {} s", STOP_LIMIT.as_secs());
        }
        Ok(())
    }

    /// Resident and proportional memory, in bytes.
    pub(crate) fn memory_bytes(&self) -> Result<(f64, f64)> {
        let rollup = paths::read(Path::new(&format!("/proc/{}/smaps_rollup", self.child.id())))?;
        let field = |name: &str| -> Option<f64> {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
        };
        field("Rss:").zip(field("Pss:")).context("smaps_rollup has neither Rss nor Pss")
    }

    /// The processor time that each of its threads has had.
    pub(crate) fn processor_time(&self) -> HashMap<String, Duration> {
        let tasks =
            std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let time = |task: std::fs::DirEntry| {
            let schedule = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            let nanoseconds = schedule.split(' ').next()?.parse().ok()?;
            Some((task.file_name().to_string_lossy().into_owned(), Duration::from_nanos(nanoseconds)))
        };
        tasks.filter_map(time).collect()
    }

    /// A figure that grows with every process it starts: page faults of children that have ended, and children
    /// that have not.
    pub(crate) fn children(&self) -> Result<(u64, usize)> {
        let stat = paths::read(Path::new(&format!("/proc/{}/stat", self.child.id())))?;
        // The ninth field after the name, see proc(5): cminflt.
        let ended = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(8)?.parse().ok());
        let parent = i32::try_from(self.child.id())?;
        let alive = all_processes().into_iter().filter(|pid| parent_of(*pid) == Some(parent)).count();
        Ok((ended.context("/proc/PID/stat is not as proc(5) says")?, alive))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
