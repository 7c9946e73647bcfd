//! Files and folders that are replaced whole: written beside, put in place in one move, and put back in one.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::error::GatewayFailure;

/// Written by root for root: secrets may be in it.
const SECRET_MODE: u32 = 0o600;

/// Writes a file anew that nobody else may read.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), GatewayFailure> {
    write_with_mode(path, text, SECRET_MODE)
}

/// Puts a file in its place whole, for everybody to read.
pub(crate) fn publish(path: &Path, text: &str) -> Result<(), GatewayFailure> {
    let written = beside(path);
    write_with_mode(&written, text, 0o644)?;
    fs::rename(&written, path).map_err(GatewayFailure::file("put in place", path))
}

fn write_with_mode(path: &Path, text: &str, mode: u32) -> Result<(), GatewayFailure> {
    let write = || {
        // Never into something that is there: it could be a link, or somebody has it open.
        remove(path)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        // Again: the caller's umask has cut it, and what the server's user cannot read is not there for it.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(GatewayFailure::file("write", path))
}

/// Makes a folder that everybody may look into, if it is not there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))
}

/// Where what will replace a file or a folder is written.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// Removes a file or a folder, if it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Something new that was put in the place of something old.
pub(crate) struct Swap<'a> {
    live: &'a Path,
    next: PathBuf,
    replaced: bool,
}

impl<'a> Swap<'a> {
    /// Puts what was written beside it in its place.
    pub(crate) fn make(live: &'a Path) -> Result<Self, GatewayFailure> {
        let next = beside(live);
        let swap = || match exchange(&next, live) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(&next, live).map(|()| false),
            exchanged => exchanged.map(|()| true),
        };
        let replaced = swap().map_err(GatewayFailure::file("put in place", live))?;
        Ok(Self { live, next, replaced })
    }

    /// Puts the old in its place again, and removes the new.
    pub(crate) fn undo(self) -> Result<(), GatewayFailure> {
        let undo = || {
            if self.replaced {
                exchange(&self.next, self.live)?;
                remove(&self.next)
            } else {
                remove(self.live)
            }
        };
        undo().map_err(GatewayFailure::file("put the old version back of", self.live))
    }

    /// Removes the old. What cannot be removed is in nobody's way.
    pub(crate) fn keep(self) {
        if let Err(error) = remove(&self.next) {
            tracing::warn!(path = %self.next.display(), %error, "what was replaced could not be removed");
        }
    }
}

fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(Into::into)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn read(path: &Path) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    #[test]
    fn what_replaces_nothing_is_gone_when_undone() {
        let folder = tempfile::tempdir().unwrap();
        let live = folder.path().join("a.conf");
        write(&beside(&live), "new").unwrap();
        let swap = Swap::make(&live).unwrap();
        assert_eq!(read(&live).as_deref(), Some("new"));
        assert_eq!(fs::metadata(&live).unwrap().permissions().mode() & 0o777, 0o600);
        swap.undo().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_replaced_comes_back_when_undone_and_goes_when_kept() {
        let folder = tempfile::tempdir().unwrap();
        let live = folder.path().join("sites");
        let write_folder = |path: &Path, text: &str| {
            fs::create_dir(path).unwrap();
            write(&path.join("a.conf"), text).unwrap();
        };
        write_folder(&live, "old");
        for (undone, expected) in [(true, "old"), (false, "new")] {
            write_folder(&beside(&live), "new");
            let swap = Swap::make(&live).unwrap();
            assert_eq!(read(&live.join("a.conf")).as_deref(), Some("new"));
            if undone {
                swap.undo().unwrap();
            } else {
                swap.keep();
            }
            assert_eq!(read(&live.join("a.conf")).as_deref(), Some(expected));
            assert!(!beside(&live).exists());
        }
    }

    #[test]
    fn a_link_is_replaced_and_never_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        write(&target, "untouched").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write(&link, "ours").unwrap();
        publish(&link, "ours again").unwrap();
        assert_eq!(read(&target).as_deref(), Some("untouched"));
        assert_eq!(read(&link).as_deref(), Some("ours again"));
    }
}
