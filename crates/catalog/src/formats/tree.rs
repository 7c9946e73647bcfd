//! The files of a catalog: one folder, read within limits; links are not there. What is in them is not known here.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::formats::{PackagedFile, Untranslatable};

/// Largest text that is read of one app: as large as a package's own may be.
const TEXT_LIMIT_BYTES: u64 = crate::directory::COMPOSE_LIMIT_BYTES;
/// Largest table of all apps: the largest of the field has 1 MB.
const TABLE_LIMIT_BYTES: u64 = 4 << 20;
/// What one package may bring for its app, in bytes.
const FILES_LIMIT_BYTES: u64 = 4 << 20;
/// What one package may bring for its app, in files.
const FILES_LIMIT: usize = 500;
/// Folders inside each other in what a package brings.
const DEPTH_LIMIT: usize = 16;

/// A folder, and what may be read below it.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
    /// By path, each once it was asked for; the same for every clone.
    tables: Arc<Mutex<BTreeMap<String, Option<Arc<Value>>>>>,
}

impl Tree {
    /// That folder. Nothing is read yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), tables: Arc::default() }
    }

    /// The folder below, whether or not it is there.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        Self::new(self.root.join(path))
    }

    /// What all apps have in common, in a file of JSON: read once, however many apps look into it. `None` where there
    /// is no such file, or nothing that could be read.
    pub(crate) fn table(&self, path: &str) -> Option<Arc<Value>> {
        let read = || serde_json::from_slice(&self.bytes(path, TABLE_LIMIT_BYTES).ok()??).ok().map(Arc::new);
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.entry(path.to_owned()).or_insert_with(read).clone()
    }

    /// The text of that file; `None` where there is none.
    ///
    /// # Errors
    /// `Unreadable`: it is too large, or no text.
    pub fn text(&self, path: &str) -> Result<Option<String>, Untranslatable> {
        self.text_within(path, TEXT_LIMIT_BYTES)
    }

    /// The text of a file that may be of another size; `None` where there is none.
    ///
    /// # Errors
    /// `Unreadable`: it is larger than that, or no text.
    pub(crate) fn text_within(&self, path: &str, limit_bytes: u64) -> Result<Option<String>, Untranslatable> {
        let Some(bytes) = self.bytes(path, limit_bytes)? else { return Ok(None) };
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| Untranslatable::Unreadable(format!("{path} is not UTF-8 text")))
    }

    /// What is in that file; `None` where there is none.
    ///
    /// # Errors
    /// `Unreadable`: it is larger than that.
    pub fn bytes(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, Untranslatable> {
        let unreadable = |why: String| Untranslatable::Unreadable(format!("{path} {why}"));
        let Some(file) = self.locate(path).filter(|file| is_file(file)) else { return Ok(None) };
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|file| file.take(limit_bytes + 1).read_to_end(&mut bytes))
            .map_err(|error: io::Error| unreadable(format!("cannot be read: {error}")))?;
        if bytes.len() as u64 > limit_bytes {
            return Err(unreadable(format!("is larger than {} KB", limit_bytes / 1000)));
        }
        Ok(Some(bytes))
    }

    /// The names of the folders in that one, sorted; hidden ones and links are left out. None where it is not there.
    #[must_use]
    pub fn folders(&self, path: &str) -> Vec<String> {
        self.names(path, |path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()))
    }

    /// The names of the files in that folder, sorted; hidden ones and links are left out. None where it is not there.
    #[must_use]
    pub fn files(&self, path: &str) -> Vec<String> {
        self.names(path, is_file)
    }

    /// Everything below that folder, or the file of that name, by path relative to this tree: what an app mounts.
    ///
    /// # Errors
    /// `Unsupported`: it is more than a package may bring.
    pub fn collect(&self, path: &str) -> Result<BTreeMap<String, PackagedFile>, Untranslatable> {
        let mut found = BTreeMap::new();
        if let Some(start) = self.locate(path) {
            self.collect_into(&start, &mut found, DEPTH_LIMIT)?;
        }
        Ok(found)
    }

    fn collect_into(
        &self,
        path: &Path,
        found: &mut BTreeMap<String, PackagedFile>,
        depth: usize,
    ) -> Result<(), Untranslatable> {
        let too_much = || Untranslatable::Unsupported("it brings more files than a package may".to_owned());
        let Ok(kind) = fs::symlink_metadata(path) else { return Ok(()) };
        let Some(name) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) else { return Ok(()) };
        if kind.is_dir() {
            if depth == 0 {
                return Err(too_much());
            }
            let Ok(entries) = fs::read_dir(path) else { return Ok(()) };
            for entry in entries.flatten() {
                self.collect_into(&entry.path(), found, depth - 1)?;
            }
        } else if kind.is_file() {
            let used: u64 = found.values().map(|file| file.bytes.len() as u64).sum();
            if found.len() >= FILES_LIMIT || used + kind.len() > FILES_LIMIT_BYTES {
                return Err(too_much());
            }
            if let Some(bytes) = self.bytes(name, FILES_LIMIT_BYTES)? {
                let is_executable = kind.permissions().mode() & 0o111 != 0;
                found.insert(name.to_owned(), PackagedFile { bytes, is_executable });
            }
        }
        Ok(())
    }

    fn names(&self, path: &str, wanted: impl Fn(&Path) -> bool) -> Vec<String> {
        let Some(entries) = self.locate(path).and_then(|folder| fs::read_dir(folder).ok()) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| wanted(&entry.path()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// Where that path leads; `None` where it leads out of the tree, by `..` or by a link.
    fn locate(&self, path: &str) -> Option<PathBuf> {
        let mut located = self.root.clone();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(name) => located.push(name),
                Component::CurDir => continue,
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
            }
            if fs::symlink_metadata(&located).ok()?.is_symlink() {
                return None;
            }
        }
        Some(located)
    }
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_once_for_all_clones() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.json");
        fs::write(&path, "{\"a\": 1}").expect("written");
        let tree = Tree::new(folder.path());
        let table = tree.clone().table("table.json").expect("it is there");
        fs::write(&path, "{}").expect("written");
        assert!(Arc::ptr_eq(&table, &tree.table("table.json").expect("it was read")));
        assert_eq!((tree.table("none.json"), table["a"].as_u64()), (None, Some(1)));
    }
    #[test]
    fn no_folder_is_left_out_because_there_are_many() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..20_000 {
            fs::create_dir(folder.path().join(number.to_string())).expect("made");
        }
        assert_eq!(Tree::new(folder.path()).folders("").len(), 20_000);
    }
}
