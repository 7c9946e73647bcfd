//! A clean Debian in a folder, to install the package in as its user would. No systemd runs there until a test boots it:
//! what a test starts before, it starts itself, as the units would.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::api::Api;
use crate::http::Address;
use crate::setup::variable;
use crate::{docker, programs, share, wait};

/// The server's start, on a machine that is busy with other tests.
const SERVER_LIMIT: Duration = Duration::from_secs(40);

/// systemd's start with little to do.
const BOOT_LIMIT: Duration = Duration::from_secs(60);

/// Enters the folder `$1` as a root of its own, in which the socket `$2` is Docker's, and becomes the rest of the words
/// there. The mounts are seen by nobody else, and gone with the process.
const ENTER: &str = "mount --bind \"$2\" \"$1/run/docker.sock\" && mount -t proc proc \"$1/proc\" \
                     && root=$1 && shift 2 && exec chroot --userspec=\"$user\" \"$root\" \"$@\"";

/// Becomes systemd in the folder `$1` with Docker's socket `$2`, as process 1 with control groups of its own. The folder
/// `/run` stays the one that is seen from outside.
const BOOT: &str = r#"
set -e
for tree in systemd unified .; do
    tree=/sys/fs/cgroup/$tree
    [ -f "$tree/cgroup.procs" ] || continue
    mkdir "$tree/$3"
    echo $$ >"$tree/$3/cgroup.procs"
done
exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child sh -c '
    set -e
    mount --make-rprivate /
    mount --bind "$1" "$1"
    cd "$1"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    if [ -f /sys/fs/cgroup/cgroup.procs ]; then
        mount -t cgroup2 cgroup2 sys/fs/cgroup
    else
        mount -t tmpfs tmpfs sys/fs/cgroup
        mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
        mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
        mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
    fi
    mount --bind run run
    mount --bind "$2" run/docker.sock
    exec env -i container=other PATH=/usr/sbin:/usr/bin chroot . /lib/systemd/systemd
' sh "$@"
"#;

/// A machine.
#[derive(Debug)]
pub struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A new one, as its installer leaves it, with Docker's client and these packages of Debian's.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn unpack(packages: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("appmanage-").tempdir().expect("a temporary directory");
        let machine = Self { folder };
        let root = machine.path("/").display().to_string();
        drop(xtask(&[&["machine", root.as_str()], packages].concat()));
        fs::write(machine.path("/run/docker.sock"), "")
            .expect("a new file, for the engine's socket to be mounted on");
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
        printed(&mut self.command("root:root", words))
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
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(self.path("/")).arg(docker::socket());
        command.args(words).env_clear().env("user", user).stdin(Stdio::null());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// The API of a server that listens where the package says.
    #[must_use]
    pub fn api(&self) -> Api {
        Api { address: Address::Unix(self.path("/run/appmanage/appmanage.sock")), authorization: None }
    }

    /// Lets systemd start what is installed.
    ///
    /// # Panics
    /// It does not get up.
    #[must_use]
    pub fn boot(&self) -> Booted {
        let groups = share::prefix();
        let mut starter = Command::new("sh");
        starter.args(["-c", BOOT, "sh"]).arg(self.path("/")).arg(docker::socket()).arg(&groups);
        let outer = starter.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it can be started");
        let mut booted = Booted { outer, init: 0, groups };
        wait::until("systemd is up", BOOT_LIMIT, || {
            booted.init = only_child(booted.outer.id())?;
            let state = booted.try_run(&["systemctl", "is-system-running"]);
            state.is_ok_and(|state| state.contains("running")).then_some(())
        });
        booted
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
        command.env("HOME", "/var/lib/appmanage").envs(settings.iter().map(|(name, value)| (name, value)));
        let file = || -> File {
            OpenOptions::new().create(true).append(true).open(&log).expect("the log can be written")
        };
        let child = command.stdout(file()).stderr(file()).spawn().expect("it can be started");
        let server = MachineServer { child, api: self.api() };
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

/// A machine on which systemd runs; it is gone when this is dropped.
#[derive(Debug)]
pub struct Booted {
    outer: Child,
    /// Process 1 of the machine, by its number outside.
    init: u32,
    /// The name of its control groups.
    groups: String,
}

impl Booted {
    /// Runs a command as root. What it prints, if it succeeds, else that as an error.
    ///
    /// # Errors
    /// It fails.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn try_run(&self, words: &[&str]) -> Result<String, String> {
        let root = format!("/proc/{}/root", self.init);
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.init.to_string());
        command.args(["--mount", "--pid", "--uts", "--ipc", "--cgroup"]);
        command.arg(format!("--root={root}")).arg(format!("--wd={root}")).args(words).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DEBIAN_FRONTEND", "noninteractive");
        printed(command.env("SYSTEMD_PAGER", "cat").stdin(Stdio::null()))
    }

    /// Runs a command as root and gives what it prints.
    ///
    /// # Panics
    /// It fails.
    pub fn run(&self, words: &[&str]) -> String {
        self.try_run(words).unwrap_or_else(|printed| panic!("{words:?} fails:\n{printed}"))
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        // With its process 1 all of the machine ends, and its mounts are gone.
        self.outer.kill().ok();
        self.outer.wait().ok();
        for tree in ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"] {
            let own = Path::new(tree).join(&self.groups);
            // They are removed from within, and only when the last process is really gone.
            wait::within(BOOT_LIMIT, || {
                Command::new("find").arg(&own).args(["-depth", "-type", "d", "-delete"]).output().ok()?;
                (!own.exists()).then_some(())
            });
        }
    }
}

fn only_child(process: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn printed(command: &mut Command) -> Result<String, String> {
    let ended = command.output().expect("it can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = text(&ended.stdout) + &text(&ended.stderr);
    if ended.status.success() { Ok(printed) } else { Err(printed) }
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
