//! Looking at one image.

use control::ports::{EngineError, EngineImage};
use serde::Deserialize;

use super::client::{Call, Client};
use super::pull::encoded;

/// `GET /images/{name}/json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    id: String,
    /// `null` where it came from no registry.
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
}

pub(super) async fn image(client: &Client, name: &str) -> Result<Option<EngineImage>, EngineError> {
    let call = Call::get("inspect an image", format!("/images/{}/json", encoded(name)));
    let Some(body) = client.send(&call).await?.found(call.action)? else { return Ok(None) };
    let image: Image = body.json(call.action).await?;
    Ok(Some(EngineImage { id: image.id, repo_digests: image.repo_digests.unwrap_or_default() }))
}
