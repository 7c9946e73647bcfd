//! What `docker compose` makes of a project's files, read back before it carries them out. No engine is asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use control::ports::{CommandError, Project, ProjectsError};
use domain::{InstallId, RenderedProject, VariableValue, secret};
use serde_json::{Map, Value};

use super::{ComposeProjects, arguments, asks, folder, links, off_the_runtime, output, secret_of};
use crate::markers::Markers;
use crate::process::{self, Input, Invocation, OUTPUT_KEPT, RunError};

/// What `config` may take: it reads a few files and starts two programs of 70 MB from the disk.
const RENDER_LIMIT: Duration = Duration::from_secs(30);

/// Projects rendered aside at once; more wait. Whoever asks for many plans must not take the machine.
pub(super) const ASIDE_AT_ONCE: usize = 2;

/// Where Docker's sockets are, whatever the settings say of the engine in use.
const ENGINE_SOCKETS: [&str; 3] =
    ["/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock"];

/// A full disk is no fault of what was to be rendered, and another time it may be.
fn unwritten(error: &ProjectsError) -> CommandError {
    let words = control::error_chain(error);
    if error.is_disk_full() { CommandError::DiskFull { words } } else { CommandError::Failed { words } }
}

impl ComposeProjects {
    /// See [`control::ports::Projects::rendered`].
    pub(super) async fn render(&self, project: &Project) -> Result<RenderedProject, CommandError> {
        self.render_and_tell(project).await.map(|(rendered, _)| rendered)
    }

    /// The same, with the names of the variables that compose takes to be unset: it makes them empty and goes on.
    async fn render_and_tell(
        &self,
        project: &Project,
    ) -> Result<(RenderedProject, Vec<String>), CommandError> {
        let ended = process::run(Invocation {
            program: self.compose.docker.clone(),
            arguments: arguments(project, &["config", "--format", "json"]),
            environment: &self.compose.told,
            markers: Some(Markers::of(&self.instance, &project.install)),
            input: Input::Nothing,
            time_limit: RENDER_LIMIT,
        })
        .await
        .map_err(|error| match error {
            RunError::TimedOut => CommandError::TimedOut { seconds: RENDER_LIMIT.as_secs() },
            RunError::Start(error) => {
                let words = format!("{} cannot be run: {error}", self.compose.docker.display());
                CommandError::Failed { words }
            }
        })?;
        if !ended.success {
            let secrets: Vec<_> =
                project.variables.iter().filter_map(|(_, value)| secret_of(value)).collect();
            let words = secret::masked(&output::words(&ended.stderr), &secrets);
            return Err(CommandError::Failed { words });
        }
        // Without the reader's words, which may quote a password.
        let is_whole = ended.stdout.len() < OUTPUT_KEPT;
        let read: Option<Map<String, Value>> = serde_json::from_str(&ended.stdout).ok().filter(|_| is_whole);
        let read = read.ok_or_else(|| {
            let words =
                "docker compose config did not write the project as JSON, or too much of it".to_owned();
            CommandError::Failed { words }
        })?;
        let project = project.clone();
        let sockets = self.engine_sockets();
        // Links are followed on the disk.
        let rendered = off_the_runtime(move || {
            let mut asks = asks::of(&read, project.name.as_str(), &project.kept_volumes);
            asks.extend(asks::of_env_files(&project.folder, &project.package.env_files));
            RenderedProject {
                folder: links::resolved(&project.folder).unwrap_or_else(|| project.folder.clone()),
                own_files: &folder::OWN_FILES,
                engine_sockets: sockets.iter().filter_map(|socket| links::resolved(socket)).collect(),
                asks,
            }
        })
        .await;
        Ok((rendered, output::unset_variables(&ended.stderr)))
    }

    /// See [`control::ports::Projects::rendered_aside`].
    pub(super) async fn render_aside(&self, project: &Project) -> Result<RenderedProject, CommandError> {
        self.render_aside_and_tell(project).await.map(|(rendered, _)| rendered)
    }

    /// What `docker compose` makes of a project that is not installed, and the variables that it takes to be unset.
    ///
    /// # Errors
    /// As of [`control::ports::Projects::rendered_aside`].
    pub async fn render_aside_and_tell(
        &self,
        project: &Project,
    ) -> Result<(RenderedProject, Vec<String>), CommandError> {
        let _turn = self.aside.acquire().await;
        let scratch = Scratch::below(&self.scratch, &project.install);
        let project = moved(project, &scratch.0);
        let written = project.clone();
        let write = move || {
            folder::create(&written.folder, &written.install)?;
            folder::write(&written)
        };
        off_the_runtime(write).await.map_err(|error| unwritten(&error))?;
        let rendered = self.render_and_tell(&project).await;
        off_the_runtime(move || drop(scratch)).await;
        rendered
    }

    /// Removes what an earlier life left of projects that it rendered aside.
    ///
    /// # Errors
    /// The disk's.
    pub fn clear_scratch(&self) -> std::io::Result<()> {
        match fs::remove_dir_all(&self.scratch) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn engine_sockets(&self) -> Vec<PathBuf> {
        let configured = self.compose.environment.engine_host().strip_prefix("unix://").map(PathBuf::from);
        ENGINE_SOCKETS.iter().map(PathBuf::from).chain(configured).collect()
    }
}

/// The project in another folder, which its values name in the place of its own.
fn moved(project: &Project, folder: &Path) -> Project {
    let (from, to) = (project.folder.display().to_string(), folder.display().to_string());
    let value = |value: &VariableValue| match value {
        VariableValue::Plain(text) => VariableValue::Plain(text.replace(&from, &to)),
        secret @ VariableValue::Secret(_) => secret.clone(),
    };
    let variables = project.variables.iter().map(|(name, known)| (name.clone(), value(known))).collect();
    // An install of its own: when one rendering ends, whatever is marked with its install is ended too.
    let number = folder.file_name().unwrap_or_default().to_string_lossy();
    let install = InstallId::from_text(format!("aside-{}-{number}", std::process::id()));
    Project { folder: folder.to_owned(), variables, install, ..project.clone() }
}

/// A folder that is gone when this is.
struct Scratch(PathBuf);

impl Scratch {
    /// Nobody can tell its name beforehand: a package that names it would be judged as if that were its own folder, and
    /// not be judged again where it is installed.
    fn below(folder: &Path, install: &InstallId) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(folder.join(format!("{number}-{install}")))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is at the next start.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_full_disk_is_no_fault_of_the_package() {
        let of = |kind: io::ErrorKind| {
            let error = ProjectsError { action: "write", path: "/x".into(), source: kind.into() };
            matches!(unwritten(&error), CommandError::DiskFull { .. })
        };
        assert!(of(io::ErrorKind::StorageFull) && !of(io::ErrorKind::NotADirectory));
    }
}
