//! The packages that can be installed.

use std::sync::Arc;

use domain::Package;

/// Looks up packages. Everything is in memory: no call waits.
pub trait Catalog: Send + Sync {
    /// The package of that name, found without regard to ASCII case.
    fn find(&self, name: &str) -> Option<Arc<Package>>;

    /// Reads a package of that name out of a compose file: what is installed stays what it was, whatever becomes of
    /// the catalog.
    ///
    /// # Errors
    /// It is none; why, for people.
    fn read(&self, name: &str, compose: &str) -> Result<Package, String>;

    /// Every package, by name.
    fn all(&self) -> Vec<Arc<Package>>;

    /// The packages that were skipped when the catalog was read, each with the reason, for people.
    fn broken(&self) -> Vec<String>;
}
