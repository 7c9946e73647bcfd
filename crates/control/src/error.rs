//! Why a use case refused. Each variant belongs to one code of the contract, by an exhaustive match.

use std::net::IpAddr;

use domain::{
    AppId, DomainName, DomainNameError, ErrorCode, OperationKind, Risk, SettingError, SourceError, Timestamp,
};

use crate::access::AccessError;
use crate::ports::{EngineError, HostError, StoreError};

/// Why a call was refused. Nothing has been changed when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No catalog knows that app.
    #[error("no catalog has an app named {name:?}")]
    AppUnknown {
        /// What was asked for.
        name: String,
    },
    /// The name for the new app is no app id.
    #[error("{name:?} is no app id: 1 to 32 digits and lowercase letters")]
    CustomerAppNameFormat {
        /// What was asked for.
        name: String,
    },
    /// The app has no such version.
    #[error("{app} has no version {version:?}; it has {}", offered.join(", "))]
    VersionUnknown {
        /// The package's name.
        app: String,
        /// What was asked for.
        version: String,
        /// What there is, newest first.
        offered: Vec<String>,
    },
    /// A value that was given for a variable of the package cannot be set.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The package asks for what is forbidden.
    #[error("the package {package} asks for what is forbidden: {}", rules(risks))]
    PolicyRefused {
        /// The package's name.
        package: String,
        /// What it asks for.
        risks: Vec<Risk>,
    },
    /// The name is taken.
    #[error("the name is taken by {0}")]
    NameTaken(NameHolder),
    /// An install under that name is open.
    #[error("an install under that name is open")]
    InstallOpen,
    /// The engine has been away for longer than the grace.
    #[error("the container engine at {endpoint} has not answered for {away_seconds} s: {reason}")]
    EngineAway {
        /// Since when.
        since: Timestamp,
        /// For how long.
        away_seconds: u64,
        /// Where it was looked for.
        endpoint: String,
        /// What the connection says.
        reason: String,
    },
    /// The host cannot carry the app.
    #[error("the host does not have enough: {0:?}")]
    NotEnough(Vec<Shortage>),
    /// The text is no app id.
    #[error("{id:?} is no app id: digits and lowercase letters only")]
    AppIdFormat {
        /// What was asked for.
        id: String,
    },
    /// There is no such app.
    #[error("there is no app {id:?}")]
    NoSuchApp {
        /// What was asked for.
        id: String,
    },
    /// What the app was made of cannot be read.
    #[error("the package of the app {id:?} cannot be read: {reason}")]
    PackageUnreadable {
        /// Which app.
        id: String,
        /// Why.
        reason: String,
    },
    /// Another operation of the app is open.
    #[error("another operation of the app is open: {}", open.as_str())]
    Busy {
        /// What it does.
        open: OperationKind,
    },
    /// This server did not install the app: whatever else was asked for is its owner's business.
    #[error("{id:?} was not installed by this server")]
    NotManaged {
        /// What was asked for.
        id: String,
    },
    /// The app is under management already.
    #[error("{id:?} is managed by this server already")]
    Managed {
        /// What was asked for.
        id: String,
    },
    /// Nothing was ever done to the app by this server.
    #[error("no operation of the app {id:?} is known")]
    NoOperation {
        /// What was asked for.
        id: String,
    },
    /// There is no such app in the recycle bin.
    #[error("there is no app {id:?} in the recycle bin")]
    NotInTrash {
        /// What was asked for.
        id: String,
    },
    /// No operation of the app is open.
    #[error("no operation of the app {id:?} is open")]
    NothingToCancel {
        /// What was asked for.
        id: String,
    },
    /// The operation is deleting data already.
    #[error("the app {id:?} is being deleted already")]
    TooLateToCancel {
        /// What was asked for.
        id: String,
    },
    /// There is no such operation, or no longer.
    #[error("there is no operation {id:?}")]
    NoSuchOperation {
        /// What was asked for.
        id: String,
    },
    /// The app has no such service.
    #[error("there is no service {service:?}; there are: {}", offered.join(", "))]
    NoSuchService {
        /// What was asked for.
        service: String,
        /// What there is, by name.
        offered: Vec<String>,
    },
    /// The text is no name of a catalog.
    #[error("{name:?} is no name of a catalog")]
    CatalogNameFormat {
        /// What was asked for.
        name: String,
    },
    /// What was given is no source of a catalog.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is a catalog of that name.
    #[error("there is a catalog named {name:?}")]
    CatalogTaken {
        /// What was asked for.
        name: String,
    },
    /// There is no catalog of that name.
    #[error("there is no catalog named {name:?}")]
    NoSuchCatalog {
        /// What was asked for.
        name: String,
    },
    /// There are as many catalogs as there can be.
    #[error("there are {limit} catalogs already, and there can be no more")]
    TooManyCatalogs {
        /// How many.
        limit: usize,
    },
    /// Users or keys were not changed.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The text is no name that an app can be reached by.
    #[error("{domain:?} cannot be the domain of an app: {reason}")]
    DomainFormat {
        /// What was asked for.
        domain: String,
        /// What is wrong.
        reason: DomainNameError,
    },
    /// No gateway is configured: nothing would serve the name.
    #[error("no gateway is configured that could serve the domain")]
    NoGateway,
    /// The app's main port speaks no HTTP, or it has none.
    #[error("the app {id:?} has no web pages")]
    NotWeb {
        /// What was asked for.
        id: String,
    },
    /// The name leads elsewhere on this server.
    #[error("the domain {domain} leads to {holder} already")]
    DomainTaken {
        /// What was asked for.
        domain: DomainName,
        /// Where it leads.
        holder: DomainHolder,
    },
    /// The app has as many names as it can have.
    #[error("the app has {limit} domains already, and can have no more")]
    TooManyDomains {
        /// How many.
        limit: usize,
    },
    /// The name does not lead to this machine.
    #[error(
        "the domain {domain} does not resolve to this machine ({public_host}): it resolves to {found:?} {reason}"
    )]
    DomainNotResolved {
        /// What was asked for.
        domain: DomainName,
        /// Where it leads; empty if nowhere.
        found: Vec<IpAddr>,
        /// What this machine is reached by.
        public_host: String,
        /// Why it leads nowhere.
        reason: String,
    },
    /// The app has no such name.
    #[error("the app has no domain {domain}")]
    NoSuchDomain {
        /// What was asked for.
        domain: DomainName,
    },
    /// The engine did not do what an answer depends on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// The host did not tell what had to be known.
    #[error("the host did not tell what had to be known")]
    Host(#[from] HostError),
}

/// What holds a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameHolder {
    /// An app of ours.
    #[error("an app of this server")]
    App,
    /// An app of ours in the recycle bin.
    #[error("an app in the recycle bin")]
    Trash,
    /// A container on the engine that is not this server's.
    #[error("the container {0}, which is not this server's")]
    Container(String),
    /// A network on the engine that is not this server's.
    #[error("the network {0}, which is not this server's")]
    Network(String),
    /// A volume on the engine that is not this server's.
    #[error("the volume {0}, which is not this server's")]
    Volume(String),
}

/// Where a domain leads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainHolder {
    /// To that app.
    #[error("the app {0}")]
    App(AppId),
    /// To that app, once it is brought back from the recycle bin.
    #[error("the app {0} in the recycle bin")]
    Trash(AppId),
    /// To the API of this server.
    #[error("this server itself")]
    Server,
}

/// Something that the host has too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Of what.
    pub resource: Resource,
    /// How much the app needs, with what open installs were promised: bytes, or a count.
    pub needed: u64,
    /// How much there is.
    pub available: u64,
}

/// What an install needs of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Processor cores.
    Cpu,
    /// Memory, in bytes.
    Memory,
    /// Space on the file system of Docker's root, in bytes.
    Disk,
    /// Subnets of the configured pool.
    Subnets,
    /// Ports of the configured range.
    Ports,
    /// Places in the queue of installs.
    Queue,
    /// Places for apps, those that failed and those in the recycle bin too.
    Apps,
}

/// Risks by their stable names, on one line.
#[must_use]
pub fn rules(risks: &[Risk]) -> String {
    let told = |risk: &Risk| match &*risk.service {
        "" => format!("{} ({})", risk.rule.as_str(), risk.subject),
        service => format!("{} ({service}: {})", risk.rule.as_str(), risk.subject),
    };
    risks.iter().map(told).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// The contract's code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::AppUnknown { .. } => ErrorCode::AppUnknown,
            Self::CustomerAppNameFormat { .. } => ErrorCode::CustomerAppNameFormat,
            Self::VersionUnknown { .. } => ErrorCode::AppVersionNotExis,
            Self::Setting(SettingError::NoObject) => ErrorCode::SettingsFormat,
            Self::Setting(SettingError::Unknown { .. }) => ErrorCode::SettingsUnknown,
            Self::Setting(SettingError::Value { .. }) => ErrorCode::SettingsValue,
            Self::Setting(SettingError::Missing { .. }) => ErrorCode::SettingsMissing,
            Self::PolicyRefused { .. } => ErrorCode::PolicyRefused,
            Self::NameTaken(_) => ErrorCode::CustomerAppNameRepeat,
            Self::InstallOpen => ErrorCode::CustomerAppNameWait,
            Self::EngineAway { .. } | Self::Engine(_) => ErrorCode::ContainerCommandError,
            Self::NotEnough(_) => ErrorCode::RequirementNotEnough,
            Self::AppIdFormat { .. } => ErrorCode::AppIdFormat,
            Self::NoSuchApp { .. } => ErrorCode::AppNotExis,
            Self::Busy { .. } => ErrorCode::AppBusy,
            Self::NotManaged { .. } => ErrorCode::AppNotManaged,
            Self::Managed { .. } => ErrorCode::AppManaged,
            Self::NotInTrash { .. } => ErrorCode::AppNotInTrash,
            Self::NoOperation { .. } | Self::NothingToCancel { .. } => ErrorCode::OperationNotExis,
            Self::TooLateToCancel { .. } => ErrorCode::OperationTooLate,
            Self::NoSuchOperation { .. } => ErrorCode::BeforeNotExis,
            Self::NoSuchService { .. } => ErrorCode::ServiceNotExis,
            Self::Access(error) => error.code(),
            Self::CatalogNameFormat { .. } => ErrorCode::NameFormat,
            Self::Source(_) => ErrorCode::SourceFormat,
            Self::CatalogTaken { .. } => ErrorCode::CatalogRepeat,
            Self::NoSuchCatalog { .. } => ErrorCode::CatalogNotExis,
            Self::TooManyCatalogs { .. } => ErrorCode::CatalogTooMany,
            Self::DomainFormat { reason: DomainNameError::Wildcard, .. } => ErrorCode::DomainWildcard,
            Self::DomainFormat { .. } => ErrorCode::DomainFormat,
            Self::NoGateway => ErrorCode::GatewayNotConfigured,
            Self::NotWeb { .. } => ErrorCode::AppNotWeb,
            Self::DomainTaken { .. } => ErrorCode::DomainRepeat,
            Self::TooManyDomains { .. } => ErrorCode::DomainTooMany,
            Self::DomainNotResolved { .. } => ErrorCode::DomainNotResolved,
            Self::NoSuchDomain { .. } => ErrorCode::DomainNotExis,
            Self::Store(_) | Self::Host(_) | Self::PackageUnreadable { .. } => ErrorCode::SystemError,
        }
    }
}
