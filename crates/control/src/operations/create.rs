//! Creates and starts the app's networks, volumes and containers by one `docker compose up`, and takes
//! them away again by their labels.

use std::sync::Arc;
use std::time::Duration;

use domain::secret::masked;
use domain::{App, FailureClass, Operation, Step};

use super::{StepError, diagnosis};
use crate::Control;
use crate::ports::{CommandError, EngineError, EngineObject, EngineSight, Ownership};
use crate::recorder::error_chain;

/// Between two looks after an undo. What a killed `docker compose` had asked for may still be on its way
/// inside the engine: nothing is gone before two looks agree that it is.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Looks until something that keeps coming back makes the undo stuck.
const LOOKS_MAX: u32 = 50;

pub(super) async fn run(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), StepError> {
    let project = control.project(app)?;
    if operation.attempts(Step::Create) > 1 {
        // What an earlier try made, or the engine still made for it after its process was ended, fits neither
        // what is chosen now nor what compose knows: two networks of one name, say. Nobody has used it yet.
        undo(control, app).await.map_err(StepError::HalfMade)?;
    }
    // Once more, because pulling may have taken an hour.
    control.refuse_taken_names(app, &project.package).await?;
    let Err(error) = control.projects.up(&project).await else { return Ok(()) };
    let secrets = app.secrets();
    let words = |words: String| masked(&words, &secrets);
    Err(match error {
        CommandError::PortTaken { port, words: w } => {
            StepError::Taken(domain::Failure::of(FailureClass::PortTaken, port.to_string(), words(w)))
        }
        CommandError::SubnetTaken { words: w } => {
            let pool = control.settings.subnet_pool.to_string();
            StepError::Taken(domain::Failure::of(FailureClass::NoFreeSubnet, pool, words(w)))
        }
        CommandError::EngineUnreachable { words: w } => StepError::EngineAway(words(w)),
        CommandError::HalfMade { words: w } => StepError::HalfMade(words(w)),
        CommandError::DiskFull { words: w } => StepError::failed(FailureClass::DiskFull, "", words(w)),
        CommandError::TimedOut { seconds } => {
            StepError::failed(FailureClass::TimeOut, "docker compose up", seconds.to_string())
        }
        CommandError::Failed { words: w } => {
            let found = diagnosis::of_a_fresh_look(control, app).await?;
            found.map_or_else(
                || StepError::failed(FailureClass::ContainerCommand, "", words(w)),
                StepError::Failed,
            )
        }
    })
}

pub(super) async fn undo(control: &Arc<Control>, app: &App) -> Result<(), String> {
    let folder = control.projects.folder(&app.project);
    let ended = control.projects.end_leftovers(&folder, &app.install).await;
    ended.map_err(|error| error_chain(&error))?;
    let mut empty_looks = 0;
    for _ in 0..LOOKS_MAX {
        let sight = control.engine.look().await.map_err(|error| error.to_string())?;
        let objects = objects_of(app, control, &sight);
        if objects.is_empty() {
            empty_looks += 1;
            if empty_looks == 2 {
                let (instance, install) = (control.recorder.instance(), &app.install);
                control.recorder.observe(|memory, _| memory.note_gone(instance, install));
                return Ok(());
            }
        } else {
            empty_looks = 0;
            remove_all(control, &objects).await.map_err(|error| error.to_string())?;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(format!("its containers, networks or volumes were still there after {LOOKS_MAX} looks"))
}

/// Everything on the engine that carries both of the app's labels: containers first, since they hold the
/// rest.
fn objects_of(app: &App, control: &Control, sight: &EngineSight) -> Vec<EngineObject> {
    let instance = control.recorder.instance();
    let own = |owner: &Ownership| owner.is_of(instance, &app.install);
    let containers = sight.containers.iter().filter(|container| own(&container.owner));
    let networks = sight.networks.iter().filter(|network| own(&network.owner));
    let volumes = sight.volumes.iter().filter(|volume| own(&volume.owner));
    containers
        .map(|container| EngineObject::Container(container.facts.id.clone()))
        .chain(networks.map(|network| EngineObject::Network(network.id.clone())))
        .chain(volumes.map(|volume| EngineObject::Volume(volume.name.clone())))
        .collect()
}

async fn remove_all(control: &Control, objects: &[EngineObject]) -> Result<(), EngineError> {
    for object in objects {
        match control.engine.remove(object).await {
            Ok(()) => {}
            // A container that is on its way may still hold it: the next look tells.
            Err(EngineError::Refused { reason, .. }) => {
                tracing::debug!(?object, reason, "not removed yet");
            }
            Err(error @ EngineError::Unreachable { .. }) => return Err(error),
        }
    }
    Ok(())
}
