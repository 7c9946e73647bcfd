//! The use cases: what is accepted, how it is carried out, and what is answered.
//!
//! Data travels one way: a command accepts or refuses and stores; the runner works on what is stored;
//! queries read what the recorder keeps in memory. See `ARCHITECTURE.md` for the way of one AppInstall.

pub mod access;
mod addresses;
mod allocation;
pub mod catalogs;
mod certificates;
mod checkup;
pub mod commands;
pub mod error;
mod event_log;
mod example;
mod foreign;
mod installing;
pub mod live;
pub mod memory;
mod metered;
pub mod metrics;
mod names;
mod operations;
mod own_certificate;
pub mod policy;
pub mod ports;
mod prober;
pub mod queries;
pub mod recorder;
mod runner;
pub mod settings;
pub mod sites;
mod token;
mod watcher;

use std::sync::Arc;

use domain::InstanceId;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use access::{Access, AccessError, Credential, Denied, Grant};
pub use catalogs::{CatalogDetail, CatalogRequest, CatalogState};
pub use checkup::{Checkup, GatewayCheckup};
pub use commands::admission::DiskRoom;
pub use commands::configure::VariableSetting;
pub use commands::install::InstallRequest;
pub use commands::trash::Data;
pub use error::{DomainHolder, Error, NameHolder, Resource, Shortage};
pub use example::example_project;
pub use live::logs::{AppLine, LogsRequest};
pub use live::plan::{Plan, PlannedImage};
pub use live::stats::{AppUsage, Usage};
pub use policy::PolicyReport;
pub use queries::AppSummary;
pub use queries::app_detail::InstalledApp;
pub use queries::app_domains::{DomainDetail, SiteState};
pub use queries::app_events::{EventFollower, News};
pub use queries::app_list::AppDetail;
pub use queries::app_trash::TrashedApp;
pub use queries::readiness::Readiness;
pub use recorder::error_chain;
pub use settings::Settings;

use live::follow::FOLLOWED_MAX;
use live::logs::COLLECTED_AT_ONCE;
use live::stats::Meter;
use metered::Metered;
use ports::{
    AccessStore, Catalog, CatalogStore, Certificates, Clock, Engine, Gateway, Host, Ids, Projects, Sources,
    Store, StoreError,
};
use recorder::Recorder;

/// The adapters that the use cases work with.
#[derive(Clone)]
pub struct Ports {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Users, keys and the trail in the database.
    pub access: Arc<dyn AccessStore>,
    /// The container engine.
    pub engine: Arc<dyn Engine>,
    /// Compose projects.
    pub projects: Arc<dyn Projects>,
    /// The packages.
    pub catalog: Arc<dyn Catalog>,
    /// The list of catalogs in the database.
    pub catalogs: Arc<dyn CatalogStore>,
    /// What fetches catalogs.
    pub sources: Arc<dyn Sources>,
    /// The machine.
    pub host: Arc<dyn Host>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// What serves apps under names of their own; `None` where no gateway is configured.
    pub front: Option<Front>,
}

/// What serves apps under names of their own.
#[derive(Clone)]
pub struct Front {
    /// The web server.
    pub gateway: Arc<dyn Gateway>,
    /// The certificates.
    pub certificates: Arc<dyn Certificates>,
}

/// The use cases. Commands and queries are its methods, one file each.
pub struct Control {
    recorder: Arc<Recorder>,
    access: Arc<Access>,
    engine: Arc<dyn Engine>,
    projects: Arc<dyn Projects>,
    catalog: Arc<dyn Catalog>,
    catalogs: catalogs::Catalogs,
    installing: installing::Packages,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    front: Option<Front>,
    challenges: certificates::Challenges,
    settings: Settings,
    known_to_ask: policy::KnownToAsk,
    meter: Meter,
    /// A slot for each container whose output is followed.
    followed: Arc<Semaphore>,
    /// For starts that have to download: as many at once as installs, whose queue they are not in.
    pulling: Semaphore,
    /// For whoever collects lines: an answer may hold some megabytes while it is made.
    collected: Semaphore,
}

/// How the work is brought to an end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Nothing new is begun, and the step at work may end. What is left goes on at the next start.
    pub soft: CancellationToken,
    /// The step at work is dropped as well. The step log makes that safe.
    pub hard: CancellationToken,
}

impl Control {
    /// Loads what is stored. Nothing is at work before [`Control::run`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn open(ports: Ports, settings: Settings) -> Result<Arc<Self>, StoreError> {
        let recorder = Arc::new(Recorder::open(ports.store, Arc::clone(&ports.clock))?);
        let engine = Metered { engine: ports.engine, metrics: Arc::clone(recorder.metrics()) };
        let access = Access::open(ports.access, Arc::clone(&ports.clock), Arc::clone(&ports.ids))?;
        let catalogs = catalogs::Catalogs::open(ports.catalogs, ports.sources)?;
        let control = Arc::new(Self {
            recorder,
            engine: Arc::new(engine),
            access,
            projects: ports.projects,
            catalog: ports.catalog,
            catalogs,
            installing: installing::Packages::default(),
            host: ports.host,
            clock: ports.clock,
            ids: ports.ids,
            front: ports.front,
            pulling: Semaphore::new(settings.installs_at_once.max(1)),
            challenges: certificates::Challenges::default(),
            settings,
            known_to_ask: policy::KnownToAsk::default(),
            meter: Meter::default(),
            followed: Arc::new(Semaphore::new(FOLLOWED_MAX)),
            collected: Semaphore::new(COLLECTED_AT_ONCE),
        });
        control.recall_risks();
        control.recall_installing();
        Ok(control)
    }

    /// Watches the engine and carries out operations until `stop`.
    pub async fn run(self: &Arc<Self>, stop: Stop) {
        // The step that may end while the server stops waits until what it made is in sight.
        let worked = CancellationToken::new();
        let work = async {
            let _worked = worked.clone().drop_guard();
            runner::run(Arc::clone(self), stop.clone()).await;
        };
        tokio::join!(
            watcher::watch(Arc::clone(self), worked.clone()),
            foreign::follow(Arc::clone(self), stop.soft.clone()),
            prober::probe(Arc::clone(self), stop.soft.clone()),
            live::stats::sample(Arc::clone(self), stop.soft.clone()),
            Arc::clone(&self.recorder).store_what_is_seen(stop.soft.clone()),
            catalogs::sync(Arc::clone(self), stop.soft.clone()),
            policy::judge_catalog(Arc::clone(self), stop.soft.clone()),
            sites::serve(Arc::clone(self), stop.clone()),
            certificates::renew(Arc::clone(self), stop.soft.clone()),
            own_certificate::watch(Arc::clone(self), stop.soft.clone()),
            addresses::follow(Arc::clone(self), stop.soft.clone()),
            work,
        );
    }

    /// The packages that can be installed.
    #[must_use]
    pub fn catalog(&self) -> &dyn Catalog {
        self.catalog.as_ref()
    }

    /// Users, keys and the trail.
    #[must_use]
    pub fn access(&self) -> &Arc<Access> {
        &self.access
    }

    /// Which data directory this is: the label on everything that this server makes.
    #[must_use]
    pub fn instance(&self) -> &InstanceId {
        self.recorder.instance()
    }

    /// The recorder, for tests that wait for a change or look at what is known.
    #[must_use]
    pub fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }
}
