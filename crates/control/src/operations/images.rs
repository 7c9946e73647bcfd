//! Records what an app's containers are made of, after whatever may have made them.
//!
//! It tells what is, not what was pulled: another app may pull the same tag in between, and then compose makes the
//! containers of what the tag means by then ([ADR 0016](../../../../docs/adr/0016-what-the-containers-are-made-of.md)).

use std::sync::Arc;

use domain::image::repository_digest;
use domain::{AppImage, InstallId, Origin};

use super::StepError;
use crate::Control;
use crate::memory::Memory;
use crate::ports::EngineError;

/// Stores what the app's containers are made of, if that is something else than is stored. A step has succeeded only
/// once it is stored, so no crash leaves it untold.
pub(super) async fn record(control: &Arc<Control>, install: &InstallId) -> Result<(), StepError> {
    let Some(unrecorded) = control.recorder.read(|memory| unrecorded(memory, install)) else { return Ok(()) };
    let mut images = Vec::new();
    for (image, id) in unrecorded {
        let found = match control.engine.image(&id).await {
            Ok(found) => found,
            Err(error @ EngineError::Unreachable { .. }) => return Err(error.into()),
            // No reason to undo what is done, nor to tell what the app was made of before. The next step asks again.
            Err(error) => {
                tracing::warn!(image, %error, "cannot tell under which digest an image is known");
                None
            }
        };
        let digest = found.and_then(|found| repository_digest(&image, &found.repo_digests));
        images.push(AppImage { image, digest, id });
    }
    let is_told = |memory: &Memory| memory.install(install).is_some_and(|record| record.app.images == images);
    if control.recorder.read(is_told) {
        return Ok(());
    }
    control.change_app(install, |app| app.images = images).await
}

/// The images of the app's containers with their identifiers, each once, in the order of its services; `None` where they
/// are recorded with their digests, or not all of its services have a container.
fn unrecorded(memory: &Memory, install: &InstallId) -> Option<Vec<(String, String)>> {
    let app = &memory.install(install).filter(|record| record.app.origin == Origin::Installed)?.app;
    let own: Vec<_> = memory.engine.containers.values().filter(|found| found.owner.is_of_app(app)).collect();
    let mut images = Vec::new();
    for (service, _) in &app.expected().services {
        let of_service = own.iter().filter(|container| container.facts.service == *service);
        // One that was replaced may be seen for a moment still.
        let newest = of_service.max_by_key(|container| (container.facts.created_at, &container.facts.id))?;
        let image = (newest.image.clone(), newest.image_id.clone());
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let recorded = app.images.iter().map(|known| (&known.image, &known.id));
    let is_recorded = recorded.eq(images.iter().map(|(image, id)| (image, id)));
    (!is_recorded || app.images.iter().any(|known| known.digest.is_none())).then_some(images)
}
