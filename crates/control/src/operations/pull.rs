//! Pulls the app's images, side by side, through the engine's API.

use std::sync::Arc;

use domain::{App, FailureClass, ImagePull, Operation, OperationId, OperationKind};
use futures_util::future::try_join_all;

use super::StepError;
use crate::Control;
use crate::ports::{PullError, PullSink};
use crate::recorder::Recorder;

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
        Err(PullError::Failed(failure)) => Err(StepError::Failed(failure)),
        Err(PullError::Engine(error)) => Err(error.into()),
    }
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
