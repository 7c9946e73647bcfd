//! An app on its way to a package: readers fill in what their format tells, `Draft::finish` does what is the
//! same for all formats.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::block::Block;
use crate::formats::{Icon, PackagedFile};

/// An app as its reader has understood it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The package's name; made a valid one by `finish`.
    pub(crate) name: String,
    /// What people are told of it, and its variables. `main` is set by `finish` from `web`; texts are shortened and
    /// cleaned by it.
    pub(crate) block: Block,
    /// The compose file as the catalog has it.
    pub(crate) compose: Map<String, Value>,
    /// The catalog's `.env`.
    pub(crate) env: Option<String>,
    /// Files of the app's folder that the compose file may mount, by the path relative to it (`src/init.sh`). Those
    /// that it does not mount are left out.
    pub(crate) files: BTreeMap<String, PackagedFile>,
    pub(crate) icon: Option<Icon>,
    pub(crate) remarks: Vec<String>,
    /// What variables are known to be when images, ports and paths are settled, beside `.env` and the defaults.
    pub(crate) values: BTreeMap<String, String>,
    /// Beginnings of paths that mean the app's own data, as the compose file writes them: `${APP_DATA_DIR}`,
    /// `/DATA/AppData/$AppID`. `.` always does.
    pub(crate) data_prefixes: Vec<String>,
    pub(crate) web: Option<Web>,
}

/// The port that people use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    /// Its service; `None`: the one that has the port.
    pub(crate) service: Option<String>,
    pub(crate) port: WebPort,
    /// The host port that would be nice.
    pub(crate) hint: Option<u16>,
    /// Path that the URL ends with.
    pub(crate) path: String,
    /// Whether it speaks HTTP at all.
    pub(crate) is_http: bool,
    pub(crate) tls: bool,
}

/// How the format names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WebPort {
    /// The container's.
    Target(u16),
    /// The host's, a number in the compose file.
    Published(u16),
    /// The variable that the compose file writes for the host's.
    Variable(String),
    /// The first that is published.
    First,
}
