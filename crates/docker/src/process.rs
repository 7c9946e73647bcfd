//! The only place that starts processes: argument vectors, a cleared environment, a process group of
//! their own, a time limit, bounded output; and no way to leave one behind while this server lives.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::environment::Environment;
use crate::markers::Markers;

/// What is kept of each output stream, in bytes; the beginning is dropped. An error is at the end, and
/// the progress of a hundred containers fits.
pub(crate) const OUTPUT_KEPT: usize = 256 * 1024;

/// How long a process may take to end in good order once its time is over: compose ends its requests.
const GRACE: Duration = Duration::from_secs(5);

/// A process to run.
pub(crate) struct Invocation<'a> {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: &'a Environment,
    /// By which it, and all that it starts, can be found and ended.
    pub(crate) markers: Option<Markers>,
    pub(crate) input: Input,
    pub(crate) time_limit: Duration,
}

/// What a process finds on its standard input.
pub(crate) enum Input {
    Nothing,
    Text(String),
    /// An open file: whatever lock is on it lasts until the process, and all that inherited it, are gone.
    File(File),
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Why a process did not end by itself.
#[derive(Debug)]
pub(crate) enum RunError {
    /// It could not be started.
    Start(io::Error),
    /// Its time was over, and it was ended.
    TimedOut,
}

/// Runs a process to its end. If the future is dropped, the process and all that it started are killed.
pub(crate) async fn run(invocation: Invocation<'_>) -> Result<Ended, RunError> {
    let Invocation { program, arguments, environment, markers, input, time_limit } = invocation;
    let (stdin, text) = match input {
        Input::Nothing => (Stdio::null(), None),
        Input::Text(text) => (Stdio::piped(), Some(text)),
        Input::File(file) => (Stdio::from(file), None),
    };
    let variables = markers.iter().flat_map(|markers| markers.variables().to_vec());
    #[expect(clippy::disallowed_methods, reason = "the one place that starts processes")]
    // The temporary `Command` holds our copy of the input file: it is closed at the end of the statement.
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment.passed_on())
        .envs(variables)
        // Our own folder may be gone by the time; every path in the arguments is absolute.
        .current_dir("/")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(RunError::Start)?;
    let mut guard = Guard { group: group_of(&child), markers };

    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let (Some(mut stdin), Some(text)) = (stdin, text) {
            // A process that does not want its input is judged by its exit status, not by this.
            stdin.write_all(text.as_bytes()).await.ok();
        }
    };
    let work = async { tokio::join!(child.wait(), feed, last_bytes(stdout), last_bytes(stderr)) };
    let mut work = std::pin::pin!(work);
    let in_time = timeout(time_limit, &mut work).await;
    if in_time.is_err() {
        guard.ask_to_end();
        if timeout(GRACE, &mut work).await.is_ok() {
            guard.group = None;
        }
    }
    let (status, (), stdout, stderr) = in_time.map_err(|_| RunError::TimedOut)?;
    guard.group = None;
    let success = status.map_err(RunError::Start)?.success();
    Ok(Ended { success, stdout, stderr })
}

/// Kills what is left of a process, however its run ends.
struct Guard {
    /// The process group; `None` once its leader has been waited for: the number may then be reused.
    group: Option<Pid>,
    markers: Option<Markers>,
}

impl Guard {
    fn ask_to_end(&self) {
        if let Some(group) = self.group {
            kill_process_group(group, Signal::TERM).ok();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            kill_process_group(group, Signal::KILL).ok();
        }
        // Some versions of the docker command give their plugins a process group of their own.
        if let Some(markers) = &self.markers {
            markers.kill_all();
        }
    }
}

fn group_of(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// Reads a pipe to its end and keeps the last of it.
async fn last_bytes(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut pipe) = pipe else { return String::new() };
    let mut kept = Vec::new();
    let mut chunk = vec![0; 8 * 1024];
    while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..length]);
        if kept.len() > 2 * OUTPUT_KEPT {
            kept.drain(..kept.len() - OUTPUT_KEPT);
        }
    }
    let surplus = kept.len().saturating_sub(OUTPUT_KEPT);
    String::from_utf8_lossy(&kept[surplus..]).into_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

    use std::path::Path;
    use std::time::Instant;

    use domain::{InstallId, InstanceId};

    use super::*;

    /// A limit that no test reaches unless something is wrong.
    const LONG: Duration = Duration::from_secs(60);

    fn environment() -> Environment {
        Environment::of(std::env::vars())
    }

    fn shell<'a>(environment: &'a Environment, script: &str, time_limit: Duration) -> Invocation<'a> {
        Invocation {
            program: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".into(), script.into()],
            environment,
            markers: None,
            input: Input::Nothing,
            time_limit,
        }
    }

    async fn until(what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "{what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn is_alive(pid_file: &Path) -> bool {
        let pid = std::fs::read_to_string(pid_file).ok().and_then(|text| text.trim().parse::<u32>().ok());
        let stat = pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
        stat.is_some_and(|stat| !stat.contains(") Z"))
    }

    #[tokio::test]
    async fn output_beyond_the_bound_is_drained_and_its_end_is_kept() {
        let environment = environment();
        let script = "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last; echo words >&2; exit 3";
        let ended = run(shell(&environment, script, LONG)).await.expect("it ends");
        assert!(!ended.success && ended.stdout.ends_with("x\nlast\n"));
        assert_eq!(ended.stdout.len(), OUTPUT_KEPT);
        assert_eq!(ended.stderr, "words\n");
    }

    #[tokio::test]
    async fn the_environment_is_cleared() {
        let environment = Environment::of([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let ended = run(shell(&environment, "env | cut -d= -f1 | sort", LONG)).await.expect("it ends");
        let ours = ended.stdout.lines().filter(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
        assert_eq!(ours.collect::<Vec<_>>(), ["DOCKER_HOST", "PATH"]);
    }

    #[tokio::test]
    async fn text_is_fed_and_a_program_that_is_not_there_is_an_error() {
        let environment = environment();
        let feed = Invocation { input: Input::Text("hello".to_owned()), ..shell(&environment, "cat", LONG) };
        assert_eq!(run(feed).await.expect("it ends").stdout, "hello");
        let missing =
            Invocation { program: PathBuf::from("/nowhere/at/all"), ..shell(&environment, "", LONG) };
        assert!(matches!(run(missing).await, Err(RunError::Start(_))));
    }

    #[tokio::test]
    async fn a_process_that_ignores_its_time_limit_and_sigterm_is_killed_with_its_children() {
        let environment = environment();
        let folder = tempfile::tempdir().expect("a folder");
        let pid_file = folder.path().join("pid");
        let script = format!("trap '' TERM; sleep 600 & echo $! > {}; wait; wait", pid_file.display());
        let outcome = run(shell(&environment, &script, Duration::from_millis(300))).await;
        assert!(matches!(outcome, Err(RunError::TimedOut)));
        until("its child is gone", || pid_file.exists() && !is_alive(&pid_file)).await;
    }

    #[tokio::test]
    async fn a_dropped_run_kills_also_what_left_the_process_group() {
        let environment = environment();
        let folder = tempfile::tempdir().expect("a folder");
        let (pid_file, markers) = (folder.path().join("pid"), markers());
        let script = format!("setsid sh -c 'echo $$ > {}; exec sleep 600' & wait", pid_file.display());
        let marked = Invocation { markers: Some(markers), ..shell(&environment, &script, LONG) };
        {
            let mut running = std::pin::pin!(run(marked));
            let started = until("it is started", || is_alive(&pid_file));
            tokio::select! { _ = &mut running => panic!("it runs for long"), () = started => {} }
        }
        until("it is gone", || !is_alive(&pid_file)).await;
    }

    fn markers() -> Markers {
        let instance = InstanceId::from_text(format!("process-test-{}", std::process::id()));
        Markers::of(&instance, &InstallId::from_text("one"))
    }
}
