//! Users, API keys and the audit trail: what is sent, and what is told of them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The parameters of UserAdd and UserPassword.
#[derive(Clone, Serialize, ToSchema, IntoParams)]
pub struct UserParameters {
    /// The user: 1 to 32 of `a-z 0-9 . _ -`, beginning with a letter or digit.
    #[schema(example = "alice")]
    #[param(example = "alice")]
    pub name: String,
    /// The password: at least 10 characters. Where it is absent, one is made and told once. Send it in the body, never
    /// in the query, which others may log.
    #[schema(example = "correct horse battery")]
    #[param(example = "correct horse battery", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// The parameters of interfaces that need to know a user or key and nothing else: UserRemove and KeyRevoke.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct NameParameters {
    /// The user or key.
    #[schema(example = "alice")]
    #[param(example = "alice")]
    pub name: String,
}

/// A name, as UserRemove and KeyRevoke tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NameInfo {
    /// The user or key.
    #[schema(example = "alice", pattern = "^[a-z0-9][a-z0-9._-]{0,31}$")]
    pub name: String,
}

/// A user's new password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordInfo {
    /// The user.
    #[schema(example = "alice")]
    pub name: String,
    /// The password that was made: told here and never again. `""` where the caller gave one.
    #[schema(example = "Zr3kTq9wXb5nLc7vHs2mJd8f")]
    pub password: String,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserInfo {
    /// The user.
    #[schema(example = "alice")]
    pub name: String,
    /// When the user was added.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub created_at: String,
}

/// The parameters of KeyAdd.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct KeyAddParameters {
    /// What to call the key: 1 to 32 of `a-z 0-9 . _ -`, beginning with a letter or digit.
    #[schema(example = "monitoring")]
    #[param(example = "monitoring")]
    pub name: String,
    /// What it may do: `read-only` (where absent) or `full`.
    #[schema(example = "read-only")]
    #[param(example = "read-only", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Days until it expires, from 1 to 3650; where absent, it never does.
    #[schema(example = 90)]
    #[param(example = 90, value_type = u32, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// An API key that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewKeyInfo {
    /// What it is called.
    #[schema(example = "monitoring")]
    pub name: String,
    /// The key itself: told here and never again.
    #[schema(example = "amk_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    pub key: String,
    /// What it may do.
    #[schema(example = "read-only")]
    pub scope: String,
    /// When it expires; `""` if never.
    #[schema(example = "2027-02-20T08:00:00Z")]
    pub expires_at: String,
}

/// An API key, without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyInfo {
    /// What it is called.
    #[schema(example = "monitoring")]
    pub name: String,
    /// What it may do: `read-only` or `full`.
    #[schema(example = "read-only")]
    pub scope: String,
    /// When it was made.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub created_at: String,
    /// When it expires; `""` if never.
    #[schema(example = "2027-02-20T08:00:00Z")]
    pub expires_at: String,
    /// Whether it has expired.
    #[schema(example = false)]
    pub expired: bool,
    /// When it was last used, to the minute; `""` if never.
    #[schema(example = "2026-11-23T09:30:00Z")]
    pub last_used_at: String,
}

/// The parameters of AppAudit.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppAuditParameters {
    /// How many calls to tell of: 1 to 100, 20 where absent.
    #[schema(example = 20)]
    #[param(example = 20, value_type = u32, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Tell only of calls before the one with this `id`: the last one of the page before.
    #[schema(example = "4711")]
    #[param(example = "4711", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// One call that changed something, or was to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditInfo {
    /// Its place in the trail.
    #[schema(example = "4711")]
    pub id: String,
    /// When it was answered.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub at: String,
    /// Who called: `user:NAME`, `key:NAME`, `local` (root or the server's own user on this machine), or `anonymous`
    /// (no gateway is configured).
    #[schema(example = "user:alice")]
    pub caller: String,
    /// From where: an IP address, or `unix`; `""` if the gateway did not say.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// The id that the answer carried as `X-Request-Id`; nginx' log and the server's have it too.
    #[schema(example = "7f0c1a")]
    pub request_id: String,
    /// What was called.
    #[schema(example = "AppInstall")]
    pub interface: String,
    /// The app that it was about; `""` if none, or none that could be.
    #[schema(example = "myblog")]
    pub app_id: String,
    /// The user, key or domain name that it was about; `""` if none, or none that could be.
    #[schema(example = "")]
    pub account: String,
    /// `ok`, or the code that it was refused with.
    #[schema(example = "ok")]
    pub outcome: String,
}
