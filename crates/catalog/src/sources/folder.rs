//! Copying a folder that may change while it is read, and that may hold anything: only plain files and folders are
//! taken, no link is followed, and nothing that could hold the reader up is opened.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};

use super::limits::{Budget, DEPTH_MAX, FetchError};

/// What is read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Copies what is in a folder into another, which is there and empty. Hidden files are taken, git's own are not. Nothing of `own` is ever taken, by whatever path: it holds the secrets of apps.
pub(super) fn copy(from: &Path, to: &Path, own: &Path, budget: &mut Budget) -> Result<(), FetchError> {
    let unreachable = |error: io::Error| FetchError::Unreachable(error.to_string());
    let (real, own) = (from.canonicalize().map_err(unreachable)?, own.canonicalize().map_err(unreachable)?);
    if real.starts_with(&own) || own.starts_with(&real) {
        let reason = "it is the server's own data directory, or in it, or around it; give another folder";
        return Err(FetchError::Unreachable(reason.to_owned()));
    }
    // The folder itself may be a link: the administrator named it.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(CWD, from, flags, Mode::empty()).map_err(|e| unreachable(e.into()))?;
    copy_into(&folder, to, budget, DEPTH_MAX)
}

fn copy_into(from: &OwnedFd, to: &Path, budget: &mut Budget, depth: usize) -> Result<(), FetchError> {
    let unreachable = |error: rustix::io::Errno| FetchError::Unreachable(io::Error::from(error).to_string());
    if depth == 0 {
        return Err(FetchError::TooLarge(format!("more than {DEPTH_MAX} folders inside each other")));
    }
    for entry in Dir::read_from(from).map_err(unreachable)? {
        let entry = entry.map_err(unreachable)?;
        let name = entry.file_name();
        if [".", "..", ".git"].iter().any(|other| name.to_bytes() == other.as_bytes()) {
            continue;
        }
        budget.file()?;
        let target = to.join(std::ffi::OsStr::from_bytes(name.to_bytes()));
        // What is gone by now was not there.
        let Ok(status) = rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = |more| rustix::fs::openat(from, name, flags | more, Mode::empty());
        match FileType::from_raw_mode(status.st_mode) {
            FileType::Directory => {
                let Ok(folder) = open(OFlags::DIRECTORY) else { continue };
                fs::create_dir(&target).map_err(FetchError::disk("a folder cannot be made"))?;
                copy_into(&folder, &target, budget, depth - 1)?;
            }
            FileType::RegularFile => {
                let Ok(file) = open(OFlags::empty()) else { continue };
                copy_file(file, &target, budget)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn copy_file(from: OwnedFd, to: &Path, budget: &mut Budget) -> Result<(), FetchError> {
    let status =
        rustix::fs::fstat(from.as_fd()).map_err(|error| FetchError::Unreachable(error.to_string()))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Ok(());
    }
    let mode = if status.st_mode & 0o111 == 0 { 0o644 } else { 0o755 };
    write_file(&mut File::from(from), to, mode, budget)
}

/// Writes what is read to a new file.
pub(super) fn write_file(
    from: &mut impl io::Read,
    to: &Path,
    mode: u32,
    budget: &mut Budget,
) -> Result<(), FetchError> {
    let cannot_write = || FetchError::disk(format!("{} cannot be written", to.display()));
    let mut file = File::create(to).map_err(cannot_write())?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).map_err(|error| FetchError::Unreachable(error.to_string()))?;
        if length == 0 {
            break;
        }
        budget.bytes(length as u64)?;
        file.write_all(&chunk[..length]).map_err(cannot_write())?;
    }
    file.set_permissions(Permissions::from_mode(mode)).map_err(cannot_write())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn fresh() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn files_and_folders_are_copied_and_nothing_else_is() {
        let (from, to, outside) = (fresh(), fresh(), fresh());
        fs::write(outside.path().join("secret"), "secret").expect("written");
        fs::create_dir_all(from.path().join("app/.git")).expect("made");
        fs::write(from.path().join("app/compose.yaml"), "services: {}").expect("written");
        fs::write(from.path().join("app/.env"), "A=1").expect("written");
        fs::write(from.path().join("app/.git/config"), "").expect("written");
        fs::write(from.path().join("run.sh"), "").expect("written");
        fs::set_permissions(from.path().join("run.sh"), Permissions::from_mode(0o4777)).expect("set");
        symlink(outside.path(), from.path().join("folder")).expect("linked");
        symlink(outside.path().join("secret"), from.path().join("file")).expect("linked");
        rustix::fs::mkfifoat(CWD, from.path().join("pipe"), Mode::RWXU).expect("made");
        copy(from.path(), to.path(), to.path(), &mut Budget::of(1000, 10)).expect("it is small");
        let there = |path: &str| fs::symlink_metadata(to.path().join(path)).is_ok();
        assert!(there("app/compose.yaml") && there("app/.env") && there("run.sh"));
        assert!(!there("folder") && !there("file") && !there("pipe") && !there("app/.git"));
        let mode = fs::metadata(to.path().join("run.sh")).expect("there").permissions().mode();
        assert_eq!(mode & 0o7777, 0o755);
    }

    #[test]
    fn what_is_too_much_is_not_copied() {
        let from = fresh();
        fs::write(from.path().join("zeros"), vec![0; 5000]).expect("written");
        fs::create_dir_all(from.path().join(vec!["d"; DEPTH_MAX + 1].join("/"))).expect("made");
        let to = fresh();
        let copied = |bytes, files| {
            let own = fresh();
            copy(from.path(), own.path(), own.path(), &mut Budget::of(bytes, files))
        };
        for (bytes, files) in [(4999, 100), (10_000, 3), (10_000, 100)] {
            let error = copied(bytes, files).expect_err("too much");
            assert!(matches!(error, FetchError::TooLarge(_)), "{error:?}");
        }
        assert!(matches!(
            copy(Path::new("/nowhere"), to.path(), to.path(), &mut Budget::of(1, 1)),
            Err(FetchError::Unreachable(_))
        ));
    }

    #[test]
    fn the_servers_own_folder_is_no_source_by_whatever_path() {
        let (around, to) = (fresh(), fresh());
        let own = around.path().join("data");
        fs::create_dir_all(own.join("apps/blog")).expect("made");
        fs::write(own.join("apps/blog/.env"), "PASSWORD=1").expect("written");
        symlink(&own, to.path().join("link")).expect("linked");
        let proc = Path::new("/proc/self/root").join(own.strip_prefix("/").expect("absolute"));
        for from in [
            own.clone(),
            own.join("apps"),
            own.join("apps/../apps"),
            around.path().to_owned(),
            to.path().join("link"),
            proc,
        ] {
            let copied = copy(&from, &to.path().join("copy"), &own, &mut Budget::of(1000, 10));
            let error = copied.expect_err("it is its own").to_string();
            assert!(error.contains("own data directory"), "{}: {error}", from.display());
        }
    }
}
