//! Pulls the app's images, side by side, through the engine's API.

use std::sync::Arc;

use domain::{App, Failure, FailureClass, ImagePull, Operation, OperationId, OperationKind};
use futures_util::future::try_join_all;

use super::StepError;
use crate::Control;
use crate::ports::{PullError, PullSink};
use crate::recorder::{Recorder, off_the_runtime};

/// With less, Docker cannot even take in the first layer of an image: it tells of a size only while it writes.
const ROOM_BYTES_MIN: u64 = 16 << 20;

pub(super) async fn run(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), StepError> {
    let Some(deployment) = &app.deployment else {
        return Err(StepError::failed(FailureClass::Internal, "", "the app has no deployment yet"));
    };
    if operation.kind == OperationKind::Restore {
        // It comes back as it was: a tag that has moved on since is not followed.
        return missing(control, app).await;
    }
    pull_all(control, operation, &deployment.images).await
}

/// Pulls only those images that the engine does not have.
pub(super) async fn missing(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let Some((app, operation)) = control.app_and_operation(&app.install) else { return Ok(()) };
    let missing = missing_images(control, &app).await?;
    if missing.is_empty() || operation.kind.is_installing() {
        return pull_all(control, &operation, &missing).await;
    }
    // Installs pull in their own queue. The semaphore is never closed.
    let _turn = control.pulling.acquire().await;
    pull_all(control, &operation, &missing).await
}

/// The app's images that the engine does not have.
pub(super) async fn missing_images(control: &Control, app: &App) -> Result<Vec<String>, StepError> {
    let mut missing = Vec::new();
    for image in app.deployment.iter().flat_map(|deployment| &deployment.images) {
        if control.engine.image(image).await?.is_none() {
            missing.push(image.clone());
        }
    }
    Ok(missing)
}

async fn pull_all(control: &Arc<Control>, operation: &Operation, images: &[String]) -> Result<(), StepError> {
    let sink = Sink { recorder: Arc::clone(&control.recorder), operation: operation.id.clone() };
    for image in images {
        sink.progress(&ImagePull { image: image.clone(), ..ImagePull::default() });
    }
    // The first failure drops the other pulls, and with them their connections: the engine stops.
    let idle_limit = control.settings.pull_idle_limit;
    let pulls = images.iter().map(|image| control.engine.pull(image, idle_limit, &sink));
    match try_join_all(pulls).await {
        Ok(_) => Ok(()),
        // An engine that is being stopped ends its pulls with words of its own.
        Err(PullError::Failed(failure)) if failure.class == FailureClass::ContainerCommand => {
            control.engine.ping().await?;
            Err(StepError::Failed(failure))
        }
        Err(PullError::Failed(failure)) => Err(StepError::Failed(reason(control, operation, failure).await)),
        Err(PullError::Engine(error)) => Err(error.into()),
    }
}

/// Why a pull really failed. Where an image comes through a mirror, Docker takes a full disk of its own for a fault of the
/// mirror, asks the next registry, and tells only what that one said, or that nobody answered.
async fn reason(control: &Arc<Control>, operation: &Operation, failure: Failure) -> Failure {
    use FailureClass::{LoginNeeded, NoSuchImage, PullLimit, RegistryUnreachable};
    if !matches!(failure.class, LoginNeeded | NoSuchImage | PullLimit | RegistryUnreachable) {
        return failure;
    }
    let (root_dir, pulls) = control.recorder.read(|memory| {
        let record = memory.install(&operation.install);
        let pulls = record.and_then(|record| record.operation.as_ref()).map(|known| known.pulls.clone());
        (memory.engine.info.as_ref().and_then(|info| info.root_dir.clone()), pulls.unwrap_or_default())
    });
    let Some(root_dir) = root_dir else { return failure };
    let asked = (Arc::clone(control), root_dir.clone());
    // A disk that does not tell is no reason.
    let free = off_the_runtime(move || asked.0.host.disk_free_bytes(&asked.1)).await.unwrap_or(u64::MAX);
    if free >= wanted_bytes(&pulls).max(ROOM_BYTES_MIN) {
        return failure;
    }
    let (root_dir, free) = (root_dir.display(), free >> 20);
    let words =
        format!("Docker's folder {root_dir} has room for {free} MB more; the pull ended with {failure}");
    Failure::of(FailureClass::DiskFull, "", words)
}

/// What the layers take at the very least that are not unpacked yet: as much as they have packed.
fn wanted_bytes(pulls: &[ImagePull]) -> u64 {
    let layers = pulls.iter().flat_map(|pull| &pull.layers).filter(|layer| !layer.complete);
    layers.map(|layer| layer.bytes_total).fold(0, u64::saturating_add)
}

struct Sink {
    recorder: Arc<Recorder>,
    operation: OperationId,
}

impl PullSink for Sink {
    fn progress(&self, pull: &ImagePull) {
        self.recorder.note_pull(&self.operation, pull);
    }
}
