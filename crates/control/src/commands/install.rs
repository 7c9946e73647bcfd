//! AppInstall: accept or refuse, then queue. The order of the checks is the contract's.

use std::sync::Arc;

use domain::{
    App, AppId, Desired, Event, EventKind, GivenSettings, InstallId, Lifecycle, Observation, Operation,
    OperationKind, Origin, Package, PackageRef, ProjectName, SettingError, SettingValues, Timestamp, Verdict,
};

use crate::Control;
use crate::error::{Error, NameHolder};
use crate::memory::Memory;
use crate::names;
use crate::ports::{Change, Conflict, StoreError};
use crate::recorder::off_the_runtime;

/// What AppInstall asks for: three texts that are not blank, and values for the package's variables.
#[derive(Clone, Debug)]
pub struct InstallRequest {
    /// The package's name, in any case.
    pub app_name: String,
    /// The name that the user gives the app.
    pub customer_app_name: String,
    /// One of the package's versions, or `latest`.
    pub app_version: String,
    /// Values for the package's variables; the error where what was given is none of that.
    pub settings: Result<GivenSettings, SettingError>,
}

/// What is asked for, known to exist.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) id: AppId,
    pub(crate) package: Arc<Package>,
    /// Never `latest`.
    pub(crate) version: String,
    pub(crate) settings: SettingValues,
}

impl Control {
    /// Accepts an install: when this returns, it is stored and will be carried out.
    ///
    /// # Errors
    /// In this order, and then nothing has changed: `AppUnknown`, `CustomerAppNameFormat`,
    /// `VersionUnknown`, `Setting` (of what was given, then of what is missing), `PolicyRefused`, `NameTaken`, `InstallOpen`, `EngineAway`, `Host`, `NotEnough`, `Store`.
    pub async fn install(self: &Arc<Self>, request: InstallRequest) -> Result<AppId, Error> {
        let wanted = self.wanted(request).await?;
        wanted.settings.check_complete(&wanted.package.variables)?;
        self.check_policy(&wanted)?;
        let Wanted { id, package, version, settings } = wanted;
        let accepted = id.clone();
        let control = Arc::clone(self);
        let figures = off_the_runtime(move || control.host_figures()).await;
        let control = Arc::clone(self);
        self.recorder
            .update(move |memory, now| {
                control.check_name(&id, &package, memory)?;
                memory.engine_link.check(control.settings.engine_grace)?;
                control.admit(&package, &figures?, memory)?;
                Ok((control.queued(&id, &package, version, settings, memory, now), ()))
            })
            .await
            .map_err(conflict_as_refusal)?;
        Ok(accepted)
    }

    /// What is asked for, looked up in the catalog.
    ///
    /// # Errors
    /// `AppUnknown`, `CustomerAppNameFormat`, `VersionUnknown`, `Setting`.
    pub(crate) async fn wanted(&self, request: InstallRequest) -> Result<Wanted, Error> {
        let InstallRequest { app_name, customer_app_name, app_version, settings } = request;
        let package = self.find_package(&app_name).await;
        let package = package.ok_or_else(|| Error::AppUnknown { name: app_name.clone() })?;
        let id = AppId::parse(&customer_app_name)
            .map_err(|_| Error::CustomerAppNameFormat { name: customer_app_name.clone() })?;
        let version = package.version(&app_version).ok_or_else(|| Error::VersionUnknown {
            app: package.name.clone(),
            version: app_version.clone(),
            offered: package.versions.iter().map(|version| version.name.clone()).collect(),
        })?;
        let version = version.name.clone();
        let settings = SettingValues::default().with(&settings?, &package.variables)?;
        Ok(Wanted { id, package, version, settings })
    }

    /// Spares people an install of which it is known already that it will be refused. What other
    /// values make of a package is judged when its files are written.
    ///
    /// # Errors
    /// `PolicyRefused`.
    fn check_policy(&self, wanted: &Wanted) -> Result<(), Error> {
        let Wanted { package, version, settings, .. } = wanted;
        let report = self.policy_of_package(package, version);
        if *settings == SettingValues::default() && report.verdict == Verdict::Refused {
            return Err(Error::PolicyRefused { package: package.name.clone(), risks: report.risks });
        }
        Ok(())
    }

    /// # Errors
    /// `NameTaken` or `InstallOpen`.
    pub(crate) fn check_name(&self, id: &AppId, package: &Package, memory: &Memory) -> Result<(), Error> {
        if let Some(record) = memory.app(id) {
            if record.open_operation().is_some_and(|open| open.kind == OperationKind::Install) {
                return Err(Error::InstallOpen);
            }
            match record.app.lifecycle {
                Lifecycle::Failed if record.open_operation().is_none() => {}
                Lifecycle::Trashed => return Err(Error::NameTaken(NameHolder::Trash)),
                Lifecycle::Failed | Lifecycle::Installing | Lifecycle::Installed => {
                    return Err(Error::NameTaken(NameHolder::App));
                }
            }
        }
        let engine = &memory.engine;
        let (project, containers) = (ProjectName::from(id), engine.containers.values());
        match names::holder(&project, package, None, containers, &engine.networks, &engine.volumes) {
            Some(holder) => Err(Error::NameTaken(holder)),
            None => Ok(()),
        }
    }

    /// The rows of a new app and its install. A failed install of that name gives way.
    fn queued(
        &self,
        id: &AppId,
        package: &Arc<Package>,
        version: String,
        settings: SettingValues,
        memory: &Memory,
        now: Timestamp,
    ) -> Change {
        let app = self.fresh_app(id, package, version, settings, now);
        let (install, kind) = (app.install.clone(), OperationKind::Install);
        let is_open = |kept: &InstallId| memory.install(kept).is_some_and(|it| it.open_operation().is_some());
        self.installing.retain(is_open);
        self.installing.keep(&install, package);
        let operation = Operation::queued(self.ids.operation_id(), install.clone(), id.clone(), kind, now);
        let event = Event {
            at: now,
            install,
            app: id.clone(),
            operation: Some(operation.id.clone()),
            kind: EventKind::Queued(kind),
        };
        Change {
            forget: memory.app(id).map(|failed| failed.app.install.clone()),
            app: Some(app),
            operation: Some(operation),
            events: vec![event],
            ..Change::default()
        }
    }
}

impl Control {
    /// A new app, of which nothing exists yet.
    pub(crate) fn fresh_app(
        &self,
        id: &AppId,
        package: &Package,
        version: String,
        settings: SettingValues,
        now: Timestamp,
    ) -> App {
        App {
            install: self.ids.install_id(),
            origin: Origin::Installed,
            id: id.clone(),
            project: ProjectName::from(id),
            package: PackageRef {
                name: package.name.clone(),
                catalog: package.catalog.clone(),
                version,
                trademark: package.trademark.clone(),
                fingerprint: package.fingerprint.clone(),
                official: package.official,
                requirements: package.requirements,
            },
            settings,
            desired: Desired::Running,
            lifecycle: Lifecycle::Installing,
            deployment: None,
            images: Vec::new(),
            observation: Observation::default(),
            created_at: now,
            trashed_at: None,
            domains: Vec::new(),
        }
    }
}

/// What the database's own constraints say in the contract's words.
fn conflict_as_refusal(error: Error) -> Error {
    match error {
        Error::Store(StoreError::Conflict(Conflict::AppName)) => Error::NameTaken(NameHolder::App),
        Error::Store(StoreError::Conflict(Conflict::OpenOperation)) => Error::InstallOpen,
        other => other,
    }
}
