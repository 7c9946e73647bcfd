//! Proving who somebody is: by name and password, or by an API key.
//!
//! A password takes a processor for a moment, so few are looked at at once, and what was found right is remembered
//! for some minutes. A key takes none: it has too many bits to be guessed, so tries with keys are not slowed either.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{AccountName, Identity, Scope, Secret, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::delays::Delays;
use super::{Access, password};
use crate::ports::AccessChange;
use crate::recorder::{error_chain, off_the_runtime};

/// What API keys begin with, so that whoever finds one knows what it is.
pub(super) const KEY_PREFIX: &str = "amk_";

/// Passwords that are looked at at once: each takes a processor and 19 MiB.
const AT_ONCE: usize = 2;

/// Logins that wait for that: about a second's work.
const WAITING_MAX: usize = 16;

/// What a login beyond those is told to wait.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// A password that was right is known again for this long after its last use.
const REMEMBERED_FOR: Duration = Duration::from_secs(5 * 60);

/// The last use of a key is written at most this often.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// What somebody proves who they are by.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Name and password of a user.
    Password {
        /// Whatever was given as the name.
        name: String,
        /// The password.
        password: Secret,
    },
    /// An API key.
    Key(Secret),
}

/// Who it is, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub identity: Identity,
    /// What they may do.
    pub scope: Scope,
}

/// Why nobody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// There is no such user or key, the password is wrong, or the key has expired: which of them is not told.
    Unknown,
    /// Too many wrong tries: the next is looked at after this long.
    Slowed(Duration),
}

/// What is known of logins between calls.
pub(super) struct Logins {
    /// Makes the digests below worthless to whoever sees them.
    key: [u8; 32],
    /// The hash of users that are not there.
    nobody: Secret,
    remembered: Mutex<HashMap<AccountName, Remembered>>,
    delays: Mutex<Delays>,
    at_once: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// A password that was right.
struct Remembered {
    /// Of the password.
    digest: [u8; 32],
    /// What it was compared with: a user whose password is another now, or who is gone, is not remembered.
    hash: Secret,
    until: Instant,
}

impl Logins {
    pub(super) fn with_key(key: [u8; 32]) -> Self {
        Self {
            key,
            nobody: password::of_nobody(&key),
            remembered: Mutex::default(),
            delays: Mutex::default(),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }

    /// Does what takes as much as looking at a password, in its turn. Runs to its end even if the caller goes away.
    pub(super) async fn one_of_few<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = self.turn().await;
        off_the_runtime(move || {
            let _turn = turn;
            work()
        })
        .await
    }

    async fn turn(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.at_once).acquire_owned().await.expect("the semaphore is never closed")
    }

    fn digest(&self, password: &Secret) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(password.reveal()).finalize().into()
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<AccountName, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn delays(&self) -> MutexGuard<'_, Delays> {
        self.delays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Access {
    /// Finds out who somebody is that calls from `address`.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn log_in(self: &Arc<Self>, credential: &Credential, address: IpAddr) -> Result<Grant, Denied> {
        match credential {
            Credential::Password { name, password } => self.by_password(name, password, address).await,
            Credential::Key(key) => self.by_key(key).await,
        }
    }

    async fn by_password(
        self: &Arc<Self>,
        name: &str,
        password: &Secret,
        address: IpAddr,
    ) -> Result<Grant, Denied> {
        let Some(user) = AccountName::parse(name) else {
            // There is none of that name, and everybody knows it: only the address is slowed.
            let (mut delays, now) = (self.logins.delays(), Instant::now());
            if let Some(wait) = delays.wait_from(address, now) {
                return Err(Denied::Slowed(wait));
            }
            delays.failed_from(address, now);
            return Err(Denied::Unknown);
        };
        let grant = Grant { identity: Identity::User(user.clone()), scope: Scope::Full };
        // Before the delays: nobody can lock out who is at work by trying their name.
        if self.is_remembered(&user, password) {
            return Ok(grant);
        }
        self.check_delays(name, address)?;
        let place = Arc::clone(&self.logins.waiting).try_acquire_owned();
        let place = place.map_err(|_| Denied::Slowed(BUSY_WAIT))?;
        let turn = self.logins.turn().await;
        // Others may have tried meanwhile.
        if self.is_remembered(&user, password) {
            return Ok(grant);
        }
        self.check_delays(name, address)?;
        let (access, password) = (Arc::clone(self), password.clone());
        // To its end, also if the caller goes away: else whoever does not wait for the answer is never slowed.
        let is_right = off_the_runtime(move || {
            let _both = (place, turn);
            access.look_at_password(&user, &password, address)
        });
        if is_right.await { Ok(grant) } else { Err(Denied::Unknown) }
    }

    /// Blocks for as long as a hash takes.
    fn look_at_password(&self, user: &AccountName, password: &Secret, address: IpAddr) -> bool {
        let hash = self.hash_of(user);
        let is_right = password::is_hash_of(hash.as_ref().unwrap_or(&self.logins.nobody), password);
        let Some(hash) = hash.filter(|_| is_right) else {
            self.logins.delays().failed(user.as_str(), address, Instant::now());
            tracing::warn!(user = user.as_str(), %address, "a login failed");
            return false;
        };
        self.logins.delays().succeeded(user.as_str(), address);
        let until = Instant::now() + REMEMBERED_FOR;
        let mut remembered = self.logins.remembered();
        remembered.retain(|_, known| known.until > Instant::now());
        let known = Remembered { digest: self.logins.digest(password), hash: hash.clone(), until };
        remembered.insert(user.clone(), known);
        drop(remembered);
        // Changed meanwhile: what was right is not any more.
        self.hash_of(user).is_some_and(|now| now == hash)
    }

    fn hash_of(&self, user: &AccountName) -> Option<Secret> {
        self.read(|accounts| accounts.users.get(user).map(|user| user.password_hash.clone()))
    }

    fn is_remembered(&self, user: &AccountName, password: &Secret) -> bool {
        let digest = self.logins.digest(password);
        let hash = self.hash_of(user);
        let now = Instant::now();
        let mut remembered = self.logins.remembered();
        let Some(known) = remembered.get_mut(user) else { return false };
        let is_right = known.digest == digest && known.until > now && Some(&known.hash) == hash.as_ref();
        if is_right {
            known.until = now + REMEMBERED_FOR;
        }
        is_right
    }

    fn check_delays(&self, account: &str, address: IpAddr) -> Result<(), Denied> {
        let wait = self.logins.delays().wait(account, address, Instant::now());
        wait.map_or(Ok(()), |wait| Err(Denied::Slowed(wait)))
    }

    async fn by_key(self: &Arc<Self>, key: &Secret) -> Result<Grant, Denied> {
        let (hash, now) = (hash_of_key(key.reveal()), self.clock.now());
        let known = self.read(|accounts| {
            let known = accounts.keys.values().find(|known| known.hash == hash)?;
            let is_noted =
                known.last_used_at.is_some_and(|last| now >= last && now.since(last) < USE_NOTED_EVERY);
            let grant = Grant { identity: Identity::Key(known.name.clone()), scope: known.scope };
            (!known.is_expired(now)).then_some((grant, is_noted))
        });
        let (grant, is_noted) = known.ok_or(Denied::Unknown)?;
        if !is_noted {
            self.note_use(hash, now);
        }
        Ok(grant)
    }

    /// In memory at once; nobody waits for the disk, and a lost write costs the time of a use.
    fn note_use(self: &Arc<Self>, hash: [u8; 32], at: Timestamp) {
        let used = AccessChange::KeyUsed { hash, at };
        self.accounts.write().unwrap_or_else(PoisonError::into_inner).apply(used.clone());
        let access = Arc::clone(self);
        drop(tokio::task::spawn_blocking(move || {
            if let Err(error) = access.store.change_accounts(&used) {
                tracing::warn!(reason = error_chain(&error), "the last use of a key cannot be noted");
            }
        }));
    }
}

/// Under what a key is found.
pub(super) fn hash_of_key(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}
