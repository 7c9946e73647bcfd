//! How a server of a test is to be started: settings, packages, and the surroundings it finds.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::packages::Package;
use crate::server::Server;
use crate::{share, wait};

/// A server that cannot start says so and ends at once; a loaded machine may take a moment for it.
const REFUSAL_LIMIT: Duration = Duration::from_secs(40);

/// Gives a program a list of hosts of its own.
const WITH_HOSTS: &str = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";

/// A variable that `cargo xtask engine env` sets.
///
/// # Panics
/// It is not set.
#[must_use]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this by `cargo xtask test`"))
}

/// The binary under test: `TESTENV_BINARY`, else the one beside the tests.
///
/// # Panics
/// There is none.
#[must_use]
pub fn binary() -> PathBuf {
    let beside_tests = || {
        let test = std::env::current_exe().expect("a test knows where it is");
        let folder = test.ancestors().nth(2).expect("tests lie in <profile>/deps");
        folder.join("appmanage")
    };
    let binary = std::env::var_os("TESTENV_BINARY").map_or_else(beside_tests, PathBuf::from);
    assert!(binary.is_file(), "{} is not there: build it (cargo build -p appmanage)", binary.display());
    binary
}

/// A server to be started.
#[derive(Debug)]
pub struct Setup {
    pub(crate) folder: TempDir,
    pub(crate) data_dir: PathBuf,
    /// Every name of an app of this server begins so.
    pub prefix: String,
    /// The first host port that is its apps'.
    pub first_port: u16,
    environment: BTreeMap<String, Option<String>>,
    listen: Vec<String>,
    wrapper: Vec<String>,
    program: Option<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self::in_share(share::ports(), &share::subnet_pool(8))
    }
}

impl Setup {
    fn in_share(first_port: u16, subnet_pool: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("appmanage-").tempdir().expect("a temporary directory");
        let mut setup = Self {
            data_dir: folder.path().join("data"),
            folder,
            prefix: share::prefix(),
            first_port,
            environment: BTreeMap::new(),
            listen: vec!["unix:appmanage.sock".to_owned()],
            wrapper: Vec::new(),
            program: None,
        };
        setup = setup.setting("network.port_first", first_port);
        setup = setup.setting("network.port_last", first_port + share::PORTS - 1);
        setup = setup.setting("network.subnet_pool", subnet_pool).setting("public_host", "127.0.0.1");
        // Many servers share one engine here: each would show what the others' tests bring up by hand.
        setup.setting("catalog.dir", "").setting("projects.foreign", false)
    }

    /// A setting, by its environment variable.
    #[must_use]
    pub fn setting(self, key: &str, value: impl Display) -> Self {
        let name = format!("APPMANAGE_{}", key.replace('.', "_").to_uppercase());
        self.environment(&name, &value.to_string())
    }

    /// A pool that has room for so many subnets (a power of two) and no more.
    #[must_use]
    pub fn subnets(self, count: u32) -> Self {
        self.setting("network.subnet_pool", share::subnet_pool(count))
    }

    /// A variable of the server's environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), Some(value.to_owned()));
        self
    }

    /// Another address to listen at, beside the socket in the data directory.
    #[must_use]
    pub fn listen(mut self, address: &str) -> Self {
        self.listen.push(address.to_owned());
        self
    }

    /// A data directory elsewhere.
    #[must_use]
    pub fn data_dir(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.data_dir);
        self
    }

    /// A program that starts the server, such as `setpriv` with its arguments.
    #[must_use]
    pub fn wrapper(mut self, words: &[&str]) -> Self {
        self.wrapper = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Names that lead to this machine, as far as the server sees.
    ///
    /// # Panics
    /// They cannot be written.
    #[must_use]
    pub fn hosts(self, names: &[&str]) -> Self {
        let hosts = self.folder.path().join("hosts");
        let text = format!("127.0.0.1 localhost {}\n", names.join(" "));
        std::fs::write(&hosts, text).expect("it can be written");
        self.wrapper(&["unshare", "--mount", "sh", "-c", WITH_HOSTS, &hosts.display().to_string()])
    }

    /// Another copy of the binary.
    #[must_use]
    pub fn program(mut self, path: &Path) -> Self {
        self.program = Some(path.to_owned());
        self
    }

    /// Packages of the administrator's, in a directory that `catalog.dir` names.
    ///
    /// # Panics
    /// They cannot be written.
    #[must_use]
    pub fn packages(self, packages: &[Package]) -> Self {
        let directory = self.folder.path().join("packages");
        for package in packages {
            package.write(&directory);
        }
        self.setting("catalog.dir", directory.display())
    }

    /// The temporary directory of this server: its data directory lies in it, and room for a test's files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the server keeps its database, its socket and the folders of the apps.
    #[must_use]
    pub fn path_of_data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Starts the server and waits until it is ready to install.
    ///
    /// # Panics
    /// It is not ready in time.
    #[must_use]
    pub fn start(self) -> Server {
        let mut server = Server::of(self);
        server.start();
        server
    }

    /// Starts the server and waits until it answers, engine or not.
    ///
    /// # Panics
    /// It does not in time.
    #[must_use]
    pub fn start_without_engine(self) -> Server {
        let mut server = Server::of(self);
        server.start_without_engine();
        server
    }

    /// Starts a server that is to refuse: how it ended, and all that it said.
    ///
    /// # Panics
    /// It does not end.
    pub fn refusal(&self) -> (ExitStatus, String) {
        let before = self.log().len();
        let mut child = self.command().spawn().expect("the server can be executed");
        let ended = wait::within(REFUSAL_LIMIT, || child.try_wait().expect("it can be waited for"));
        let Some(status) = ended else {
            child.kill().expect("it is alive");
            child.wait().expect("it was started");
            panic!("the server did not end; it said:\n{}", self.log());
        };
        (status, self.log()[before..].to_owned())
    }

    /// All that servers of this setup have written to standard output and standard error.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(self.log_path())
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.data_dir.join("appmanage.sock")
    }

    /// A command of the binary's that reads the server's settings, such as `gateway status`.
    #[must_use]
    pub fn command_line(&self, words: &[&str]) -> Command {
        let mut command = self.command_of(words);
        command.env("APPMANAGE_LISTEN", self.listen.join(","));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = self.command_of(&["serve"]);
        for address in &self.listen {
            command.args(["--listen", address]);
        }
        command
    }

    fn command_of(&self, subcommand: &[&str]) -> Command {
        let log = || -> File {
            let file = OpenOptions::new().create(true).append(true).open(self.log_path());
            file.expect("the log can be written")
        };
        let mut words = self.wrapper.clone();
        words.push(self.program.clone().unwrap_or_else(binary).display().to_string());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(subcommand).arg("--data-dir").arg(&self.data_dir);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("APPMANAGE_") {
                command.env_remove(name);
            }
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null()).stdout(log()).stderr(log());
        command
    }
}
