//! The files that a package brings for its app, below `files/` of the app's folder: put there one by one, each in one
//! stroke, and never over something that is there: it may be the app's data by now.
//!
//! A container may own folders below, and turn them into links to anywhere: no link is followed.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use domain::package::PackageFile;
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RenameFlags, fchmod, fsync, mkdirat, openat, renameat_with, unlinkat,
};
use rustix::io::Errno;

/// The folder, in the app's own.
pub(super) const FILES_FOLDER: &str = "files";

/// A file on its way to its place, in the app's own folder, where no container can reach it.
pub(super) const HALF_FILE: &str = ".file.new";

/// The app's own folder stays closed to others; what a container is given of it, the container's user may read.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);
const FILE_MODE: Mode = Mode::from_raw_mode(0o644);
const PROGRAM_MODE: Mode = Mode::from_raw_mode(0o755);

/// Puts the files that are not there yet into the app's folder.
pub(super) fn put(app_folder: &Path, files: &[PackageFile]) -> io::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let app_folder =
        open_folder(&openat(CWD, app_folder, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?, ".")?;
    let top = make_folder(&app_folder, FILES_FOLDER)?;
    for file in files {
        put_one(&app_folder, &top, file)?;
    }
    Ok(fsync(&top)?)
}

fn put_one(app_folder: &OwnedFd, top: &OwnedFd, file: &PackageFile) -> io::Result<()> {
    let (folders, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let mut folder = top.try_clone()?;
    for name in folders.split('/').filter(|name| !name.is_empty()) {
        folder = match make_folder(&folder, name) {
            Ok(inner) => inner,
            // A file or a link is in its place: the app's own doing, and its business.
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NOTDIR | Errno::LOOP)) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let half = openat(app_folder, HALF_FILE, flags, Mode::RUSR | Mode::WUSR)?;
    fchmod(&half, if file.is_executable { PROGRAM_MODE } else { FILE_MODE })?;
    let mut half = File::from(half);
    half.write_all(&file.bytes)?;
    half.sync_all()?;
    match renameat_with(app_folder, HALF_FILE, &folder, name, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(fsync(&folder)?),
        Err(Errno::EXIST) => Ok(unlinkat(app_folder, HALF_FILE, AtFlags::empty())?),
        Err(error) => Err(error.into()),
    }
}

/// The folder of that name, made if it is not there.
fn make_folder(parent: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    match mkdirat(parent, name, FOLDER_MODE) {
        // Whatever mask this process has.
        Ok(()) => {
            let folder = open_folder(parent, name)?;
            fchmod(&folder, FOLDER_MODE)?;
            fsync(parent)?;
            Ok(folder)
        }
        Err(Errno::EXIST) => open_folder(parent, name),
        Err(error) => Err(error.into()),
    }
}

/// A folder and no link.
fn open_folder(parent: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(parent, name, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn file(path: &str, text: &str, is_executable: bool) -> PackageFile {
        PackageFile { path: path.to_owned(), bytes: text.as_bytes().into(), is_executable }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn files_come_with_their_folders_and_modes_and_twice_is_once() {
        let place = tempfile::tempdir().expect("a folder");
        let files = [file("conf/app/one.conf", "one", false), file("start.sh", "two", true)];
        put(place.path(), &files).expect("they are put");
        put(place.path(), &files).expect("twice is once");
        let at = |path: &str| place.path().join("files").join(path);
        assert_eq!(fs::read_to_string(at("conf/app/one.conf")).expect("it is there"), "one");
        assert_eq!((mode(&at("conf/app/one.conf")), mode(&at("start.sh"))), (0o644, 0o755));
        assert_eq!((mode(&at("conf/app")), mode(&at(""))), (0o755, 0o755));
        assert!(!place.path().join(HALF_FILE).exists());
    }

    #[test]
    fn what_is_there_stays_and_what_a_crash_left_half_is_made_anew() {
        let place = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(place.path().join("files")).expect("a folder");
        fs::write(place.path().join("files/one"), "the app's").expect("a file");
        fs::write(place.path().join(HALF_FILE), "a longer half").expect("a file");
        put(place.path(), &[file("one", "ours", false), file("two", "2", false)]).expect("they are put");
        let read =
            |name: &str| fs::read_to_string(place.path().join("files").join(name)).expect("it is there");
        assert_eq!((read("one").as_str(), read("two").as_str()), ("the app's", "2"));
        assert!(!place.path().join(HALF_FILE).exists());
    }

    #[test]
    fn no_link_is_followed_and_no_file_taken_for_a_folder() {
        let (place, outside) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let files = place.path().join("files");
        fs::create_dir(&files).expect("a folder");
        symlink(outside.path(), files.join("conf")).expect("a link");
        symlink(outside.path().join("new"), files.join("start.sh")).expect("a link");
        fs::write(files.join("data"), "a file").expect("a file");
        let wanted = [file("conf/one", "1", false), file("start.sh", "2", true), file("data/x", "3", false)];
        put(place.path(), &wanted).expect("what cannot be put is left out");
        assert_eq!(fs::read_dir(outside.path()).expect("it can be listed").count(), 0);
        assert!(files.join("start.sh").is_symlink());
        fs::remove_dir_all(&files).expect("removed");
        symlink(outside.path(), &files).expect("a link");
        put(place.path(), &wanted).expect_err("the folder itself is a link");
        assert_eq!(fs::read_dir(outside.path()).expect("it can be listed").count(), 0);
    }
}
