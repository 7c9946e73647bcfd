//! A catalog of given packages, and sources that give what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use control::ports::{
    Catalog, CatalogEntry, InstalledText, KnownRisks, Sources, StagedCatalog, SyncProgress,
};
use domain::catalog::SyncReport;
use domain::{CatalogName, CatalogRecord, CatalogSource, Failure, FailureClass, Package, PackageName};
use tokio::sync::Semaphore;

use crate::faults::Life;
use crate::of_life::OfLife;

/// The packages it was made of, and those of the catalogs that are served.
#[derive(Debug, Default)]
pub struct FakeCatalog {
    own: Mutex<Vec<Arc<Package>>>,
    /// What is on the disk, by catalog.
    kept: Mutex<BTreeMap<CatalogName, Vec<Arc<Package>>>>,
    /// Which of it is offered, the preferred ones first.
    served: Mutex<Vec<CatalogName>>,
    /// What the next sync of each finds.
    found: Mutex<BTreeMap<CatalogName, Vec<Arc<Package>>>>,
    known: Mutex<Vec<KnownRisks>>,
    /// A permit for each sync that may end, where a test holds them up.
    gate: Mutex<Option<Arc<Semaphore>>>,
}

fn of<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeCatalog {
    /// Ships with these from now on.
    pub fn ship(&self, packages: &[Arc<Package>]) {
        *of(&self.own) = packages.iter().map(|package| with_fingerprint(package)).collect();
    }

    /// What a sync of that catalog finds from now on.
    ///
    /// # Panics
    /// That is no name.
    pub fn offer(&self, catalog: &str, packages: Vec<Package>) {
        let name = CatalogName::parse(catalog).expect("a name of a catalog");
        let of_catalog =
            |package| with_fingerprint(&Package { catalog: catalog.to_owned(), official: false, ..package });
        of(&self.found).insert(name, packages.into_iter().map(of_catalog).collect());
    }

    /// Holds syncs up, once they have fetched, until the semaphore lets them go on.
    pub fn hold(&self, gate: Arc<Semaphore>) {
        *of(&self.gate) = Some(gate);
    }

    fn packages(&self) -> Vec<Arc<Package>> {
        let (own, served, kept) = (of(&self.own), of(&self.served), of(&self.kept));
        let added = served.iter().filter_map(|name| kept.get(name)).flatten();
        own.iter().chain(added).cloned().collect()
    }
}

/// A fake of contents: whatever differs in a package differs in how it is printed.
fn with_fingerprint(package: &Package) -> Arc<Package> {
    let package = Package { fingerprint: None, ..package.clone() };
    Arc::new(Package { fingerprint: Some(format!("{package:?}")), ..package })
}

fn entry(package: &Package) -> Arc<CatalogEntry> {
    Arc::new(CatalogEntry::of(package))
}

impl Catalog for FakeCatalog {
    fn entry(&self, name: &str) -> Option<Arc<CatalogEntry>> {
        self.find(name).map(|package| entry(&package))
    }

    fn find(&self, name: &str) -> Option<Arc<Package>> {
        let wanted = PackageName::parse(name);
        let packages = self.packages();
        packages.iter().find(|package| wanted.fits(&package.name, &package.catalog)).cloned()
    }

    fn remarks(&self, _: &Package) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, name: &PackageName, text: InstalledText) -> Result<Package, String> {
        // What is installed stays what it was, whatever becomes of the catalog.
        let mut known = self.packages();
        known.extend(of(&self.found).values().flatten().cloned());
        let found = known.into_iter().find(|package| name.fits(&package.name, &package.catalog));
        let package = found.ok_or_else(|| "it is no package".to_owned())?;
        Ok(Package { env: text.env, files: Vec::new(), fingerprint: None, ..(*package).clone() })
    }

    fn entries(&self) -> Arc<[Arc<CatalogEntry>]> {
        let mut entries: Vec<_> = self.packages().iter().map(|package| entry(package)).collect();
        entries.sort_by(|one, other| (&one.name, &one.catalog).cmp(&(&other.name, &other.catalog)));
        entries.into()
    }

    fn broken(&self) -> Vec<String> {
        Vec::new()
    }

    fn known_risks(&self) -> Vec<KnownRisks> {
        let packages = self.packages();
        let mut known = of(&self.known);
        let is_of =
            |known: &KnownRisks, package: &Package| package.fingerprint.as_ref() == Some(&known.fingerprint);
        known.retain(|known| packages.iter().any(|package| is_of(known, package)));
        known.clone()
    }

    fn remember(&self, known: &KnownRisks) {
        of(&self.known).push(known.clone());
    }
}

struct Staged {
    life: Arc<Life>,
    catalog: Arc<FakeCatalog>,
    name: CatalogName,
    packages: Vec<Arc<Package>>,
    report: SyncReport,
}

impl StagedCatalog for Staged {
    fn report(&self) -> &SyncReport {
        &self.report
    }

    fn put_in_place(self: Box<Self>) -> Result<(), Failure> {
        let Self { life, catalog, name, packages, .. } = *self;
        let failure = || Err(failed("its folder cannot be written"));
        OfLife { inner: (), life }.pass_blocking("sources.put_in_place", failure, || {
            of(&catalog.kept).insert(name, packages);
            Ok(())
        })
    }
}

fn failed(reason: &str) -> Failure {
    Failure::of(FailureClass::CatalogUnreachable, "", reason)
}

impl FakeCatalog {
    async fn staged(
        self: &Arc<Self>,
        life: &Arc<Life>,
        name: &CatalogName,
        progress: &SyncProgress,
    ) -> Result<Box<dyn StagedCatalog>, Failure> {
        let found = of(&self.found).get(name).cloned();
        let gate = of(&self.gate).clone();
        if let Some(gate) = gate {
            gate.acquire().await.expect("nobody closes it").forget();
        }
        let packages = found.ok_or_else(|| failed("nobody is there"))?;
        progress.set(packages.len(), packages.len());
        let new = packages.iter().map(|package| package.name.clone()).collect();
        let count = u32::try_from(packages.len()).unwrap_or(u32::MAX);
        let report = SyncReport { format: "own".into(), packages: count, new, ..SyncReport::default() };
        let (life, catalog) = (Arc::clone(life), Arc::clone(self));
        Ok(Box::new(Staged { life, catalog, name: name.clone(), packages, report }))
    }
}

#[async_trait]
impl Sources for OfLife<Arc<FakeCatalog>> {
    async fn stage(
        &self,
        name: &CatalogName,
        source: &CatalogSource,
        progress: Arc<SyncProgress>,
    ) -> Result<Box<dyn StagedCatalog>, Failure> {
        let failure = || Err(failed("injected fault"));
        let work = async || self.inner.staged(&self.life, name, &progress).await;
        let staged = self.pass("sources.stage", failure, work).await;
        staged.map_err(|failure| Failure { subject: source.location(), ..failure })
    }

    fn serve(&self, catalogs: &[CatalogRecord]) -> Vec<(CatalogName, String)> {
        let names: Vec<CatalogName> = catalogs.iter().map(|record| record.name.clone()).collect();
        // What is on the disk is there all the same. The dead do nothing to what their successor serves.
        let nothing_readable = || {
            if !self.life.is_dead() {
                of(&self.inner.served).clear();
            }
            names.iter().map(|name| (name.clone(), "injected fault".to_owned())).collect()
        };
        let work = || {
            of(&self.inner.kept).retain(|name, _| names.contains(name));
            names.clone_into(&mut of(&self.inner.served));
            Vec::new()
        };
        // Servers without any are of no interest to faults.
        if names.is_empty() && of(&self.inner.kept).is_empty() {
            return work();
        }
        self.pass_blocking("sources.serve", nothing_readable, work)
    }
}
