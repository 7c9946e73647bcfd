//! The world as one life of a server reaches it: every call passes a [`Gate`] first.
//!
//! Calls that only look (ping, info, look, inspect, events, output, usage) are not numbered, because they are
//! made at moments of their own; they stop at death like all others.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use control::ports::{
    CatalogStore, Change, CommandError, ContainerUsage, Engine, EngineContainer, EngineError, EngineEvent,
    EngineImage, EngineInfo, EngineNetwork, EngineObject, EngineSight, EngineVolume, EventPage,
    InstalledText, Loaded, OutputLine, OutputQuery, Project, Projects, ProjectsError, PullError, PullSink,
    Store, StoreError,
};
use domain::{
    AppId, CatalogRecord, ContainerId, Event, EventId, Failure, FailureClass, InstallId, InstanceId,
    Operation, OperationId, ProjectName, RenderedProject,
};
use futures_util::stream::BoxStream;

use crate::engine::FakeEngine;
use crate::faults::{Gate, Life};
use crate::memory_store::MemoryStore;
use crate::projects::{FakeProjects, refused};

/// A port of the world, bound to one life.
pub struct OfLife<T> {
    /// What is behind it.
    pub inner: T,
    /// Whose it is.
    pub life: Arc<Life>,
}

impl<T> OfLife<T> {
    /// Passes the gate. Never returns to the dead.
    pub(crate) async fn pass<R>(
        &self,
        name: &'static str,
        failure: impl FnOnce() -> R,
        work: impl AsyncFnOnce() -> R,
    ) -> R {
        match self.life.gate(name) {
            Gate::Open => work().await,
            Gate::Held => {
                self.life.hold().await;
                work().await
            }
            Gate::Fails => failure(),
            Gate::Dead => std::future::pending().await,
            Gate::DiesAfter => {
                let _ = work().await;
                self.life.die();
                std::future::pending().await
            }
        }
    }

    /// Passes the gate with a call that blocks its thread, and so fails for the dead.
    pub(crate) fn pass_blocking<R>(
        &self,
        name: &'static str,
        failure: impl FnOnce() -> R,
        work: impl FnOnce() -> R,
    ) -> R {
        let _in_flight = self.life.committing();
        match self.life.gate(name) {
            Gate::Open => work(),
            Gate::Held => {
                self.life.note_held();
                work()
            }
            Gate::Fails | Gate::Dead => failure(),
            Gate::DiesAfter => {
                let done = work();
                self.life.die();
                done
            }
        }
    }

    /// For calls that are not numbered.
    pub(crate) async fn unless_dead(&self) {
        if self.life.is_dead() {
            std::future::pending::<()>().await;
        }
    }
}

impl CatalogStore for OfLife<Arc<MemoryStore>> {
    fn catalogs(&self) -> Result<Vec<CatalogRecord>, StoreError> {
        self.inner.catalogs()
    }

    fn write_catalogs(&self, catalogs: &[CatalogRecord]) -> Result<(), StoreError> {
        let failure = || Err(store_failed("write the catalogs"));
        self.pass_blocking("catalogs.write", failure, || self.inner.write_catalogs(catalogs))
    }
}

fn engine_failed(action: &str) -> EngineError {
    EngineError::Refused { action: action.to_owned(), reason: "injected fault".to_owned() }
}

#[async_trait]
impl Engine for OfLife<FakeEngine> {
    async fn ping(&self) -> Result<(), EngineError> {
        self.unless_dead().await;
        self.inner.ping()
    }

    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.unless_dead().await;
        self.inner.info()
    }

    async fn look(&self) -> Result<EngineSight, EngineError> {
        self.unless_dead().await;
        self.inner.look().await
    }

    async fn inspect(&self, id: &ContainerId) -> Result<Option<EngineContainer>, EngineError> {
        self.unless_dead().await;
        self.inner.inspect(id).await
    }

    async fn look_at_networks_and_volumes(
        &self,
    ) -> Result<(Vec<EngineNetwork>, Vec<EngineVolume>), EngineError> {
        self.unless_dead().await;
        self.inner.ping()?;
        let sight = self.inner.sight();
        Ok((sight.networks, sight.volumes))
    }

    async fn events(&self) -> Result<BoxStream<'static, EngineEvent>, EngineError> {
        self.unless_dead().await;
        self.inner.events()
    }

    async fn pull(&self, image: &str, _: Duration, sink: &dyn PullSink) -> Result<(), PullError> {
        let failure = || {
            let detail = "injected fault";
            Err(PullError::Failed(Failure::of(FailureClass::RegistryUnreachable, image, detail)))
        };
        self.pass("engine.pull", failure, async || self.inner.pull(image, sink).await).await
    }

    async fn image(&self, name: &str) -> Result<Option<EngineImage>, EngineError> {
        let failure = || Err(engine_failed("inspect an image"));
        self.pass("engine.image", failure, async || self.inner.image(name)).await
    }

    async fn start(&self, id: &ContainerId) -> Result<(), CommandError> {
        let failure = || Err(command_failed());
        self.pass("engine.start", failure, async || self.inner.start(id)).await
    }

    async fn stop(&self, id: &ContainerId) -> Result<(), CommandError> {
        let failure = || Err(command_failed());
        self.pass("engine.stop", failure, async || self.inner.stop(id)).await
    }

    async fn remove(&self, object: &EngineObject) -> Result<(), EngineError> {
        let failure = || Err(engine_failed("remove"));
        self.pass("engine.remove", failure, async || self.inner.remove(object)).await
    }

    async fn last_lines(&self, id: &ContainerId, _: usize) -> Result<Vec<String>, EngineError> {
        let failure = || Err(engine_failed("read the log"));
        self.pass("engine.last_lines", failure, async || self.inner.last_lines(id)).await
    }

    async fn output(
        &self,
        id: &ContainerId,
        query: &OutputQuery,
    ) -> Result<BoxStream<'static, Result<OutputLine, EngineError>>, EngineError> {
        self.unless_dead().await;
        self.inner.output(id, query)
    }

    async fn usage(&self, id: &ContainerId) -> Result<Option<ContainerUsage>, EngineError> {
        self.unless_dead().await;
        self.inner.usage(id)
    }

    async fn volume_sizes(&self) -> Result<HashMap<String, u64>, EngineError> {
        self.unless_dead().await;
        self.inner.volume_sizes()
    }
}

fn command_failed() -> CommandError {
    CommandError::Failed { words: "injected fault".to_owned() }
}

fn disk_failed(action: &'static str, path: &Path) -> ProjectsError {
    refused(action, path, std::io::ErrorKind::Other)
}

impl OfLife<FakeProjects> {
    async fn bring_up(
        &self,
        name: &'static str,
        project: &Project,
        is_started: bool,
    ) -> Result<(), CommandError> {
        let gate = self.life.gate(name);
        match gate {
            Gate::Open | Gate::Held => {
                if gate == Gate::Held {
                    self.life.hold().await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.inner.up(project, is_started)
            }
            Gate::Fails => Err(command_failed()),
            // The process does not die with its server: what it was asked for comes late.
            Gate::Dead | Gate::DiesAfter => {
                if gate == Gate::DiesAfter {
                    self.inner.engine().leave_at_work(project);
                    self.life.die();
                }
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl Projects for OfLife<FakeProjects> {
    fn folder(&self, name: &ProjectName) -> PathBuf {
        FakeProjects::folder(name)
    }

    async fn check(&self) -> Result<String, CommandError> {
        Ok("2.40.3".to_owned())
    }

    fn compose_file(&self, folder: &Path) -> PathBuf {
        folder.join("compose.yaml")
    }

    async fn create_folder(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
        let failure = || Err(disk_failed("create", folder));
        self.pass("projects.create_folder", failure, async || self.inner.create_folder(folder, install)).await
    }

    async fn write(&self, project: &Project) -> Result<(), ProjectsError> {
        let failure = || Err(disk_failed("write", &project.folder));
        self.pass("projects.write", failure, async || self.inner.write(project)).await
    }

    async fn rendered(&self, project: &Project) -> Result<RenderedProject, CommandError> {
        let failure = || Err(CommandError::Failed { words: "injected fault".to_owned() });
        self.pass("projects.rendered", failure, async || Ok(self.inner.rendered(project))).await
    }

    async fn rendered_aside(&self, project: &Project) -> Result<RenderedProject, CommandError> {
        self.unless_dead().await;
        self.inner.rendered_aside(project)
    }

    async fn remove_folder(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
        let failure = || Err(disk_failed("remove", folder));
        let work = async || {
            self.inner.remove_folder(folder, install);
            Ok(())
        };
        self.pass("projects.remove_folder", failure, work).await
    }

    async fn installed_text(&self, folder: &Path) -> Result<Option<InstalledText>, ProjectsError> {
        let failure = || Err(disk_failed("read", folder));
        self.pass("projects.installed_text", failure, async || Ok(self.inner.installed_text(folder))).await
    }

    async fn up(&self, project: &Project) -> Result<(), CommandError> {
        self.bring_up("projects.up", project, true).await
    }

    async fn create(&self, project: &Project) -> Result<(), CommandError> {
        self.bring_up("projects.create", project, false).await
    }

    async fn end_leftovers(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
        let failure = || Err(disk_failed("lock", folder));
        let work = async || {
            self.inner.engine().end_at_work(install);
            Ok(())
        };
        self.pass("projects.end_leftovers", failure, work).await
    }
}

fn store_failed(action: &'static str) -> StoreError {
    StoreError::Failed { action, source: "injected fault".into() }
}

impl Store for OfLife<Arc<MemoryStore>> {
    fn instance(&self) -> Result<InstanceId, StoreError> {
        self.inner.instance()
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        self.inner.load()
    }

    fn commit(&self, change: &Change) -> Result<Option<EventId>, StoreError> {
        let failure = || Err(store_failed("commit"));
        self.pass_blocking("store.commit", failure, || self.inner.commit(change))
    }

    fn operation(&self, id: &OperationId) -> Result<Option<Operation>, StoreError> {
        self.inner.operation(id)
    }

    fn newest_operation(&self, install: &InstallId) -> Result<Option<Operation>, StoreError> {
        self.inner.newest_operation(install)
    }

    fn operations(
        &self,
        app: Option<&AppId>,
        before: Option<&OperationId>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        self.inner.operations(app, before, limit)
    }

    fn events_after(
        &self,
        place: EventId,
        app: Option<&AppId>,
        limit: usize,
    ) -> Result<EventPage, StoreError> {
        self.inner.events_after(place, app, limit)
    }

    fn events(&self, app: Option<&AppId>, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.inner.events(app, limit)
    }

    fn check(&self) -> Result<(), StoreError> {
        self.inner.check()
    }
}
