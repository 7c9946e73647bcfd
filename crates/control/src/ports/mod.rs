//! What the use cases need of the outside world, as traits that belong to them.
//!
//! Adapters implement them (`store`, `docker`, `catalog`, `host`); `testkit` holds a fake of each. The
//! fake and the real thing pass the same contract tests.

pub mod access;
pub mod catalog;
pub mod certificates;
pub mod clock;
pub mod engine;
pub mod gateway;
pub mod host;
pub mod ids;
pub mod output;
pub mod projects;
pub mod store;
pub mod usage;

pub use access::{AccessChange, AccessStore, Accounts};
pub use catalog::{
    Catalog, CatalogEntry, CatalogStore, InstalledText, KnownRisks, Sources, StagedCatalog, SyncProgress,
};
pub use certificates::{Certificates, ChallengeSink};
pub use clock::Clock;
pub use engine::{
    ComposeOrigin, Engine, EngineContainer, EngineError, EngineEvent, EngineImage, EngineInfo, EngineNetwork,
    EngineObject, EngineSight, EngineVolume, Ownership, PullError, PullSink,
};
pub use gateway::{Gateway, GatewayError, Site, Upstream};
pub use host::{Host, HostError, Listener, ProcessUsage};
pub use ids::Ids;
pub use output::{OutputLine, OutputQuery, OutputStream};
pub use projects::{CommandError, Project, Projects, ProjectsError};
pub use store::{Change, Conflict, EventPage, Loaded, Store, StoreError};
pub use usage::ContainerUsage;
