//! What can be wrong with the settings, with the place where it is and what to write instead.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    /// A file, and the line in it.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{place}: this is no TOML: {reason}")]
    Syntax { place: Origin, reason: String },
    #[error("{place}: there is no setting {key}{}; docs/configuration.md lists them", suggestion(*nearest))]
    UnknownKey { place: Origin, key: String, nearest: Option<&'static str> },
    #[error(
        "there is no setting for the environment variable {name}{}; docs/configuration.md lists them",
        suggestion(nearest.as_deref())
    )]
    UnknownVariable { name: String, nearest: Option<String> },
    #[error("the environment variable {name} is not UTF-8 text")]
    VariableNotText { name: String },
    #[error("{place}: {key} cannot be {given}: {reason}")]
    Value { place: Origin, key: &'static str, given: String, reason: String },
    #[error("{key} must be set: it has no default where neither HOME nor an XDG directory is known")]
    Missing { key: &'static str },
}

impl ConfigError {
    /// Whether another try would say the same.
    pub(crate) fn is_lasting(&self) -> bool {
        if let Self::Unreadable { source, .. } = self { is_lasting(source) } else { true }
    }
}

/// Whether a file that could not be read will not be readable by itself: a disk may come late, or fail once.
pub(crate) fn is_lasting(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}
