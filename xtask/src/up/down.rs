//! `cargo xtask down`: takes away what `up` made, and only that.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::choice::PRIVATE;
use super::state::{Demo, Engine};
use crate::command::{output, run, until};
use crate::daemon::{all_processes, arguments_of};
use crate::{engine, paths};

/// The label that says which server made a container, network or volume.
const LABEL: &str = "io.appmanage.instance";

/// How long a killed process may take to be gone.
const DEATH: Duration = Duration::from_secs(10);

/// Stops the server, removes its apps, and the private engine if `up` started it.
pub(crate) fn down(repository: &Path) -> Result<()> {
    let demo = Demo::of(repository);
    let _lock = demo.lock()?;
    let Some(state) = demo.state()? else {
        paths::remove_folder(&demo.folder)?;
        println!("there is nothing to take away: `cargo xtask up` made nothing here");
        return Ok(());
    };
    demo.daemon(Vec::new()).stop()?;
    end_children(&demo)?;
    println!("server    stopped");
    match &state.engine {
        Engine::Private { ours_to_stop: true } => engine::stop(repository, PRIVATE)?,
        Engine::Private { ours_to_stop: false } if !engine::is_running(repository, PRIVATE)? => {}
        Engine::Private { ours_to_stop: false } => {
            let environment = engine::environment(repository, PRIVATE)?;
            remove_apps(&demo, &|| {
                let mut docker = Command::new("docker");
                docker.envs(environment.iter().map(|(name, value)| (*name, value)));
                docker
            })?;
        }
        Engine::Users { host } => {
            let docker = || {
                let mut docker = Command::new("docker");
                docker.env("DOCKER_HOST", host).env_remove("DOCKER_CONTEXT");
                docker
            };
            remove_apps(&demo, &docker)?;
            for image in &state.new_images {
                // Not by force: one that somebody else has begun to use stays.
                run(docker().args(["image", "rm", image])).ok();
            }
        }
    }
    paths::remove_folder(&demo.folder)?;
    println!("target/up is gone");
    Ok(())
}

/// Ends what the server had at work if it had to be killed: `docker compose` of one of its apps.
fn end_children(demo: &Demo) -> Result<()> {
    let folder = demo.data().join("apps");
    let is_ours = |pid: &i32| {
        let in_folder =
            std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&folder));
        let words = arguments_of(*pid);
        let is_docker = words.first().is_some_and(|program| program.contains("docker"));
        is_docker && (in_folder || words.iter().any(|word| word.contains(&*folder.to_string_lossy())))
    };
    let ours = || all_processes().into_iter().filter(is_ours);
    for pid in ours().filter_map(Pid::from_raw) {
        kill_process(pid, Signal::KILL).ok();
    }
    if !until(DEATH, || ours().next().is_none()) {
        bail!("a `docker compose` of {} does not die", folder.display());
    }
    Ok(())
}

/// Removes all that carries the label of this demo's server.
fn remove_apps(demo: &Demo, docker: &dyn Fn() -> Command) -> Result<()> {
    // Without an app's folder nothing was made: the folder comes first and goes last.
    let Some(instance) = instance(&demo.data().join("apps"))? else { return Ok(()) };
    let filter = format!("label={LABEL}={instance}");
    let kinds: [(&[&str], &[&str]); 3] = [
        (&["ps", "--all", "--quiet", "--no-trunc"], &["rm", "--force", "--volumes"]),
        (&["network", "ls", "--quiet"], &["network", "rm"]),
        (&["volume", "ls", "--quiet"], &["volume", "rm"]),
    ];
    for (list, remove) in kinds {
        let found = output(docker().args(list).args(["--filter", &filter]))?;
        if !found.trim().is_empty() {
            run(docker().args(remove).args(found.split_whitespace()))
                .context("an object of the demo's could not be removed; run `cargo xtask down` again")?;
        }
    }
    println!("apps      removed");
    Ok(())
}

/// The name that this demo's server labels its things with, out of the file that says so to `docker compose`.
fn instance(apps: &Path) -> Result<Option<String>> {
    let entries = std::fs::read_dir(apps).into_iter().flatten().flatten();
    for entry in entries {
        let file = entry.path().join("compose.override.yaml");
        if file.is_file()
            && let Some(instance) = instance_in(&paths::read(&file)?)
        {
            return Ok(Some(instance));
        }
    }
    Ok(None)
}

fn instance_in(compose: &str) -> Option<String> {
    let value =
        |line: &str| Some(line.trim().strip_prefix(LABEL)?.strip_prefix(": ")?.trim_matches('"').to_owned());
    compose.lines().find_map(value).filter(|instance| !instance.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instance_is_read_from_what_compose_was_given() {
        let compose = "services:\n  web:\n    labels:\n      io.appmanage.instance: \"k3v9\"\n";
        assert_eq!(instance_in(compose).as_deref(), Some("k3v9"));
        assert_eq!(instance_in("services:\n  web: {}\n"), None);
        assert_eq!(instance_in("      io.appmanage.instance: \"\"\n"), None);
    }
}
