//! One image in a registry's own storage layout: copied out into the cache, and linked back into a registry.
//!
//! A blob is written once and never changed, so a hard link is as good as a copy. The small files that name
//! blobs are changed by the registry in place, so these are copied.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::paths;

/// Copies the image's repository out of `storage` into `fragment`, which appears at once or not at all.
pub(crate) fn capture(storage: &Path, repository: &str, fragment: &Path) -> Result<()> {
    let unfinished = fragment.with_extension("unfinished");
    paths::remove_folder(&unfinished)?;
    let names = storage.join("repositories").join(repository);
    copy(&names, &unfinished.join("repositories").join(repository))?;
    for digest in digests(&names)? {
        let blob = blob(&digest);
        link(&storage.join(&blob), &unfinished.join(&blob))?;
    }
    paths::remove_folder(fragment)?;
    fs::rename(&unfinished, fragment)
        .with_context(|| format!("{} cannot be put in place", fragment.display()))
}

/// Puts the image of `fragment` into `storage`, in place of what had its name.
pub(crate) fn restore(fragment: &Path, repository: &str, storage: &Path) -> Result<()> {
    let names = storage.join("repositories").join(repository);
    paths::remove_folder(&names)?;
    for digest in digests(&fragment.join("repositories").join(repository))? {
        let blob = blob(&digest);
        link(&fragment.join(&blob), &storage.join(&blob))?;
    }
    copy(&fragment.join("repositories").join(repository), &names)
}

/// Every blob that a repository names: layers and configurations, and the manifests themselves.
fn digests(names: &Path) -> Result<Vec<String>> {
    let mut digests = Vec::new();
    for kind in ["_layers/sha256", "_manifests/revisions/sha256"] {
        let folder = names.join(kind);
        let entries =
            fs::read_dir(&folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
        for entry in entries {
            digests.push(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(digests)
}

fn blob(digest: &str) -> PathBuf {
    Path::new("blobs/sha256").join(&digest[..2]).join(digest).join("data")
}

/// A hard link, or a copy where the two are on different file systems.
fn link(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        paths::create_folder(folder)?;
    }
    fs::hard_link(from, to)
        .or_else(|_| fs::copy(from, to).map(drop))
        .with_context(|| format!("{} cannot be linked to {}", from.display(), to.display()))
}

/// Copies a folder; what is still being uploaded is left out.
fn copy(from: &Path, to: &Path) -> Result<()> {
    paths::create_folder(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be listed", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == "_uploads" {
            continue;
        } else if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("{} cannot be copied", target.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    const LAYER: &str = "aa11";
    const MANIFEST: &str = "bb22";

    fn registry(folder: &Path) {
        let names = folder.join("repositories/library/redis");
        for (path, text) in [
            (names.join("_layers/sha256").join(LAYER).join("link"), "sha256:aa11"),
            (names.join("_manifests/revisions/sha256").join(MANIFEST).join("link"), "sha256:bb22"),
            (names.join("_manifests/tags/7/current/link"), "sha256:bb22"),
            (names.join("_uploads/1/data"), "half"),
            (folder.join(blob(LAYER)), "layer"),
            (folder.join(blob(MANIFEST)), "manifest"),
            (folder.join(blob("cc33")), "another image's"),
        ] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn an_image_comes_back_as_it_was_and_without_others() {
        let top = std::env::temp_dir().join(format!("xtask-fragment-{}", std::process::id()));
        let (storage, fragment, fresh) = (top.join("one"), top.join("cache"), top.join("two"));
        registry(&storage);
        capture(&storage, "library/redis", &fragment).unwrap();
        assert!(!fragment.join(blob("cc33")).exists());
        assert!(!fragment.join("repositories/library/redis/_uploads").exists());

        restore(&fragment, "library/redis", &fresh).unwrap();
        restore(&fragment, "library/redis", &fresh).unwrap();
        let tag = fresh.join("repositories/library/redis/_manifests/tags/7/current/link");
        assert_eq!(fs::read_to_string(&tag).unwrap(), "sha256:bb22");
        assert_eq!(fs::read_to_string(fresh.join(blob(LAYER))).unwrap(), "layer");

        // The registry changes tags in place: the cache must not change with them.
        fs::write(&tag, "sha256:other").unwrap();
        let kept = fragment.join("repositories/library/redis/_manifests/tags/7/current/link");
        assert_eq!(fs::read_to_string(kept).unwrap(), "sha256:bb22");
        let inode = |path: PathBuf| fs::metadata(path).unwrap().ino();
        assert_eq!(inode(fresh.join(blob(LAYER))), inode(fragment.join(blob(LAYER))));
        fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn a_repository_that_is_not_there_leaves_no_fragment() {
        let top = std::env::temp_dir().join(format!("xtask-fragment-none-{}", std::process::id()));
        let error = capture(&top.join("storage"), "library/none", &top.join("cache")).unwrap_err();
        assert!(error.to_string().contains("library/none"), "{error}");
        assert!(!top.join("cache").exists());
        fs::remove_dir_all(top).ok();
    }
}
