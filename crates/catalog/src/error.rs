//! Why a package cannot be used. Each message says what is wrong where, and what to do about it.
//!
//! It does not decide what happens then: [`crate::PackageCatalog::load`] skips the package and goes on.

use std::path::PathBuf;

/// A package that was skipped, and why.
#[derive(Debug, thiserror::Error)]
#[error("package {package} is skipped")]
pub struct Broken {
    /// The name of its folder; the whole path where the folder of packages itself cannot be read.
    pub package: String,
    /// Why.
    #[source]
    pub reason: PackageError,
}

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read ({error}); check that it exists and that the server may read it", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not. It is part of the message, so it is no source beside it.
        error: std::io::Error,
    },
    /// The YAML text cannot be read, or `x-appmanage` has not the shape that it must have.
    #[error("compose.yaml: {words}")]
    Malformed {
        /// The reader's words, with line and column; an unknown key is named.
        words: String,
    },
    /// A rule of docs/packages.md is broken.
    #[error("{place} {problem}; {advice}")]
    Rule {
        /// Where: a file, or a path inside the compose file such as `services.web.ports[0]`.
        place: String,
        /// What is wrong there.
        problem: String,
        /// What to do about it.
        advice: String,
    },
}

impl PackageError {
    /// A broken rule.
    pub(crate) fn rule(
        place: impl Into<String>,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::Rule { place: place.into(), problem: problem.into(), advice: advice.into() }
    }
}
