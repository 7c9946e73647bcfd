//! The packages that can be installed, and the catalogs that they are of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::catalog::SyncReport;
use domain::package::Text;
use domain::{CatalogName, CatalogRecord, CatalogSource, EnvFile, Failure, Package, PackageName, Risk};

use super::StoreError;

/// What the folder of an installed app holds of its package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledText {
    /// `compose.yaml`, word for word as it was written.
    pub compose: String,
    /// `.env`, with the values of that app.
    pub env: Option<EnvFile>,
}

/// What lists and searches show of a package: there may be thousands, so the packages themselves stay on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// Its name.
    pub name: String,
    /// The catalog that it is of.
    pub catalog: String,
    /// The app's own name.
    pub trademark: String,
    /// One sentence that says what it is.
    pub description: Text,
    /// Categories, for searching.
    pub categories: Vec<String>,
    /// The newest version.
    pub version: String,
    /// Whether it ships in the server and no directory of the user's overrides it.
    pub official: bool,
    /// [`Package::fingerprint`].
    pub fingerprint: String,
    /// All that people read of it, in small letters.
    pub words: String,
}

impl CatalogEntry {
    /// What lists show of a package.
    #[must_use]
    pub fn of(package: &Package) -> Self {
        let Package { name, catalog, fingerprint, trademark, description, categories, official, .. } =
            package;
        Self {
            name: name.clone(),
            catalog: catalog.clone(),
            trademark: trademark.clone(),
            description: description.clone(),
            categories: categories.clone(),
            version: package.versions.first().map(|version| version.name.clone()).unwrap_or_default(),
            official: *official,
            fingerprint: fingerprint.clone().unwrap_or_default(),
            words: Self::words_of(name, trademark, description, categories),
        }
    }

    /// All that people read of a package, in small letters.
    #[must_use]
    pub fn words_of(name: &str, trademark: &str, description: &Text, categories: &[String]) -> String {
        let texts = [name, trademark, &description.zh, &description.en].into_iter();
        // A word stands in one of them, never across two.
        let texts: Vec<&str> = texts.chain(categories.iter().map(String::as_str)).collect();
        texts.join("\n").to_lowercase()
    }
}

/// What a package was found to ask for, by its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRisks {
    /// [`CatalogEntry::fingerprint`].
    pub fingerprint: String,
    /// The version.
    pub version: String,
    /// What that version asks for, with the package's own values.
    pub risks: Vec<Risk>,
}

/// Looks up packages.
pub trait Catalog: Send + Sync {
    /// What is known of the package of that name, with or without its catalog's (see [`PackageName`]). Without: of the
    /// first in the order of preference that has it. From memory.
    fn entry(&self, name: &str) -> Option<Arc<CatalogEntry>>;

    /// That package. One of a catalog that was added is read from the disk: some small files.
    fn find(&self, name: &str) -> Option<Arc<Package>>;

    /// What was left out of a package or changed in it when it was translated, a line each, for people. From the disk.
    fn remarks(&self, package: &Package) -> Vec<String>;

    /// Reads a package of that name out of the folder of an app: what is installed stays what it was, whatever becomes
    /// of the catalog. It brings no files, which are there already, and no picture.
    ///
    /// # Errors
    /// It is none; why, for people.
    fn read(&self, name: &PackageName, text: InstalledText) -> Result<Package, String>;

    /// Every package, by name and catalog. From memory.
    fn entries(&self) -> Arc<[Arc<CatalogEntry>]>;

    /// The packages that were skipped when they were read, and catalogs that cannot be, each with the reason, for
    /// people.
    fn broken(&self) -> Vec<String>;

    /// What packages were found to ask for, in this life of the server or an earlier one.
    fn known_risks(&self) -> Vec<KnownRisks>;

    /// Remembers that over the end of this life. What cannot be written is found out again.
    fn remember(&self, known: &KnownRisks);
}

/// How far a sync is.
#[derive(Debug, Default)]
pub struct SyncProgress {
    done: AtomicU32,
    total: AtomicU32,
}

impl SyncProgress {
    /// How many apps are translated, of how many; zero of zero while they are fetched.
    #[must_use]
    pub fn get(&self) -> (u32, u32) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// So far.
    pub fn set(&self, done: usize, total: usize) {
        self.total.store(u32::try_from(total).unwrap_or(u32::MAX), Ordering::Relaxed);
        self.done.store(u32::try_from(done).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

/// A catalog that was fetched and translated, and is not in use yet. It goes away with this.
pub trait StagedCatalog: Send {
    /// What there is in it.
    fn report(&self) -> &SyncReport;

    /// Puts it in the place of what was in use before, which a crash leaves as it is. Blocks.
    ///
    /// # Errors
    /// What was in use before still is.
    fn put_in_place(self: Box<Self>) -> Result<(), Failure>;
}

/// Fetches catalogs, and keeps them on the disk.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Fetches a catalog and translates it. What is in use stays as it is. Dropping the future leaves nothing.
    ///
    /// # Errors
    /// Why it cannot be used.
    async fn stage(
        &self,
        name: &CatalogName,
        source: &CatalogSource,
        progress: Arc<SyncProgress>,
    ) -> Result<Box<dyn StagedCatalog>, Failure>;

    /// Offers what is on the disk of these catalogs, the preferred ones first, and deletes what is there of others.
    /// Returns those of which nothing can be read though there should be something, with why. Blocks.
    fn serve(&self, catalogs: &[CatalogRecord]) -> Vec<(CatalogName, String)>;
}

/// Where the list of catalogs is kept. Calls block: they are made off the runtime's threads.
pub trait CatalogStore: Send + Sync {
    /// Every catalog that was added, in their order.
    ///
    /// # Errors
    /// The database cannot be read.
    fn catalogs(&self) -> Result<Vec<CatalogRecord>, StoreError>;

    /// Replaces the list; when it returns, it is on the disk.
    ///
    /// # Errors
    /// The database cannot be written.
    fn write_catalogs(&self, catalogs: &[CatalogRecord]) -> Result<(), StoreError>;
}
