//! Who may call: users and API keys, kept in memory and on the disk, and the trail of what they change.
//!
//! Owns adding and removing them (`accounts`), proving who somebody is (`login`, with `password` and `delays`), how long
//! that holds (`standing`), and the trail (`audit`). What a caller may do with an interface is the business of `server`.

mod accounts;
mod audit;
mod delays;
mod login;
mod password;
mod standing;

use std::sync::{Arc, PoisonError, RwLock};

use domain::ErrorCode;
use tokio::sync::watch;

pub use login::{Credential, Denied, Grant};

use crate::ports::{AccessStore, Accounts, Clock, Ids, StoreError};
use login::Logins;

/// Users, keys and the trail.
pub struct Access {
    store: Arc<dyn AccessStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// Never held while anything waits.
    accounts: RwLock<Accounts>,
    /// Held from the decision until memory shows it.
    writing: Arc<tokio::sync::Mutex<()>>,
    logins: Logins,
    /// Counts changes of users and keys, for those who wait for one.
    changes: watch::Sender<u64>,
}

/// Why users or keys were not changed. Nothing has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The text is no name.
    #[error("the name is none of a user or key")]
    NameFormat,
    /// The password is too short or too long, or has control characters.
    #[error("the password is too short, too long or has control characters")]
    PasswordFormat,
    /// A user of that name is there.
    #[error("there is a user of that name")]
    UserRepeat,
    /// No user has that name.
    #[error("there is no user of that name")]
    UserNotExis,
    /// A key of that name is there.
    #[error("there is a key of that name")]
    KeyRepeat,
    /// No key has that name.
    #[error("there is no key of that name")]
    KeyNotExis,
    /// There are as many as there may be.
    #[error("there are as many users or keys as there may be")]
    TooMany,
}

impl AccessError {
    /// The contract's code.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NameFormat => ErrorCode::NameFormat,
            Self::PasswordFormat => ErrorCode::PasswordFormat,
            Self::UserRepeat => ErrorCode::UserRepeat,
            Self::UserNotExis => ErrorCode::UserNotExis,
            Self::KeyRepeat => ErrorCode::KeyRepeat,
            Self::KeyNotExis => ErrorCode::KeyNotExis,
            Self::TooMany => ErrorCode::AccountsTooMany,
        }
    }
}

impl Access {
    pub(crate) fn open(
        store: Arc<dyn AccessStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Arc<Self>, StoreError> {
        let accounts = RwLock::new(store.accounts()?);
        let logins = Logins::with_key(ids.bits());
        let (changes, _) = watch::channel(0);
        Ok(Arc::new(Self { store, clock, ids, accounts, writing: Arc::default(), logins, changes }))
    }

    fn read<T>(&self, read: impl FnOnce(&Accounts) -> T) -> T {
        read(&self.accounts.read().unwrap_or_else(PoisonError::into_inner))
    }
}
