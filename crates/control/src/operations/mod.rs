//! What each step does and how it is undone: one file per step.
//!
//! Every step can run twice: it takes what it finds of an earlier try as its own. Every step has an undo
//! here, or the reason why it needs none.

mod await_ready;
mod containers;
mod create;
mod diagnosis;
mod images;
mod pull;
mod removal;
mod remove_data;
mod render;
pub(crate) mod reserve;
mod take_down;
mod values;

use std::sync::Arc;

use domain::{
    App, Failure, FailureClass, InstallId, Lifecycle, Operation, OperationKind, Origin, Package, Step,
};

use crate::Control;
use crate::names;
use crate::ports::{Change, EngineError, EngineNetwork, HostError, ProjectsError, StoreError};
use crate::recorder::error_chain;

pub(crate) use diagnosis::last_lines;
pub(crate) use removal::remove_forgotten;

/// Why a step did not succeed, by what follows from it.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// Nothing helps: undo the operation.
    #[error("{0}")]
    Failed(Failure),
    /// The engine went away: try again once it is back.
    #[error("{0}")]
    EngineAway(String),
    /// What an earlier try asked the engine for is in the way, and goes with the next try.
    #[error("{0}")]
    HalfMade(String),
    /// What [`Step::Reserve`] chose was taken by something else meanwhile: choose again, where the operation does.
    #[error("{0}")]
    Taken(Failure),
}

/// Carries out one step.
pub(crate) async fn run(control: &Arc<Control>, install: &InstallId, step: Step) -> Result<(), StepError> {
    let Some((app, operation)) = control.app_and_operation(install) else {
        return Err(StepError::failed(FailureClass::Internal, "", "the app's row is gone"));
    };
    if !may_work_on(&app, step) {
        let detail = format!("{} is no step for a project that this server did not install", step.as_str());
        return Err(StepError::failed(FailureClass::Internal, app.id.as_str(), detail));
    }
    let done = match step {
        Step::Reserve => reserve::run(control, &app, &operation).await,
        Step::Render => render::run(control, &app).await,
        Step::Pull => pull::run(control, &app, &operation).await,
        Step::Create => create::run(control, &app, &operation).await,
        Step::StopContainers => containers::stop(control, &app).await,
        Step::StartContainers => containers::start(control, &app).await,
        Step::RestartContainers => containers::restart(control, &app).await,
        Step::TakeDown => take_down::run(control, &app).await,
        Step::RemoveData => remove_data::run(control, &app).await,
        Step::AwaitReady => await_ready::run(control, &app).await,
        // Recorded together with the success of the step before it.
        Step::Finish => Ok(()),
    };
    done?;
    images::record(control, install).await
}

/// Whether that step will download images first, as the start of an app does whose containers and images were removed
/// by hand: that takes as long as an install. Where nobody can tell, the step itself will.
pub(crate) async fn has_to_pull(control: &Control, install: &InstallId, step: Step) -> bool {
    let Some((app, _)) = control.app_and_operation(install) else { return false };
    let starts = matches!(step, Step::StartContainers | Step::RestartContainers);
    starts
        && containers::is_incomplete(&app)
        && pull::missing_images(control, &app).await.is_ok_and(|missing| !missing.is_empty())
}

/// The same of the undo of that step, which may start what was stopped. By then its containers may be just going: only
/// the images count.
pub(crate) async fn has_to_pull_to_undo(control: &Control, app: &App, step: Step) -> bool {
    matches!(step, Step::StopContainers | Step::RestartContainers)
        && pull::missing_images(control, app).await.is_ok_and(|missing| !missing.is_empty())
}

/// Takes back what a step did. Why it could not, as text, if it could not.
pub(crate) async fn undo(
    control: &Arc<Control>,
    app: &App,
    operation: &Operation,
    step: Step,
) -> Result<(), String> {
    if !may_work_on(app, step) {
        return Ok(());
    }
    // What was to be configured goes back to what it was.
    let settings = match operation.kind {
        OperationKind::Configure => operation.settings_before.clone(),
        _ => app.settings.clone(),
    };
    let app = &App { settings, ..app.clone() };
    let undone = match step {
        Step::Reserve => reserve::undo(control, app, operation).await,
        Step::Render => render::undo(control, app, operation).await,
        Step::Create => create::undo(control, app, operation).await,
        Step::StopContainers => containers::undo_stop(control, app, operation).await,
        Step::StartContainers => containers::undo_start(control, app, operation).await,
        Step::RestartContainers => containers::undo_restart(control, app, operation).await,
        Step::TakeDown => take_down::undo(control, app, operation).await,
        // Images are shared by all apps and save the next try the download (contract, "Errors").
        Step::Pull
        // What is deleted does not come back; see `Operation::is_past_return`.
        | Step::RemoveData
        // They make nothing.
        | Step::AwaitReady
        | Step::Finish => Ok(()),
    };
    undone?;
    // What was brought back may have been made anew.
    images::record(control, &app.install).await.map_err(|error| error.to_string())
}

/// Whether the app is one that the step may be carried out on, or undone. Of what this server did not install nothing is
/// made and nothing is taken away: no command asks for that, and this is the last place where it could go wrong.
fn may_work_on(app: &App, step: Step) -> bool {
    app.origin == Origin::Installed
        || matches!(
            step,
            Step::StopContainers | Step::StartContainers | Step::RestartContainers | Step::Finish
        )
}

impl Control {
    /// An installation's app and its newest operation, as they are now.
    pub(crate) fn app_and_operation(&self, install: &InstallId) -> Option<(App, Operation)> {
        self.recorder.read(|memory| {
            let record = memory.install(install)?;
            Some((record.app.clone(), record.operation.clone()?))
        })
    }

    /// Changes an installation's app, if it is still there.
    async fn change_app(
        &self,
        install: &InstallId,
        change: impl FnOnce(&mut App) + Send + 'static,
    ) -> Result<(), StepError> {
        let install = install.clone();
        self.recorder
            .update(move |memory, _| {
                let Some(record) = memory.install(&install) else { return Ok((Change::default(), ())) };
                let mut app = record.app.clone();
                change(&mut app);
                let operation = record.operation.clone();
                Ok((Change { app: Some(app), operation, ..Change::default() }, ()))
            })
            .await
    }

    /// Asks the engine whether anybody else holds one of the names that compose would use: it would take
    /// over a volume, whoever made it. Returns the engine's networks.
    async fn refuse_taken_names(
        &self,
        app: &App,
        package: &Package,
    ) -> Result<Vec<EngineNetwork>, StepError> {
        let (networks, volumes) = self.engine.look_at_networks_and_volumes().await?;
        let holder = self.recorder.read(|memory| {
            let containers = memory.engine.containers.values();
            names::holder(&app.project, package, Some(&app.install), containers, &networks, &volumes)
        });
        match holder {
            Some(holder) => {
                Err(StepError::failed(FailureClass::NameTaken, app.id.as_str(), holder.to_string()))
            }
            None => Ok(networks),
        }
    }

    /// What the app consists of: for an install the package that was accepted, else the copy in the app's own folder,
    /// which is what its containers are made of. An install that goes on after a restart has that copy, too, once its
    /// files are written.
    pub(crate) async fn package_of(&self, app: &App) -> Result<Arc<Package>, StepError> {
        let name = app.package.full_name();
        let broken =
            |detail: String| StepError::failed(FailureClass::BrokenPackage, &app.package.name, detail);
        if app.lifecycle == Lifecycle::Installing {
            if let Some(package) = self.package_to_install(app).await {
                return Ok(package);
            }
            let is_written = |(_, operation): (App, Operation)| operation.has_succeeded(Step::Render);
            if !self.app_and_operation(&app.install).is_some_and(is_written) {
                return Err(StepError::failed(FailureClass::PackageChanged, &name.to_string(), ""));
            }
        }
        let folder = self.projects.folder(&app.project);
        let text = self.projects.installed_text(&folder).await?;
        let text = text.ok_or_else(|| broken(format!("{} holds no compose file", folder.display())))?;
        self.catalog.read(&name, text).map(Arc::new).map_err(broken)
    }
}

impl StepError {
    fn failed(class: FailureClass, subject: &str, detail: impl Into<String>) -> Self {
        Self::Failed(Failure::of(class, subject, detail))
    }
}

impl From<EngineError> for StepError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unreachable { .. } => Self::EngineAway(error.to_string()),
            EngineError::Refused { .. } => {
                Self::failed(FailureClass::ContainerCommand, "", error.to_string())
            }
        }
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        let class = match error {
            StoreError::DiskFull(_) => FailureClass::DiskFull,
            StoreError::Conflict(_) | StoreError::Failed { .. } => FailureClass::Internal,
        };
        Self::failed(class, "", error_chain(&error))
    }
}

impl From<ProjectsError> for StepError {
    fn from(error: ProjectsError) -> Self {
        let class = if error.is_disk_full() { FailureClass::DiskFull } else { FailureClass::Internal };
        Self::failed(class, &error.path.display().to_string(), error_chain(&error))
    }
}

impl From<HostError> for StepError {
    fn from(error: HostError) -> Self {
        Self::failed(FailureClass::Internal, &error.what, error_chain(&error))
    }
}
