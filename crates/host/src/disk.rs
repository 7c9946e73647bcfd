//! Space that is free on a file system.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;
use rustix::io::Errno;

/// Bytes that a program without privileges can still write on the file system of `path`; of its nearest
/// ancestor that can be asked, where the path itself cannot.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let mut outcome = Err(Errno::NOENT);
    for asked in path.ancestors() {
        // The ancestor of a relative path's first part.
        let asked = if asked.as_os_str().is_empty() { Path::new(".") } else { asked };
        outcome = statvfs(asked);
        if !matches!(outcome, Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR)) {
            break;
        }
    }
    let system = outcome?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_is_answered_by_its_ancestor() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        for path in [folder.path().to_owned(), folder.path().join("not/there"), file.join("in/a/file")] {
            assert!(free_bytes(&path).expect("it is told") > 0, "{}", path.display());
        }
        assert!(free_bytes(Path::new("not/there")).is_ok());
    }
}
