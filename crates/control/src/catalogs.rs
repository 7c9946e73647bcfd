//! The catalogs that were added: adding, removing, trusting and syncing them. One is synced at a time, in the background;
//! what is in use stays so until its successor is whole (ADR 0015).
//!
//! How a catalog is fetched and translated is the business of the port [`Sources`]; what is in one, of `queries`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use domain::catalog::{FailedSync, SourceError, Synced};
use domain::{CatalogName, CatalogRecord, CatalogSource, Failure, FailureClass, PackageName};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::ports::{CatalogStore, Sources, StagedCatalog, StoreError, SyncProgress};
use crate::recorder::off_the_runtime;
use crate::{Control, Error};

/// Catalogs that there may be: all of the field are fewer, and each takes memory and a place in every list.
pub const CATALOGS_MAX: usize = 20;

/// What CatalogAdd asks for.
#[derive(Clone, Debug)]
pub struct CatalogRequest {
    /// What to call it.
    pub name: String,
    /// Where it comes from; the error where what was given is no source.
    pub source: Result<CatalogSource, SourceError>,
    /// Its place in the order of preference, from 1; behind all others without one.
    pub position: Option<usize>,
}

/// A catalog, and how it stands with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogDetail {
    /// What is stored.
    pub record: CatalogRecord,
    /// How it stands.
    pub state: CatalogState,
    /// Why nothing can be read of what is on the disk.
    pub broken: Option<String>,
}

/// How it stands with a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogState {
    /// It waits for its turn to be synced.
    Queued,
    /// It is being synced.
    Syncing {
        /// Apps that are translated.
        done: u32,
        /// Of so many; 0 while they are fetched.
        total: u32,
    },
    /// It is in use.
    Ready,
    /// Its last sync failed. What was in use before still is.
    Failed,
    /// Nothing can be read of what is on the disk.
    Broken,
}

/// All of them.
pub(crate) struct Catalogs {
    store: Arc<dyn CatalogStore>,
    sources: Arc<dyn Sources>,
    /// Never held while anything waits.
    known: RwLock<Known>,
    /// Held from a decision until memory shows it.
    writing: Arc<tokio::sync::Mutex<()>>,
    /// Counts changes of all that is here, for those who wait for one.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Known {
    /// In their order, whether or not they are trusted.
    records: Vec<CatalogRecord>,
    broken: HashMap<CatalogName, String>,
    waiting: VecDeque<CatalogName>,
    at_work: Option<(CatalogName, Arc<SyncProgress>)>,
}

impl Known {
    fn detail(&self, record: &CatalogRecord) -> CatalogDetail {
        let broken = self.broken.get(&record.name).cloned();
        let state = match &self.at_work {
            Some((name, progress)) if *name == record.name => {
                let (done, total) = progress.get();
                CatalogState::Syncing { done, total }
            }
            _ if self.waiting.contains(&record.name) => CatalogState::Queued,
            _ if broken.is_some() => CatalogState::Broken,
            _ if record.failed.is_some() => CatalogState::Failed,
            _ => CatalogState::Ready,
        };
        CatalogDetail { record: record.clone(), state, broken }
    }

    fn note_failure(&mut self, of: &CatalogRecord, failed: FailedSync) {
        if let Some(record) = self.records.iter_mut().find(|record| is_same(record, of)) {
            record.failed = Some(failed);
        }
    }

    fn find(&self, name: &CatalogName) -> Option<CatalogDetail> {
        self.records.iter().find(|record| record.name == *name).map(|record| self.detail(record))
    }
}

impl Catalogs {
    /// Offers what is on the disk. One that was never synced is synced now: that was asked for when it was added.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn open(store: Arc<dyn CatalogStore>, sources: Arc<dyn Sources>) -> Result<Self, StoreError> {
        let records = store.catalogs()?;
        let broken = sources.serve(&records).into_iter().collect();
        let is_new = |record: &&CatalogRecord| record.synced.is_none() && record.failed.is_none();
        let waiting = records.iter().filter(is_new).map(|record| record.name.clone()).collect();
        let known = RwLock::new(Known { records, broken, waiting, at_work: None });
        let (changes, _) = watch::channel(0);
        Ok(Self { store, sources, known, writing: Arc::default(), changes })
    }

    fn read<T>(&self, read: impl FnOnce(&Known) -> T) -> T {
        read(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, write: impl FnOnce(&mut Known) -> T) -> T {
        let written = write(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        written
    }

    /// Counts up at each change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether the administrator vouches for the catalog of that name. The two that are always there are theirs.
    pub(crate) fn is_trusted(&self, name: &str) -> bool {
        if [PackageName::BUILT_IN, PackageName::LOCAL].contains(&name) {
            return true;
        }
        self.read(|known| known.records.iter().any(|known| known.name.as_str() == name && known.is_trusted))
    }
}

impl Control {
    /// The catalogs that were added, the preferred ones first: the trusted before the others, each in their order.
    #[must_use]
    pub fn catalogs(&self) -> Vec<CatalogDetail> {
        let mut all: Vec<CatalogDetail> =
            self.catalogs.read(|known| known.records.iter().map(|record| known.detail(record)).collect());
        all.sort_by_key(|detail| !detail.record.is_trusted);
        all
    }

    /// Adds a catalog. It is synced in the background, as soon as no other is.
    ///
    /// # Errors
    /// `CatalogNameFormat`, `Source`, `CatalogTaken`, `TooManyCatalogs`, `Store`. Nothing has changed then.
    pub async fn add_catalog(self: &Arc<Self>, request: CatalogRequest) -> Result<CatalogDetail, Error> {
        let name = CatalogName::parse(&request.name)
            .ok_or_else(|| Error::CatalogNameFormat { name: request.name.clone() })?;
        let (source, added_at) = (request.source?, self.clock.now());
        if let CatalogSource::Directory(path) = &source
            && (path.starts_with(&self.settings.data_dir) || self.settings.data_dir.starts_with(path))
        {
            // Its secrets would be a package's files.
            return Err(Error::Source(SourceError::Kind));
        }
        let added = CatalogRecord { name, source, is_trusted: false, added_at, synced: None, failed: None };
        let position = request.position;
        let name = added.name.clone();
        let add = move |records: &mut Vec<CatalogRecord>| {
            if records.iter().any(|record| record.name == added.name) {
                return Err(Error::CatalogTaken { name: added.name.to_string() });
            }
            if records.len() >= CATALOGS_MAX {
                return Err(Error::TooManyCatalogs { limit: CATALOGS_MAX });
            }
            let place = position.map_or(records.len(), |position| (position - 1).min(records.len()));
            records.insert(place, added);
            Ok(())
        };
        self.change_catalogs(add).await?;
        let added = self.sync_catalogs(Some(name.as_str()))?.pop();
        added.ok_or_else(|| Error::NoSuchCatalog { name: name.to_string() })
    }

    /// Has a catalog synced in the background, or all of them. One that waits for that already is not synced twice; one
    /// that is being synced is synced once more, as what has been fetched of it may be older than this call.
    ///
    /// # Errors
    /// `NoSuchCatalog`.
    pub fn sync_catalogs(&self, name: Option<&str>) -> Result<Vec<CatalogDetail>, Error> {
        self.catalogs.write(|known| {
            let is_meant = |record: &&CatalogRecord| name.is_none_or(|name| record.name.as_str() == name);
            let names: Vec<_> = known.records.iter().filter(is_meant).map(|it| it.name.clone()).collect();
            if let Some(name) = name.filter(|_| names.is_empty()) {
                return Err(Error::NoSuchCatalog { name: name.to_owned() });
            }
            for name in &names {
                if !known.waiting.contains(name) {
                    known.waiting.push_back(name.clone());
                }
            }
            Ok(names.iter().filter_map(|name| known.find(name)).collect())
        })
    }

    /// Removes a catalog, at work or not. Apps that were installed from it stay as they are: what they are made of lies
    /// in their own folders.
    ///
    /// # Errors
    /// `NoSuchCatalog`, `Store`.
    pub async fn remove_catalog(self: &Arc<Self>, name: &str) -> Result<CatalogName, Error> {
        let name = name.to_owned();
        let remove = move |records: &mut Vec<CatalogRecord>| {
            let at = place_of(records, &name)?;
            Ok(records.remove(at).name)
        };
        self.change_catalogs(remove).await
    }

    /// Vouches for a catalog, or no longer.
    ///
    /// # Errors
    /// `NoSuchCatalog`, `Store`.
    pub async fn trust_catalog(
        self: &Arc<Self>,
        name: &str,
        is_trusted: bool,
    ) -> Result<CatalogDetail, Error> {
        let asked = name.to_owned();
        let trust = move |records: &mut Vec<CatalogRecord>| {
            let at = place_of(records, &asked)?;
            records[at].is_trusted = is_trusted;
            Ok(records[at].name.clone())
        };
        let name = self.change_catalogs(trust).await?;
        let detail = self.catalogs.read(|known| known.find(&name));
        detail.ok_or_else(|| Error::NoSuchCatalog { name: name.to_string() })
    }

    /// Changes the list: in the database, on the disk, then in memory. To its end, even if nobody waits for it.
    async fn change_catalogs<T: Send + 'static>(
        self: &Arc<Self>,
        decide: impl FnOnce(&mut Vec<CatalogRecord>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let writing = Arc::clone(&self.catalogs.writing).lock_owned().await;
        let control = Arc::clone(self);
        let work = move || {
            let _writing = writing;
            let catalogs = &control.catalogs;
            let mut records = catalogs.read(|known| known.records.clone());
            let decided = decide(&mut records)?;
            catalogs.store.write_catalogs(&records)?;
            let broken = catalogs.sources.serve(&records).into_iter().collect();
            control.recall_risks();
            catalogs.write(|known| {
                known.waiting.retain(|name| records.iter().any(|record| record.name == *name));
                (known.records, known.broken) = (records, broken);
            });
            Ok(decided)
        };
        off_the_runtime(work).await
    }
}

fn place_of(records: &[CatalogRecord], name: &str) -> Result<usize, Error> {
    let at = records.iter().position(|record| record.name.as_str() == name);
    at.ok_or_else(|| Error::NoSuchCatalog { name: name.to_owned() })
}

/// Syncs what waits for it, one after the other, until `stop`.
pub(crate) async fn sync(control: Arc<Control>, stop: CancellationToken) {
    let syncing = async {
        loop {
            let record = next(&control.catalogs).await;
            let outcome = tokio::select! {
                outcome = stage(&control.catalogs, &record) => Some(outcome),
                () = removed(&control.catalogs, &record) => None,
            };
            if let Some(outcome) = outcome
                && let Err(error) = finish(&control, record.clone(), outcome).await
            {
                let reason = crate::error_chain(&error);
                tracing::error!(catalog = %record.name, reason, "the outcome of a sync cannot be stored");
                let at = control.clock.now();
                let detail = format!("the outcome of the sync cannot be stored: {reason}");
                let failure = Failure::of(FailureClass::Internal, record.source.location(), detail);
                // Told for as long as this server lives: the next one finds what is stored, and what is on the disk.
                control.catalogs.write(|known| known.note_failure(&record, FailedSync { at, failure }));
            }
            control.catalogs.write(|known| known.at_work = None);
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = syncing => {}
    }
}

/// The next that waits to be synced, which it is from now on.
async fn next(catalogs: &Catalogs) -> CatalogRecord {
    let mut changes = catalogs.changes();
    loop {
        changes.mark_unchanged();
        if catalogs.read(|known| !known.waiting.is_empty()) {
            let taken = catalogs.write(|known| {
                let name = known.waiting.pop_front()?;
                let record = known.records.iter().find(|record| record.name == name)?.clone();
                known.at_work = Some((name, Arc::default()));
                Some(record)
            });
            if let Some(record) = taken {
                return record;
            }
        }
        // Whoever changes it is held by `control`, which lives as long as this.
        let _ = changes.changed().await;
    }
}

async fn stage(catalogs: &Catalogs, record: &CatalogRecord) -> Result<Box<dyn StagedCatalog>, Failure> {
    let progress = catalogs.read(|known| known.at_work.as_ref().map(|(_, progress)| Arc::clone(progress)));
    tracing::info!(catalog = %record.name, source = record.source.location(), "syncing a catalog");
    catalogs.sources.stage(&record.name, &record.source, progress.unwrap_or_default()).await
}

/// Waits until there is no such catalog any more, nor one of its name from the same place.
async fn removed(catalogs: &Catalogs, record: &CatalogRecord) {
    let mut changes = catalogs.changes();
    while catalogs.read(|known| known.records.iter().any(|known| is_same(known, record))) {
        let _ = changes.changed().await;
    }
}

fn is_same(one: &CatalogRecord, other: &CatalogRecord) -> bool {
    one.name == other.name && one.source == other.source && one.added_at == other.added_at
}

/// Puts what was fetched in place, and stores what came of it.
async fn finish(
    control: &Arc<Control>,
    record: CatalogRecord,
    outcome: Result<Box<dyn StagedCatalog>, Failure>,
) -> Result<(), Error> {
    let at = control.clock.now();
    let store = move |records: &mut Vec<CatalogRecord>| {
        // It was removed while the last of it was done.
        let Some(stored) = records.iter_mut().find(|stored| is_same(stored, &record)) else { return Ok(()) };
        let outcome = outcome.and_then(|staged| {
            let report = staged.report().clone();
            staged.put_in_place().map(|()| report)
        });
        match outcome {
            Ok(report) => {
                let (packages, unreadable) = (report.packages, report.unreadable.count);
                tracing::info!(catalog = %record.name, packages, unreadable, "a catalog was synced");
                (stored.synced, stored.failed) = (Some(Synced { at, report }), None);
            }
            Err(failure) => {
                tracing::warn!(catalog = %record.name, %failure, "a catalog was not synced; what was there stays");
                stored.failed = Some(FailedSync { at, failure });
            }
        }
        Ok(())
    };
    control.change_catalogs(store).await
}
