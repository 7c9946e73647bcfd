//! What is sent to change an app that is there, and what is told of apps in the recycle bin and of what was cancelled.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The parameters of the interfaces that need to know the app and nothing else: AppStart, AppStop, AppRestart,
/// AppRestore, AppPurge, AppCancel and AppAdopt.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppIdParameters {
    /// The app.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub app_id: String,
}

/// The parameters of interfaces that have none.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct NoParameters {}

/// The parameters of AppUninstall.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppUninstallParameters {
    /// The app to uninstall.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub app_id: String,
    /// What becomes of its data: `keep` (where absent) puts it into the recycle bin, `purge` deletes it for good.
    #[schema(example = "keep")]
    #[param(example = "keep", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// An app in the recycle bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrashedAppInfo {
    /// The app's id, which stays taken while it is in the bin.
    #[schema(example = "myblog", pattern = "^[a-z0-9]{1,32}$")]
    pub app_id: String,
    /// The package's name, as the catalog spells it.
    #[schema(example = "wordpress")]
    pub name: String,
    /// The app's own name.
    #[schema(example = "WordPress")]
    pub trade_mark: String,
    /// The version that was installed.
    #[schema(example = "6.8")]
    pub version: String,
    /// Path of its picture on this server; asks for no headers.
    #[schema(example = "/images/wordpress.svg")]
    pub image_url: String,
    /// When it was uninstalled.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub trashed_at: String,
    /// When it will be deleted for good.
    #[schema(example = "2026-12-22T08:00:00Z")]
    pub purged_at: String,
}

/// The operation that was told to stop and is being undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelledInfo {
    /// The app's id.
    #[schema(example = "myblog")]
    pub app_id: String,
    /// The operation's own id.
    #[schema(example = "k3v9q2m7x1")]
    pub operation_id: String,
    /// What it was doing.
    #[schema(example = "install")]
    pub kind: String,
    /// The step that it was in; `""` if it had not begun.
    #[schema(example = "pull")]
    pub step: String,
}
