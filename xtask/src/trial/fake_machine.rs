//! An engine that exists only on a socket, with as many apps as wanted.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::Programs;
use super::server::Variables;
use crate::api::Api;
use crate::paths;

/// An engine on a socket and a data directory full of apps.
pub(crate) struct FakeMachine {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    socket: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) variables: Variables,
}

impl FakeMachine {
    /// Starts it with so many apps. Its `docker compose` is the one that the variables `clients` lead to: the server
    /// looks for one when it starts.
    pub(crate) fn with_apps(programs: &Programs, clients: &Variables, count: usize) -> Result<FakeMachine> {
        let folder = programs.folder.join(format!("fake-{count}"));
        let data_dir = folder.join("data");
        paths::remove_folder(&folder)?;
        paths::create_folder(&data_dir)?;
        // Not in the folder, whose path may be too long for a socket.
        let socket = PathBuf::from(format!("/run/appmanage-trial-{}-{count}.sock", std::process::id()));
        std::fs::remove_file(&socket).ok();
        let mut child = Command::new(&programs.fake_machine)
            .args([socket.as_path(), data_dir.as_path()])
            .arg(count.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", programs.fake_machine.display()))?;
        let input = child.stdin.take().context("its standard input is a pipe")?;
        let output = BufReader::new(child.stdout.take().context("its standard output is a pipe")?);
        let mut variables = clients.clone();
        variables.retain(|(name, _)| name == "DOCKER_CONFIG");
        variables.push(("DOCKER_HOST".to_owned(), format!("unix://{}", socket.display())));
        let mut machine = FakeMachine { child, input, output, socket, data_dir, variables };
        ensure!(machine.line()? == "ready", "the fake machine did not start");
        Ok(machine)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// How many requests its engine has got so far, those left out that only ask whether it is alive.
    pub(crate) fn requests(&mut self) -> Result<u64> {
        writeln!(self.input)?;
        Ok(self.line()?.parse()?)
    }
}

impl Drop for FakeMachine {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_file(&self.socket).ok();
    }
}

/// Whether every app of the list runs.
pub(crate) fn all_run(api: &Api, count: usize) -> bool {
    api.call("AppList", &[]).is_ok_and(|list| {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        list.len() == count && list.iter().all(|app| app["status_code"] == "30")
    })
}
