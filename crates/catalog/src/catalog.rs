//! All packages that can be installed: those that ship and the administrator's own in memory, those of catalogs that were
//! added on the disk, with what lists need of them in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use control::ports::{Catalog, CatalogEntry, InstalledText, KnownRisks};
use domain::{CatalogName, CatalogRecord, Package, PackageName};

use crate::error::Broken;
use crate::generation::{Generation, numbers};
use crate::package::read_installed;
use crate::{Authority, builtin, directory, risks, sources};

/// The packages that can be installed.
#[derive(Debug)]
pub struct PackageCatalog {
    /// Those that ship and the administrator's own, by name.
    own: BTreeMap<String, Arc<Package>>,
    own_entries: Vec<Arc<CatalogEntry>>,
    /// What was skipped and why, for people.
    broken: Vec<String>,
    /// Where the catalogs lie that were added.
    pub(crate) folder: PathBuf,
    /// Authorities for HTTPS, beside those of the machine.
    pub(crate) trusted: Vec<Authority>,
    /// What a whole sync may take.
    pub(crate) sync_time_max: Duration,
    served: RwLock<Arc<Served>>,
}

/// The catalogs that were added.
#[derive(Debug, Default)]
struct Served {
    /// The preferred ones first.
    generations: Vec<Arc<Generation>>,
    broken: Vec<(CatalogName, String)>,
    /// Of all packages, by name and catalog.
    entries: Arc<[Arc<CatalogEntry>]>,
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
    /// override hides the package that it was to override, which nobody asked for. Catalogs that are added later lie
    /// in `folder`.
    #[must_use]
    pub fn load(extra: Option<&Path>, folder: impl Into<PathBuf>) -> Loaded {
        let mut broken = Vec::new();
        let mut sources: BTreeMap<_, _> =
            builtin::sources().into_iter().map(|source| (source.name.clone(), source)).collect();
        match extra.map_or_else(|| Ok(Vec::new()), |extra| directory::sources(extra, PackageName::LOCAL)) {
            Ok(extra) => sources.extend(extra.into_iter().map(|source| (source.name.clone(), source))),
            Err(unreadable) => broken.push(unreadable),
        }
        let (mut own, mut own_entries) = (BTreeMap::new(), Vec::new());
        for source in sources.into_values() {
            match source.read_apart() {
                Ok(package) => {
                    own_entries.push(Arc::new(CatalogEntry::of(&package)));
                    own.insert(package.name.clone(), Arc::new(package));
                }
                Err(skipped) => broken.push(skipped),
            }
        }
        for Broken { package, reason } in &broken {
            tracing::warn!(%package, %reason, "package skipped");
        }
        let told = broken.iter().map(|Broken { package, reason }| format!("{package}: {reason}")).collect();
        let folder = folder.into();
        sources::clear(&folder);
        let served = Served { entries: own_entries.clone().into(), ..Served::default() };
        let served = RwLock::new(Arc::new(served));
        let (trusted, sync_time_max) = (Vec::new(), sources::TIME_MAX);
        let catalog = Self { own, own_entries, broken: told, folder, trusted, sync_time_max, served };
        Loaded { catalog, broken }
    }

    /// With authorities for HTTPS beside those of the machine.
    #[must_use]
    pub fn trusting(self, trusted: Vec<Authority>) -> Self {
        Self { trusted, ..self }
    }

    fn served(&self) -> Arc<Served> {
        Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is in use of that catalog.
    pub(crate) fn generation(&self, catalog: &str) -> Option<Arc<Generation>> {
        self.served().generations.iter().find(|generation| generation.catalog == catalog).cloned()
    }

    pub(crate) fn serve_catalogs(&self, catalogs: &[CatalogRecord]) -> Vec<(CatalogName, String)> {
        let (mut generations, mut broken) = (Vec::new(), Vec::new());
        // A catalog for which nobody vouches never takes a name from one for which somebody does.
        let mut ordered: Vec<&CatalogRecord> = catalogs.iter().collect();
        ordered.sort_by_key(|record| !record.is_trusted);
        for record in ordered {
            match self.newest(&record.name) {
                Ok(Some(newest)) => generations.push(newest),
                Ok(None) if record.synced.is_none() => {}
                Ok(None) => broken.push((record.name.clone(), "its packages are not there".to_owned())),
                Err(reason) => {
                    tracing::error!(catalog = %record.name, reason, "a catalog cannot be read; sync it again");
                    broken.push((record.name.clone(), reason));
                }
            }
        }
        let added = generations.iter().flat_map(|generation| &generation.entries);
        let mut entries: Vec<_> = self.own_entries.iter().chain(added).cloned().collect();
        entries.sort_by(|one, other| (&one.name, &one.catalog).cmp(&(&other.name, &other.catalog)));
        let served = Arc::new(Served { generations, broken: broken.clone(), entries: entries.into() });
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&served);
        // Only now: whoever misses something of what was in use finds that it no longer is (see `find`).
        remove_others(&self.folder, |name| catalogs.iter().any(|record| record.name.as_str() == name));
        for generation in &served.generations {
            remove_others(&self.folder.join(&generation.catalog), |name| {
                name == generation.number.to_string()
            });
        }
        broken
    }

    /// The newest of a catalog that can be read.
    fn newest(&self, name: &CatalogName) -> Result<Option<Arc<Generation>>, String> {
        let folder = self.folder.join(name.as_str());
        let mut first_reason = None;
        for number in numbers(&folder) {
            let in_use = self.generation(name.as_str()).filter(|in_use| in_use.number == number);
            let loaded = match in_use {
                Some(in_use) => Ok(in_use),
                None => {
                    Generation::load(&folder.join(number.to_string()), name.as_str(), number).map(Arc::new)
                }
            };
            match loaded {
                Ok(newest) => return Ok(Some(newest)),
                Err(reason) => first_reason = first_reason.or(Some(reason)),
            }
        }
        first_reason.map_or(Ok(None), Err)
    }
}

/// Deletes the folders in one that are not to be kept. Hidden ones are being worked in.
fn remove_others(folder: &Path, is_kept: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder
            && !name.starts_with('.')
            && !is_kept(&name)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(folder = %entry.path().display(), %error, "an old catalog cannot be deleted");
        }
    }
}

impl Catalog for PackageCatalog {
    fn entry(&self, name: &str) -> Option<Arc<CatalogEntry>> {
        let PackageName { name, catalog } = PackageName::parse(name);
        let served = self.served();
        let first = served.entries.partition_point(|entry| entry.name < name);
        let of_name = served.entries[first..].iter().take_while(|entry| entry.name == name);
        let rank = |entry: &&Arc<CatalogEntry>| {
            let place = served.generations.iter().position(|added| added.catalog == entry.catalog);
            place.map_or(0, |place| place + 1)
        };
        let is_meant = |entry: &&Arc<CatalogEntry>| catalog.as_ref().is_none_or(|of| entry.catalog == *of);
        of_name.filter(is_meant).min_by_key(rank).cloned()
    }

    fn find(&self, name: &str) -> Option<Arc<Package>> {
        loop {
            let entry = self.entry(name)?;
            if let Some(own) = self.own.get(&entry.name).filter(|own| own.catalog == entry.catalog) {
                return Some(Arc::clone(own));
            }
            let generation = self.generation(&entry.catalog)?;
            let read = directory::source(&generation.package(&entry.name), &entry.catalog).read_apart();
            if self.entry(name).is_none_or(|now| !Arc::ptr_eq(&now, &entry)) {
                // It was being deleted, and what was read may be a part of it. Syncs are rare: this ends.
                continue;
            }
            let reason = match read {
                Ok(package) if package.fingerprint.as_ref() == Some(&entry.fingerprint) => {
                    return Some(Arc::new(package));
                }
                Ok(_) => "somebody has changed it on the disk".to_owned(),
                Err(broken) => broken.reason.to_string(),
            };
            let CatalogEntry { name, catalog, .. } = &*entry;
            tracing::error!(package = name, catalog, reason, "a package cannot be read; sync its catalog");
            return None;
        }
    }

    fn remarks(&self, package: &Package) -> Vec<String> {
        let generation = self.generation(&package.catalog);
        generation.map(|generation| generation.remarks(&package.name)).unwrap_or_default()
    }

    fn read(&self, name: &PackageName, text: InstalledText) -> Result<Package, String> {
        read_installed(name, text).map_err(|error| error.to_string())
    }

    fn entries(&self) -> Arc<[Arc<CatalogEntry>]> {
        Arc::clone(&self.served().entries)
    }

    fn broken(&self) -> Vec<String> {
        let served = self.served();
        let catalogs = served.broken.iter().map(|(name, reason)| format!("{name}: {reason}"));
        self.broken.iter().cloned().chain(catalogs).collect()
    }

    fn known_risks(&self) -> Vec<KnownRisks> {
        let served = self.served();
        let fingerprints: BTreeSet<&str> =
            served.entries.iter().map(|entry| entry.fingerprint.as_str()).collect();
        risks::load(&self.folder.join(risks::FILE), &fingerprints)
    }

    fn remember(&self, known: &KnownRisks) {
        risks::append(&self.folder.join(risks::FILE), known);
    }
}
