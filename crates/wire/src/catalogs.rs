//! The catalogs of others: what is sent to change their list, and what is told of each.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::operation::ReasonInfo;

/// The parameters of CatalogAdd.
#[derive(Clone, Debug, Default, Serialize, ToSchema, IntoParams)]
pub struct CatalogAddParameters {
    /// What to call it: lowercase letters, digits and `-`, 32 at most; not `builtin` nor `local`.
    #[schema(example = "websoft9")]
    #[param(example = "websoft9")]
    pub name: String,
    /// Where it is: the absolute path of a directory of the server, `https://…` or `file:///…` of a git repository, or
    /// `https://…` of a `.tar.gz`.
    #[schema(example = "https://github.com/Websoft9/docker-library")]
    #[param(example = "https://github.com/Websoft9/docker-library")]
    pub source: String,
    /// Of a git repository: the branch or tag; without it, the one that the repository names.
    #[schema(example = "main")]
    #[param(example = "main", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Of an archive: its SHA-256. An archive has this, `key`, or both.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    #[param(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Of an archive: the public key of minisign that it is signed with; the signature lies beside it, with `.minisig`
    /// behind its name.
    #[schema(example = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")]
    #[param(example = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its place in the order of preference, from 1; without it, behind all others.
    #[schema(example = 1, minimum = 1, maximum = 20)]
    #[param(example = 1, value_type = u32, required = false, minimum = 1, maximum = 20)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
}

/// The parameters of CatalogSync.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct CatalogSyncParameters {
    /// The catalog; without it, all of them.
    #[schema(example = "websoft9")]
    #[param(example = "websoft9", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The parameters of CatalogRemove.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct CatalogParameters {
    /// The catalog.
    #[schema(example = "websoft9")]
    #[param(example = "websoft9")]
    pub name: String,
}

/// The parameters of CatalogTrust.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct CatalogTrustParameters {
    /// The catalog.
    #[schema(example = "websoft9")]
    #[param(example = "websoft9")]
    pub name: String,
    /// Whether to trust it: `true` where it is absent.
    #[schema(example = true)]
    #[param(example = true, value_type = bool, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted: Option<bool>,
}

/// A catalog that was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogInfo {
    /// Its name.
    #[schema(example = "websoft9")]
    pub name: String,
    /// `directory`, `git` or `archive`.
    #[schema(example = "git")]
    pub kind: String,
    /// Where it is.
    #[schema(example = "https://github.com/Websoft9/docker-library")]
    pub source: String,
    /// The branch or tag that was asked for; `""` where none was.
    #[schema(example = "main")]
    pub branch: String,
    /// The SHA-256 that it has to have; `""` where none is given.
    #[schema(example = "")]
    pub sha256: String,
    /// The public key of minisign that it is signed with; `""` where none is given.
    #[schema(example = "")]
    pub key: String,
    /// Whether it is trusted.
    #[schema(example = true)]
    pub trusted: bool,
    /// When it was added.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub added_at: String,
    /// `queued`: it waits to be synced; `syncing`; `ready`: what was last fetched is in use; `failed`: the last sync failed,
    /// and what was in use before still is; `broken`: what is on the disk cannot be read, sync it again.
    #[schema(example = "ready")]
    pub state: String,
    /// While `state` is `syncing`: how many of its apps are translated.
    #[schema(example = 0)]
    pub apps_done: u32,
    /// While `state` is `syncing`: how many there are; 0 as long as it is being fetched.
    #[schema(example = 0)]
    pub apps_total: u32,
    /// When what is in use was fetched; `""` if nothing was.
    #[schema(example = "2026-11-22T08:01:00Z")]
    pub synced_at: String,
    /// What came of that; `null` if nothing was fetched.
    #[schema(required)]
    pub report: Option<SyncReportInfo>,
    /// When the last sync failed; `""` if it did not.
    #[schema(example = "")]
    pub failed_at: String,
    /// Why the last sync failed, or what is broken; `null` where nothing is wrong.
    #[schema(required)]
    pub reason: Option<ReasonInfo>,
}

/// What a sync brought, compared with what was there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SyncReportInfo {
    /// The format of the catalog: `appmanage` (our own), `websoft9`, `casaos`, `dokploy`, `1panel`, `runtipi` or `coolify`.
    #[schema(example = "websoft9")]
    pub format: String,
    /// What exactly was fetched: a commit, or the SHA-256 of an archive; `""` for a directory.
    #[schema(example = "8a5b1f0c2d3e4f5061728394a5b6c7d8e9f00112")]
    pub revision: String,
    /// How many packages it has now.
    #[schema(example = 218)]
    pub packages: u32,
    /// Packages that were not there before.
    pub new: ListedInfo,
    /// Packages that were there, and are different now.
    pub changed: ListedInfo,
    /// Packages that are no more.
    pub gone: ListedInfo,
    /// How many apps of the catalog are no packages.
    #[schema(example = 1)]
    pub unreadable_count: u32,
    /// The first 200 of them, with why.
    pub unreadable: Vec<UnreadableAppInfo>,
    /// How many apps the catalog itself does not offer: drafts, and what it has withdrawn.
    #[schema(example = 3)]
    pub hidden: u32,
}

/// How many packages, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedInfo {
    /// How many.
    #[schema(example = 1)]
    pub count: u32,
    /// The first 200.
    #[schema(example = json!(["wordpress"]))]
    pub names: Vec<String>,
}

/// An app of a catalog that is no package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadableAppInfo {
    /// As the catalog calls it.
    #[schema(example = "gitlab")]
    pub app: String,
    /// Why, in English.
    #[schema(example = "it cannot be read: docker-compose.yml is missing")]
    pub reason: String,
}
