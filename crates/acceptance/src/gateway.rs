//! A server behind a real nginx, on loopback ports of its own: as `appmanage gateway init` makes it.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::api::Api;
use crate::http::Address;
use crate::server::Server;
use crate::setup::Setup;
use crate::{json, share, wait};

/// The user that nginx's workers run as, on Debian.
pub const WORKERS: &str = "www-data";

/// nginx is up within milliseconds.
const START_LIMIT: Duration = Duration::from_secs(20);

/// An nginx with a configuration of its own.
#[derive(Debug)]
pub struct Nginx {
    /// Its configuration, its logs, and room for the server's socket.
    pub dir: PathBuf,
    child: Option<Child>,
}

impl Nginx {
    /// Starts one that serves nothing yet.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(dir: &Path) -> Self {
        for folder in ["conf.d", "logs", "tmp", "run"] {
            fs::create_dir_all(dir.join(folder)).expect("it can be made");
        }
        // Workers, which are not root, have to get to the socket.
        for folder in [dir, dir.parent().expect("it lies in the test's folder"), &dir.join("run")] {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("it is ours");
        }
        let path = dir.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("    {kind}_temp_path {path}/tmp/{kind};\n"))
            .concat();
        let config = format!(
            "user {WORKERS};\nworker_processes 2;\nworker_rlimit_nofile 8192;\npid {path}/nginx.pid;\nerror_log {path}/logs/error.log info;\n\
             events {{ worker_connections 4096; }}\nhttp {{\n{temporary}    access_log {path}/logs/access.log;\n    include {path}/conf.d/*.conf;\n}}\n"
        );
        fs::write(dir.join("nginx.conf"), config).expect("it can be written");
        let mut nginx = Self { dir: dir.to_owned(), child: None };
        nginx.run();
        nginx
    }

    /// Starts it (again).
    ///
    /// # Panics
    /// It does not start.
    pub fn run(&mut self) {
        let output = || {
            let file =
                fs::OpenOptions::new().create(true).append(true).open(self.dir.join("logs/output.log"));
            file.expect("it can be written")
        };
        let child = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(self.dir.join("nginx.conf"))
            .args(["-e", "stderr", "-g", "daemon off;"])
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .spawn();
        self.child = Some(child.expect("nginx is installed (apt install nginx-light)"));
        let pid = self.dir.join("nginx.pid");
        wait::until("nginx runs", START_LIMIT, || {
            fs::read_to_string(&pid).ok().filter(|text| text.trim().parse::<u32>().is_ok())
        });
    }

    /// Stops it.
    ///
    /// # Panics
    /// It does not run.
    pub fn stop(&mut self) {
        let child = self.child.take().expect("it runs");
        end(child);
    }

    /// What it wrote into a file of its log directory.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join("logs").join(name)).unwrap_or_default()
    }
}

/// The master ends its workers when it is told to end, so it is not killed.
fn end(mut child: Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("no process is 0"), rustix::process::Signal::TERM).ok();
    child.wait().ok();
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if std::thread::panicking() {
            crate::note(&format!(
                "---- nginx said:\n{}{}----",
                self.log("output.log"),
                self.log("error.log")
            ));
        }
        if let Some(child) = self.child.take() {
            end(child);
        }
    }
}

/// A server, nginx in front of it, and the first user.
#[derive(Debug)]
pub struct Gateway {
    /// nginx; stopped before the server.
    pub nginx: Nginx,
    /// The server.
    pub server: Server,
    /// The port of HTTP.
    pub http: u16,
    /// The port of HTTPS.
    pub https: u16,
    /// What `gateway init` printed the first time.
    pub printed: String,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    /// Whether it went well.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Gateway {
    /// The setup of a server that knows the nginx in its folder, and that nginx.
    #[must_use]
    pub fn setup(setup: Setup) -> (Setup, PathBuf) {
        let dir = setup.folder().join("nginx");
        let socket = format!("unix:{}/run/appmanage.sock", dir.display());
        (
            setup
                .setting("gateway.user", WORKERS)
                .setting("gateway.nginx_dir", dir.display())
                .listen(&socket),
            dir,
        )
    }

    /// A server with nginx in front; the server needs no engine.
    ///
    /// # Panics
    /// It cannot be set up.
    #[must_use]
    pub fn start(setup: Setup) -> Self {
        Self::start_without_init(setup).initialised()
    }

    /// A server that knows nginx by a secret, at a port.
    ///
    /// # Panics
    /// It cannot be set up.
    #[must_use]
    pub fn start_over_tcp(setup: Setup, port: u16, secret: &str) -> Self {
        let (file, dir) = (setup.folder().join("secret"), setup.folder().join("nginx"));
        fs::write(&file, secret).expect("it can be written");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("it is ours");
        let setup = setup.setting("gateway.secret_file", file.display());
        let setup = setup.setting("gateway.nginx_dir", dir.display()).listen(&format!("127.0.0.1:{port}"));
        Self::start_in(setup, &dir).initialised()
    }

    fn initialised(mut self) -> Self {
        let ran = self.init(&[]);
        assert!(ran.success, "{ran:?}");
        self.printed = ran.stdout;
        self
    }

    /// A server, and an nginx that does not know of it.
    #[must_use]
    pub fn start_without_init(setup: Setup) -> Self {
        let (setup, dir) = Self::setup(setup);
        Self::start_in(setup, &dir)
    }

    fn start_in(setup: Setup, dir: &Path) -> Self {
        let nginx = Nginx::start(dir);
        let server = setup.start_without_engine();
        let (http, https) = (share::free_port(), share::free_port());
        Self { nginx, server, http, https, printed: String::new() }
    }

    /// Runs `appmanage gateway init` with the ports of this gateway, and more words.
    pub fn init(&self, words: &[&str]) -> Ran {
        ran(&mut self.init_command(words))
    }

    /// The same under a umask, as a careful root has one.
    pub fn init_with_umask(&self, umask: &str) -> Ran {
        let init = self.init_command(&[]);
        let mut under = Command::new("sh");
        under.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
        under.arg(init.get_program()).args(init.get_args());
        for (name, value) in init.get_envs() {
            match value {
                Some(value) => under.env(name, value),
                None => under.env_remove(name),
            };
        }
        ran(&mut under)
    }

    fn init_command(&self, words: &[&str]) -> Command {
        let (http, https) = (format!("127.0.0.1:{}", self.http), format!("127.0.0.1:{}", self.https));
        let logs = self.nginx.dir.join("logs").display().to_string();
        let mut all = vec!["init", "--name", "localhost", "--name", "127.0.0.1", "--log-dir", &logs];
        all.extend(["--listen-http", &http, "--listen-https", &https]);
        all.extend(words);
        self.command(&all)
    }

    /// Runs `appmanage gateway`.
    ///
    /// # Panics
    /// It cannot be run.
    pub fn run(&self, words: &[&str]) -> Ran {
        ran(&mut self.command(words))
    }

    fn command(&self, words: &[&str]) -> Command {
        let words: Vec<&str> = ["gateway"].into_iter().chain(words.iter().copied()).collect();
        self.server.setup.command_line(&words)
    }

    /// The file that nginx reads.
    #[must_use]
    pub fn main_file(&self) -> PathBuf {
        self.nginx.dir.join("conf.d/appmanage.conf")
    }

    /// The certificate that was made.
    ///
    /// # Panics
    /// There is none, or more than one.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        let entries = fs::read_dir(self.nginx.dir.join("appmanage")).expect("it is there");
        let paths = entries.map(|entry| entry.expect("it can be read").path());
        let made: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|kind| kind == "pem")).collect();
        assert_eq!(made.len(), 1, "{made:?}");
        made[0].clone()
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::Tls(SocketAddr::from(([127, 0, 0, 1], self.https)), self.certificate())
    }

    /// The password that `gateway init` printed.
    ///
    /// # Panics
    /// It printed none.
    #[must_use]
    pub fn password(&self) -> String {
        let line = self.printed.lines().find_map(|line| line.strip_prefix("    "));
        line.expect("the password stands in a line of its own").trim().to_owned()
    }

    /// A client that shows this to nginx.
    #[must_use]
    pub fn client(&self, authorization: &str) -> Api {
        Api { address: self.address(), authorization: Some(authorization.to_owned()) }
    }

    /// The first user.
    #[must_use]
    pub fn admin(&self) -> Api {
        self.client(&basic("admin", &self.password()))
    }

    /// Makes an API key.
    ///
    /// # Panics
    /// It is refused.
    #[must_use]
    pub fn key(&self, name: &str, scope: &str) -> String {
        let key = self.server.api().call("KeyAdd", &[("name", name), ("scope", scope), ("days", "30")]);
        json::text(&key.expect("root may make keys"), "/key")
    }
}

fn ran(command: &mut Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().expect("it can be run");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// What a browser sends of a user and a password.
#[must_use]
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// What a program sends of its key.
#[must_use]
pub fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}
