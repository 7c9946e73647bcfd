//! What clients are told of an app.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The contract's `AppID`: the name that an accepted install is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AppID)]
pub struct AppIdInfo {
    /// The app's id: equal to the `customer_app_name` of the install.
    #[schema(example = "myblog", pattern = "^[a-z0-9]{1,32}$")]
    pub app_id: String,
}

/// What an app is and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppStatusInfo {
    /// The app's id.
    #[schema(example = "myblog", pattern = "^[a-z0-9]{1,32}$")]
    pub app_id: String,
    /// The package's name, as the catalog spells it.
    #[schema(example = "wordpress")]
    pub name: String,
    /// The name its owner gave it; equal to `app_id`.
    #[schema(example = "myblog")]
    pub customer_name: String,
    /// The app's own name.
    #[schema(example = "WordPress")]
    pub trade_mark: String,
    /// What it is doing, as a code.
    pub status_code: StatusCode,
    /// What it is doing, as a word.
    pub status: Status,
    /// Whether its package shipped in the server and was not overridden.
    pub official_app: bool,
    /// Path of its picture on this server; asks for no headers.
    #[schema(example = "/images/wordpress.svg")]
    pub image_url: String,
}

/// What an app is and does, and where to reach it while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppDetailInfo {
    /// The same as AppStatus tells.
    #[serde(flatten)]
    pub app: AppStatusInfo,
    /// Where to reach it: an object while `status` is `running`, else `null`.
    #[schema(required)]
    pub running_info: Option<RunningInfo>,
}

/// All that is known of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstalledAppInfo {
    /// The same as AppList tells.
    #[serde(flatten)]
    pub detail: AppDetailInfo,
    /// The version that was installed; `""` for what this server did not install.
    #[schema(example = "6.8")]
    pub version: String,
    /// The catalog that its package was of; `""` for what this server did not install.
    #[schema(example = "builtin")]
    pub catalog: String,
    /// What its containers were made of, each once; empty until they are made, and for what this server did not install.
    pub images: Vec<AppImageInfo>,
}

/// An image that containers of an app were made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppImageInfo {
    /// As the compose file names it.
    #[schema(example = "wordpress:6.8")]
    pub image: String,
    /// The digest of it in its repository: whatever the tag comes to mean, the repository's name, `@` and this is the
    /// very same image. `""` where it came from no registry.
    #[schema(example = "sha256:9f1ad0ab1f28ff1b1a7a3e3ba4b1c2b5cf13b7ad2b1f8b8b1d5b2f1de3c1a2b3")]
    pub digest: String,
    /// Docker's own identifier of it.
    #[schema(example = "sha256:4c7f0e5d8b1e6a4b1f2f6a0a9d3b7f7ce0f04a5c1d7e9b8a6c5d4e3f2a1b0c9d")]
    pub image_id: String,
}

/// Where to reach a running app and how to log in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunningInfo {
    /// The host port; 0 where the app publishes none.
    #[schema(example = 8080)]
    pub port: u16,
    /// The compose file, an absolute path on the server.
    #[schema(example = "/var/lib/appmanage/apps/myblog/compose.yaml")]
    pub compose_file: String,
    /// The app's URL; `""` where its port speaks no HTTP.
    #[schema(example = "http://192.0.2.10:8080/")]
    pub url: String,
    /// The URL of its administration pages; `""` where it has none.
    #[schema(example = "http://192.0.2.10:8080/wp-admin/")]
    pub admin_url: String,
    /// The user name to log in with; `""` where it has none.
    #[schema(example = "admin")]
    pub user_name: String,
    /// The password to log in with; `""` where it has none.
    #[schema(example = "Zr3kTq9wXb5nLc7vHs2mJd8f")]
    pub password: String,
}

impl fmt::Debug for RunningInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningInfo").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The contract's `status_code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum StatusCode {
    /// Accepted and stored, waiting for its turn.
    #[serde(rename = "00")]
    Queuing,
    /// Its images are being pulled.
    #[serde(rename = "10")]
    Pulling,
    /// Its containers are being created and started.
    #[serde(rename = "11")]
    Creating,
    /// Its containers run, but it is not ready.
    #[serde(rename = "12")]
    Initing,
    /// It runs.
    #[serde(rename = "30")]
    Running,
    /// It is stopped.
    #[serde(rename = "40")]
    Stop,
    /// Its install failed, or a service is bad.
    #[serde(rename = "50")]
    Error,
}

/// The contract's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Accepted and stored, waiting for its turn.
    Queuing,
    /// Its images are being pulled.
    Pulling,
    /// Its containers are being created and started.
    Creating,
    /// Its containers run, but it is not ready.
    Initing,
    /// It runs.
    Running,
    /// It is stopped.
    Stop,
    /// Its install failed, or a service is bad.
    Error,
}
