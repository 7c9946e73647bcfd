//! The names that apps are reached by: what is sent to change them, and what is told of each.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::operation::ReasonInfo;

/// The parameters of AppDomainAdd and AppDomainRemove.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppDomainParameters {
    /// The app.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub app_id: String,
    /// The domain name: one name, no wildcard, no address; international names in their ASCII form (`xn--…`).
    #[schema(example = "blog.example.com")]
    #[param(example = "blog.example.com")]
    pub domain: String,
}

/// The parameters of AppDomainList.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppDomainListParameters {
    /// Tell only about the domains of this app.
    #[schema(example = "myblog")]
    #[param(example = "myblog", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
}

/// A domain of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppDomainInfo {
    /// The app's id.
    #[schema(example = "myblog")]
    pub app_id: String,
    /// The domain name, in lowercase.
    #[schema(example = "blog.example.com")]
    pub domain: String,
    /// Its URL.
    #[schema(example = "https://blog.example.com/")]
    pub url: String,
    /// When it was given to the app.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub added_at: String,
    /// Whether nginx serves it: `served`, `pending` (soon), `failed` (`reason` says why; it is tried again) or `kept` (the
    /// app lies in the recycle bin).
    #[schema(example = "served")]
    pub site: String,
    /// Its certificate: `valid`, `expired`, or `none` as long as none was issued; then the gateway's own is used.
    #[schema(example = "valid")]
    pub certificate: String,
    /// Until when the certificate is valid; `""` where there is none.
    #[schema(example = "2027-02-20T08:00:00Z")]
    pub expires_at: String,
    /// When the next certificate will be asked for.
    #[schema(example = "2027-01-20T08:00:00Z")]
    pub next_try_at: String,
    /// How many tries to get a certificate have failed since the last that succeeded.
    #[schema(example = 0)]
    pub failed_tries: u32,
    /// Why nginx does not serve it, else why the last try to get a certificate failed; `null` where nothing is wrong.
    #[schema(required)]
    pub reason: Option<ReasonInfo>,
}

/// A domain that was taken from an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedDomainInfo {
    /// The app's id.
    #[schema(example = "myblog")]
    pub app_id: String,
    /// The domain name.
    #[schema(example = "blog.example.com")]
    pub domain: String,
}
