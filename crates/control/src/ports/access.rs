//! Users, API keys and the audit trail, as they outlive the process.

use std::collections::BTreeMap;

use domain::{AccountName, ApiKey, AuditEntry, Timestamp, User};

use super::StoreError;

/// Rows of the audit trail that are kept of changes that were made: some hundred bytes each, years of a server with a
/// hundred changes a day.
pub const AUDIT_DONE_KEPT: u64 = 100_000;

/// Rows that are kept of calls that were refused, counted apart: whoever may not change anything can make as many of them
/// as they like, and must not push out what was changed. Days of a program that is set up wrongly and tries each
/// minute.
pub const AUDIT_REFUSED_KEPT: u64 = 20_000;

/// The trail is cut once in so many rows, since it takes a look at all of them. So many more are there meanwhile.
pub const AUDIT_CUT_PERIOD: u64 = 1_000;

/// All who may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// People, by name.
    pub users: BTreeMap<AccountName, User>,
    /// Programs, by name.
    pub keys: BTreeMap<AccountName, ApiKey>,
}

/// One change of who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessChange {
    /// Adds a user, or replaces the one of that name.
    PutUser(User),
    /// Removes a user.
    RemoveUser(AccountName),
    /// Adds a key, or replaces the one of that name.
    PutKey(ApiKey),
    /// Removes a key.
    RemoveKey(AccountName),
    /// Notes when the key of that hash was used; nothing if it is gone.
    KeyUsed {
        /// The SHA-256 of the key.
        hash: [u8; 32],
        /// When.
        at: Timestamp,
    },
}

impl Accounts {
    /// Carries out a change.
    pub fn apply(&mut self, change: AccessChange) {
        match change {
            AccessChange::PutUser(user) => drop(self.users.insert(user.name.clone(), user)),
            AccessChange::RemoveUser(name) => drop(self.users.remove(&name)),
            AccessChange::PutKey(key) => drop(self.keys.insert(key.name.clone(), key)),
            AccessChange::RemoveKey(name) => drop(self.keys.remove(&name)),
            AccessChange::KeyUsed { hash, at } => {
                if let Some(key) = self.keys.values_mut().find(|key| key.hash == hash) {
                    key.last_used_at = Some(at);
                }
            }
        }
    }
}

/// Where users, keys and the trail are kept. Calls block: they are made off the runtime's threads.
pub trait AccessStore: Send + Sync {
    /// All who may call.
    ///
    /// # Errors
    /// The database cannot be read.
    fn accounts(&self) -> Result<Accounts, StoreError>;

    /// Stores a change; when it returns, it is on the disk.
    ///
    /// # Errors
    /// The database cannot be written.
    fn change_accounts(&self, change: &AccessChange) -> Result<(), StoreError>;

    /// Appends to the trail. Every [`AUDIT_CUT_PERIOD`] rows the oldest are dropped: changes beyond [`AUDIT_DONE_KEPT`],
    /// refused calls beyond [`AUDIT_REFUSED_KEPT`].
    ///
    /// # Errors
    /// The database cannot be written.
    fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// The latest of the trail, newest first, each with its number, at most `limit`; only those numbered lower than
    /// `before` where one is given.
    ///
    /// # Errors
    /// The database cannot be read.
    fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, AuditEntry)>, StoreError>;
}
