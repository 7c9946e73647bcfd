//! What clients are told of the packages that can be installed, and of what one may do on the host.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::VariableInfo;

/// The parameters of AppCatalog.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppCatalogParameters {
    /// Words, each of which stands in the name, the trademark, the description or a category, without regard to case.
    #[schema(example = "blog")]
    #[param(example = "blog", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Tell only about the packages of this category, without regard to case.
    #[schema(example = "website")]
    #[param(example = "website", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Tell only about the packages of this catalog: `builtin`, `local`, or one that was added.
    #[schema(example = "builtin")]
    #[param(example = "builtin", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// How many to tell about at most: 1 to 100; 50 where it is absent.
    #[schema(example = 50, minimum = 1, maximum = 100)]
    #[param(example = 50, value_type = u32, required = false, minimum = 1, maximum = 100)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Tell only about packages after this one, `name@catalog`: the next page, if it is the last of the page before.
    /// Without a catalog: after all of that name.
    #[schema(example = "wordpress@builtin")]
    #[param(example = "wordpress@builtin", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The parameters of AppCatalogDetail.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppCatalogDetailParameters {
    /// The package, `name` or `name@catalog`, without regard to ASCII case. Without a catalog: that of the catalog that
    /// comes first: `local`, `builtin`, then those that were added in their order, the trusted ones before the others.
    #[schema(example = "wordpress")]
    #[param(example = "wordpress")]
    pub app_name: String,
}

/// A package that can be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogAppInfo {
    /// The package's name: what AppInstall calls `app_name`.
    #[schema(example = "wordpress")]
    pub name: String,
    /// The catalog that it is of: `builtin`, `local` (the administrator's directory), or one that was added. AppInstall
    /// finds it as `name@catalog` also where another catalog has one of that name.
    #[schema(example = "builtin")]
    pub catalog: String,
    /// The app's own name.
    #[schema(example = "WordPress")]
    pub trade_mark: String,
    /// One sentence that says what it is, in the language that was asked for.
    #[schema(example = "Websites and blogs of any size.")]
    pub description: String,
    /// What it belongs to.
    #[schema(example = json!(["website", "blog"]))]
    pub categories: Vec<String>,
    /// The newest version.
    #[schema(example = "6.8")]
    pub version: String,
    /// Path of its picture on this server; asks for no headers.
    #[schema(example = "/images/wordpress.svg")]
    pub image_url: String,
    /// Whether it ships in the server and is not overridden.
    pub official_app: bool,
    /// What it may do on the host.
    pub policy: PolicyInfo,
}

/// All that is known of a package.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogDetailInfo {
    /// The same as AppCatalog tells.
    #[serde(flatten)]
    pub app: CatalogAppInfo,
    /// The app's own pages; `""` where they are not told.
    #[schema(example = "https://wordpress.org/")]
    pub website: String,
    /// The processors that it runs on, as Docker names them; empty where that is not told.
    #[schema(example = json!(["amd64", "arm64"]))]
    pub architectures: Vec<String>,
    /// The versions that can be installed, newest first.
    #[schema(example = json!(["6.8", "6.7"]))]
    pub versions: Vec<String>,
    /// What it needs of the host.
    pub requirements: RequirementsInfo,
    /// What can be set at the install, in the order of the package.
    pub variables: Vec<VariableInfo>,
    /// Its services, with the images of the newest version.
    pub services: Vec<CatalogServiceInfo>,
    /// What a new owner has to know, in the language that was asked for; `""` where there is nothing.
    #[schema(example = "Whoever opens it first owns it; do so at once.")]
    pub note: String,
    /// What whoever installs it has to know.
    pub warnings: Vec<WarningInfo>,
    /// What was left out or changed when it was translated from another catalog's format, in English.
    pub remarks: Vec<String>,
}

/// Something about a package that has to be known before it is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WarningInfo {
    /// The stable name of what it is, for programs. `fixed_password`: the first password is the same for everybody.
    #[schema(example = "fixed_password")]
    pub warning: String,
    /// What it means, for people, in the language that was asked for.
    #[schema(example = "It comes with a password that is the same everywhere: change it at once")]
    pub message: String,
}

/// What a package needs of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequirementsInfo {
    /// Processor cores.
    #[schema(example = 1)]
    pub cpu_cores: u32,
    /// Memory that must be available.
    #[schema(example = 536_870_912)]
    pub memory_bytes: u64,
    /// Space that must be free for images and first data.
    #[schema(example = 2_147_483_648_u64)]
    pub disk_bytes: u64,
}

/// A service of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogServiceInfo {
    /// Its name in the compose file.
    #[schema(example = "wordpress")]
    pub name: String,
    /// Its image.
    #[schema(example = "wordpress:6.8")]
    pub image: String,
}

/// What a package may do on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyInfo {
    /// `allowed`; `refused`: it asks for what is forbidden and is not installed; `excepted`: it does, and the
    /// administrator allows it by name (setting `policy.exceptions`); `unknown`: not judged yet.
    #[schema(example = "allowed")]
    pub verdict: String,
    /// Everything forbidden that it asks for, whether or not it is excepted.
    pub risks: Vec<RiskInfo>,
}

/// Something forbidden that a package asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RiskInfo {
    /// The stable name of the rule that forbids it, for programs.
    #[schema(example = "outside_path")]
    pub rule: String,
    /// The service that asks; `""` where it is the whole project's.
    #[schema(example = "web")]
    pub service: String,
    /// What exactly: a path, a capability, a key.
    #[schema(example = "/etc")]
    pub subject: String,
    /// What it means, for people, in the language that was asked for.
    #[schema(example = "It uses a path outside the app's own folder: /etc")]
    pub message: String,
}
