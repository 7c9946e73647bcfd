//! A catalog of given packages.

use std::sync::Arc;

use control::ports::{Catalog, InstalledText};
use domain::{Package, PackageName};

/// The packages it was made of.
#[derive(Debug, Default)]
pub struct FakeCatalog(pub Vec<Arc<Package>>);

impl Catalog for FakeCatalog {
    fn find(&self, name: &str) -> Option<Arc<Package>> {
        let wanted = PackageName::parse(name);
        self.0.iter().find(|package| wanted.fits(&package.name, &package.catalog)).cloned()
    }

    fn read(&self, name: &PackageName, text: InstalledText) -> Result<Package, String> {
        let package = self.find(&name.to_string()).ok_or_else(|| "it is no package".to_owned())?;
        Ok(Package { env: text.env, files: Vec::new(), ..(*package).clone() })
    }

    fn all(&self) -> Vec<Arc<Package>> {
        self.0.clone()
    }

    fn broken(&self) -> Vec<String> {
        Vec::new()
    }
}
