//! The nouns and rules of appmanage, and nothing else: no IO, no clock, no runtime, no serialization.
//!
//! Everything here is a plain value or a pure function over plain values, so every rule of the product
//! can be tested by a table. Start with [`app`] for the thing that users own, [`status`] for what they
//! are told about it, and [`operation`] for how it changes.

pub mod access;
pub mod app;
pub mod app_domain;
pub mod catalog;
pub mod domain_name;
pub mod env_file;
pub mod error_code;
pub mod event;
pub mod failure;
pub mod ids;
pub mod image;
pub mod network;
pub mod observation;
pub mod operation;
pub mod package;
pub mod package_name;
pub mod policy;
pub mod secret;
pub mod settings;
pub mod status;
pub mod template;
pub mod time;

pub use access::{AccountName, ApiKey, AuditEntry, Identity, Scope, User};
pub use app::{
    App, Deployment, Desired, KeptVolume, Lifecycle, Login, MainEndpoint, Origin, PackageRef, RunningInfo,
};
pub use app_domain::{AppDomain, Certificate, FailedTries, HTTPS_PORT, Validity, https_origin};
pub use catalog::{CatalogName, CatalogRecord, CatalogSource, SourceError};
pub use domain_name::{DomainName, DomainNameError};
pub use env_file::EnvFile;
pub use error_code::ErrorCode;
pub use event::{Event, EventId, EventKind, StoredEvent};
pub use failure::{Failure, FailureClass};
pub use ids::{AppId, AppIdError, ContainerId, InstallId, InstanceId, OperationId, ProjectName};
pub use image::AppImage;
pub use network::{PortReservation, Protocol, SubnetReservation};
pub use observation::{
    Condition, ContainerFacts, ContainerState, Dependency, Health, Observation, RestartPolicy, ServiceState,
};
pub use operation::{
    ImagePull, LayerPull, Operation, OperationKind, OperationState, Step, StepOutcome, StepRecord,
};
pub use package::Package;
pub use package_name::PackageName;
pub use policy::{RenderedProject, Risk, Rule, Verdict};
pub use secret::Secret;
pub use settings::{GivenSettings, SettingError, SettingValues, VariableValue};
pub use status::Status;
pub use template::Template;
pub use time::Timestamp;
