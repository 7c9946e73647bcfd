//! Takes away what the engine holds of an app, by its labels, until two looks agree that it is gone.
//!
//! Nothing is ever removed by its name alone, but for the anonymous volumes of containers that were the app's own.

use std::sync::Arc;
use std::time::Duration;

use domain::{App, FailureClass, InstallId, KeptVolume, Operation};

use super::StepError;
use crate::Control;
use crate::ports::{EngineError, EngineObject, EngineSight, Ownership};

/// Between two looks. What a killed `docker compose` had asked for may still be on its way inside the engine:
/// nothing is gone before two looks agree that it is.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Looks until it is given up over something that keeps coming back, or that somebody else uses.
const LOOKS_MAX: u32 = 50;

/// What is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// All that carries the app's labels, and its containers' anonymous volumes.
    Everything,
    /// Containers and networks. Every volume stays, the anonymous too.
    AllButVolumes,
}

/// Removes it. Processes at work on the app are ended first: they would go on creating.
pub(super) async fn remove(control: &Arc<Control>, app: &App, removal: Removal) -> Result<(), StepError> {
    let folder = control.projects.folder(&app.project);
    control.projects.end_leftovers(&folder, &app.install).await?;
    let kept = app.deployment.as_ref().map_or(&[][..], |deployment| &deployment.kept_volumes[..]);
    remove_labelled(control, &app.install, app.id.as_str(), kept, removal).await
}

/// Removes all that is left of an install that no row knows any more. Its processes have been ended before its row went,
/// and its folder may be another's by now.
pub(crate) async fn remove_forgotten(control: &Arc<Control>, install: &Operation) -> Result<(), StepError> {
    remove_labelled(control, &install.install, install.app.as_str(), &[], Removal::Everything).await
}

async fn remove_labelled(
    control: &Arc<Control>,
    install: &InstallId,
    name: &str,
    kept: &[KeptVolume],
    removal: Removal,
) -> Result<(), StepError> {
    let mut empty_looks = 0;
    let mut refusal = None;
    for _ in 0..LOOKS_MAX {
        let objects = objects_of(control, install, kept, &control.engine.look().await?, removal);
        if objects.is_empty() {
            empty_looks += 1;
            if empty_looks == 2 {
                let instance = control.recorder.instance();
                let with_volumes = removal == Removal::Everything;
                control.recorder.observe(|memory, _| memory.note_gone(instance, install, with_volumes));
                return Ok(());
            }
        } else {
            empty_looks = 0;
            refusal = remove_all(control, &objects).await?.or(refusal);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let seconds = (BETWEEN_LOOKS * LOOKS_MAX).as_secs();
    let detail = refusal.unwrap_or_else(|| format!("something of it was still there after {seconds} s"));
    Err(StepError::failed(FailureClass::ContainerCommand, name, detail))
}

/// What carries both labels of that install: containers first, since they hold the rest.
fn objects_of(
    control: &Control,
    install: &InstallId,
    kept: &[KeptVolume],
    sight: &EngineSight,
    removal: Removal,
) -> Vec<EngineObject> {
    let instance = control.recorder.instance();
    let own = |owner: &Ownership| owner.is_of(instance, install);
    let containers = sight.containers.iter().filter(|container| own(&container.owner));
    let networks = sight.networks.iter().filter(|network| own(&network.owner));
    let containers = containers.map(|container| {
        let id = container.facts.id.clone();
        match removal {
            Removal::Everything => EngineObject::Container(id),
            Removal::AllButVolumes => EngineObject::ContainerAlone(id),
        }
    });
    let networks = networks.map(|network| EngineObject::Network(network.id.clone()));
    let objects = containers.chain(networks);
    if removal == Removal::AllButVolumes {
        return objects.collect();
    }
    let is_kept = |name: &String| kept.iter().any(|volume| volume.name == *name);
    let volumes = sight.volumes.iter().filter(|volume| own(&volume.owner) || is_kept(&volume.name));
    objects.chain(volumes.map(|volume| EngineObject::Volume(volume.name.clone()))).collect()
}

/// What the engine said last against it, if it refused one.
async fn remove_all(control: &Control, objects: &[EngineObject]) -> Result<Option<String>, StepError> {
    let mut refusal = None;
    for object in objects {
        match control.engine.remove(object).await {
            Ok(()) => {}
            // A container that is on its way may still hold it: the next look tells.
            Err(EngineError::Refused { reason, .. }) => {
                tracing::debug!(?object, reason, "not removed yet");
                refusal = Some(reason);
            }
            Err(error @ EngineError::Unreachable { .. }) => return Err(error.into()),
        }
    }
    Ok(refusal)
}
