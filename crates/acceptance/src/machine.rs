//! A clean Debian in a folder, to install the package in as its user would. No systemd runs there: what a test starts,
//! it starts itself, as the units would.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::api::Api;
use crate::http::Address;
use crate::setup::variable;
use crate::{docker, programs, wait};

/// Unpacking takes seconds, installing too.
const SERVER_LIMIT: std::time::Duration = std::time::Duration::from_secs(40);

/// Enters the folder `$1` as a root of its own and becomes the rest of the words there. The mounts are seen by nobody
/// else, and gone with the process.
const ENTER: &str = "mount --bind \"$2\" \"$1/run/engine\" && mount -t proc proc \"$1/proc\" \
                     && root=$1 && shift 2 && exec chroot --userspec=\"$user\" --groups=\"$groups\" \"$root\" \"$@\"";

/// A machine.
#[derive(Debug)]
pub struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A new one, as its installer leaves it, with Docker's client.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn unpack() -> Self {
        let folder = tempfile::Builder::new().prefix("appmanage-").tempdir().expect("a temporary directory");
        let machine = Self { folder };
        drop(xtask(&["machine", &machine.path("/").display().to_string()]));
        fs::create_dir_all(machine.path("/run/engine")).expect("a new folder");
        let plugins = machine.path("/usr/libexec/docker/cli-plugins");
        fs::create_dir_all(&plugins).expect("a new folder");
        let path = variable("PATH");
        let mut clients = std::env::split_paths(&path).map(|folder| folder.join("docker"));
        let client = clients.find(|file| file.is_file());
        programs::copy(&client.expect("docker is on the PATH"), &machine.path("/usr/bin/docker"));
        let compose = Path::new(&variable("DOCKER_CONFIG")).join("cli-plugins/docker-compose");
        programs::copy(&compose, &plugins.join("docker-compose"));
        machine
    }

    /// Where a path of the machine is.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("root").join(path.trim_start_matches('/'))
    }

    /// Runs a command as root. What it prints, if it succeeds, else that as an error.
    ///
    /// # Errors
    /// It fails.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn try_run(&self, words: &[&str]) -> Result<String, String> {
        let ended = self.command("root:root", words).output().expect("it can be started");
        let printed =
            format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        if ended.status.success() { Ok(printed) } else { Err(printed) }
    }

    /// Runs a command as root and gives what it prints.
    ///
    /// # Panics
    /// It fails.
    pub fn run(&self, words: &[&str]) -> String {
        self.try_run(words).unwrap_or_else(|printed| panic!("{words:?} fails:\n{printed}"))
    }

    /// Puts a file in and gives its path there.
    ///
    /// # Panics
    /// It cannot be copied.
    #[must_use]
    pub fn bring(&self, file: &Path) -> String {
        let inside = format!("/root/{}", file.file_name().expect("a file has a name").to_string_lossy());
        fs::copy(file, self.path(&inside)).expect("it can be copied");
        inside
    }

    fn command(&self, user: &str, words: &[&str]) -> Command {
        let engine = docker::socket();
        let group = fs::metadata(&engine).expect("the engine is up").gid().to_string();
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(self.path("/"));
        command.arg(engine.parent().expect("it lies in a folder")).args(words).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DEBIAN_FRONTEND", "noninteractive");
        command.env("user", user).env("groups", group).stdin(Stdio::null());
        command
    }

    /// Starts the server as the units do: by its user, with its settings and some of the test's.
    ///
    /// # Panics
    /// It does not get ready.
    #[must_use]
    pub fn serve(&self, settings: &[(&str, String)]) -> MachineServer {
        let log = self.folder.path().join("log");
        let mut command = self.command(
            "appmanage:appmanage",
            &["/usr/bin/appmanage", "serve", "--config", "/etc/appmanage/appmanage.toml"],
        );
        // What appmanage.socket makes, and StateDirectory=.
        self.run(&["install", "-d", "-o", "appmanage", "-g", "appmanage", "/run/appmanage"]);
        self.run(&["install", "-d", "-m", "700", "-o", "appmanage", "-g", "appmanage", "/var/lib/appmanage"]);
        command
            .env("HOME", "/var/lib/appmanage")
            .env("APPMANAGE_ENGINE_HOST", "unix:///run/engine/docker.sock");
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let file = || -> File {
            OpenOptions::new().create(true).append(true).open(&log).expect("the log can be written")
        };
        let child = command.stdout(file()).stderr(file()).spawn().expect("it can be started");
        let address = Address::Unix(self.path("/run/appmanage/appmanage.sock"));
        let server = MachineServer { child, api: Api { address } };
        let is_ready =
            || server.api.address.get("/readyz").is_ok_and(|answer| answer.status == 200).then_some(());
        let ready = wait::within(SERVER_LIMIT, is_ready);
        assert!(ready.is_some(), "not ready:\n{}", fs::read_to_string(&log).unwrap_or_default());
        server
    }
}

/// A server on a machine; it is killed when it is dropped.
#[derive(Debug)]
pub struct MachineServer {
    child: Child,
    /// Its API.
    pub api: Api,
}

impl MachineServer {
    /// Tells it to end and waits until it has, in good order.
    ///
    /// # Panics
    /// It does not.
    pub fn stop(mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process id"), rustix::process::Signal::TERM)
            .expect("it is alive");
        assert!(self.child.wait().expect("it was started").success());
    }
}

impl Drop for MachineServer {
    fn drop(&mut self) {
        // It has ended already, as a rule.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs `cargo xtask` with these words and gives what it prints.
///
/// # Panics
/// It fails.
#[must_use]
pub fn xtask(words: &[&str]) -> String {
    let ended = Command::new(variable("TESTENV_XTASK")).args(words).output().expect("xtask can be run");
    let words = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{words}");
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}
