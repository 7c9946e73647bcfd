//! What must outlive the process.
//!
//! The store keeps rows and knows no rule but two: at most one app per name, and at most one open
//! operation per app. Everything else is decided before [`Store::commit`] is called.

use domain::{
    App, AppId, DomainName, Event, EventId, InstallId, InstanceId, Operation, OperationId, PortReservation,
    StoredEvent, SubnetReservation,
};

/// Everything that changes in one transaction. Parts that are empty are left as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Removes that installation's app row and its reservations: a failed install gives way to the next of its name.
    /// Carried out first. Its events stay, and so do its operations; of those of all names that have no app any more
    /// the oldest beyond [`OPERATIONS_KEPT_WITHOUT_APP`] are dropped.
    pub forget: Option<InstallId>,
    /// Writes the app's row.
    pub app: Option<App>,
    /// Writes the operation's row, its steps and pulls included.
    pub operation: Option<Operation>,
    /// Replaces all port reservations of that installation.
    pub ports: Option<(InstallId, Vec<PortReservation>)>,
    /// Replaces all subnet reservations of that installation.
    pub subnets: Option<(InstallId, Vec<SubnetReservation>)>,
    /// Appends to the list of events; the oldest beyond [`EVENTS_KEPT`] are dropped.
    pub events: Vec<Event>,
}

/// Events that are kept: some hundred bytes each, about a year of a busy server.
pub const EVENTS_KEPT: u64 = 100_000;

/// Operations that are kept per app name, the open one included.
pub const OPERATIONS_KEPT_PER_APP: u64 = 100;

/// Operations that are kept of all names together that have no app any more. Names that are used once (`pr123`) are
/// bounded by nothing else; these are the last weeks of a busy server.
pub const OPERATIONS_KEPT_WITHOUT_APP: u64 = 1_000;

/// Which rule of the store a change would have broken. Nothing of it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// An app of that name is there.
    AppName,
    /// An operation of that app is open.
    OpenOperation,
    /// That domain leads to another app.
    Domain(DomainName),
    /// That port is reserved by another app.
    Port(PortReservation),
    /// That subnet is reserved by another app.
    Subnet(SubnetReservation),
}

/// Why a change was not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It would have broken a rule.
    #[error("the change conflicts with what is stored: {0:?}")]
    Conflict(Conflict),
    /// The disk is full.
    #[error("cannot write the database: the disk is full")]
    DiskFull(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something else.
    #[error("cannot {action}")]
    Failed {
        /// What was to be done.
        action: &'static str,
        /// Why it could not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// All that a start needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Every app, oldest first.
    pub apps: Vec<App>,
    /// The newest operation of every app, open or not.
    pub operations: Vec<Operation>,
}

/// Some events, and which there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPage {
    /// Those asked for, oldest first.
    pub events: Vec<StoredEvent>,
    /// The oldest that is kept, of any app; [`EventId::default`] while there is none.
    pub oldest: EventId,
    /// The newest, of any app; [`EventId::default`] while there is none.
    pub newest: EventId,
}

/// The database. Calls block: they are made off the runtime's threads.
pub trait Store: Send + Sync {
    /// Which data directory this is: chosen at its first use, never changed.
    ///
    /// # Errors
    /// The database cannot be read.
    fn instance(&self) -> Result<InstanceId, StoreError>;

    /// Reads what a start needs.
    ///
    /// # Errors
    /// The database cannot be read.
    fn load(&self) -> Result<Loaded, StoreError>;

    /// Stores a change, wholly or not at all; when it returns, it is on the disk. Tells the place of the first
    /// of its events, if it has any; the others follow.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn commit(&self, change: &Change) -> Result<Option<EventId>, StoreError>;

    /// One operation.
    ///
    /// # Errors
    /// The database cannot be read.
    fn operation(&self, id: &OperationId) -> Result<Option<Operation>, StoreError>;

    /// The newest operation of that installation, which need not have a row any more.
    ///
    /// # Errors
    /// The database cannot be read.
    fn newest_operation(&self, install: &InstallId) -> Result<Option<Operation>, StoreError>;

    /// The latest operations of one app name or of all, newest first, at most `limit`; only those older than
    /// `before` where one is given.
    ///
    /// # Errors
    /// The database cannot be read.
    fn operations(
        &self,
        app: Option<&AppId>,
        before: Option<&OperationId>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError>;

    /// The oldest events of one app or of all that came after that place, oldest first, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn events_after(
        &self,
        place: EventId,
        app: Option<&AppId>,
        limit: usize,
    ) -> Result<EventPage, StoreError>;

    /// The latest events of one app or of all, newest first, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn events(&self, app: Option<&AppId>, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// Whether it can be written: for `/readyz`.
    ///
    /// # Errors
    /// It cannot.
    fn check(&self) -> Result<(), StoreError>;
}
