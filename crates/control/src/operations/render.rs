//! Writes the app's folder: the compose files and `.env`; and judges what they ask of the host.

use std::sync::Arc;

use domain::package::VariableKind;
use domain::{
    App, FailureClass, KeptVolume, Lifecycle, Operation, OperationKind, Secret, SettingValues, Verdict,
};

use super::StepError;
use crate::Control;
use crate::error::rules;
use crate::ports::Project;

pub(super) async fn run(control: &Arc<Control>, app: &App) -> Result<(), StepError> {
    let project = write(control, app).await?;
    let version = &app.package.version;
    let package = &project.package;
    // A new folder with the package's own values: what is chosen for each app (ports, subnets, passwords) makes no
    // other project of it.
    let is_of_package = app.lifecycle == Lifecycle::Installing && app.settings == SettingValues::default();
    if is_of_package && control.policy_of_package(package, version).verdict == Verdict::Allowed {
        return Ok(());
    }
    // Judged before anything is pulled or created, on what compose will carry out.
    let rendering = control.projects.rendered(&project);
    let rendered = control.metrics().engine_calls.timed("compose_config", rendering).await;
    let rendered = rendered
        .map_err(|error| StepError::failed(FailureClass::BrokenPackage, &package.name, error.to_string()))?;
    let report = control.judge(&project, &rendered);
    let detail = rules(&report.risks);
    let is_refused = matches!(report.verdict, Verdict::Refused | Verdict::Unknown);
    if is_of_package {
        control.remember_risks(package, version, &report.risks);
    }
    if is_refused {
        return Err(StepError::failed(FailureClass::PolicyRefused, &package.name, detail));
    }
    Ok(())
}

pub(super) async fn write(control: &Arc<Control>, app: &App) -> Result<Project, StepError> {
    let project = control.project(app).await?;
    remember_tokens(control, app, &project).await?;
    control.projects.write(&project).await?;
    Ok(project)
}

/// Stores the tokens before anybody reads them: what the app writes of them is masked, like every secret.
async fn remember_tokens(control: &Arc<Control>, app: &App, project: &Project) -> Result<(), StepError> {
    let is_token = |name: &String| {
        let mut declared = project.package.variables.iter();
        declared.any(|known| known.name == *name && matches!(known.kind, VariableKind::Token { .. }))
    };
    let of_tokens = project.variables.iter().filter(|(name, _)| is_token(name));
    let tokens: Vec<Secret> = of_tokens.map(|(_, value)| Secret::from_text(value.reveal())).collect();
    if app.deployment.as_ref().is_none_or(|deployment| deployment.tokens.starts_with(&tokens)) {
        return Ok(());
    }
    let change = |app: &mut App| {
        if let Some(deployment) = &mut app.deployment {
            // Containers of before may have theirs still.
            let now = tokens.len();
            deployment.tokens.truncate(now);
            deployment.tokens.splice(..0, tokens);
        }
    };
    control.change_app(&app.install, change).await
}

/// A new app's files lie in the folder that the undo of Reserve removes, and a restored one's are good for the next
/// try. Those of an app that was to be configured are written anew from the values it had.
pub(super) async fn undo(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), String> {
    if operation.kind != OperationKind::Configure {
        return Ok(());
    }
    match write(control, app).await {
        Ok(_) => Ok(()),
        // Its folder has lost what it is written from: it would be so for ever, and nobody could even uninstall it.
        Err(StepError::Failed(failure)) if failure.class == FailureClass::BrokenPackage => {
            tracing::warn!(%failure, "its old settings cannot be written again");
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

impl Control {
    /// All that the app's folder is written from.
    pub(crate) async fn project(&self, app: &App) -> Result<Project, StepError> {
        let package = self.package_of(app).await?;
        let Some(deployment) = &app.deployment else {
            return Err(StepError::failed(FailureClass::Internal, "", "the app has no deployment yet"));
        };
        Ok(Project {
            name: app.project.clone(),
            folder: deployment.folder.clone(),
            instance: self.recorder.instance().clone(),
            install: app.install.clone(),
            variables: self.variables(app, &package),
            ports: deployment.ports.clone(),
            subnets: deployment.subnets.clone(),
            kept_volumes: self.left_of(&deployment.kept_volumes, app).await?,
            package,
        })
    }

    /// Those volumes that are there still: compose brings nothing up that is to mount what somebody has pruned.
    async fn left_of(&self, kept: &[KeptVolume], app: &App) -> Result<Vec<KeptVolume>, StepError> {
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let (_, volumes) = self.engine.look_at_networks_and_volumes().await?;
        let is_there = |kept: &KeptVolume| volumes.iter().any(|volume| volume.name == kept.name);
        let (left, gone): (Vec<_>, Vec<_>) = kept.iter().cloned().partition(is_there);
        for KeptVolume { service, target, name } in gone {
            let (app, volume) = (&app.id, name);
            tracing::warn!(app.id = %app, service, target, volume, "a volume of the app was removed by somebody; it gets an empty one");
        }
        Ok(left)
    }
}
