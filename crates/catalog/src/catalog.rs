//! All packages that can be installed, in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use control::ports::{Catalog, InstalledText};
use domain::{Package, PackageName};

use crate::error::Broken;
use crate::package::read_installed;
use crate::{builtin, directory};

/// The packages that can be installed, by name.
#[derive(Debug)]
pub struct PackageCatalog {
    packages: BTreeMap<String, Arc<Package>>,
    /// What was skipped and why, for people.
    broken: Vec<String>,
}

/// What came of reading the packages.
#[derive(Debug)]
pub struct Loaded {
    /// Those that can be installed.
    pub catalog: PackageCatalog,
    /// Those that were skipped, each already logged.
    pub broken: Vec<Broken>,
}

impl PackageCatalog {
    /// Reads the packages that ship in the binary and those in `extra`, a folder of the administrator's that
    /// adds packages and overrides them by name. A broken package is logged, skipped and returned; a broken
    /// override hides the package that it was to override, which nobody asked for.
    #[must_use]
    pub fn load(extra: Option<&Path>) -> Loaded {
        let mut broken = Vec::new();
        let mut sources: BTreeMap<_, _> =
            builtin::sources().into_iter().map(|source| (source.name.clone(), source)).collect();
        match extra.map_or_else(|| Ok(Vec::new()), directory::sources) {
            Ok(extra) => sources.extend(extra.into_iter().map(|source| (source.name.clone(), source))),
            Err(unreadable) => broken.push(unreadable),
        }
        let mut packages = BTreeMap::new();
        for source in sources.into_values() {
            match source.read() {
                Ok(package) => {
                    packages.insert(package.name.clone(), Arc::new(package));
                }
                Err(skipped) => broken.push(skipped),
            }
        }
        for Broken { package, reason } in &broken {
            tracing::warn!(%package, %reason, "package skipped");
        }
        let told = broken.iter().map(|Broken { package, reason }| format!("{package}: {reason}")).collect();
        Loaded { catalog: Self { packages, broken: told }, broken }
    }
}

impl Catalog for PackageCatalog {
    fn find(&self, name: &str) -> Option<Arc<Package>> {
        let wanted = PackageName::parse(name);
        self.packages.get(&wanted.name).filter(|found| wanted.fits(&found.name, &found.catalog)).cloned()
    }

    fn read(&self, name: &PackageName, text: InstalledText) -> Result<Package, String> {
        read_installed(name, text).map_err(|error| error.to_string())
    }

    fn all(&self) -> Vec<Arc<Package>> {
        self.packages.values().cloned().collect()
    }

    fn broken(&self) -> Vec<String> {
        self.broken.clone()
    }
}
