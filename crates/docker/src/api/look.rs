//! Looking at what the engine holds.

use std::time::Duration;

use control::ports::{EngineContainer, EngineError, EngineNetwork, EngineSight, EngineVolume};
use domain::ContainerId;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::client::{Call, Client};
use super::facts::{Container, Listed, Network, Volume};

/// How long one container may keep a look waiting: the engine is silent about one that it is just starting.
const INSPECT_LIMIT: Duration = Duration::from_secs(5);

/// Containers inspected at once: enough to hide the waiting, too few to be felt by the engine.
const INSPECTED_AT_ONCE: usize = 8;

pub(super) async fn look(client: &Client) -> Result<EngineSight, EngineError> {
    let call = Call::get("list its containers", "/containers/json?all=1");
    let listed: Vec<Listed> = client.send(&call).await?.good(call.action)?.json(call.action).await?;
    let containers =
        stream::iter(listed).map(|listed| inspect_listed(client, listed)).buffered(INSPECTED_AT_ONCE);
    // One that disappears between list and inspect is left out.
    let containers = containers.try_filter_map(|container| async { Ok(container) }).try_collect().await?;
    let (networks, volumes) = networks_and_volumes(client).await?;
    Ok(EngineSight { containers, networks, volumes })
}

pub(super) async fn inspect(client: &Client, id: &ContainerId) -> Result<Option<Container>, EngineError> {
    let call = Call::get("inspect a container", format!("/containers/{id}/json"));
    match client.send(&call).await?.found(call.action)? {
        Some(body) => body.json(call.action).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn networks_and_volumes(
    client: &Client,
) -> Result<(Vec<EngineNetwork>, Vec<EngineVolume>), EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Volumes {
        volumes: Option<Vec<Value>>,
    }
    let call = Call::get("list its networks", "/networks");
    let networks = client.send(&call).await?.good(call.action)?.json(call.action).await?;
    let call = Call::get("list its volumes", "/volumes");
    let volumes: Volumes = client.send(&call).await?.good(call.action)?.json(call.action).await?;
    let networks = readable::<Network>("network", networks).map(Network::into_domain).collect();
    let volumes = readable::<Volume>("volume", volumes.volumes.unwrap_or_default());
    Ok((networks, volumes.map(Volume::into_domain).collect()))
}

/// What a container is. One that the engine cannot tell of, or hangs over, must hide neither itself nor the
/// others: then it is what the list tells.
async fn inspect_listed(client: &Client, listed: Listed) -> Result<Option<EngineContainer>, EngineError> {
    let id = listed.id();
    let reason = match timeout(INSPECT_LIMIT, inspect(client, &id)).await {
        Ok(Ok(container)) => return Ok(container.map(Container::into_domain)),
        Ok(Err(away @ EngineError::Unreachable { .. })) => return Err(away),
        Ok(Err(EngineError::Refused { reason, .. })) => reason,
        Err(_) => format!("no answer within {} s", INSPECT_LIMIT.as_secs()),
    };
    tracing::warn!(container.id = %id, reason, "a container cannot be inspected; what the list tells is taken");
    Ok(Some(listed.into_domain()))
}

/// Those items that can be read.
fn readable<T: DeserializeOwned>(kind: &'static str, items: Vec<Value>) -> impl Iterator<Item = T> {
    items.into_iter().filter_map(move |item| {
        T::deserialize(item)
            .inspect_err(|error| tracing::warn!(kind, %error, "an object of the engine cannot be read and is left out"))
            .ok()
    })
}
