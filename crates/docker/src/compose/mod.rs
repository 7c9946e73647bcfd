//! `docker compose`: the folder of an app, and the process that brings it up.
//!
//! [`render`] and [`folder`] write what compose reads, [`output`] reads what it writes. Nothing is pulled
//! or removed here: that goes through the Engine API.

mod asks;
mod detect;
mod files;
mod folder;
#[cfg(test)]
mod fuzz;
mod links;
mod output;
mod render;
mod rendered;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use control::ports::projects::VariableValue;
use control::ports::{CommandError, InstalledText, Project, Projects, ProjectsError};
use domain::{InstallId, InstanceId, ProjectName, RenderedProject, secret};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::markers::Markers;
use crate::process::{self, Input, Invocation, RunError};

pub use detect::{Compose, ComposeError};
pub(crate) use output::classify;

/// What a run may take besides the package's patience, which bounds the services that wait for others
/// to be healthy: creating containers on a slow disk, with other installs at work.
const UP_LIMIT: Duration = Duration::from_secs(300);

/// How long killed processes may take to be gone: the kernel may have to finish their disk writes.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(30);

/// How often it is looked whether they are.
const LEFTOVERS_POLL: Duration = Duration::from_millis(20);

/// The apps' folders under a data directory, and the `docker compose` that works in them.
#[derive(Debug)]
pub struct ComposeProjects {
    compose: Compose,
    instance: InstanceId,
    apps: PathBuf,
    /// Where projects that are not installed are rendered.
    scratch: PathBuf,
    aside: Semaphore,
}

impl ComposeProjects {
    /// Projects under `data_dir`, whose instance is `instance`.
    #[must_use]
    pub fn of(compose: Compose, data_dir: &Path, instance: InstanceId) -> Self {
        let (apps, scratch) = (data_dir.join("apps"), data_dir.join("scratch"));
        Self { compose, instance, apps, scratch, aside: Semaphore::new(rendered::ASIDE_AT_ONCE) }
    }

    /// Runs `docker compose <command>` on the project, once nobody else is at work on its folder.
    async fn run(&self, project: &Project, command: &[&str]) -> Result<(), CommandError> {
        let failed = |error: &dyn std::fmt::Display| CommandError::Failed { words: error.to_string() };
        let cannot_lock =
            |error: std::io::Error| failed(&format!("the app's folder cannot be locked: {error}"));
        if let Some(lock) = folder::lock(&project.folder).map_err(cannot_lock)? {
            return self.run_locked(project, command, lock).await;
        }
        // Whoever holds it, its run was given up: a dropped run may still be dying.
        self.end_leftovers(&project.folder, &project.install).await.map_err(|error| failed(&error))?;
        match folder::lock(&project.folder).map_err(cannot_lock)? {
            Some(lock) => self.run_locked(project, command, lock).await,
            None => Err(failed(&"another docker compose is at work on this app")),
        }
    }

    async fn run_locked(
        &self,
        project: &Project,
        command: &[&str],
        lock: std::fs::File,
    ) -> Result<(), CommandError> {
        let time_limit = UP_LIMIT + project.package.patience;
        let ended = process::run(Invocation {
            program: self.compose.docker.clone(),
            arguments: arguments(project, command),
            environment: &self.compose.told,
            markers: Some(Markers::of(&self.instance, &project.install)),
            input: Input::File(lock),
            time_limit,
        })
        .await
        .map_err(|error| match error {
            RunError::TimedOut => CommandError::TimedOut { seconds: time_limit.as_secs() },
            RunError::Start(error) => {
                let words = format!("{} cannot be run: {error}", self.compose.docker.display());
                CommandError::Failed { words }
            }
        })?;
        if ended.success {
            return Ok(());
        }
        let secrets: Vec<_> = project.variables.iter().filter_map(|(_, value)| secret_of(value)).collect();
        let words = secret::masked(&output::words(&ended.stderr), &secrets);
        Err(output::classify(words, &project.ports))
    }
}

#[async_trait]
impl Projects for ComposeProjects {
    fn folder(&self, name: &ProjectName) -> PathBuf {
        self.apps.join(name.as_str())
    }

    async fn check(&self) -> Result<String, CommandError> {
        self.compose.check().await.map_err(|error| CommandError::Failed { words: error.to_string() })
    }

    fn compose_file(&self, folder: &Path) -> PathBuf {
        folder.join(folder::COMPOSE_FILE)
    }

    async fn create_folder(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
        let (folder, install) = (folder.to_owned(), install.clone());
        off_the_runtime(move || folder::create(&folder, &install)).await
    }

    async fn write(&self, project: &Project) -> Result<(), ProjectsError> {
        let project = project.clone();
        off_the_runtime(move || folder::write(&project)).await
    }

    async fn rendered(&self, project: &Project) -> Result<RenderedProject, CommandError> {
        self.render(project).await
    }

    async fn rendered_aside(&self, project: &Project) -> Result<RenderedProject, CommandError> {
        self.render_aside(project).await
    }

    async fn remove_folder(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
        let (folder, install) = (folder.to_owned(), install.clone());
        off_the_runtime(move || folder::remove(&folder, &install)).await
    }

    async fn installed_text(&self, folder: &Path) -> Result<Option<InstalledText>, ProjectsError> {
        let folder = folder.to_owned();
        off_the_runtime(move || folder::installed_text(&folder)).await
    }

    async fn up(&self, project: &Project) -> Result<(), CommandError> {
        self.run(project, &["up", "--detach", "--no-build", "--pull", "never"]).await
    }

    async fn create(&self, project: &Project) -> Result<(), CommandError> {
        self.run(project, &["create", "--no-build", "--pull", "never"]).await
    }

    async fn end_leftovers(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
        let markers = Markers::of(&self.instance, install);
        let failed = |source| ProjectsError {
            action: "end what is still at work in",
            path: folder.to_owned(),
            source,
        };
        let deadline = Instant::now() + LEFTOVERS_LIMIT;
        loop {
            // A process that has been forked but has not begun yet bears no mark, and holds the lock.
            let (marked, locked) = (markers.clone(), folder.to_owned());
            let is_at_work = move || Ok(marked.kill_all() > 0 || folder::is_locked(&locked)?);
            if !off_the_runtime(is_at_work).await.map_err(failed)? {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(failed(std::io::ErrorKind::TimedOut.into()));
            }
            tokio::time::sleep(LEFTOVERS_POLL).await;
        }
    }
}

/// Every path is given, so that nothing depends on where we are or on what lies about there. Not among
/// them, ever: `--remove-orphans` and `-y`, which take what a user made under the same name.
fn arguments(project: &Project, command: &[&str]) -> Vec<OsString> {
    let file = |name: &str| project.folder.join(name).into_os_string();
    let mut arguments: Vec<OsString> = ["compose", "--progress", "json"].map(Into::into).into();
    arguments.extend(["--project-name".into(), project.name.as_str().into()]);
    arguments.extend(["--project-directory".into(), project.folder.clone().into_os_string()]);
    arguments.extend(["--file".into(), file(folder::COMPOSE_FILE)]);
    arguments.extend(["--file".into(), file(folder::OVERRIDE_FILE)]);
    arguments.extend(["--env-file".into(), file(folder::ENV_FILE)]);
    arguments.extend(command.iter().map(OsString::from));
    arguments
}

fn secret_of(value: &VariableValue) -> Option<&domain::Secret> {
    match value {
        VariableValue::Secret(secret) => Some(secret),
        VariableValue::Plain(_) => None,
    }
}

/// Disk writes that wait for the disk would hold up every other task of their thread.
async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("disk work does not panic and is not cancelled")
}

#[cfg(test)]
mod tests;
