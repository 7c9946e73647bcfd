//! The Engine API over its socket, behind the port [`Engine`].
//!
//! [`client`] speaks HTTP, [`facts`] translates what the engine says; the rest is one file for each thing
//! that is asked for. Creating containers is not here: that is `docker compose`'s work.

mod client;
mod connect;
mod events;
mod facts;
#[cfg(test)]
mod fuzz;
mod image;
mod lines;
mod login;
mod look;
mod output;
mod progress;
mod pull;
mod pull_failure;
mod remove;
mod start;
mod usage;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use control::ports::{
    CommandError, ContainerUsage, Engine, EngineContainer, EngineError, EngineEvent, EngineImage, EngineInfo,
    EngineNetwork, EngineObject, EngineSight, EngineVolume, OutputLine, OutputQuery, PullError, PullSink,
};
use domain::ContainerId;
use futures_util::stream::BoxStream;
use serde::Deserialize;

use crate::environment::Environment;
use client::{Call, Client};
use connect::Endpoint;
use pull::LastMove;

pub use connect::EndpointError;

/// A ping asks nothing of the engine's disks or containers.
const PING_LIMIT: Duration = Duration::from_secs(5);
/// A question to one object, or the list of all: an engine busy with twenty installs answers within a few
/// seconds.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// A look inspects every container there is, some at once.
const LOOK_LIMIT: Duration = Duration::from_secs(120);
/// A removal by force kills, waits for the end, unmounts and deletes.
const REMOVE_LIMIT: Duration = Duration::from_secs(60);
/// The counters of one container are some small files of the kernel's.
const USAGE_LIMIT: Duration = Duration::from_secs(5);
/// The sizes of volumes take as long as reading all their directories: a mail server's has a million files.
const VOLUME_SIZES_LIMIT: Duration = Duration::from_secs(300);

/// A start mounts volumes and sets up networks, and copies what an image has at a new volume's place.
const START_LIMIT: Duration = Duration::from_secs(300);
/// A stop waits for the container's own grace, which a package may set: a large database is given minutes.
const STOP_LIMIT: Duration = Duration::from_secs(3_600);

/// The engine that `DOCKER_HOST` names, else the one behind the default socket.
#[derive(Debug)]
pub struct Docker {
    client: Client,
    environment: Environment,
    last_move: LastMove,
}

impl Docker {
    /// An engine that may be away: nothing is asked of it yet.
    ///
    /// # Errors
    /// `DOCKER_HOST` is of a kind that is not supported.
    pub fn of(environment: Environment) -> Result<Self, EndpointError> {
        let client = Client::of(Endpoint::of(&environment)?);
        Ok(Self { client, environment, last_move: LastMove::default() })
    }
}

#[async_trait]
impl Engine for Docker {
    async fn ping(&self) -> Result<(), EngineError> {
        let call = Call::get("answer a ping", "/_ping");
        let work = async { self.client.send(&call).await?.good(call.action)?.bytes().await };
        self.client.within(PING_LIMIT, work).await.map(|_| ())
    }

    async fn info(&self) -> Result<EngineInfo, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Info {
            server_version: String,
            #[serde(rename = "NCPU")]
            cpu_cores: u32,
            #[serde(rename = "MemTotal")]
            memory_bytes: u64,
            docker_root_dir: PathBuf,
        }
        let call = Call::get("tell of itself", "/info");
        let work =
            async { self.client.send(&call).await?.good(call.action)?.json::<Info>(call.action).await };
        let info = self.client.within(CALL_LIMIT, work).await?;
        Ok(EngineInfo {
            version: info.server_version,
            api_version: self.client.agreed().map(|version| version.to_string()).unwrap_or_default(),
            cpu_cores: info.cpu_cores,
            memory_bytes: info.memory_bytes,
            root_dir: self.client.is_of_this_machine().then_some(info.docker_root_dir),
        })
    }

    async fn look(&self) -> Result<EngineSight, EngineError> {
        self.client.within(LOOK_LIMIT, look::look(&self.client)).await
    }

    async fn inspect(&self, id: &ContainerId) -> Result<Option<EngineContainer>, EngineError> {
        let container = self.client.within(CALL_LIMIT, look::inspect(&self.client, id)).await?;
        Ok(container.map(facts::Container::into_domain))
    }

    async fn look_at_networks_and_volumes(
        &self,
    ) -> Result<(Vec<EngineNetwork>, Vec<EngineVolume>), EngineError> {
        self.client.within(CALL_LIMIT, look::networks_and_volumes(&self.client)).await
    }

    async fn events(&self) -> Result<BoxStream<'static, EngineEvent>, EngineError> {
        self.client.within(CALL_LIMIT, events::subscribe(&self.client)).await
    }

    async fn pull(&self, image: &str, idle_limit: Duration, sink: &dyn PullSink) -> Result<(), PullError> {
        pull::pull(&self.client, &self.environment, &self.last_move, image, idle_limit, sink).await
    }

    async fn image(&self, name: &str) -> Result<Option<EngineImage>, EngineError> {
        self.client.within(CALL_LIMIT, image::image(&self.client, name)).await
    }

    async fn start(&self, id: &ContainerId) -> Result<(), CommandError> {
        let work = async { Ok(start::start(&self.client, id).await) };
        self.client.within(START_LIMIT, work).await.map_err(|error| start::in_words(&error))?
    }

    async fn stop(&self, id: &ContainerId) -> Result<(), CommandError> {
        let work = async { Ok(start::stop(&self.client, id).await) };
        self.client.within(STOP_LIMIT, work).await.map_err(|error| start::in_words(&error))?
    }

    async fn remove(&self, object: &EngineObject) -> Result<(), EngineError> {
        self.client.within(REMOVE_LIMIT, remove::remove(&self.client, object)).await
    }

    async fn last_lines(&self, id: &ContainerId, lines: usize) -> Result<Vec<String>, EngineError> {
        self.client.within(CALL_LIMIT, output::last_lines(&self.client, id, lines)).await
    }

    async fn output(
        &self,
        id: &ContainerId,
        query: &OutputQuery,
    ) -> Result<BoxStream<'static, Result<OutputLine, EngineError>>, EngineError> {
        self.client.within(CALL_LIMIT, output::output(&self.client, id, query)).await
    }

    async fn usage(&self, id: &ContainerId) -> Result<Option<ContainerUsage>, EngineError> {
        self.client.within(USAGE_LIMIT, usage::usage(&self.client, id)).await
    }

    async fn volume_sizes(&self) -> Result<HashMap<String, u64>, EngineError> {
        self.client.within(VOLUME_SIZES_LIMIT, usage::volume_sizes(&self.client)).await
    }
}
