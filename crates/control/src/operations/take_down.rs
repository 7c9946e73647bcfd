//! Removes the app's containers and networks. Its volumes and its folder stay.

use std::sync::Arc;

use domain::{App, KeptVolume, Lifecycle, Operation};

use super::StepError;
use super::containers::{self, WayBack, bring_back};
use super::removal::{self, Removal};
use crate::Control;

pub(super) async fn run(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    keep_anonymous_volumes(control, app).await?;
    removal::remove(control, app, Removal::AllButVolumes).await
}

/// Brings the app up again, as far as the engine lets us.
pub(super) async fn undo(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), String> {
    if app.lifecycle != Lifecycle::Installed {
        return Ok(());
    }
    bring_back(control, app, WayBack::Up(operation.desired_before)).await
}

/// Stores the names of the containers' anonymous volumes before the containers, which alone name them, are gone.
async fn keep_anonymous_volumes(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let mut found = Vec::new();
    for container in containers::of_app(control, app).await? {
        found.extend(container.anonymous_volumes.into_iter().map(|(target, name)| KeptVolume {
            service: container.facts.service.clone(),
            target,
            name,
        }));
    }
    if found.is_empty() {
        return Ok(());
    }
    let change = |app: &mut App| {
        if let Some(deployment) = &mut app.deployment {
            // Of an earlier try they are known already.
            let is_same = |a: &KeptVolume, b: &KeptVolume| a.service == b.service && a.target == b.target;
            deployment.kept_volumes.retain(|known| !found.iter().any(|new| is_same(known, new)));
            deployment.kept_volumes.extend(found);
        }
    };
    control.change_app(&app.install, change).await
}
