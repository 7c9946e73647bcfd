//! The JSON contract, as types: what clients send and what they get, field by field.
//!
//! Only shapes and their documentation live here; nothing of the server's own types is known, and no rule
//! is carried out. Two rules are built into the shapes: no field is ever missing, and no text is ever
//! `null` (a text that there is none of is `""`).

mod access;
mod app;
mod catalog;
mod catalog_check;
mod catalogs;
mod checkup;
mod domain;
mod envelope;
mod event;
mod live;
mod operation;
mod parameters;
mod plan;
mod readiness;
mod variables;
mod verbs;

pub use access::{
    AppAuditParameters, AuditInfo, KeyAddParameters, KeyInfo, NameInfo, NameParameters, NewKeyInfo,
    PasswordInfo, UserInfo, UserParameters,
};
pub use app::{
    AppDetailInfo, AppIdInfo, AppImageInfo, AppStatusInfo, InstalledAppInfo, RunningInfo, Status, StatusCode,
};
pub use catalog::{
    AppCatalogDetailParameters, AppCatalogParameters, CatalogAppInfo, CatalogDetailInfo, CatalogServiceInfo,
    PolicyInfo, RequirementsInfo, RiskInfo, WarningInfo,
};
pub use catalog_check::{CatalogCheckInfo, CheckTotalsInfo, CheckedPackageInfo};
pub use catalogs::{
    CatalogAddParameters, CatalogInfo, CatalogParameters, CatalogSyncParameters, CatalogTrustParameters,
    ListedInfo, SyncReportInfo, UnreadableAppInfo,
};
pub use checkup::{CheckupInfo, FindingInfo};
pub use domain::{AppDomainInfo, AppDomainListParameters, AppDomainParameters, RemovedDomainInfo};
pub use envelope::{Envelope, ErrorInfo};
pub use event::{EventInfo, GapInfo};
pub use live::{AppLogsParameters, AppStatsInfo, AppStatsParameters, LogLineInfo, ServiceStatsInfo};
pub use operation::{LayerInfo, OperationInfo, PullInfo, ReasonInfo, StepInfo};
pub use parameters::{
    AppEventsParameters, AppInstallParameters, AppListParameters, AppOperationParameters,
    AppOperationsParameters, AppStatusParameters,
};
pub use plan::{ObstacleInfo, PlanImageInfo, PlanInfo, PlanPortInfo, PlanSubnetInfo};
pub use readiness::{CheckInfo, ReadinessInfo};
pub use variables::{AppConfigInfo, AppConfigParameters, VariableInfo, VariableOptionInfo};
pub use verbs::{AppIdParameters, AppUninstallParameters, CancelledInfo, NoParameters, TrashedAppInfo};
