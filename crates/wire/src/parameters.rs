//! What clients send, for documentation and for programs that call the API.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// The parameters of AppInstall.
#[derive(Clone, Serialize, ToSchema, IntoParams)]
pub struct AppInstallParameters {
    /// The package to install, without regard to ASCII case.
    #[schema(example = "wordpress")]
    #[param(example = "wordpress")]
    pub app_name: String,
    /// The name to give it, which becomes its `app_id`: 1 to 32 digits and lowercase letters.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub customer_app_name: String,
    /// The version to install; `latest` names the newest that the catalog has.
    #[schema(example = "latest")]
    #[param(example = "latest")]
    pub app_version: String,
    /// Values for the package's variables, by name; the others have their defaults, and secrets are generated. In a
    /// query or a form: text that holds the object.
    #[schema(example = json!({ "WORDPRESS_DEBUG": "1" }))]
    #[param(example = json!({ "WORDPRESS_DEBUG": "1" }), value_type = Object, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
}

/// The parameters of AppStatus.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppStatusParameters {
    /// The app to tell about.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub app_id: String,
}

/// The parameters of AppList.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppListParameters {
    /// Tell only about the apps whose `name` equals this, without regard to ASCII case.
    #[schema(example = "wordpress")]
    #[param(example = "wordpress", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_name: Option<String>,
}

/// The parameters of AppOperation.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppOperationParameters {
    /// The app whose newest operation is asked for.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub app_id: String,
}

/// The parameters of AppOperations.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppOperationsParameters {
    /// Tell only about the operations of this app; it need not be there any more.
    #[schema(example = "myblog")]
    #[param(example = "myblog", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// How many to tell about at most: 1 to 100; 20 where it is absent.
    #[schema(example = 20, minimum = 1, maximum = 100)]
    #[param(example = 20, value_type = u32, required = false, minimum = 1, maximum = 100)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Tell only about operations older than the one of this `operation_id`: the next page, if it is the last of
    /// the page before.
    #[schema(example = "k3v9q2m7x1")]
    #[param(example = "k3v9q2m7x1", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// The parameters of AppEvents.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppEventsParameters {
    /// Tell only what happens to this app; it need not be there any more.
    #[schema(example = "myblog")]
    #[param(example = "myblog", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Go on after the event of this id; 0: from the oldest that is kept. Where it is absent: from now on. The
    /// header `Last-Event-ID` says the same, and wins.
    #[schema(example = 4711)]
    #[param(example = 4711, value_type = u64, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event_id: Option<u64>,
}
