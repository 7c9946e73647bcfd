//! Starting and stopping containers that are there.

use control::ports::{CommandError, EngineError};
use domain::{ContainerId, PortReservation};
use hyper::{Method, StatusCode};

use super::client::{Answer, Call, Client};
use super::look;
use crate::compose::classify;

pub(super) async fn start(client: &Client, id: &ContainerId) -> Result<(), CommandError> {
    match post(client, "start a container", format!("/containers/{id}/start")).await? {
        None => Ok(()),
        // Somebody has frozen it: it goes on where it was.
        Some(words) if words.contains("paused") => {
            let refused = post(client, "unpause a container", format!("/containers/{id}/unpause")).await?;
            refused.map_or(Ok(()), |words| Err(classify(words, &[])))
        }
        Some(words) => {
            let ports = published(client, id).await.unwrap_or_default();
            Err(classify(words, &ports))
        }
    }
}

pub(super) async fn stop(client: &Client, id: &ContainerId) -> Result<(), CommandError> {
    match post(client, "stop a container", format!("/containers/{id}/stop")).await? {
        None => Ok(()),
        Some(words) => Err(classify(words, &[])),
    }
}

/// What the engine says against it. That it is so already (304), or that there is no such container to be stopped,
/// is nothing against it.
async fn post(client: &Client, action: &str, target: String) -> Result<Option<String>, CommandError> {
    let is_stop = target.ends_with("/stop");
    let call = Call { action, method: Method::POST, target, login: None };
    match client.send(&call).await.map_err(|error| in_words(&error))? {
        Answer::Good(body) => body.bytes().await.map(|_| None).map_err(|error| in_words(&error)),
        Answer::Bad(StatusCode::NOT_MODIFIED, _) => Ok(None),
        Answer::Bad(StatusCode::NOT_FOUND, _) if is_stop => Ok(None),
        Answer::Bad(_, words) => Ok(Some(words)),
    }
}

/// The host ports that a container asks for: one of them is what a refusal names.
async fn published(client: &Client, id: &ContainerId) -> Option<Vec<PortReservation>> {
    let container = look::inspect(client, id).await.ok()??.into_domain();
    let reservation = |(address, protocol, port)| PortReservation {
        address,
        protocol,
        port,
        service: container.facts.service.clone(),
        target: 0,
    };
    Some(container.ports.into_iter().map(reservation).collect())
}

/// An engine's error in the words of what drives containers.
pub(super) fn in_words(error: &EngineError) -> CommandError {
    let words = error.to_string();
    match error {
        EngineError::Unreachable { .. } => CommandError::EngineUnreachable { words },
        EngineError::Refused { .. } => CommandError::Failed { words },
    }
}
