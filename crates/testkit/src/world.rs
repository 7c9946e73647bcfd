//! Everything that outlives a server, and starting servers in it.

use std::sync::Arc;
use std::time::Duration;

use control::ports::Store as _;
use control::{AppDetail, Control, Error, Front, InstallRequest, Ports, Settings, Stop};
use domain::policy::Wish;
use domain::settings::Given;
use domain::{AppId, AppImage, InstanceId, Operation, Package, Secret, Status};
use tokio::task::JoinHandle;

use crate::catalog::FakeCatalog;
use crate::engine::FakeEngine;
use crate::faults::Life;
use crate::front::FakeFront;
use crate::host::{CountingIds, FakeHost, TestClock};
use crate::memory_store::MemoryStore;
use crate::of_life::OfLife;
use crate::packages;
use crate::projects::FakeProjects;

/// How long a test waits for something that must come: in the time of the (stopped) clock.
const DEADLINE: Duration = Duration::from_secs(600);

/// A world in memory.
pub struct World {
    /// Its engine.
    pub engine: FakeEngine,
    /// Its folders.
    pub projects: FakeProjects,
    /// Its database.
    pub store: Arc<MemoryStore>,
    /// Its machine.
    pub host: Arc<FakeHost>,
    /// Its packages.
    pub packages: Vec<Arc<Package>>,
    /// Its catalogs of others.
    pub catalog: Arc<FakeCatalog>,
    /// Its web server in front and its authority, which are there where a test asks for them.
    pub front: Option<FakeFront>,
    /// Its settings.
    pub settings: Settings,
    /// Its clock.
    pub clock: Arc<TestClock>,
    ids: Arc<CountingIds>,
}

impl Default for World {
    fn default() -> Self {
        let clock = Arc::new(TestClock::default());
        let engine = FakeEngine::empty(Arc::clone(&clock) as Arc<dyn control::ports::Clock>);
        let projects = FakeProjects::on(engine.clone());
        projects.ask("greedy", "web", Wish::Privileged);
        Self {
            projects,
            store: Arc::new(MemoryStore::of_instance(InstanceId::from_text("testworld"))),
            host: Arc::new(FakeHost::with(engine.clone())),
            packages: [packages::hello(), packages::blog(), packages::greedy()].map(Arc::new).into(),
            catalog: Arc::default(),
            front: None,
            settings: settings(),
            ids: Arc::default(),
            engine,
            clock,
        }
    }
}

fn settings() -> Settings {
    Settings {
        public_host: "apps.example".to_owned(),
        own_hosts: vec!["apps.example".to_owned()],
        installs_at_once: 2,
        pull_idle_limit: Duration::from_secs(60),
        engine_grace: Duration::from_secs(10),
        port_first: 20_000,
        port_last: 20_999,
        publish_on_loopback: false,
        subnet_pool: ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 210, 0, 0), 16),
        subnet_prefix: 27,
        foreign_projects: true,
        trash_retention: Duration::from_hours(30 * 24),
        policy_exceptions: Vec::new(),
        data_dir: "/fake".into(),
    }
}

impl World {
    /// A world with a gateway.
    #[must_use]
    pub fn with_gateway() -> Self {
        let world = Self::default();
        let front = FakeFront::of(Arc::clone(&world.clock) as _);
        Self { front: Some(front), ..world }
    }

    /// The ports of a server in that life.
    #[must_use]
    pub fn ports(&self, life: &Arc<Life>) -> Ports {
        let life = || Arc::clone(life);
        self.catalog.ship(&self.packages);
        Ports {
            store: Arc::new(OfLife { inner: Arc::clone(&self.store), life: life() }),
            access: Arc::clone(&self.store) as _,
            engine: Arc::new(OfLife { inner: self.engine.clone(), life: life() }),
            projects: Arc::new(OfLife { inner: self.projects.clone(), life: life() }),
            catalog: Arc::clone(&self.catalog) as _,
            catalogs: Arc::new(OfLife { inner: Arc::clone(&self.store), life: life() }),
            sources: Arc::new(OfLife { inner: Arc::clone(&self.catalog), life: life() }),
            host: Arc::clone(&self.host) as _,
            clock: Arc::clone(&self.clock) as _,
            ids: Arc::clone(&self.ids) as _,
            front: self.front.as_ref().map(|front| Front {
                gateway: Arc::new(OfLife { inner: front.clone(), life: life() }),
                certificates: Arc::new(OfLife { inner: front.clone(), life: life() }),
            }),
        }
    }

    /// Starts a server in a sound life.
    ///
    /// # Panics
    /// Never: the store in memory can be read.
    #[must_use]
    pub fn start(&self) -> Running {
        self.start_in(Life::sound())
    }

    /// Starts a server in that life.
    ///
    /// # Panics
    /// Never: the store in memory can be read.
    #[must_use]
    pub fn start_in(&self, life: Arc<Life>) -> Running {
        self.start_with(life, |_| ())
    }

    /// Starts a server in that life, some of whose ports are the test's own.
    ///
    /// # Panics
    /// Never: the store in memory can be read.
    #[must_use]
    pub fn start_with(&self, life: Arc<Life>, change: impl FnOnce(&mut Ports)) -> Running {
        let mut ports = self.ports(&life);
        change(&mut ports);
        let control =
            Control::open(ports, self.settings.clone()).expect("a store in memory can always be read");
        let stop = Stop::default();
        let (server, until) = (Arc::clone(&control), stop.clone());
        let task = tokio::spawn(async move { server.run(until).await });
        Running { control, life, stop, task }
    }

    /// What the database says that an app's containers were made of.
    ///
    /// # Panics
    /// Never: the store in memory can be read.
    #[must_use]
    pub fn recorded_images(&self, name: &str) -> Vec<AppImage> {
        let apps = self.store.load().expect("a store in memory can always be read").apps;
        apps.into_iter().find(|app| app.id.as_str() == name).map(|app| app.images).unwrap_or_default()
    }

    /// What is left of apps on the engine, on the disk and among the reservations; empty if nothing is.
    #[must_use]
    pub fn traces(&self) -> Vec<String> {
        let sight = self.engine.sight();
        let mut traces: Vec<String> = Vec::new();
        traces.extend(sight.containers.iter().map(|container| container.facts.name.clone()));
        traces.extend(sight.networks.iter().map(|network| network.name.clone()));
        traces.extend(sight.volumes.iter().map(|volume| volume.name.clone()));
        traces.extend(self.projects.all().iter().map(|path| path.display().to_string()));
        traces.extend(self.store.ports().iter().map(|(_, port)| format!("port {}", port.port)));
        traces.extend(self.store.subnets().iter().map(|(_, subnet)| format!("subnet {}", subnet.subnet)));
        traces
    }
}

/// A server at work.
pub struct Running {
    /// Its use cases.
    pub control: Arc<Control>,
    /// Its life.
    pub life: Arc<Life>,
    stop: Stop,
    task: JoinHandle<()>,
}

impl Running {
    /// Asks for an install of a test package.
    ///
    /// # Errors
    /// The use case's.
    pub async fn install(&self, package: &str, name: &str) -> Result<AppId, Error> {
        self.install_with(package, name, &[]).await
    }

    /// Asks for an install of a test package with values for its variables.
    ///
    /// # Errors
    /// The use case's.
    pub async fn install_with(
        &self,
        package: &str,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<AppId, Error> {
        let scalar = |text: &str| Given::Scalar(Secret::from_text(text));
        let given = settings.iter().map(|(name, text)| ((*name).to_owned(), scalar(text)));
        let request = InstallRequest {
            app_name: package.to_owned(),
            customer_app_name: name.to_owned(),
            app_version: "latest".to_owned(),
            settings: Ok(given.collect()),
        };
        self.control.install(request).await
    }

    /// Waits until the server has looked at the engine.
    pub async fn connected(&self) {
        self.until(|running| {
            let up = |memory: &control::memory::Memory| memory.engine_link == control::memory::EngineLink::Up;
            running.control.recorder().read(up).then_some(())
        })
        .await;
    }

    /// Waits until the app has that status.
    pub async fn has_status(&self, name: &str, status: Status) {
        self.until(|running| (running.status(name) == Some(status)).then_some(())).await;
    }

    /// Waits until the app's newest operation has ended.
    pub async fn operation_ended(&self, name: &str) -> Operation {
        self.until(|running| {
            let operation = running.control.app_operation(name).ok()?;
            (!operation.state.is_open()).then_some(operation)
        })
        .await
    }

    /// The app's status, if it has one.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<Status> {
        self.control.app_status(name).ok().map(|summary| summary.status)
    }

    /// The app's row of AppList, if it is there.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<AppDetail> {
        let list = self.control.app_list(None).ok()?;
        list.into_iter().find(|detail| detail.summary.id.as_str() == name)
    }

    /// Waits until `look` finds something.
    ///
    /// # Panics
    /// It was not found before the deadline.
    pub async fn until<T>(&self, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let mut changes = self.control.recorder().changes();
        let search = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(self) {
                    return found;
                }
                // Time changes a status too, without any change of memory.
                let _ = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
            }
        };
        tokio::time::timeout(DEADLINE, search).await.expect("what was waited for came before the deadline")
    }

    /// Ends the server as `kill -9` would: everything it had in hand is dropped.
    pub async fn kill(self) {
        self.life.die();
        drop(self.life.committing());
        self.stop.hard.cancel();
        self.task.abort();
        let _ = self.task.await;
    }

    /// Stops the server in good order; one that dies in this very moment is dead.
    ///
    /// # Panics
    /// It did not stop.
    pub async fn stop(self) {
        self.stop.soft.cancel();
        let life = Arc::clone(&self.life);
        let mut task = self.task;
        let stopped = tokio::select! {
            stopped = tokio::time::timeout(DEADLINE, &mut task) => stopped,
            () = life.died() => {
                drop(life.committing());
                task.abort();
                return;
            }
        };
        let calls = life.calls();
        let last = &calls[calls.len().saturating_sub(5)..];
        stopped
            .unwrap_or_else(|_| panic!("the server stops; its last calls: {last:?}"))
            .expect("without a panic");
    }
}
