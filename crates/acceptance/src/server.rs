//! One server under test, through all its lives on one data directory.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::api::Api;
use crate::http::Address;
use crate::setup::Setup;
use crate::{docker, note, traces, wait};

/// From start to the first answer; milliseconds on a machine with nothing else to do.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A server that is told to end lets the step at work end first: 30 s by its own rule.
const STOP_LIMIT: Duration = Duration::from_secs(45);

/// A server, running or not, and all that belongs to it.
#[derive(Debug)]
pub struct Server {
    /// How it is started.
    pub setup: Setup,
    child: Option<Child>,
}

impl Server {
    pub(crate) fn of(setup: Setup) -> Self {
        Self { setup, child: None }
    }

    /// Starts it (again) on its data directory and waits until it is ready to install.
    ///
    /// # Panics
    /// It is not ready in time.
    pub fn start(&mut self) {
        self.spawn();
        self.await_answer("/readyz");
    }

    /// Starts it (again) and waits until it answers, engine or not.
    ///
    /// # Panics
    /// It does not in time.
    pub fn start_without_engine(&mut self) {
        self.spawn();
        self.await_answer("/healthz");
    }

    /// Starts it (again) and does not wait.
    ///
    /// # Panics
    /// It runs already, or cannot be executed.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "one life after the other");
        self.child = Some(self.setup.command().spawn().expect("the server can be executed"));
    }

    fn await_answer(&mut self, target: &str) {
        let address = self.api().address;
        let answered = wait::within(START_LIMIT, || {
            let child = self.child.as_mut().expect("it was started");
            if let Some(status) = child.try_wait().expect("it can be waited for") {
                panic!("the server ended ({status}); it said:\n{}", self.setup.log());
            }
            address.get(target).is_ok_and(|answer| answer.status == 200).then_some(())
        });
        assert!(answered.is_some(), "{target} is not good within {START_LIMIT:?}:\n{}", self.setup.log());
    }

    /// Its API, over the socket in its data directory.
    #[must_use]
    pub fn api(&self) -> Api {
        Api { address: Address::Unix(self.setup.socket()), authorization: None }
    }

    /// A name for an app that no other server's app has.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.setup.prefix)
    }

    /// Its process.
    ///
    /// # Panics
    /// It does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Whether it runs; for messages and for the looks at processes.
    #[must_use]
    pub fn running_pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it at once, as a power cut would, its children left alone.
    ///
    /// # Panics
    /// It does not run.
    pub fn kill_9(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it is ours");
        child.wait().expect("it was started");
    }

    /// Tells it to end and waits until it has.
    ///
    /// # Panics
    /// It does not run, or does not end.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        kill_process(pid_of(&child), Signal::TERM).expect("it is alive");
        let ended = wait::within(STOP_LIMIT, || child.try_wait().expect("it can be waited for"));
        ended.unwrap_or_else(|| {
            child.kill().ok();
            child.wait().ok();
            panic!("told to end, it did not within {STOP_LIMIT:?}; it said:\n{}", self.log())
        })
    }

    /// The folder of an app.
    #[must_use]
    pub fn app_folder(&self, name: &str) -> PathBuf {
        self.apps_folder().join(name)
    }

    /// The folder that the apps' folders lie in.
    #[must_use]
    pub fn apps_folder(&self) -> PathBuf {
        self.setup.data_dir.join("apps")
    }

    /// Its data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.setup.data_dir
    }

    /// All that it has said in all its lives.
    #[must_use]
    pub fn log(&self) -> String {
        self.setup.log()
    }
}

fn pid_of(child: &Child) -> Pid {
    let id = i32::try_from(child.id()).expect("process numbers are small");
    Pid::from_raw(id).expect("no process is 0")
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            note(&format!("---- log of the server {}:\n{}----", self.setup.prefix, self.log()));
        }
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
        traces::end_processes(self);
        docker::remove_all(&self.setup.prefix);
    }
}
