//! What `appmanage catalog check` tells of a catalog. No interface answers it: it is the command's JSON.

use serde::{Deserialize, Serialize};

/// A catalog that was looked through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogCheckInfo {
    /// The format that it is written in: `appmanage`, `websoft9`, `casaos`, `dokploy`, `1panel`, `runtipi`, `coolify`.
    pub format: String,
    /// How many packages came to which outcome.
    pub totals: CheckTotalsInfo,
    /// The packages, by name.
    pub packages: Vec<CheckedPackageInfo>,
}

/// How many packages came to which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckTotalsInfo {
    /// All of them.
    pub packages: usize,
    /// Can be installed as they are.
    pub installable: usize,
    /// Can be installed once their user has given values.
    pub needs_input: usize,
    /// Ask the host for what is forbidden.
    pub refused: usize,
    /// `docker compose` does not take their files, or takes a variable to be unset.
    pub not_clean: usize,
    /// Could not be made packages of.
    pub unreadable: usize,
    /// The catalog itself does not offer them.
    pub hidden: usize,
}

/// What came of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedPackageInfo {
    /// Its name here; the app's in its catalog where it is none.
    pub name: String,
    /// The app's name in its catalog.
    pub app: String,
    /// `installable`, `needs_input`, `refused`, `not_clean`, `unreadable` or `hidden`.
    pub outcome: String,
    /// Why: variables that need a value, forbidden things, `docker compose`'s words, or the reason. One line each.
    pub reasons: Vec<String>,
    /// What was left out or changed that its user would want to know. One line each.
    pub remarks: Vec<String>,
    /// The versions that can be chosen, the recommended one first.
    pub versions: Vec<String>,
}
