//! The web server in front: it serves apps under names of their own.

use std::net::SocketAddr;
use std::path::PathBuf;

use async_trait::async_trait;
use domain::DomainName;

/// An app under a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The name.
    pub domain: DomainName,
    /// Where the app answers on this host, in HTTP.
    pub upstream: Upstream,
    /// The file that holds its certificate, the chain and the private key (PEM, in this order; readable by root and
    /// the server only); `None` while it has none: then it is served with the gateway's own. Another certificate is
    /// always another file, and a file that was named is there until a later call that does not name it has returned.
    pub certificate: Option<PathBuf>,
}

/// Where an app answers in HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The address on this host.
    pub address: SocketAddr,
    /// Whether it speaks TLS, with a certificate that nobody vouches for.
    pub tls: bool,
}

/// Why the sites are not served as they should be. They are served as before then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The web server does not take them, or does not answer as it should with them.
    #[error("the gateway refused the sites: {words}")]
    Refused {
        /// Its own words.
        words: String,
        /// The sites that it says it of; none where it is not known, or is none of them.
        at_fault: Vec<DomainName>,
    },
    /// They could not be brought to it: it is not set up or does not run, a file cannot be written, time was up.
    #[error("the gateway cannot be reached: {reason}")]
    Unreachable {
        /// Why not, and what to do.
        reason: String,
    },
}

/// The web server in front.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Serves exactly these sites, which come sorted by name. Returns when they are served, without a request being
    /// dropped, and then the port of HTTPS; or when those of before are served again. Cheap, and without a reload, where
    /// nothing differs. It ends within a bounded time, and may be called again after any failure or crash; two calls never
    /// overlap.
    async fn serve(&self, sites: &[Site]) -> Result<u16, GatewayError>;

    /// The names of the gateway itself, by which the API is called: no app can have one. `None` where it was never set up.
    async fn own_names(&self) -> Option<Vec<String>>;

    /// The certificate that it shows now to those who call the API by the first of its names, in DER. `None` where it was
    /// never set up, or does not answer within seconds.
    async fn own_certificate(&self) -> Option<Vec<u8>>;
}
