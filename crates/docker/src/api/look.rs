//! Looking at what the engine holds.

use control::ports::{EngineContainer, EngineError, EngineNetwork, EngineSight, EngineVolume};
use domain::ContainerId;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::{Call, Client};
use super::facts::{Container, Network, Volume};

/// Containers inspected at once: enough to hide the waiting, too few to be felt by the engine.
const INSPECTED_AT_ONCE: usize = 8;

pub(super) async fn look(client: &Client) -> Result<EngineSight, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Listed {
        id: String,
    }
    let call = Call::get("list its containers", "/containers/json?all=1");
    let listed: Vec<Listed> = client.send(&call).await?.good(call.action)?.json(call.action).await?;
    let inspect_one =
        |Listed { id }| async move { inspect_or_leave_out(client, &ContainerId::from_text(id)).await };
    let containers = stream::iter(listed).map(inspect_one).buffered(INSPECTED_AT_ONCE);
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

/// What a container is, unless the engine is there and cannot tell: that must not hide all the others.
async fn inspect_or_leave_out(
    client: &Client,
    id: &ContainerId,
) -> Result<Option<EngineContainer>, EngineError> {
    match inspect(client, id).await {
        Ok(container) => Ok(container.map(Container::into_domain)),
        Err(EngineError::Refused { reason, .. }) => {
            tracing::warn!(container.id = %id, reason, "a container cannot be read and is left out");
            Ok(None)
        }
        Err(away @ EngineError::Unreachable { .. }) => Err(away),
    }
}

/// Those items that can be read.
fn readable<T: DeserializeOwned>(kind: &'static str, items: Vec<Value>) -> impl Iterator<Item = T> {
    items.into_iter().filter_map(move |item| {
        T::deserialize(item)
            .inspect_err(|error| tracing::warn!(kind, %error, "an object of the engine cannot be read and is left out"))
            .ok()
    })
}
