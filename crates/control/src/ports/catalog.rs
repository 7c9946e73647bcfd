//! The packages that can be installed.

use std::sync::Arc;

use domain::{EnvFile, Package, PackageName};

/// What the folder of an installed app holds of its package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledText {
    /// `compose.yaml`, word for word as it was written.
    pub compose: String,
    /// `.env`, with the values of that app.
    pub env: Option<EnvFile>,
}

/// Looks up packages. Everything is in memory: no call waits.
pub trait Catalog: Send + Sync {
    /// The package of that name, with or without its catalog's (see [`PackageName`]).
    fn find(&self, name: &str) -> Option<Arc<Package>>;

    /// Reads a package of that name out of the folder of an app: what is installed stays what it was, whatever becomes
    /// of the catalog. It brings no files, which are there already, and no picture.
    ///
    /// # Errors
    /// It is none; why, for people.
    fn read(&self, name: &PackageName, text: InstalledText) -> Result<Package, String>;

    /// Every package, by name.
    fn all(&self) -> Vec<Arc<Package>>;

    /// The packages that were skipped when the catalog was read, each with the reason, for people.
    fn broken(&self) -> Vec<String>;
}
