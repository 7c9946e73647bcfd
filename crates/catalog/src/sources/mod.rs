//! Catalogs of others: fetching one, translating it, and putting it in the place of the one before (ADR 0015).
//!
//! Everything before the last step lies in a folder of its own, which goes away with whoever asked for it. What a catalog
//! brings is never run, and nothing is fetched but the catalog itself. When one is synced is `control`'s business.

mod archive;
mod folder;
mod genuine;
mod git;
mod https;
mod limits;
#[cfg(test)]
mod tls_server;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use control::ports::{Sources, StagedCatalog, SyncProgress};
use domain::catalog::{Listed, SyncReport, UnreadableApp};
use domain::{CatalogName, CatalogRecord, CatalogSource, Failure};
use tokio::runtime::Handle;

use crate::PackageCatalog;
use crate::formats::{Format, Tree, Untranslatable};
use crate::generation::{AddError, Writing, numbers};
pub(crate) use genuine::hex;
use https::Https;
pub(crate) use limits::TIME_MAX;
use limits::{ARCHIVE_BYTES_MAX, Budget, FetchError, out_of_time};

/// What the folders begin with in which catalogs are fetched and translated.
const STAGING: &str = ".staging-";

/// Bytes of a reason for which an app is no package: it is stored and sent.
const REASON_BYTES_MAX: usize = 500;

/// A folder that goes away with the last who works in it.
#[derive(Debug)]
struct Staging {
    folder: PathBuf,
    stopped: Arc<AtomicBool>,
}

impl Staging {
    fn make(catalogs: &Path) -> Result<Self, FetchError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = catalogs.join(format!("{STAGING}{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir_all(&folder)
            .map_err(FetchError::disk(format!("{} cannot be made", folder.display())))?;
        Ok(Self { folder, stopped: Arc::default() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The server's, in which its catalogs lie.
    fn data_dir(&self) -> &Path {
        self.folder.parent().and_then(Path::parent).unwrap_or(&self.folder)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "what was fetched cannot be deleted");
        }
    }
}

/// Has its folder deleted where work that blocks belongs, whoever drops it: there may be hundreds of thousands of files, and
/// a sync that is given up is dropped by a thread that answers calls.
struct DeletedApart(Option<Arc<Staging>>);

impl Drop for DeletedApart {
    fn drop(&mut self) {
        if let Some(staging) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(staging));
        }
    }
}

/// Deletes what an earlier life left half done.
pub(crate) fn clear(catalogs: &Path) {
    for entry in fs::read_dir(catalogs).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(STAGING)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(folder = %entry.path().display(), %error, "what was fetched cannot be deleted");
        }
    }
}

/// Tells work that blocks that nobody waits for it any more.
struct StopsOnDrop(Arc<AtomicBool>);

impl Drop for StopsOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Sources for PackageCatalog {
    async fn stage(
        &self,
        name: &CatalogName,
        source: &CatalogSource,
        progress: Arc<SyncProgress>,
    ) -> Result<Box<dyn StagedCatalog>, Failure> {
        let failed = |error: FetchError| error.into_failure(&source.location());
        let staging = Arc::new(Staging::make(&self.folder).map_err(failed)?);
        let mut held = DeletedApart(Some(Arc::clone(&staging)));
        let work = self.stage_in_time(staging, name, source, progress);
        let staged = tokio::time::timeout(self.sync_time_max, work).await;
        match staged.unwrap_or_else(|_| Err(out_of_time())) {
            Ok(staged) => Ok(Box::new(staged)),
            Err(error) => {
                // Waited for: the next sync may need the room.
                let staging = held.0.take();
                let delete = move || {
                    drop(staging);
                    Ok(())
                };
                blocking(delete).await.ok();
                Err(failed(error))
            }
        }
    }

    fn serve(&self, catalogs: &[CatalogRecord]) -> Vec<(CatalogName, String)> {
        self.serve_catalogs(catalogs)
    }
}

impl PackageCatalog {
    async fn stage_in_time(
        &self,
        staging: Arc<Staging>,
        name: &CatalogName,
        source: &CatalogSource,
        progress: Arc<SyncProgress>,
    ) -> Result<Staged, FetchError> {
        let _stops = StopsOnDrop(Arc::clone(&staging.stopped));
        let budget = Budget::full(Arc::clone(&staging.stopped));
        let (root, revision) = fetch(&staging, source, budget.clone(), &self.trusted).await?;
        let used = self.generation(name.as_str());
        let number = used.as_ref().map_or(0, |used| used.number);
        let before = used.iter().flat_map(|used| &used.entries);
        let before = before.map(|entry| (entry.name.clone(), entry.fingerprint.clone())).collect();
        let work = Translating { name: name.clone(), root, revision, before };
        let (work_in, catalogs) = (Arc::clone(&staging), self.folder.clone());
        let report = blocking(move || work.carry_out(&work_in, &budget, &progress)).await?;
        Ok(Staged { staging, name: name.clone(), catalogs, in_use: number, report })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(FetchError::Format("reading it broke down".to_owned())))
}

/// Brings a catalog to this machine. Returns where it is, and what exactly it is.
async fn fetch(
    staging: &Arc<Staging>,
    source: &CatalogSource,
    mut budget: Budget,
    trusted: &[crate::Authority],
) -> Result<(PathBuf, String), FetchError> {
    let to = staging.path("source");
    let make = |folder: &Path| {
        fs::create_dir(folder).map_err(FetchError::disk(format!("{} cannot be made", folder.display())))
    };
    match source {
        CatalogSource::Directory(from) => {
            make(&to)?;
            let (from, into, kept) = (from.clone(), to.clone(), Arc::clone(staging));
            blocking(move || folder::copy(&from, &into, kept.data_dir(), &mut budget)).await?;
            Ok((to, String::new()))
        }
        CatalogSource::Git { url, branch } => {
            let commit = git::clone(url, branch.as_deref(), &to, &budget).await?;
            Ok((to, commit))
        }
        CatalogSource::Archive { url, sha256, key } => {
            let (https, archive) = (Https::trusting(trusted), staging.path("archive"));
            https.download(url, "it", &archive, ARCHIVE_BYTES_MAX).await?;
            let mut signature = None;
            if key.is_some() {
                let (file, url) = (staging.path("signature"), format!("{url}.minisig"));
                let called = format!("its signature, {url},");
                https.download(&url, &called, &file, genuine::SIGNATURE_BYTES_MAX).await?;
                signature = fs::read_to_string(file).ok();
            }
            make(&to)?;
            let (sha256, key, into, _kept) = (sha256.clone(), key.clone(), to.clone(), Arc::clone(staging));
            blocking(move || {
                let signed = key.as_deref().map(|key| (key, signature.as_deref().unwrap_or_default()));
                let sum = genuine::check(&archive, sha256.as_deref(), signed, &budget)?;
                let cannot_read = FetchError::disk(format!("{} cannot be read", archive.display()));
                let file = File::open(&archive).map_err(cannot_read)?;
                archive::unpack(io::BufReader::new(file), &into, &mut budget)?;
                Ok((archive::root_of(&into), sum))
            })
            .await
        }
    }
}

/// A catalog that was fetched, and what it is compared with.
struct Translating {
    name: CatalogName,
    root: PathBuf,
    revision: String,
    /// The contents of each package that is in use, by name.
    before: BTreeMap<String, String>,
}

impl Translating {
    fn carry_out(
        self,
        staging: &Staging,
        budget: &Budget,
        progress: &SyncProgress,
    ) -> Result<SyncReport, FetchError> {
        let tree = Tree::new(&self.root);
        let unknown = || FetchError::Format("it is of no known format".to_owned());
        let format = Format::detect(&tree).ok_or_else(unknown)?;
        let cannot_write = || FetchError::disk("packages cannot be written");
        let writing = Writing::begin(&staging.path("generation"), self.name.as_str());
        let mut writing = writing.map_err(cannot_write())?;
        let (mut unreadable, mut hidden) = (Listed::default(), 0);
        let apps = format.apps(&tree).map_err(|error| FetchError::TooLarge(error.to_string()))?;
        for (done, app) in apps.iter().enumerate() {
            budget.go_on()?;
            progress.set(done, apps.len());
            for (of, translated) in format.translate_apart(&tree, app) {
                let added = match translated {
                    Ok(translation) => writing.add(app, &translation),
                    Err(Untranslatable::Hidden(_)) => {
                        hidden += 1;
                        continue;
                    }
                    Err(error) => Err(AddError::Refused(error.to_string())),
                };
                match added {
                    Ok(()) => {}
                    Err(AddError::Refused(reason)) => {
                        unreadable.push(UnreadableApp { app: of, reason: bounded(reason) });
                    }
                    Err(AddError::Disk(error)) => return Err(cannot_write()(error)),
                }
            }
        }
        progress.set(apps.len(), apps.len());
        let now = writing.fingerprints();
        if now.is_empty() {
            let first = unreadable.first.first();
            let why = first.map(|first| format!("; {}: {}", first.app, first.reason)).unwrap_or_default();
            let found = format!("none of its {} apps is a package{why}", apps.len());
            return Err(FetchError::Format(found));
        }
        writing.finish(format.as_str(), &self.revision).map_err(|error| match error {
            AddError::Refused(reason) => FetchError::TooLarge(reason),
            AddError::Disk(error) => cannot_write()(error),
        })?;
        let of_before = |name: &String| self.before.get(name);
        let different = |name: &&String| of_before(name).is_some_and(|before| *before != now[*name]);
        Ok(SyncReport {
            format: format.as_str().to_owned(),
            packages: u32::try_from(now.len()).unwrap_or(u32::MAX),
            new: now.keys().filter(|name| of_before(name).is_none()).cloned().collect(),
            changed: now.keys().filter(different).cloned().collect(),
            gone: self.before.keys().filter(|name| !now.contains_key(*name)).cloned().collect(),
            revision: self.revision,
            unreadable,
            hidden,
        })
    }
}

fn bounded(mut reason: String) -> String {
    let end = (0..=REASON_BYTES_MAX.min(reason.len())).rev().find(|at| reason.is_char_boundary(*at));
    reason.truncate(end.unwrap_or_default());
    reason
}

/// A catalog that is whole, and not in use yet.
struct Staged {
    staging: Arc<Staging>,
    name: CatalogName,
    catalogs: PathBuf,
    /// The number of the one that is in use, also where somebody has deleted it from the disk.
    in_use: u64,
    report: SyncReport,
}

impl StagedCatalog for Staged {
    fn report(&self) -> &SyncReport {
        &self.report
    }

    fn put_in_place(self: Box<Self>) -> Result<(), Failure> {
        let folder = self.catalogs.join(self.name.as_str());
        let number = numbers(&folder).first().map_or(0, |newest| *newest).max(self.in_use) + 1;
        let rename = || {
            fs::create_dir_all(&folder)?;
            fs::rename(self.staging.path("generation"), folder.join(number.to_string()))?;
            File::open(&folder)?.sync_all()?;
            File::open(&self.catalogs)?.sync_all()
        };
        let cannot_write = FetchError::disk(format!("{} cannot be written", folder.display()));
        rename().map_err(|error| cannot_write(error).into_failure(""))
    }
}
