//! Removing what an undo takes away. What is not there any more is removed.

use control::ports::{EngineError, EngineObject};
use domain::ContainerId;
use hyper::{Method, StatusCode};

use super::client::{Answer, Call, Client};

pub(super) async fn remove(client: &Client, object: &EngineObject) -> Result<(), EngineError> {
    let (action, target) = match object {
        EngineObject::Container(id) => ("remove a container", format!("/containers/{id}?force=1&v=1")),
        EngineObject::ContainerAlone(id) => ("remove a container", format!("/containers/{id}?force=1")),
        EngineObject::Network(id) => ("remove a network", format!("/networks/{id}")),
        EngineObject::Volume(name) => ("remove a volume", format!("/volumes/{name}?force=1")),
    };
    let call = Call { action, method: Method::DELETE, target, login: None };
    match (client.send(&call).await?, object) {
        // Somebody else, or an earlier call of ours that was given up, is at it.
        (
            Answer::Bad(StatusCode::CONFLICT, reason),
            EngineObject::Container(id) | EngineObject::ContainerAlone(id),
        ) if reason.contains("already in progress") => wait_until_removed(client, id).await,
        (answer, _) => answer.found(action).map(|_| ()),
    }
}

async fn wait_until_removed(client: &Client, id: &ContainerId) -> Result<(), EngineError> {
    let target = format!("/containers/{id}/wait?condition=removed");
    let call = Call { action: "wait for a container's removal", method: Method::POST, target, login: None };
    if let Some(body) = client.send(&call).await?.found(call.action)? {
        body.bytes().await?;
    }
    Ok(())
}
