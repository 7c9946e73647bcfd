//! Deletes the app's volumes and its folder: the step of no return. It has no undo.

use std::sync::Arc;

use domain::App;

use super::StepError;
use super::removal::{self, Removal};
use crate::Control;

pub(super) async fn run(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    removal::remove(control, app, Removal::Everything).await?;
    let folder = control.projects.folder(&app.project);
    Ok(control.projects.remove_folder(&folder, &app.install).await?)
}
