//! AppConfig: what can be set of an app, and a change of it.
//!
//! What can be set is declared by the app's own copy of its package, in its folder: the one place where a use case
//! reads a file before it answers.

use std::sync::Arc;

use domain::package::{Text, VariableKind};
use domain::settings::GivenSettings;
use domain::{App, AppId, Lifecycle, OperationKind, Origin, Package, SettingError, VariableValue};

use super::no_such_app;
use crate::memory::AppRecord;
use crate::queries::parse_app_id;
use crate::{Control, Error};

/// A variable of a package, and what holds for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableSetting {
    /// Its name.
    pub name: String,
    /// What it takes, with its default.
    pub kind: VariableKind,
    /// What it is for.
    pub label: Text,
    /// What the owner set, and may be shown; empty for a secret, which is never shown.
    pub value: Option<String>,
    /// Whether the owner set it.
    pub is_set: bool,
}

impl Control {
    /// What can be set of an app, and what is set.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `NotManaged`, `Busy` (it is being installed), `PackageUnreadable`.
    pub async fn app_config(self: &Arc<Self>, id: &str) -> Result<(AppId, Vec<VariableSetting>), Error> {
        let (app, package) = self.configurable(id).await?;
        Ok((app.id.clone(), settings_of(&app, &package)))
    }

    /// Changes what is set of an app and has it applied: containers that it concerns are created anew. If the app
    /// does not get ready with it, the old values come back. Nothing is done where nothing changes.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `NotManaged`, `Busy` (an install), `PackageUnreadable`, `EngineAway`, `Busy`, `Setting`, `Store`. Nothing has changed then.
    pub async fn configure(
        self: &Arc<Self>,
        id: &str,
        given: Result<GivenSettings, SettingError>,
    ) -> Result<AppId, Error> {
        let (_, package) = self.configurable(id).await?;
        let decide = move |control: &Self, record: &AppRecord, now| {
            let settings = record.app.settings.with(&given?, &package.variables)?;
            settings.check_complete(&package.variables)?;
            if settings == record.app.settings {
                return Ok(None);
            }
            let wanted = App { settings, ..record.app.clone() };
            Ok(Some(control.queue(wanted, &record.app, OperationKind::Configure, now)))
        };
        self.request(id, no_such_app, is_installed, decide).await
    }

    /// An installed app, and the package that it was made of.
    async fn configurable(self: &Arc<Self>, id: &str) -> Result<(App, Arc<Package>), Error> {
        let id = parse_app_id(id)?;
        let found = self.recorder.read(|memory| memory.app(&id).map(|record| record.app.clone()));
        let app = found.ok_or_else(|| no_such_app(id.to_string()))?;
        if app.origin != Origin::Installed {
            return Err(Error::NotManaged { id: id.to_string() });
        }
        match app.lifecycle {
            Lifecycle::Installed => {}
            Lifecycle::Installing => return Err(Error::Busy { open: OperationKind::Install }),
            Lifecycle::Failed | Lifecycle::Trashed => return Err(no_such_app(id.to_string())),
        }
        let package = self
            .package_of(&app)
            .await
            .map_err(|error| Error::PackageUnreadable { id: id.to_string(), reason: error.to_string() })?;
        Ok((app, package))
    }
}

fn is_installed(record: &AppRecord) -> bool {
    record.app.lifecycle == Lifecycle::Installed
}

fn settings_of(app: &App, package: &Package) -> Vec<VariableSetting> {
    let setting = |variable: &domain::package::Variable| {
        let set = app.settings.get(&variable.name);
        let value = match set {
            Some(VariableValue::Plain(text)) => Some(text.clone()),
            Some(VariableValue::Secret(_)) | None => None,
        };
        VariableSetting {
            name: variable.name.clone(),
            kind: variable.kind.clone(),
            label: variable.label.clone(),
            value,
            is_set: set.is_some(),
        }
    };
    package.variables.iter().filter(|variable| variable.kind.is_settable()).map(setting).collect()
}
