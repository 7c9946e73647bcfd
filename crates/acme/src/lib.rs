//! Certificates from an authority that asks for a proof over HTTP (ACME, RFC 8555), and the files that hold them.
//!
//! It knows how to ask. When to ask, and what becomes of a failure, is `control`'s business; nginx's files are `gateway`'s.

mod account;
mod failure;
mod files;
mod order;
mod validity;

use std::path::PathBuf;

use async_trait::async_trait;
use control::ports::{Certificates, ChallengeSink};
use domain::{Certificate, DomainName, Failure, Validity};
use instant_acme::Account;
use tokio::sync::Mutex;

use account::AccountFile;
pub use validity::validity;

/// Where certificates come from, and where they are kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the authority's directory.
    pub directory: String,
    /// The mail address that the authority may write to; empty for none.
    pub contact: String,
    /// Whom to trust when the authority is called (PEM), in place of those whom the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Holds the key of the account with the authority.
    pub account_file: PathBuf,
    /// Holds the certificates, and nothing else.
    pub folder: PathBuf,
}

/// An authority.
pub struct AcmeAuthority {
    settings: Settings,
    /// The account, once it was needed.
    account: Mutex<Option<Account>>,
}

impl AcmeAuthority {
    /// Nobody is called and no file is made before a certificate is asked for.
    #[must_use]
    pub fn of(settings: Settings) -> Self {
        Self { settings, account: Mutex::default() }
    }

    async fn account(&self) -> Result<Account, Failure> {
        let mut account = self.account.lock().await;
        if let Some(account) = &*account {
            return Ok(account.clone());
        }
        let opened = AccountFile(&self.settings).open().await?;
        *account = Some(opened.clone());
        Ok(opened)
    }
}

#[async_trait]
impl Certificates for AcmeAuthority {
    async fn issue(&self, name: &DomainName, challenges: &dyn ChallengeSink) -> Result<Certificate, Failure> {
        let mut issued = order::issue(&self.account().await?, name, challenges).await;
        if issued.as_ref().is_err_and(failure::is_of_lost_account) {
            // Authorities forget accounts, and an administrator may have another one take the place of the first.
            tracing::warn!(
                directory = self.settings.directory,
                "the account is not known any more; making another"
            );
            *self.account.lock().await = None;
            AccountFile(&self.settings).forget().await?;
            issued = order::issue(&self.account().await?, name, challenges).await;
        }
        let issued = issued.map_err(|error| failure::of(&error, name, &self.settings.directory))?;
        files::keep(&self.settings.folder, name, issued).await
    }

    fn path(&self, certificate: &Certificate) -> PathBuf {
        self.settings.folder.join(&certificate.file)
    }

    async fn is_there(&self, certificate: &Certificate) -> bool {
        tokio::fs::try_exists(self.path(certificate)).await.unwrap_or(true)
    }

    fn validity(&self, certificate: &[u8]) -> Option<Validity> {
        validity(certificate)
    }

    async fn keep_only(&self, kept: &[Certificate]) -> Result<(), std::io::Error> {
        files::keep_only(&self.settings.folder, kept).await
    }
}
