//! The compose projects that this server did not install: a row for each that is seen on the engine, kept true to what
//! is seen, and gone when the project is gone.
//!
//! Their rows are stored like all others, so that their verbs are as durable. What is done with them is `commands` and
//! `operations`; nothing of them is ever made, changed or deleted there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::observation::Expectation;
use domain::package::{Requirements, Speaks};
use domain::{
    App, AppId, Condition, Deployment, Desired, Event, EventKind, InstallId, Lifecycle, Login, MainEndpoint,
    Observation, Origin, Package, PackageRef, ProjectName, Protocol, SettingValues, Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::memory::{AppRecord, EngineLink, EngineMemory, Memory};
use crate::ports::{Change, EngineContainer, StoreError};
use crate::recorder::error_chain;

/// Between two tries to store something on a disk that does not take it.
const STORE_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Keeps the rows true until `stop`.
pub(crate) async fn follow(control: Arc<Control>, stop: CancellationToken) {
    let mut is_failing = false;
    loop {
        let stored = tokio::select! {
            () = stop.cancelled() => return,
            stored = store_next(&control) => stored,
        };
        if let Err(error) = &stored {
            if !is_failing {
                let reason = error_chain(error);
                tracing::error!(reason, "cannot store which projects are there; trying until it works");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(STORE_AGAIN_AFTER) => {}
            }
        }
        is_failing = stored.is_err();
    }
}

/// Waits until a project differs from its row, and stores how it is.
async fn store_next(control: &Arc<Control>) -> Result<(), StoreError> {
    let is_shown = control.settings.foreign_projects;
    control.wait_for(|memory| difference(memory, is_shown).map(drop)).await;
    let deciding = Arc::clone(control);
    let decide = move |memory: &Memory, now| {
        let change = difference(memory, is_shown).and_then(|found| deciding.change_by(found, memory, now));
        Ok((change.unwrap_or_default(), ()))
    };
    control.recorder.update(decide).await
}

/// How the rows differ from what is there.
enum Difference {
    /// A project that has no row.
    Appeared(ProjectName, Deployment),
    /// A row whose project consists of something else now.
    Changed(InstallId, Deployment),
    /// A row that is not to be shown any more.
    Vanished(InstallId),
}

/// The first difference, if there is one. None while the engine is away: what it holds is not known then.
fn difference(memory: &Memory, is_shown: bool) -> Option<Difference> {
    if memory.engine_link != EngineLink::Up {
        return None;
    }
    let mut seen = projects(&memory.engine);
    for record in memory.oldest_first().filter(|record| record.app.origin != Origin::Installed) {
        let app = &record.app;
        let containers = seen.remove(app.project.as_str());
        let is_to_go = app.origin == Origin::Foreign && (containers.is_none() || !is_shown);
        if is_to_go && record.open_operation().is_none() {
            return Some(Difference::Vanished(app.install.clone()));
        }
        let deployment = containers.map(|containers| deployment(&containers, Some(app)));
        if let Some(deployment) = deployment.filter(|found| app.deployment.as_ref() != Some(found)) {
            return Some(Difference::Changed(app.install.clone(), deployment));
        }
    }
    let (name, containers) = seen.into_iter().next().filter(|_| is_shown)?;
    Some(Difference::Appeared(ProjectName::from_text(name), deployment(&containers, None)))
}

/// The containers of each project of which no server of this kind made any part.
fn projects(engine: &EngineMemory) -> BTreeMap<&str, Vec<&EngineContainer>> {
    let mut found: BTreeMap<&str, Vec<&EngineContainer>> = BTreeMap::new();
    let mut managed: BTreeSet<&str> = BTreeSet::new();
    for container in engine.containers.values() {
        match (container.owner.foreign_project(), container.owner.project.as_deref()) {
            // What somebody ran beside the services makes no project.
            (Some(_), _) if container.facts.service.is_empty() => {}
            (Some(project), _) => found.entry(project).or_default().push(container),
            (None, Some(project)) => drop(managed.insert(project)),
            (None, None) => {}
        }
    }
    found.retain(|project, _| !managed.contains(project));
    found
}

/// What a project consists of, as far as its containers tell. An adopted one still consists of what it did.
fn deployment(containers: &[&EngineContainer], app: Option<&App>) -> Deployment {
    let mut services: BTreeMap<String, bool> = BTreeMap::new();
    if let Some(app) = app.filter(|app| app.origin == Origin::Adopted) {
        services.extend(app.expected().services.iter().cloned());
    }
    for container in containers {
        services.entry(container.facts.service.clone()).or_default();
    }
    let needed = containers.iter().flat_map(|container| &container.facts.depends_on);
    for awaited in needed.filter(|needed| needed.condition == Condition::Completed) {
        services.insert(awaited.service.clone(), true);
    }
    // The newest tells where its owner keeps it now.
    let newest = containers.iter().max_by_key(|c| (c.facts.created_at, &c.facts.id));
    let compose = newest.map(|container| container.compose.clone()).unwrap_or_default();
    let ports = containers.iter().flat_map(|container| &container.ports);
    let lowest = ports.filter(|(_, protocol, _)| *protocol == Protocol::Tcp).min_by_key(|(_, _, port)| *port);
    Deployment {
        folder: compose.folder,
        compose_file: compose.file,
        ports: Vec::new(),
        subnets: Vec::new(),
        images: Vec::new(),
        // Nobody knows what its ports speak: none has to answer.
        expected: Expectation { services: services.into_iter().collect(), main_service: None },
        patience: Package::DEFAULT_PATIENCE,
        main: lowest.map(|(address, _, port)| MainEndpoint {
            address: *address,
            port: *port,
            speaks: Speaks::Tcp,
        }),
        admin_path: String::new(),
        login: Login::default(),
        user_variable: None,
        password_variable: None,
        secrets: Vec::new(),
        tokens: Vec::new(),
        kept_volumes: Vec::new(),
    }
}

impl Control {
    fn change_by(&self, difference: Difference, memory: &Memory, now: Timestamp) -> Option<Change> {
        match difference {
            Difference::Appeared(project, deployment) => {
                let app = self.foreign_app(project, deployment, memory, now)?;
                tracing::info!(app.id = %app.id, project = %app.project, "a project of somebody else's is there");
                let events = vec![event(&app, EventKind::Appeared, now)];
                Some(Change { app: Some(app), events, ..Change::default() })
            }
            Difference::Changed(install, deployment) => {
                let AppRecord { app, operation, .. } = memory.install(&install)?.clone();
                let app = App { deployment: Some(deployment), ..app };
                Some(Change { app: Some(app), operation, ..Change::default() })
            }
            Difference::Vanished(install) => {
                let app = &memory.install(&install)?.app;
                tracing::info!(app.id = %app.id, project = %app.project, "a project of somebody else's is gone");
                let events = vec![event(app, EventKind::Vanished, now)];
                Some(Change { forget: Some(install), events, ..Change::default() })
            }
        }
    }

    /// The row of a project that is seen for the first time.
    fn foreign_app(
        &self,
        project: ProjectName,
        deployment: Deployment,
        memory: &Memory,
        now: Timestamp,
    ) -> Option<App> {
        Some(App {
            install: self.ids.install_id(),
            origin: Origin::Foreign,
            id: AppId::candidates(&project).find(|id| memory.app(id).is_none())?,
            package: PackageRef {
                name: project.to_string(),
                catalog: String::new(),
                version: String::new(),
                trademark: project.to_string(),
                fingerprint: None,
                official: false,
                requirements: Requirements::default(),
            },
            project,
            settings: SettingValues::default(),
            desired: Desired::Running,
            lifecycle: Lifecycle::Installed,
            deployment: Some(deployment),
            images: Vec::new(),
            observation: Observation::default(),
            created_at: now,
            trashed_at: None,
            domains: Vec::new(),
        })
    }
}

fn event(app: &App, kind: EventKind, now: Timestamp) -> Event {
    Event { at: now, install: app.install.clone(), app: app.id.clone(), operation: None, kind }
}
