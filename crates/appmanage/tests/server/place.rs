//! A data directory, a docker command and an address for servers that are started by tests.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a start or a stop may take on a machine under load.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked.
const POLL: Duration = Duration::from_millis(10);

/// Where servers are started.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    /// An address that was free a moment ago.
    pub(crate) address: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port").to_string();
        let place = Self { folder: tempfile::tempdir().expect("a temporary directory"), address };
        fs::create_dir(place.data_dir()).expect("it can be created");
        fs::create_dir(place.programs()).expect("it can be created");
        place.docker("echo 2.40.3");
        place
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where servers look for the engine. Nothing is there at first.
    pub(crate) fn engine_socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// A file for a script of the test's to write.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Lets `docker` be that shell script.
    pub(crate) fn docker(&self, script: &str) {
        testkit::programs::script(&self.programs().join("docker"), script);
    }

    /// Lets there be no `docker`.
    pub(crate) fn no_docker(&self) {
        fs::remove_file(self.programs().join("docker")).expect("it is there");
    }

    /// The binary, with nothing of this process's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_appmanage"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", self.programs())
            .env("DOCKER_HOST", format!("unix://{}", self.engine_socket().display()))
            .env("APPMANAGE_DATA_DIR", self.data_dir())
            .env("APPMANAGE_LISTEN", &self.address)
            .env("APPMANAGE_API_REQUIRE_HEADERS", "false");
        command
    }

    /// Starts a server.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Started {
        let mut command = self.command(&["serve"]);
        command.args(arguments).stdin(Stdio::null());
        self.start(command)
    }

    /// Starts a server by that command.
    pub(crate) fn start(&self, mut command: Command) -> Started {
        let log = self.folder.path().join(format!("log-{}", unique()));
        let file = fs::File::create(&log).expect("it can be created");
        let child = command.stderr(file).spawn();
        Started { child: child.expect("it can be started"), log }
    }

    /// The whole answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        ask(TcpStream::connect(&self.address).expect("it listens"), path)
    }

    /// The whole answer to a GET over that socket in the data directory.
    pub(crate) fn get_by_socket(&self, name: &str, path: &str) -> String {
        ask(UnixStream::connect(self.data_dir().join(name)).expect("it listens"), path)
    }
}

/// Waits until that is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(POLL);
    }
}

fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The whole answer to a GET over that connection.
pub(crate) fn ask(mut stream: impl Read + Write, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// A server that was started. It is killed when the test is over.
pub(crate) struct Started {
    child: Child,
    log: PathBuf,
}

impl Started {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("it is there")
    }

    /// Waits until that stands in its log.
    pub(crate) fn wait_for_line(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(self.child.try_wait().expect("it is ours").is_none(), "it ended: {}", self.log());
            assert!(Instant::now() < deadline, "{text:?} never came: {}", self.log());
            sleep(POLL);
        }
    }

    pub(crate) fn wait_until_ready(&mut self) {
        self.wait_for_line(" serves ");
    }

    /// Waits for its end: the exit code and the log.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                return (status.code(), self.log());
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.log());
            sleep(POLL);
        }
    }

    /// SIGTERM, and the end.
    pub(crate) fn terminate(self) -> (Option<i32>, String) {
        self.ask_to_stop();
        self.wait()
    }

    /// SIGTERM.
    pub(crate) fn ask_to_stop(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process id"), rustix::process::Signal::TERM)
            .expect("it is alive");
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is alive");
        self.child.wait().expect("it is ours");
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Ended already, as a rule.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
