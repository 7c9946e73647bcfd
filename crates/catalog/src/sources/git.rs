//! The program git, and nothing of a repository that it could run: no hooks, filters, submodules, helpers or links, no
//! configuration but ours, and no way of transport but HTTPS (and files, for repositories of this machine).

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::limits::{BYTES_MAX, Budget, FetchError};

/// Where git is looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// How often it is looked how much it has written.
const LOOK: Duration = Duration::from_millis(100);
/// Largest file that it may write: where it is faster than our looks at it, this ends it.
const FILE_BYTES_MAX: u64 = 2 * BYTES_MAX;
/// Memory that git may take: a tree that names itself a thousand times fills any.
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// What is kept of what git says.
const WORDS_BYTES_MAX: u64 = 8 << 10;

/// What git is told of itself, whatever the repository says.
const CONFIG: [&str; 15] = [
    "protocol.allow=never",
    "protocol.https.allow=always",
    "http.followRedirects=initial",
    // Who sends nothing for so many seconds is not waited for.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=120",
    // Larger files are not taken into memory whole.
    "core.bigFileThreshold=16m",
    "core.symlinks=false",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.protectNTFS=true",
    "submodule.recurse=false",
    "credential.helper=",
    "transfer.fsckObjects=true",
    "gc.auto=0",
];

/// Brings the newest state of a repository into a folder that is not there yet; returns its commit.
pub(super) async fn clone(
    url: &str,
    branch: Option<&str>,
    to: &Path,
    budget: &Budget,
) -> Result<String, FetchError> {
    clone_with(&[], url, branch, to, budget).await
}

/// The same with settings that count more than ours.
async fn clone_with(
    settings: &[&str],
    url: &str,
    branch: Option<&str>,
    to: &Path,
    budget: &Budget,
) -> Result<String, FetchError> {
    let mut arguments: Vec<OsString> = Vec::new();
    for setting in CONFIG.iter().chain(settings) {
        arguments.extend(["-c".into(), setting.into()]);
    }
    if url.starts_with("file://") {
        arguments.extend(["-c".into(), "protocol.file.allow=always".into()]);
    }
    let clone = ["clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--template="];
    arguments.extend(clone.map(OsString::from));
    arguments.extend(["--no-recurse-submodules", "--no-local"].map(OsString::from));
    arguments.extend(branch.map(|branch| format!("--branch={branch}").into()));
    arguments.extend(["--".into(), url.into(), to.into()]);
    let home = to.parent().unwrap_or(to);
    tokio::select! {
        cloned = run(arguments, home) => cloned?,
        too_much = watch(to, budget) => return Err(too_much),
    };
    measure(to, budget).await?;
    commit(to)
}

/// The commit that was brought: read, not asked for, because git would look into the repository first.
fn commit(repository: &Path) -> Result<String, FetchError> {
    let read = |file: &str| std::fs::read_to_string(repository.join(".git").join(file)).unwrap_or_default();
    let head = read("HEAD");
    let commit = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(name) => {
            let packed = read("packed-refs");
            let of_line = |line: &str| line.strip_suffix(name).map(|commit| commit.trim().to_owned());
            let loose = Some(read(name).trim().to_owned()).filter(|commit| !commit.is_empty());
            loose.or_else(|| packed.lines().find_map(of_line)).unwrap_or_default()
        }
    };
    let is_commit = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then_some(commit).ok_or_else(|| FetchError::Format("the repository is empty".to_owned()))
}

/// Returns as soon as more is written than may be.
async fn watch(folder: &Path, budget: &Budget) -> FetchError {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(too_much) = measure(folder, budget).await {
            return too_much;
        }
    }
}

/// Whether all that is below a folder may be.
async fn measure(folder: &Path, budget: &Budget) -> Result<(), FetchError> {
    let (folder, mut budget) = (folder.to_owned(), budget.clone());
    let look = move || {
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            // git takes away files of its own at any time.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                budget.file()?;
                match entry.metadata() {
                    Ok(found) if found.is_dir() => open.push(entry.path()),
                    Ok(found) => budget.bytes(found.len())?,
                    Err(_) => {}
                }
            }
        }
        Ok(())
    };
    super::blocking(look).await
}

/// Runs git to its end. If the future is dropped, it and all that it started are killed.
async fn run(arguments: Vec<OsString>, home: &Path) -> Result<(), FetchError> {
    let no_git = |error: std::io::Error| {
        FetchError::Unreachable(format!("git cannot be started ({error}); install the package git"))
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts git; as docker's process module does it"
    )]
    let mut child = Command::new("git")
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", home)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("GIT_ASKPASS", "/bin/false")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(no_git)?;
    let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    group.limit();
    let stderr = child.stderr.take();
    let (status, words) = tokio::join!(child.wait(), words_of(stderr));
    group.0 = None;
    match status.map_err(no_git)? {
        status if status.success() => Ok(()),
        status if words.is_empty() => Err(FetchError::Unreachable(format!("git ended with {status}"))),
        _ => Err(FetchError::Unreachable(words)),
    }
}

/// A process and all that it started, killed however its run ends.
struct Group(Option<Pid>);

impl Group {
    /// What one process may take of memory, and one file of the disk. git has started nothing by now.
    fn limit(&self) {
        let limit = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
        if let Some(pid) = self.0 {
            prlimit(Some(pid), Resource::As, limit(MEMORY_BYTES_MAX)).ok();
            prlimit(Some(pid), Resource::Fsize, limit(FILE_BYTES_MAX)).ok();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

/// The beginning of what git says, on one line; all of it is read, so that it never waits.
async fn words_of(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut pipe) = pipe else { return String::new() };
    let mut bytes = Vec::new();
    // What cannot be read is not told.
    (&mut pipe).take(WORDS_BYTES_MAX).read_to_end(&mut bytes).await.ok();
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await.ok();
    let words = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").replace(|letter: char| letter.is_control(), " ")
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
