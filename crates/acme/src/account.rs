//! The account with the authority: made at the first need, its key kept in a file that only the server reads.

use std::io;

use domain::{Failure, FailureClass};
use instant_acme::{Account, AccountBuilder, AccountCredentials, NewAccount};
use serde::{Deserialize, Serialize};

use crate::Settings;
use crate::failure::{of_calling, of_disk};
use crate::files::write_private;

/// The account's file.
pub(crate) struct AccountFile<'a>(pub(crate) &'a Settings);

/// What is in it. The key is a secret.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// Whose account it is: with another authority it means nothing.
    directory: String,
    credentials: AccountCredentials,
}

impl AccountFile<'_> {
    /// The account of the file, or a new one.
    pub(crate) async fn open(&self) -> Result<Account, Failure> {
        let Self(settings) = self;
        let failed = |error| of_calling(&error, &settings.directory);
        if let Some(stored) = self.read().await? {
            return self.builder()?.from_credentials(stored.credentials).await.map_err(failed);
        }
        let contact = format!("mailto:{}", settings.contact);
        let contact: &[&str] = if settings.contact.is_empty() { &[] } else { &[&contact] };
        let wanted = NewAccount { contact, terms_of_service_agreed: true, only_return_existing: false };
        let created = self.builder()?.create(&wanted, settings.directory.clone(), None).await;
        let (account, credentials) = created.map_err(failed)?;
        let stored = Stored { directory: settings.directory.clone(), credentials };
        let text = serde_json::to_string(&stored)
            .map_err(|error| Failure::of(FailureClass::Internal, "", error.to_string()))?;
        let path = settings.account_file.clone();
        write_private(&path, text).await.map_err(|error| of_disk(&error, &path))?;
        tracing::info!(directory = settings.directory, "made an account with the certification authority");
        Ok(account)
    }

    /// Removes the file: the next need makes another account.
    pub(crate) async fn forget(&self) -> Result<(), Failure> {
        let path = &self.0.account_file;
        match tokio::fs::remove_file(path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(of_disk(&error, path)),
            _ => Ok(()),
        }
    }

    async fn read(&self) -> Result<Option<Stored>, Failure> {
        let path = &self.0.account_file;
        let text = match tokio::fs::read_to_string(path).await {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(of_disk(&error, path)),
        };
        // Without the error's own words: they may quote the key.
        let stored: Option<Stored> = serde_json::from_str(&text).ok();
        if stored.is_none() {
            let detail = format!("{} cannot be understood; move it away", path.display());
            return Err(Failure::of(FailureClass::Internal, "", detail));
        }
        Ok(stored.filter(|stored| stored.directory == self.0.directory))
    }

    fn builder(&self) -> Result<AccountBuilder, Failure> {
        let built = match &self.0.ca_file {
            Some(path) => Account::builder_with_root(path),
            None => Account::builder(),
        };
        built.map_err(|error| {
            let detail = format!("cannot read whom to trust (setting acme.ca_file): {error}");
            Failure::of(FailureClass::Internal, "", detail)
        })
    }
}
