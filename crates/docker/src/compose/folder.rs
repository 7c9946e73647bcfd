//! The folders of apps: made, written and removed in single strokes, so that a crash at any instant
//! leaves a folder that is whole, or one whose name says that it is not.
//!
//! ```text
//! <data directory>/apps/
//!     .creating-<install>/   being made: gets its marker, then its name
//!     <project>/             .appmanage-install (the marker), .lock, compose.yaml,
//!                            compose.override.yaml, .env, files/ (the package's, and the app's from then on)
//!     .removing-<install>/   has lost its name, and is being emptied
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use control::ports::{InstalledText, Project, ProjectsError};
use domain::{EnvFile, InstallId};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};

use super::{files, render};

/// The package's compose file.
pub(super) const COMPOSE_FILE: &str = "compose.yaml";
/// What we add to it.
pub(super) const OVERRIDE_FILE: &str = "compose.override.yaml";
/// The values.
pub(super) const ENV_FILE: &str = ".env";
/// Holds the identifier of the install that the folder belongs to.
const MARKER: &str = ".appmanage-install";
/// Locked for as long as a process works on the app.
const LOCK: &str = ".lock";

/// All of them: an app may mount what else it likes of its folder, and none of these.
pub(super) const OWN_FILES: [&str; 6] =
    [COMPOSE_FILE, OVERRIDE_FILE, ENV_FILE, MARKER, LOCK, files::HALF_FILE];

const CREATING: &str = ".creating-";
const REMOVING: &str = ".removing-";

/// See [`control::ports::Projects::create_folder`].
pub(super) fn create(folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
    match owner(folder) {
        Ok(Some(marked)) if marked == *install => return Ok(()),
        Ok(_) => return Err(failed("create", folder)(ErrorKind::AlreadyExists.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("read", folder)(error)),
    }
    let parent = parent_of(folder);
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed("create", parent))?;
    let nameless = sibling(folder, CREATING, install);
    remove_tree(&nameless)?;
    DirBuilder::new().mode(0o700).create(&nameless).map_err(failed("create", &nameless))?;
    write_file(&nameless, MARKER, install.as_str())?;
    sync(&nameless)?;
    // A plain rename would take the place of an empty folder that somebody else made.
    renameat_with(CWD, &nameless, CWD, folder, RenameFlags::NOREPLACE)
        .map_err(|error| failed("create", folder)(error.into()))?;
    sync(parent)
}

/// See [`control::ports::Projects::write`].
pub(super) fn write(project: &Project) -> Result<(), ProjectsError> {
    let folder = &project.folder;
    write_file(folder, COMPOSE_FILE, &project.package.compose)?;
    write_file(folder, OVERRIDE_FILE, &render::override_file(project))?;
    write_file(folder, ENV_FILE, &project.env_text())?;
    files::put(folder, &project.package.files).map_err(failed("write the package's files into", folder))?;
    sync(folder)
}

/// See [`control::ports::Projects::installed_text`].
pub(super) fn installed_text(folder: &Path) -> Result<Option<InstalledText>, ProjectsError> {
    let read = |name: &str| {
        let file = folder.join(name);
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &file)(error)),
        }
    };
    let Some(compose) = read(COMPOSE_FILE)? else { return Ok(None) };
    Ok(Some(InstalledText { compose, env: read(ENV_FILE)?.map(EnvFile::of) }))
}

/// See [`control::ports::Projects::remove_folder`].
pub(super) fn remove(folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
    let (half_made, half_gone) = (sibling(folder, CREATING, install), sibling(folder, REMOVING, install));
    remove_tree(&half_made)?;
    remove_tree(&half_gone)?;
    match owner(folder) {
        Ok(marked) if marked.as_ref() == Some(install) => {
            fs::rename(folder, &half_gone).map_err(failed("remove", folder))?;
            remove_tree(&half_gone)?;
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        // Whose it is cannot be told: it must not be taken for gone.
        Err(error) => return Err(failed("read", folder)(error)),
    }
    match sync(parent_of(folder)) {
        Err(error) if error.source.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Takes the folder's lock: `None` if a process holds it. It lasts until every copy of the file is closed,
/// those of child processes included.
pub(super) fn lock(folder: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    take(options.read(true).write(true).create(true).truncate(false).mode(0o600).open(folder.join(LOCK))?)
}

/// Whether a process holds the folder's lock. Nothing is created; where there is no folder, nobody does.
pub(super) fn is_locked(folder: &Path) -> io::Result<bool> {
    match File::open(folder.join(LOCK)) {
        Ok(file) => Ok(take(file)?.is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn take(file: File) -> io::Result<Option<File>> {
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The install that a folder is marked for. A link to a folder is no folder.
fn owner(folder: &Path) -> io::Result<Option<InstallId>> {
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Ok(None);
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if let Some(install) = [CREATING, REMOVING].iter().find_map(|prefix| name.strip_prefix(prefix)) {
        return Ok(Some(InstallId::from_text(install)));
    }
    match fs::read_to_string(folder.join(MARKER)) {
        Ok(install) => Ok(Some(InstallId::from_text(install.trim()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a file in place in one stroke. Only its owner may read it: any of them may come to hold a secret.
fn write_file(folder: &Path, name: &str, text: &str) -> Result<(), ProjectsError> {
    let (target, half) = (folder.join(name), folder.join(format!("{name}.new")));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&half, &target)
    };
    write().map_err(failed("write", &target))
}

/// Removes a folder with all that is in it; links are removed, not followed. Success if it is not there.
fn remove_tree(folder: &Path) -> Result<(), ProjectsError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Brings the names in a folder to the disk.
fn sync(folder: &Path) -> Result<(), ProjectsError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))
}

fn sibling(folder: &Path, prefix: &str, install: &InstallId) -> PathBuf {
    folder.with_file_name(format!("{prefix}{install}"))
}

fn parent_of(folder: &Path) -> &Path {
    folder.parent().unwrap_or(folder)
}

fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> ProjectsError + use<> {
    let path = path.to_owned();
    move |source| ProjectsError { action, path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::time::Duration;

    use super::*;

    struct Place {
        root: tempfile::TempDir,
        install: InstallId,
    }

    impl Place {
        fn empty() -> Self {
            Self { root: tempfile::tempdir().expect("a folder"), install: InstallId::from_text("one") }
        }

        fn apps(&self) -> PathBuf {
            self.root.path().join("apps")
        }

        fn folder(&self) -> PathBuf {
            self.apps().join("myblog")
        }

        fn created() -> Self {
            let place = Self::empty();
            create(&place.folder(), &place.install).expect("it is created");
            place
        }
    }

    /// The folders that are there, with the install that each is marked for.
    fn list(apps: &Path) -> Vec<(PathBuf, Option<InstallId>)> {
        let Ok(entries) = fs::read_dir(apps) else { return Vec::new() };
        let folders = entries.map(|entry| entry.expect("it can be read").path()).filter(|path| path.is_dir());
        let mut marked: Vec<_> = folders.map(|path| (path.clone(), owner(&path).ok().flatten())).collect();
        marked.sort();
        marked
    }

    #[test]
    fn a_folder_is_private_marked_and_can_be_created_twice() {
        let place = Place::created();
        create(&place.folder(), &place.install).expect("twice is once");
        let mode = fs::metadata(place.folder()).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(list(&place.apps()), [(place.folder(), Some(place.install.clone()))]);
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_left_alone() {
        let place = Place::empty();
        fs::create_dir_all(place.folder()).expect("theirs");
        let error = create(&place.folder(), &place.install).expect_err("it is there");
        assert_eq!(error.source.kind(), ErrorKind::AlreadyExists);
        remove(&place.folder(), &place.install).expect("nothing of ours is there");
        assert_eq!(list(&place.apps()), [(place.folder(), None)]);
    }

    #[test]
    fn a_folder_of_another_install_is_left_alone() {
        let place = Place::created();
        let other = InstallId::from_text("other");
        let error = create(&place.folder(), &other).expect_err("it is taken");
        assert_eq!(error.source.kind(), ErrorKind::AlreadyExists);
        remove(&place.folder(), &other).expect("nothing of that install is there");
        assert!(place.folder().is_dir());
    }

    #[test]
    fn removing_does_not_follow_links_and_can_be_repeated() {
        let place = Place::created();
        let theirs = place.root.path().join("theirs");
        fs::create_dir(&theirs).expect("a folder");
        fs::write(theirs.join("file"), "precious").expect("a file");
        symlink(&theirs, place.folder().join("link")).expect("a link");
        remove(&place.folder(), &place.install).expect("it is removed");
        remove(&place.folder(), &place.install).expect("twice is once");
        assert!(!place.folder().exists() && theirs.join("file").exists());
        assert_eq!(list(&place.apps()), []);
    }

    #[test]
    fn a_link_in_the_place_of_a_folder_is_left_alone() {
        let place = Place::created();
        let moved = place.root.path().join("moved");
        fs::rename(place.folder(), &moved).expect("moved");
        symlink(&moved, place.folder()).expect("a link");
        remove(&place.folder(), &place.install).expect("nothing of ours is there");
        assert!(moved.is_dir() && place.folder().is_symlink());
    }

    #[test]
    fn a_folder_whose_marker_cannot_be_read_is_not_taken_for_gone() {
        let place = Place::created();
        fs::remove_file(place.folder().join(MARKER)).expect("a marker");
        fs::create_dir(place.folder().join(MARKER)).expect("nothing that can be read");
        remove(&place.folder(), &place.install).expect_err("whose it is cannot be told");
        assert!(place.folder().is_dir());
    }

    #[test]
    fn what_a_crash_left_half_made_or_half_gone_is_listed_and_removed() {
        for prefix in [CREATING, REMOVING] {
            let place = Place::empty();
            let half = sibling(&place.folder(), prefix, &place.install);
            fs::create_dir_all(half.join("data")).expect("a folder");
            assert_eq!(list(&place.apps()), [(half.clone(), Some(place.install.clone()))]);
            // By the name that recovery found, and by the name that it would have had.
            let named = if prefix == CREATING { half.clone() } else { place.folder() };
            remove(&named, &place.install).expect("it is removed");
            assert!(!half.exists());
            create(&place.folder(), &place.install).expect("it can be made again");
        }
    }

    #[test]
    fn a_removal_where_nothing_ever_was_succeeds() {
        let place = Place::empty();
        remove(&place.folder(), &place.install).expect("nothing is there");
        assert_eq!(list(&place.apps()), []);
    }

    #[tokio::test]
    async fn a_lock_is_held_until_its_file_is_closed() {
        let place = Place::created();
        let held = lock(&place.folder()).expect("it can be opened").expect("it is free");
        assert!(is_locked(&place.folder()).expect("it can be opened"));
        assert!(lock(&place.folder()).expect("it can be opened").is_none());
        drop(held);
        // A program that another test is just starting has the file, too, until it is itself.
        let freed = async {
            while is_locked(&place.folder()).expect("it can be opened") {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), freed).await.expect("it is free");
    }
}
