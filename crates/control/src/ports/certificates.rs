//! Certificates for the names of apps, from an authority that asks for a proof over HTTP (ACME, RFC 8555).

use std::path::PathBuf;

use async_trait::async_trait;
use domain::{Certificate, DomainName, Failure, Validity};

/// Told what the authority has to find at `http://NAME/.well-known/acme-challenge/TOKEN`.
pub trait ChallengeSink: Send + Sync {
    /// From now on the answer to that token is that text.
    fn answer(&self, token: &str, text: &str);
}

/// The authority, and the files of what it issued.
#[async_trait]
pub trait Certificates: Send + Sync {
    /// Asks for a certificate of that one name. It is on the disk, in a file of its own, when the call returns. Dropping
    /// the call ends the work; what it leaves goes with the next [`Certificates::keep_only`].
    ///
    /// # Errors
    /// One of the classes `ca_*`, `challenge_failed`, `disk_full` or `internal`. No file is left.
    async fn issue(&self, name: &DomainName, challenges: &dyn ChallengeSink) -> Result<Certificate, Failure>;

    /// Where the file of a certificate lies.
    fn path(&self, certificate: &Certificate) -> PathBuf;

    /// Whether that file is there.
    async fn is_there(&self, certificate: &Certificate) -> bool;

    /// From when until when a certificate is valid, whoever issued it. It comes in DER; `None` if it is none.
    fn validity(&self, certificate: &[u8]) -> Option<Validity>;

    /// Removes the files of all certificates but those. Never called while one is being issued.
    ///
    /// # Errors
    /// A file could not be removed.
    async fn keep_only(&self, kept: &[Certificate]) -> Result<(), std::io::Error>;
}
