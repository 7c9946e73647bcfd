//! The container engine, through its API: what it shows, and what is taken away again.
//!
//! "Engine" always means Docker's. Creating is not here: that is `docker compose`'s work ([`Projects`]).
//!
//! [`Projects`]: super::Projects

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use domain::{App, ContainerFacts, ContainerId, ImagePull, InstallId, InstanceId, Origin, Protocol};
use futures_util::stream::BoxStream;
use ipnet::Ipv4Net;

use super::output::{OutputLine, OutputQuery};
use super::projects::CommandError;
use super::usage::ContainerUsage;

/// The label that names the data directory whose server made an object.
pub const LABEL_INSTANCE: &str = "io.appmanage.instance";
/// The label that names the installation an object belongs to.
pub const LABEL_INSTALL: &str = "io.appmanage.install";

/// Why the engine did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Nobody answers at its socket, or the connection broke: it may be away for a moment.
    #[error("the container engine cannot be reached at {endpoint}: {reason}")]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// What the connection says.
        reason: String,
    },
    /// It answered, and refused.
    #[error("the container engine refused to {action}: {reason}")]
    Refused {
        /// What it was asked for.
        action: String,
        /// Its own words.
        reason: String,
    },
}

/// Why an image could not be pulled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PullError {
    /// It could not, for that reason.
    #[error("{0}")]
    Failed(domain::Failure),
    /// The engine went away meanwhile.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What the engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its version, such as `20.10.24`.
    pub version: String,
    /// The API version agreed on.
    pub api_version: String,
    /// Processor cores it may use.
    pub cpu_cores: u32,
    /// Memory of its machine, in bytes.
    pub memory_bytes: u64,
    /// Where it keeps images and volumes; `None` where that may be on another machine, of which nothing else is known
    /// here.
    pub root_dir: Option<PathBuf>,
}

/// To whom an object on the engine belongs, by its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// The data directory whose server made it.
    pub instance: Option<InstanceId>,
    /// The installation it belongs to.
    pub install: Option<InstallId>,
    /// The compose project it says it belongs to, whoever made it.
    pub project: Option<String>,
}

impl Ownership {
    /// Whether it belongs to that installation of that data directory: only then may we remove it.
    #[must_use]
    pub fn is_of(&self, instance: &InstanceId, install: &InstallId) -> bool {
        self.instance.as_ref() == Some(instance) && self.install.as_ref() == Some(install)
    }

    /// Whether it belongs to that app, ours or not: only then do we look at it, start it or stop it. The one place that
    /// decides it.
    #[must_use]
    pub fn is_of_app(&self, app: &App) -> bool {
        match app.origin {
            Origin::Installed => self.install.as_ref() == Some(&app.install),
            Origin::Foreign | Origin::Adopted => self.foreign_project() == Some(app.project.as_str()),
        }
    }

    /// The compose project that it belongs to, if no server of this kind made it.
    #[must_use]
    pub fn foreign_project(&self) -> Option<&str> {
        let is_managed = self.instance.is_some() || self.install.is_some();
        self.project.as_deref().filter(|name| !is_managed && !name.is_empty())
    }
}

/// Where the compose project of a container lies, as compose noted at its creation; empty where it did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComposeOrigin {
    /// Its folder.
    pub folder: PathBuf,
    /// Its compose file, the first where there are several.
    pub file: PathBuf,
}

/// A container on the engine, anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineContainer {
    /// What inspect says of it.
    pub facts: ContainerFacts,
    /// What it was made of, as the compose file calls it.
    pub image: String,
    /// The engine's identifier of that image.
    pub image_id: String,
    /// Whose it is.
    pub owner: Ownership,
    /// Host ports it publishes or, while it is stopped, will publish again. An address of `0.0.0.0`
    /// is every address.
    pub ports: Vec<(IpAddr, Protocol, u16)>,
    /// Its anonymous volumes: where each is mounted, and Docker's name of it.
    pub anonymous_volumes: Vec<(String, String)>,
    /// Where its compose project lies.
    pub compose: ComposeOrigin,
}

/// An image on the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineImage {
    /// The engine's identifier of it.
    pub id: String,
    /// What it can be pulled as again, the very same: `redis@sha256:…`, of each repository that it was in.
    pub repo_digests: Vec<String>,
}

/// A network on the engine, anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineNetwork {
    /// Docker's identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: Ownership,
    /// Its IPv4 subnets.
    pub subnets: Vec<Ipv4Net>,
}

/// A volume on the engine, anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineVolume {
    /// Its name, which is also its identifier.
    pub name: String,
    /// Whose it is.
    pub owner: Ownership,
}

/// All that the engine holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSight {
    /// Its containers, running or not.
    pub containers: Vec<EngineContainer>,
    /// Its networks.
    pub networks: Vec<EngineNetwork>,
    /// Its volumes.
    pub volumes: Vec<EngineVolume>,
}

/// Something on the engine that can be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineObject {
    /// A container, with its anonymous volumes.
    Container(ContainerId),
    /// A container; its anonymous volumes stay.
    ContainerAlone(ContainerId),
    /// A network, by identifier.
    Network(String),
    /// A volume, by name.
    Volume(String),
}

/// A hint that something changed. Never a delta: whoever gets it looks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineEvent {
    /// That container changed or is gone.
    Container(ContainerId),
    /// Some network changed.
    Networks,
    /// Some volume changed.
    Volumes,
}

/// Told how far a pull is.
pub trait PullSink: Send + Sync {
    /// Called at each message of the engine's that changes a figure.
    fn progress(&self, pull: &ImagePull);
}

/// The container engine.
///
/// Every call but [`Engine::pull`] ends within a bounded time; the streams of [`Engine::events`] and
/// [`Engine::output`] may go on without end.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Whether it answers: the cheapest call there is.
    async fn ping(&self) -> Result<(), EngineError>;

    /// What it says of itself.
    async fn info(&self) -> Result<EngineInfo, EngineError>;

    /// All that it holds. A container that it cannot tell of in time is shown by what little is known; a
    /// network or volume that cannot be read (a field that a newer engine fills otherwise) is logged and
    /// left out.
    async fn look(&self) -> Result<EngineSight, EngineError>;

    /// One container; `None` if it is not there.
    async fn inspect(&self, id: &ContainerId) -> Result<Option<EngineContainer>, EngineError>;

    /// All networks and volumes, without the containers.
    async fn look_at_networks_and_volumes(
        &self,
    ) -> Result<(Vec<EngineNetwork>, Vec<EngineVolume>), EngineError>;

    /// The stream of hints, from now on. It is subscribed when the call returns, and ends when the
    /// connection breaks.
    async fn events(&self) -> Result<BoxStream<'static, EngineEvent>, EngineError>;

    /// Pulls an image with the logins of `DOCKER_CONFIG`. Given up when no figure has changed for
    /// `idle_limit` (inactivity, not total time), nor, while it waits for its turn, one of another pull.
    /// Where the registry cannot be reached but the engine has the image, that one is taken.
    async fn pull(&self, image: &str, idle_limit: Duration, sink: &dyn PullSink) -> Result<(), PullError>;

    /// The image of that name or identifier; `None` if it is not there.
    async fn image(&self, name: &str) -> Result<Option<EngineImage>, EngineError>;

    /// Starts a container. Success too if it runs.
    async fn start(&self, id: &ContainerId) -> Result<(), CommandError>;

    /// Asks a container to end and kills it when its own grace is over, as `docker stop` does. Success too if
    /// it does not run or is not there.
    async fn stop(&self, id: &ContainerId) -> Result<(), CommandError>;

    /// Removes an object, by force. Success too if it is not there. A network that still has endpoints
    /// of half-removed containers is refused: try again.
    async fn remove(&self, object: &EngineObject) -> Result<(), EngineError>;

    /// The last `lines` lines that a container wrote, both streams, oldest first; each bounded in length.
    async fn last_lines(&self, id: &ContainerId, lines: usize) -> Result<Vec<String>, EngineError>;

    /// What a container wrote, oldest first; nothing if it is not there. Dropping the stream ends the work of
    /// the engine. The stream's end is the container's, or, after an error, the connection's.
    async fn output(
        &self,
        id: &ContainerId,
        query: &OutputQuery,
    ) -> Result<BoxStream<'static, Result<OutputLine, EngineError>>, EngineError>;

    /// What a container uses now; `None` if it does not run.
    async fn usage(&self, id: &ContainerId) -> Result<Option<ContainerUsage>, EngineError>;

    /// The size of each volume in bytes, by name; those that the engine cannot tell of are left out. Expensive:
    /// the engine looks at every file of every volume.
    async fn volume_sizes(&self) -> Result<HashMap<String, u64>, EngineError>;
}
