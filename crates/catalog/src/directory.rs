//! The administrator's own packages: a folder in the settings, one package in each folder below it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use domain::package::{IconKind, PackageFile};

use crate::error::{Broken, PackageError};
use crate::formats::{PackagedFile, Tree};
use crate::source::{Source, SourceFiles};

/// Largest `compose.yaml`. The largest that people publish have 50 KiB.
pub(crate) const COMPOSE_LIMIT_BYTES: u64 = 256 * 1024;
/// Largest icon.
const ICON_LIMIT_BYTES: u64 = 256 * 1024;
/// The folder of the files that a package brings for its app.
const FILES_FOLDER: &str = "files";
/// Most packages in one folder: a setting that names the wrong folder must not fill memory and log.
const PACKAGES_LIMIT: usize = 1_000;

/// The packages in that folder, by name. Files beside the packages and hidden folders are not looked at.
///
/// # Errors
///
/// [`Broken`] for the folder itself where it cannot be listed or holds too many.
pub(crate) fn sources(directory: &Path, catalog: &str) -> Result<Vec<Source>, Broken> {
    let broken = |reason| Broken { package: directory.display().to_string(), reason };
    let mut folders = list_folders(directory).map_err(broken)?;
    if folders.len() > PACKAGES_LIMIT {
        let problem = format!("holds more than {PACKAGES_LIMIT} folders");
        let advice = "name a folder that holds packages only";
        return Err(broken(PackageError::rule("the folder of packages", problem, advice)));
    }
    folders.sort();
    Ok(folders.iter().map(|folder| source(folder, catalog)).collect())
}

/// The folders below, one more than the limit at the most.
fn list_folders(directory: &Path) -> Result<Vec<PathBuf>, PackageError> {
    let unreadable = |error| PackageError::Unreadable { path: directory.to_owned(), error };
    fs::read_dir(directory)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable))
        .filter(|path| path.as_ref().map_or(true, |path| path.is_dir() && !is_hidden(path)))
        .take(PACKAGES_LIMIT + 1)
        .collect()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// The package in that folder.
pub(crate) fn source(folder: &Path, catalog: &str) -> Source {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Source { name, catalog: catalog.to_owned(), official: false, files: source_files(folder) }
}

/// The files of the package in that folder.
pub(crate) fn source_files(folder: &Path) -> Result<SourceFiles, PackageError> {
    let there = |name: &str| Some(folder.join(name)).filter(|path| fs::symlink_metadata(path).is_ok());
    let icon = IconKind::ALL.into_iter().find_map(|kind| {
        let path = there(&format!("icon.{}", kind.extension()))?;
        Some(read_limited(&path, ICON_LIMIT_BYTES).map(|bytes| (kind, bytes)))
    });
    Ok(SourceFiles {
        compose: read_limited(&folder.join("compose.yaml"), COMPOSE_LIMIT_BYTES)?,
        env: there(".env").map(|path| read_limited(&path, COMPOSE_LIMIT_BYTES)).transpose()?,
        files: package_files(folder)?,
        icon: icon.transpose()?,
    })
}

/// What lies below `files/`.
fn package_files(folder: &Path) -> Result<Vec<PackageFile>, PackageError> {
    let found = Tree::new(folder).collect(FILES_FOLDER).map_err(|_| {
        let advice = "put larger ones into an image";
        PackageError::rule(FILES_FOLDER, "holds more, or larger files, than a package may bring", advice)
    })?;
    let below = |path: &str| path.strip_prefix(FILES_FOLDER)?.strip_prefix('/').map(str::to_owned);
    let file = |(path, file): (String, PackagedFile)| {
        let (bytes, is_executable) = (file.bytes.into(), file.is_executable);
        below(&path).map(|path| PackageFile { path, bytes, is_executable })
    };
    Ok(found.into_iter().filter_map(file).collect())
}

fn read_limited(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, PackageError> {
    let mut bytes = Vec::new();
    open_file(path)
        .and_then(|file| file.take(limit_bytes + 1).read_to_end(&mut bytes))
        .map_err(|error| PackageError::Unreadable { path: path.to_owned(), error })?;
    if bytes.len() as u64 > limit_bytes {
        let problem = format!("is larger than {} KiB", limit_bytes / 1024);
        return Err(PackageError::rule(path.display().to_string(), problem, "make it smaller"));
    }
    Ok(bytes)
}

/// Opens a plain file. Anything else, such as a pipe, could hold the server's start for ever; and a link could lead
/// to any file of the machine's, which as an icon would be shown to everybody.
fn open_file(path: &Path) -> io::Result<File> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a link; put the file itself there"));
    }
    if !kind.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    File::open(path)
}
