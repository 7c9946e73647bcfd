//! The data directory: that it is there, that it can be written, and that no other server uses it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Held for as long as a server lives; its content is that server's process id.
const LOCK_FILE: &str = "appmanage.lock";

/// Looks until a lock is free whose server is dead, five seconds in all: a program that it was just starting when it
/// was killed has the lock until it has become itself. A moment, longer on a machine with much to do.
const LOOKS_MAX: u32 = 250;

/// Between two of them.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A data directory that this process alone may use. The kernel lets go of the lock when the process ends,
/// however it ends.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    #[error(
        "the data directory {} is in use by another server{}: stop that one, or name another directory \
         with --data-dir",
        path.display(),
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse { path: PathBuf, holder: Option<u32> },
    #[error("the data directory {} cannot be written: {}", path.display(), advice(why))]
    NotWritable { path: PathBuf, why: io::Error },
}

/// What is wrong and what to do, with the system's words where there are none of ours for it.
fn advice(error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "permission denied; give it to the user who runs the server (chown), or name another one with --data-dir"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full; free some space on its file system"
        }
        io::ErrorKind::ReadOnlyFilesystem => "its file system is read-only; name another one with --data-dir",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file is in the way; move it, or name another directory with --data-dir"
        }
        _ => return format!("{error}; name another one with --data-dir"),
    };
    advice.to_owned()
}

impl DataDir {
    /// Creates the directory if it is not there, and takes it for this process.
    pub(crate) fn claim(path: &Path) -> Result<Self, DataDirError> {
        let not_writable = |why| DataDirError::NotWritable { path: path.to_owned(), why };
        // Passwords lie in it.
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(not_writable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK_FILE))
            .map_err(not_writable)?;
        let mut looks = 0;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(not_writable(source)),
            }
            let holder = read_pid(&mut lock);
            if holder.is_none_or(is_alive) || looks == LOOKS_MAX {
                return Err(DataDirError::InUse { path: path.to_owned(), holder });
            }
            looks += 1;
            std::thread::sleep(BETWEEN_LOOKS);
        }
        write_pid(&mut lock).map_err(not_writable)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn is_alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// `None` where the holder has not written it yet.
fn read_pid(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The file is never removed: another server could hold the removed file's lock unseen.
fn write_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_is_created_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("new/data");
        let data_dir = DataDir::claim(&path).expect("it can be created");
        assert_eq!(fs::metadata(data_dir.path()).expect("it is there").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_second_claim_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let first = DataDir::claim(folder.path()).expect("it is free");
        let error = DataDir::claim(folder.path()).expect_err("it is taken").to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(first);
        DataDir::claim(folder.path()).expect("it is free again");
    }

    #[test]
    fn a_lock_that_a_dead_servers_last_child_still_has_is_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let first = DataDir::claim(folder.path()).expect("it is free");
        // No process has that number: Linux counts to four millions.
        fs::write(folder.path().join(LOCK_FILE), "4999999").expect("it can be written");
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(100));
                drop(first);
            });
            DataDir::claim(folder.path()).expect("it is free soon");
        });
    }

    #[test]
    fn what_is_in_the_way_is_named_with_advice() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("it can be written");
        for path in [file.clone(), file.join("below")] {
            let error = DataDir::claim(&path).expect_err("it is no directory").to_string();
            assert!(error.contains("a file is in the way"), "{error}");
        }
        // Not even root may create something there.
        let error =
            DataDir::claim(Path::new("/sys/appmanage")).expect_err("it cannot be created").to_string();
        assert!(error.starts_with("the data directory /sys/appmanage cannot be written: "), "{error}");
        assert!(error.contains("--data-dir"), "{error}");
    }
}
