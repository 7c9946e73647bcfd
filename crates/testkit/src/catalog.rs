//! A catalog of given packages.

use std::sync::Arc;

use control::ports::Catalog;
use domain::Package;

/// The packages it was made of.
#[derive(Debug, Default)]
pub struct FakeCatalog(pub Vec<Arc<Package>>);

impl Catalog for FakeCatalog {
    fn find(&self, name: &str) -> Option<Arc<Package>> {
        self.0.iter().find(|package| package.name.eq_ignore_ascii_case(name)).cloned()
    }

    fn read(&self, name: &str, _: &str) -> Result<Package, String> {
        self.find(name).map(|package| (*package).clone()).ok_or_else(|| "it is no package".to_owned())
    }

    fn all(&self) -> Vec<Arc<Package>> {
        self.0.clone()
    }

    fn broken(&self) -> Vec<String> {
        Vec::new()
    }
}
