//! Compose projects: the folder of an app, and the `docker compose` process that brings it up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
pub use domain::VariableValue;
use domain::{
    EnvFile, InstallId, InstanceId, KeptVolume, Package, PortReservation, ProjectName, RenderedProject,
    SubnetReservation,
};

use super::InstalledText;

/// All that an app's folder is written from. Pure data: writing it twice gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The compose project's name.
    pub name: ProjectName,
    /// The app's own folder.
    pub folder: PathBuf,
    /// Label on everything that is made.
    pub instance: InstanceId,
    /// Label on everything that is made.
    pub install: InstallId,
    /// The package.
    pub package: Arc<Package>,
    /// The values for the compose file, in the order they are written to `.env`.
    pub variables: Vec<(String, VariableValue)>,
    /// The host ports.
    pub ports: Vec<PortReservation>,
    /// The subnet of each network.
    pub subnets: Vec<SubnetReservation>,
    /// Anonymous volumes of an earlier life, to be mounted where they were.
    pub kept_volumes: Vec<KeptVolume>,
}

impl Project {
    /// The text of `.env`: what the package brings, with the values of this app. The project's name comes first, so that
    /// `docker compose ps` works in the folder.
    #[must_use]
    pub fn env_text(&self) -> String {
        let nothing = EnvFile::of("");
        let name = ("COMPOSE_PROJECT_NAME", self.name.as_str());
        let values = self.variables.iter().map(|(name, value)| (name.as_str(), value.reveal()));
        self.package.env.as_ref().unwrap_or(&nothing).with(std::iter::once(name).chain(values))
    }
}

/// Why a folder could not be written or removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct ProjectsError {
    /// What was to be done.
    pub action: &'static str,
    /// To what.
    pub path: PathBuf,
    /// Why it could not.
    #[source]
    pub source: std::io::Error,
}

impl ProjectsError {
    /// Whether the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    }
}

/// Why `docker compose`, or the engine for a container of its, failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A host port was taken by something else.
    #[error("port {port} is taken: {words}")]
    PortTaken {
        /// The port.
        port: u16,
        /// Docker's words.
        words: String,
    },
    /// The engine cannot be reached.
    #[error("the container engine cannot be reached: {words}")]
    EngineUnreachable {
        /// Docker's words.
        words: String,
    },
    /// A disk is full.
    #[error("a disk is full: {words}")]
    DiskFull {
        /// Docker's words.
        words: String,
    },
    /// A subnet overlaps with another network.
    #[error("the subnet is taken: {words}")]
    SubnetTaken {
        /// Docker's words.
        words: String,
    },
    /// A container or network of the project's own is in the way: one that the engine made so late, for a
    /// process that was ended, that this one did not know of it; or one that belongs to another that is gone.
    #[error("something that was half made is in the way: {words}")]
    HalfMade {
        /// Docker's words.
        words: String,
    },
    /// Something else.
    #[error("docker compose failed: {words}")]
    Failed {
        /// Its words.
        words: String,
    },
    /// It did not end within its time limit and was ended.
    #[error("docker compose did not end within {seconds} s")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
}

/// The compose files and processes of apps.
#[async_trait]
pub trait Projects: Send + Sync {
    /// Looks whether projects can be brought up at all, and gives the version of what does it. Starts a process.
    ///
    /// # Errors
    /// It cannot be run, or is too old.
    async fn check(&self) -> Result<String, CommandError>;

    /// The folder for that project; nothing is created.
    fn folder(&self, name: &ProjectName) -> PathBuf;

    /// The compose file in that folder; nothing is created.
    fn compose_file(&self, folder: &Path) -> PathBuf;

    /// Creates the folder, marked as belonging to that install. A folder that is marked so already is
    /// success; any other that is there is refused and left alone (`AlreadyExists`).
    async fn create_folder(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError>;

    /// Writes the compose files and `.env` (0600), each in one stroke, and those of the package's files that are not
    /// there yet, never over something that is; on the disk before it returns.
    async fn write(&self, project: &Project) -> Result<(), ProjectsError>;

    /// What `docker compose` makes of the project's files, with what it asks of the host. Nothing is created,
    /// and no engine is asked.
    async fn rendered(&self, project: &Project) -> Result<RenderedProject, CommandError>;

    /// The same for a project that is not installed: it is written into a folder of its own, which is gone when
    /// this returns, wherever `project.folder` is.
    async fn rendered_aside(&self, project: &Project) -> Result<RenderedProject, CommandError>;

    /// Removes the folder with all that is in it if it is marked as belonging to that install; links are
    /// removed, not followed. Success if it is not there; a folder of another install is left alone.
    async fn remove_folder(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError>;

    /// What the folder holds of the package; `None` if no compose file is there.
    async fn installed_text(&self, folder: &Path) -> Result<Option<InstalledText>, ProjectsError>;

    /// Creates and starts networks, volumes and containers, those that differ from what is written anew: one `docker compose up --detach`, which pulls
    /// nothing. Returns when the process has ended. The process holds a lock on the folder for as long
    /// as it lives, also when this server has died. If the future is dropped, the process is ended.
    async fn up(&self, project: &Project) -> Result<(), CommandError>;

    /// The same, but starts nothing: one `docker compose create`.
    async fn create(&self, project: &Project) -> Result<(), CommandError>;

    /// Ends every process that an earlier life of this server left at work on that install, and returns
    /// when none is left (the folder's lock can be had).
    async fn end_leftovers(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError>;
}
