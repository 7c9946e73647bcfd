//! Catalogs of others: what they are called, where they come from, and what their last sync brought.
//!
//! How they are fetched and translated is the business of `catalog`; when, of `control`.

use std::fmt;
use std::path::PathBuf;

use crate::{Failure, PackageName, Timestamp};

/// The name of a catalog that was added: ASCII `[a-z0-9][a-z0-9-]{0,31}`, but none of the two that are always there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CatalogName(String);

impl CatalogName {
    /// Characters that a name may have.
    pub const LONGEST: usize = 32;

    /// Reads a name; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=Self::LONGEST).contains(&text.len())
            && text.bytes().all(known)
            && !text.starts_with('-')
            && ![PackageName::BUILT_IN, PackageName::LOCAL].contains(&text);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CatalogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a catalog comes from. Nothing in it can be taken for an option of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogSource {
    /// A folder of this machine.
    Directory(PathBuf),
    /// A git repository: `https://…`, or `file:///…` for one of this machine.
    Git {
        /// Where it is.
        url: String,
        /// Its branch or tag; `None`: the one that it names itself.
        branch: Option<String>,
    },
    /// A `.tar.gz` by HTTPS. At least one of the two says what it has to be.
    Archive {
        /// Where it is. Its signature lies beside it, with `.minisig` behind the name.
        url: String,
        /// Its SHA-256, in small hexadecimal digits.
        sha256: Option<String>,
        /// The public key of minisign that it is signed with.
        key: Option<String>,
    },
}

/// Why what was given is no source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is neither an absolute path nor an `https` URL.
    #[error("it is neither an absolute path nor an https URL")]
    Kind,
    /// It holds a user's name or a password, which everybody could read.
    #[error("it holds a user's name or a password")]
    Credentials,
    /// It is an archive, of which nothing says that it is the right one.
    #[error("nothing says what the archive has to be")]
    Unverified,
    /// The branch is none, or was given for what has no branches.
    #[error("the branch is none")]
    Branch,
    /// It is no SHA-256, or was given for what is no archive.
    #[error("the SHA-256 is none")]
    Sha256,
    /// It is no public key of minisign, or was given for what is no archive.
    #[error("the key is no public key of minisign")]
    Key,
}

/// Characters that a source may have: far more than any URL of the field.
const SOURCE_LONGEST: usize = 500;

impl CatalogSource {
    /// What is meant by a path or URL and what was given beside it.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn parse(
        source: &str,
        branch: Option<&str>,
        sha256: Option<&str>,
        key: Option<&str>,
    ) -> Result<Self, SourceError> {
        if source.len() > SOURCE_LONGEST || !source.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SourceError::Kind);
        }
        let is_archive = source.starts_with("https://")
            && (sha256.is_some() || key.is_some() || source.ends_with(".tar.gz") || source.ends_with(".tgz"));
        let is_git = source.starts_with("https://") || source.starts_with("file:///");
        if !is_archive && (sha256.is_some() || key.is_some()) {
            return Err(if sha256.is_some() { SourceError::Sha256 } else { SourceError::Key });
        }
        if branch.is_some_and(|branch| is_archive || !is_git || !is_branch(branch)) {
            return Err(SourceError::Branch);
        }
        if is_git && !has_plain_authority(source) {
            return Err(SourceError::Credentials);
        }
        if is_archive {
            return archive(source, sha256, key);
        }
        match source {
            url if is_git => Ok(Self::Git { url: url.to_owned(), branch: branch.map(str::to_owned) }),
            path if path.starts_with('/') => Ok(Self::Directory(path.into())),
            _ => Err(SourceError::Kind),
        }
    }

    /// Its kind, by a stable name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Directory(_) => "directory",
            Self::Git { .. } => "git",
            Self::Archive { .. } => "archive",
        }
    }

    /// The path or URL.
    #[must_use]
    pub fn location(&self) -> String {
        match self {
            Self::Directory(path) => path.display().to_string(),
            Self::Git { url, .. } | Self::Archive { url, .. } => url.clone(),
        }
    }
}

fn archive(url: &str, sha256: Option<&str>, key: Option<&str>) -> Result<CatalogSource, SourceError> {
    let sha256 = sha256.map(str::to_ascii_lowercase);
    if sha256.as_ref().is_some_and(|sum| sum.len() != 64 || !sum.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(SourceError::Sha256);
    }
    let in_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if key.is_some_and(|key| key.len() != 56 || !key.starts_with("RW") || !key.bytes().all(in_base64)) {
        return Err(SourceError::Key);
    }
    if sha256.is_none() && key.is_none() {
        return Err(SourceError::Unverified);
    }
    Ok(CatalogSource::Archive { url: url.to_owned(), sha256, key: key.map(str::to_owned) })
}

/// Whether the URL names a host and no user. A `file` URL names no host.
fn has_plain_authority(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if scheme == "file" {
        return authority.is_empty();
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    !authority.is_empty() && !authority.starts_with(['-', '.', ':']) && authority.bytes().all(known)
}

/// What git takes for a branch or tag (`git check-ref-format`), and less.
fn is_branch(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'+');
    (1..=100).contains(&text.len())
        && text.bytes().all(known)
        && !text.starts_with(['-', '/', '.'])
        && !text.contains("..")
        && !text.contains("//")
}

/// A catalog that was added. Its place among the others is its order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogRecord {
    /// What it is called.
    pub name: CatalogName,
    /// Where it comes from.
    pub source: CatalogSource,
    /// Whether the administrator vouches for it (see ADR 0015).
    pub is_trusted: bool,
    /// When it was added.
    pub added_at: Timestamp,
    /// The last sync that went well: what is in use.
    pub synced: Option<Synced>,
    /// The last sync, where it failed.
    pub failed: Option<FailedSync>,
}

/// A sync that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// When it had ended.
    pub at: Timestamp,
    /// What it brought.
    pub report: SyncReport,
}

/// A sync that failed; what was in use stays so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedSync {
    /// When it had ended.
    pub at: Timestamp,
    /// Why.
    pub failure: Failure,
}

/// What a sync brought, beside what was there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// The format of the catalog.
    pub format: String,
    /// What exactly was fetched: a commit, or the SHA-256 of an archive; empty for a folder.
    pub revision: String,
    /// How many packages there are now.
    pub packages: u32,
    /// Packages that were not there before.
    pub new: Listed<String>,
    /// Packages that were there, and are different.
    pub changed: Listed<String>,
    /// Packages that are no more.
    pub gone: Listed<String>,
    /// Apps of the catalog that are no packages, with why.
    pub unreadable: Listed<UnreadableApp>,
    /// Apps that the catalog itself does not offer.
    pub hidden: u32,
}

/// An app of a catalog that is no package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableApp {
    /// As the catalog calls it.
    pub app: String,
    /// Why, for people.
    pub reason: String,
}

/// How many, and which: the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u32,
    /// The first, [`LISTED_MAX`] at most.
    pub first: Vec<T>,
}

/// What is listed of each kind in a report: one has to read it, and it is stored and sent.
pub const LISTED_MAX: usize = 200;

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> FromIterator<T> for Listed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut listed = Self::default();
        for one in all {
            listed.push(one);
        }
        listed
    }
}

impl<T> Listed<T> {
    /// One more.
    pub fn push(&mut self, one: T) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < LISTED_MAX {
            self.first.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn names_are_plain_and_the_two_that_are_there_are_taken() {
        for name in ["websoft9", "my-store", "1panel"] {
            assert_eq!(CatalogName::parse(name).expect("a name").as_str(), name);
        }
        for text in ["", "local", "builtin", "-x", "A", "a/b", "..", "a.b", "é", &"a".repeat(33)] {
            assert!(CatalogName::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn each_source_is_told_by_its_form() {
        let kind = |source, branch, sum, key| {
            CatalogSource::parse(source, branch, sum, key).map(|source| source.kind())
        };
        assert_eq!(kind("/srv/catalog", None, None, None), Ok("directory"));
        assert_eq!(kind("https://git.example/store", Some("release/1.2"), None, None), Ok("git"));
        assert_eq!(kind("file:///srv/store.git", None, None, None), Ok("git"));
        assert_eq!(kind("https://example.org/a.tar.gz", None, Some(SUM), None), Ok("archive"));
        assert_eq!(kind("https://example.org/latest", None, None, Some(KEY)), Ok("archive"));
        assert_eq!(kind("https://example.org/a.tgz", None, None, None), Err(SourceError::Unverified));
        assert_eq!(kind("/srv/catalog", Some("main"), None, None), Err(SourceError::Branch));
        assert_eq!(kind("/srv/catalog", None, Some(SUM), None), Err(SourceError::Sha256));
        assert_eq!(kind("https://example.org/a", None, Some("12"), None), Err(SourceError::Sha256));
        assert_eq!(kind("https://example.org/a", None, None, Some("RWx")), Err(SourceError::Key));
    }

    #[test]
    fn nothing_else_is_a_source() {
        for source in [
            "",
            "store",
            "../store",
            "http://example.org/x",
            "ssh://git@example.org/x",
            "git@example.org:x",
            "ext::sh -c id",
            "ext::sh",
            "--upload-pack=id",
            "-u",
            "https:/x",
            "/with space",
            "fd::7",
            "/a\nb",
            "file://host/x",
            "HTTPS://example.org",
        ] {
            assert!(CatalogSource::parse(source, None, None, None).is_err(), "{source}");
        }
        for url in
            ["https://me:secret@example.org/x", "https://-oProxyCommand=id/x", "https:///x", "https://"]
        {
            assert_eq!(CatalogSource::parse(url, None, None, None), Err(SourceError::Credentials), "{url}");
        }
        for branch in ["--upload-pack=id", "-b", "a..b", "a b", "", "/x", "@{u}", "a:b"] {
            let parsed = CatalogSource::parse("https://example.org/x", Some(branch), None, None);
            assert_eq!(parsed, Err(SourceError::Branch), "{branch}");
        }
    }

    #[test]
    fn a_list_counts_all_and_holds_the_first() {
        let listed: Listed<usize> = (0..LISTED_MAX + 5).collect();
        assert_eq!((listed.count as usize, listed.first.len()), (LISTED_MAX + 5, LISTED_MAX));
    }
}
