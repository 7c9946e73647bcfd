//! What can go wrong with the gateway, in words for whoever runs the server.

use std::io;
use std::path::{Path, PathBuf};

use crate::value::BadValue;

/// Why the gateway is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum GatewayFailure {
    /// A file of somebody else's is in the way.
    #[error("{} was not written by appmanage and is left as it is: move it away, then run this again", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// There is no gateway.
    #[error("the gateway is not set up: run `appmanage gateway init` as root (docs/gateway.md)")]
    NotSetUp,
    /// Another command is at work.
    #[error("another command changes the gateway just now: try again when it has ended")]
    Busy,
    /// A file could not be used.
    #[error("cannot {doing} {}: {why}", path.display())]
    File {
        /// What was to be done to it.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it could not. It stands in the words above, so it is no `source` to be told of once more.
        why: io::Error,
    },
    /// A text cannot stand in a configuration.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// A certificate could not be made.
    #[error("no certificate can be made: {0}")]
    Certificate(rcgen::Error),
    /// nginx could not be run.
    #[error("nginx cannot be run ({0}): install it (apt install nginx-light), and try again")]
    NoNginx(io::Error),
    /// nginx took too long.
    #[error("nginx did not end within {seconds} s: see what it waits for (systemctl status nginx)")]
    Silent {
        /// How long it was given, in seconds.
        seconds: u64,
    },
    /// nginx does not take the configuration.
    #[error("nginx refuses the configuration:\n{words}")]
    Refused {
        /// Its own words.
        words: String,
    },
    /// nginx was not told to read its configuration anew.
    #[error("nginx was not reloaded; does it run (systemctl start nginx)?\n{words}")]
    NotReloaded {
        /// Its own words.
        words: String,
    },
    /// Through nginx things are not as they should be.
    #[error("{0}")]
    Probe(String),
    /// What went wrong, after which everything is as before.
    #[error("{because}\nThe configuration of before was put back{}", after(restored))]
    RolledBack {
        /// What went wrong.
        because: Box<GatewayFailure>,
        /// Whether nginx serves the configuration of before.
        restored: Result<(), Box<GatewayFailure>>,
    },
    /// The server did not do its part.
    #[error("{0}")]
    Server(String),
}

fn after(restored: &Result<(), Box<GatewayFailure>>) -> String {
    match restored {
        Ok(()) => " and is served.".to_owned(),
        Err(error) => format!(", but: {error}"),
    }
}

/// By hand, so that its words, which stand in ours, are no source to be told of once more.
impl From<rcgen::Error> for GatewayFailure {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate(error)
    }
}

impl GatewayFailure {
    /// Makes an error of what happened to a file.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::File { doing, path, why }
    }
}
