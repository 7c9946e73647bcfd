//! A catalog as a sync leaves it on the disk: a folder of packages of our own format, and an index of what lists need.
//! It is written beside those in use, and becomes one by being renamed.
//!
//! `catalogs/<catalog>/<number>/{index.json, packages/<package>/…}`: the highest number counts (ADR 0015). What is in a
//! package is [`crate::package`]'s business.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use control::ports::CatalogEntry;
use domain::package::Text;
use serde::{Deserialize, Serialize};

use crate::directory;
use crate::error::PackageError;
use crate::formats::{Names, Translation};
use crate::package::check_name;

const INDEX: &str = "index.json";
const PACKAGES: &str = "packages";
/// What was left out of a package or changed in it, a line each: for people.
const REMARKS: &str = "remarks.txt";
/// Largest index: a thousand times what one package takes of it, for ten times as many as there are in the field.
const INDEX_BYTES_MAX: u64 = 64 << 20;
/// The shape of the index. One of another shape is fetched again.
const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Index {
    schema: u32,
    format: String,
    revision: String,
    packages: Vec<Indexed>,
}

#[derive(Serialize, Deserialize)]
struct Indexed {
    name: String,
    trademark: String,
    zh: String,
    en: String,
    categories: Vec<String>,
    version: String,
    fingerprint: String,
}

/// A catalog in use.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) catalog: String,
    pub(crate) number: u64,
    folder: PathBuf,
    pub(crate) entries: Vec<Arc<CatalogEntry>>,
}

impl Generation {
    /// What is on the disk.
    ///
    /// # Errors
    /// Why it cannot be used, for people.
    pub(crate) fn load(folder: &Path, catalog: &str, number: u64) -> Result<Self, String> {
        let path = folder.join(INDEX);
        let unreadable =
            |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", path.display());
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(INDEX_BYTES_MAX).read_to_end(&mut text));
        read.map_err(|error| unreadable(&error))?;
        let index: Index = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        if index.schema != SCHEMA {
            return Err(unreadable(&"it is of another version of this server"));
        }
        let entries = index.packages.into_iter().map(|package| Arc::new(package.into_entry(catalog)));
        Ok(Self {
            catalog: catalog.to_owned(),
            number,
            folder: folder.to_owned(),
            entries: entries.collect(),
        })
    }

    /// The folder of one of its packages.
    pub(crate) fn package(&self, name: &str) -> PathBuf {
        self.folder.join(PACKAGES).join(name)
    }

    /// What was remarked about one of its packages.
    pub(crate) fn remarks(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.package(name).join(REMARKS)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Indexed {
    fn into_entry(self, catalog: &str) -> CatalogEntry {
        let Self { name, trademark, zh, en, categories, version, fingerprint } = self;
        let description = Text { zh, en };
        let words = CatalogEntry::words_of(&name, &trademark, &description, &categories);
        let catalog = catalog.to_owned();
        CatalogEntry {
            name,
            catalog,
            trademark,
            description,
            categories,
            version,
            official: false,
            fingerprint,
            words,
        }
    }
}

/// A catalog that is being written.
pub(crate) struct Writing {
    folder: PathBuf,
    catalog: String,
    index: Vec<Indexed>,
    names: Names,
}

impl Writing {
    /// In a folder that is not there yet.
    pub(crate) fn begin(folder: &Path, catalog: &str) -> io::Result<Self> {
        fs::create_dir_all(folder.join(PACKAGES))?;
        let (folder, catalog) = (folder.to_owned(), catalog.to_owned());
        Ok(Self { folder, catalog, index: Vec::new(), names: Names::default() })
    }

    /// One more package. It is read once as it will be at each install.
    ///
    /// # Errors
    /// Why it is none, for people. Nothing of it is left then.
    pub(crate) fn add(&mut self, app: &str, translation: &Translation) -> Result<(), AddError> {
        let name = &translation.name;
        self.names.check(name).map_err(AddError::Refused)?;
        // It becomes a folder's.
        check_name(name)?;
        let folder = self.folder.join(PACKAGES).join(name);
        let added = write(&folder, translation).and_then(|()| {
            let source = directory::source(&folder, &self.catalog);
            source.read_apart().map_err(|broken| AddError::Refused(broken.reason.to_string()))
        });
        let package = match added {
            Ok(package) => package,
            Err(error) => {
                fs::remove_dir_all(&folder).ok();
                return Err(error);
            }
        };
        let entry = CatalogEntry::of(&package);
        self.index.push(Indexed {
            name: entry.name,
            trademark: entry.trademark,
            zh: entry.description.zh,
            en: entry.description.en,
            categories: entry.categories,
            version: entry.version,
            fingerprint: entry.fingerprint,
        });
        self.names.give(name, app).map_err(AddError::Refused)
    }

    /// The contents of each package so far, by name.
    pub(crate) fn fingerprints(&self) -> BTreeMap<String, String> {
        self.index.iter().map(|package| (package.name.clone(), package.fingerprint.clone())).collect()
    }

    /// Writes the index. Everything is on the disk then.
    ///
    /// # Errors
    /// It would be larger than what is read again.
    pub(crate) fn finish(mut self, format: &str, revision: &str) -> Result<(), AddError> {
        self.index.sort_by(|one, other| one.name.cmp(&other.name));
        let (format, revision) = (format.to_owned(), revision.to_owned());
        let index = Index { schema: SCHEMA, format, revision, packages: self.index };
        let text = serde_json::to_vec(&index).map_err(|error| AddError::Disk(error.into()))?;
        if text.len() as u64 > INDEX_BYTES_MAX {
            let limit = INDEX_BYTES_MAX >> 20;
            let words = format!("what lists show of its packages is more than {limit} MB in all");
            return Err(AddError::Refused(words));
        }
        let write = || {
            fs::write(self.folder.join(INDEX), text)?;
            // One flush of the file system instead of one for each of thousands of files.
            Ok(rustix::fs::syncfs(File::open(&self.folder)?)?)
        };
        write().map_err(AddError::Disk)
    }
}

/// Why a package was not added, or nothing was finished.
#[derive(Debug)]
pub(crate) enum AddError {
    /// It is none, or too much; for people.
    Refused(String),
    /// It could not be written.
    Disk(io::Error),
}

fn write(folder: &Path, translation: &Translation) -> Result<(), AddError> {
    let Translation { name: _, compose, env, files, icon, remarks } = translation;
    fs::create_dir(folder).map_err(AddError::Disk)?;
    let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).map_err(AddError::Disk);
    put("compose.yaml", compose.as_bytes())?;
    if let Some(env) = env {
        put(".env", env.as_bytes())?;
    }
    if let Some(icon) = icon {
        put(&format!("icon.{}", icon.extension), &icon.bytes)?;
    }
    if !remarks.is_empty() {
        put(REMARKS, remarks.join("\n").as_bytes())?;
    }
    for (path, file) in files {
        let path = Path::new(path);
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(AddError::Refused(format!("{} leads out of its folder", path.display())));
        }
        let path = folder.join("files").join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(AddError::Disk)?;
        fs::write(&path, &file.bytes).map_err(AddError::Disk)?;
        let mode = if file.is_executable { 0o755 } else { 0o644 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(AddError::Disk)?;
    }
    Ok(())
}

/// The numbers of what is there of a catalog, the highest first.
pub(crate) fn numbers(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers: BTreeSet<u64> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.into_iter().rev().collect()
}

impl From<PackageError> for AddError {
    fn from(error: PackageError) -> Self {
        Self::Refused(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let package = |number: u64| Indexed {
            name: format!("app{number}"),
            trademark: String::new(),
            zh: String::new(),
            en: "x".repeat(1 << 20),
            categories: Vec::new(),
            version: "1".to_owned(),
            fingerprint: String::new(),
        };
        for (megabytes, is_too_much) in [(1, false), (INDEX_BYTES_MAX >> 20, true)] {
            let path = folder.path().join(megabytes.to_string());
            let mut writing = Writing::begin(&path, "store").expect("there is room");
            writing.index = (0..megabytes).map(package).collect();
            let finished = writing.finish("appmanage", "");
            assert_eq!(matches!(finished, Err(AddError::Refused(_))), is_too_much, "{finished:?}");
            assert_eq!(Generation::load(&path, "store", 1).is_ok(), !is_too_much);
        }
    }
}
