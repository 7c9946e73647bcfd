//! A file system that is soon full.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own, taken away when it is dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many bytes there.
    ///
    /// # Panics
    /// It cannot be mounted.
    #[must_use]
    pub fn mount(path: &Path, bytes: u64) -> Self {
        fs::create_dir_all(path).expect("it can be made");
        let size = format!("size={bytes},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).status();
        assert!(mounted.is_ok_and(|status| status.success()), "tests run as root, who may mount");
        Self(path.to_owned())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Fills it up to so many bytes.
    ///
    /// # Panics
    /// It has less room already.
    pub fn fill(&self, left_bytes: u64) {
        let mut filler = File::create(self.filler()).expect("it can be made");
        for size in [64 * 1024, 4096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
        // What was written in part counts, too.
        let length = filler.seek(std::io::SeekFrom::End(0)).expect("it has an end");
        filler.set_len(length.checked_sub(left_bytes).expect("it had that much room")).expect("it shrinks");
    }

    /// Gives back what was filled.
    ///
    /// # Panics
    /// It was not filled.
    pub fn empty(&self) {
        fs::remove_file(self.filler()).expect("it is there");
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(&self.0).status().ok();
    }
}
