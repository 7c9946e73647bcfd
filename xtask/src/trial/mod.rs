//! The real server before a machine that is not there (crates/appmanage/examples/fake_machine.rs): what `bench`
//! measures and `schemathesis` calls.

mod fake_machine;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::command::run;
use crate::paths;
use crate::progress::Progress;
pub(crate) use fake_machine::{FakeMachine, all_run};
pub(crate) use server::{Server, Variables};

/// How the server is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As it ships.
    Release,
    /// With checks for what must never happen, such as a number that overflows.
    Development,
}

/// What is started, and where it writes.
pub(crate) struct Programs {
    pub(crate) server: PathBuf,
    fake_machine: PathBuf,
    /// Everything that is written on the way.
    pub(crate) folder: PathBuf,
}

impl Programs {
    /// Builds them, and empties `folder`.
    pub(crate) fn build(repository: &Path, profile: Profile, folder: &Path) -> Result<Programs> {
        let (name, arguments): (_, &[&str]) = match profile {
            Profile::Release => ("release", &["--release"]),
            Profile::Development => ("debug", &[]),
        };
        let running = Progress::new().begin("building the server (takes minutes)");
        let cargo = || {
            let mut cargo = Command::new("cargo");
            cargo.current_dir(repository).args(["build", "--package", "appmanage"]);
            cargo
        };
        let built = run(cargo().args(["--bin", "appmanage"]).args(arguments))
            .and_then(|()| run(cargo().args(["--example", "fake_machine"])));
        running.end();
        built?;
        paths::remove_folder(folder)?;
        paths::create_folder(folder)?;
        let target = paths::target(repository);
        Ok(Programs {
            server: target.join(name).join("appmanage"),
            fake_machine: target.join("debug/examples/fake_machine"),
            folder: folder.to_owned(),
        })
    }
}
