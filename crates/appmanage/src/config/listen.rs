//! Where the server listens, as it is written: `HOST:PORT` or `unix:PATH`.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    /// A host name or address, and a port.
    Tcp(String),
    /// A socket's path; a mere name lies in the data directory.
    Unix(PathBuf),
}

impl ListenAddress {
    pub(super) const FORM: &'static str = "HOST:PORT (IPv6 in brackets), or unix:PATH with an absolute path or \
                                           the name of a file in the data directory";

    /// Reads an address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = Path::new(path);
            let is_name = path.components().count() == 1 && path.file_name().is_some();
            return (path.is_absolute() || is_name).then(|| Self::Unix(path.to_owned()));
        }
        let (host, port) = text.rsplit_once(':')?;
        let is_host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok()),
            None => !host.is_empty() && !host.contains([':', '/']),
        };
        (is_host && port.parse::<u16>().is_ok()).then(|| Self::Tcp(text.to_owned()))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
