//! Where things are: the repository, what is kept outside it, and what a run leaves in `target/`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// The root of the repository that this program was started for.
pub(crate) fn repository() -> Result<PathBuf> {
    // Set by cargo at run time; the value of compile time is for a binary that a test starts directly.
    let manifest =
        std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let start = Path::new(&manifest);
    start
        .ancestors()
        .find(|folder| folder.join("xtask/Cargo.toml").is_file())
        .map(Path::to_path_buf)
        .with_context(|| format!("no folder above {} holds xtask/Cargo.toml", start.display()))
}

/// What is dear to make and safe to lose: kept outside the clone, so that a fresh clone finds it.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let home = std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set; set one")?;
            Path::new(&home).join(".cache")
        }
    };
    let folder = base.join("appmanage");
    create_folder(&folder)?;
    Ok(folder)
}

/// What a run of the test environment leaves: engines, the registry, logs.
pub(crate) fn run_state(repository: &Path) -> PathBuf {
    repository.join("target/testenv")
}

/// Where cargo puts what it builds.
pub(crate) fn target(repository: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    repository.join(target)
}

/// `create_dir_all` whose error names the folder.
pub(crate) fn create_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// `write` whose error names the file.
pub(crate) fn write(file: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    std::fs::write(file, content).with_context(|| format!("{} cannot be written", file.display()))
}

/// `read_to_string` whose error names the file.
pub(crate) fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Deletes a folder with all that is in it; one that is not there is fine.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be deleted", folder.display()))
        }
        _ => Ok(()),
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_repository_holds_this_crate() {
        assert!(repository().unwrap().join("xtask/src/paths.rs").is_file());
    }

    #[test]
    fn a_digest_is_the_known_one() {
        assert_eq!(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
