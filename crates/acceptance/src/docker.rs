//! The engine, as its own client and its own socket show it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::http::Address;
use crate::setup::variable;

/// Runs `docker` and returns what it prints.
///
/// # Panics
/// It fails.
pub fn docker(arguments: &[&str]) -> String {
    try_docker(arguments).unwrap_or_else(|words| panic!("docker {}: {words}", arguments.join(" ")))
}

/// Runs `docker`.
///
/// # Errors
/// What it prints on standard error when it fails.
///
/// # Panics
/// There is no `docker`.
pub fn try_docker(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("docker").args(arguments).output().expect("docker is on the PATH");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// The lines that `docker` prints.
#[must_use]
pub fn lines(arguments: &[&str]) -> Vec<String> {
    docker(arguments).lines().map(str::to_owned).collect()
}

/// The path of the engine's socket.
///
/// # Panics
/// `DOCKER_HOST` names none.
#[must_use]
pub fn socket() -> PathBuf {
    let host = variable("DOCKER_HOST");
    PathBuf::from(host.strip_prefix("unix://").expect("the private engine listens on a Unix socket"))
}

/// Asks the engine itself: quicker than a process, where a moment is to be measured.
#[must_use]
pub fn ask(target: &str) -> Option<Value> {
    let answer = Address::Unix(socket()).get(target).ok()?;
    if answer.status == 200 { serde_json::from_str(&answer.body).ok() } else { None }
}

/// What `docker inspect` says of a container.
#[must_use]
pub fn inspect(container: &str) -> Option<Value> {
    ask(&format!("/containers/{container}/json"))
}

/// A container's state: `running`, `exited`, …; empty where there is none.
#[must_use]
pub fn state(container: &str) -> String {
    inspect(container).map(|found| crate::json::text(&found, "/State/Status")).unwrap_or_default()
}

/// The names of containers, running or not, whose name begins so.
#[must_use]
pub fn containers(prefix: &str) -> Vec<String> {
    named(&["ps", "--all", "--format", "{{.Names}}"], prefix)
}

/// The names of networks that begin so.
#[must_use]
pub fn networks(prefix: &str) -> Vec<String> {
    named(&["network", "ls", "--format", "{{.Name}}"], prefix)
}

/// The names of volumes that begin so.
#[must_use]
pub fn volumes(prefix: &str) -> Vec<String> {
    named(&["volume", "ls", "--format", "{{.Name}}"], prefix)
}

fn named(arguments: &[&str], prefix: &str) -> Vec<String> {
    lines(arguments).into_iter().filter(|name| name.starts_with(prefix)).collect()
}

/// Takes away all containers, networks and volumes whose name begins so.
pub fn remove_all(prefix: &str) {
    let remove = |verb: &[&str], names: Vec<String>| {
        if !names.is_empty() {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            try_docker(&[verb, &names].concat()).ok();
        }
    };
    remove(&["rm", "--force", "--volumes"], containers(prefix));
    remove(&["network", "rm"], networks(prefix));
    remove(&["volume", "rm", "--force"], volumes(prefix));
}
