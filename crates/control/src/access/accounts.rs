//! Adding, removing and listing users and keys.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::{AccountName, ApiKey, Scope, Secret, Timestamp, User};

use super::login::{KEY_PREFIX, hash_of_key};
use super::{Access, AccessError, password};
use crate::error::Error;
use crate::ports::{AccessChange, Accounts};
use crate::recorder::off_the_runtime;

/// Users that there may be: the people of a company's branch. Each is asked for by name, none is listed on a page.
const USERS_MAX: usize = 100;

/// Keys that there may be: one for each program of theirs. Looked through at each call with a key.
const KEYS_MAX: usize = 200;

impl Access {
    /// Adds a user, with that password or one that is made here and told once.
    ///
    /// # Errors
    /// In this order: `NameFormat`, `PasswordFormat`, `UserRepeat`, `TooMany`, `Store`.
    pub async fn add_user(
        self: &Arc<Self>,
        name: &str,
        password: Option<Secret>,
    ) -> Result<(AccountName, Option<Secret>), Error> {
        let name = parsed(name)?;
        let is_there = |accounts: &Accounts| accounts.users.contains_key(&name);
        check(&password)?;
        if self.read(is_there) {
            return Err(AccessError::UserRepeat.into());
        }
        let (password_hash, made) = self.hashed(password).await;
        let added = name.clone();
        self.change(move |accounts, now| {
            if accounts.users.contains_key(&added) {
                return Err(AccessError::UserRepeat);
            }
            if accounts.users.len() >= USERS_MAX {
                return Err(AccessError::TooMany);
            }
            Ok(AccessChange::PutUser(User { name: added, password_hash, created_at: now }))
        })
        .await?;
        Ok((name, made))
    }

    /// Gives a user that password, or one that is made here and told once. The old one is good for nothing at once, and
    /// the account does not wait any more because of tries with it.
    ///
    /// # Errors
    /// In this order: `NameFormat`, `PasswordFormat`, `UserNotExis`, `Store`.
    pub async fn set_password(
        self: &Arc<Self>,
        name: &str,
        password: Option<Secret>,
    ) -> Result<(AccountName, Option<Secret>), Error> {
        let name = parsed(name)?;
        check(&password)?;
        if self.read(|accounts| !accounts.users.contains_key(&name)) {
            return Err(AccessError::UserNotExis.into());
        }
        let (password_hash, made) = self.hashed(password).await;
        let changed = name.clone();
        self.change(move |accounts, _| {
            let user = accounts.users.get(&changed).ok_or(AccessError::UserNotExis)?;
            Ok(AccessChange::PutUser(User { password_hash, ..user.clone() }))
        })
        .await?;
        self.logins.delays().forget_account(name.as_str());
        Ok((name, made))
    }

    /// Removes a user. What runs in their name goes on.
    ///
    /// # Errors
    /// In this order: `NameFormat`, `UserNotExis`, `Store`.
    pub async fn remove_user(self: &Arc<Self>, name: &str) -> Result<AccountName, Error> {
        let name = parsed(name)?;
        let removed = name.clone();
        self.change(move |accounts, _| {
            let is_there = accounts.users.contains_key(&removed);
            is_there.then_some(AccessChange::RemoveUser(removed)).ok_or(AccessError::UserNotExis)
        })
        .await?;
        Ok(name)
    }

    /// All users, by name.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.read(|accounts| accounts.users.values().cloned().collect())
    }

    /// Makes a key, which is told once. It ends after `lifetime`, or never.
    ///
    /// # Errors
    /// In this order: `NameFormat`, `KeyRepeat`, `TooMany`, `Store`.
    pub async fn add_key(
        self: &Arc<Self>,
        name: &str,
        scope: Scope,
        lifetime: Option<Duration>,
    ) -> Result<(ApiKey, Secret), Error> {
        let name = parsed(name)?;
        let secret = Secret::from_text(format!("{KEY_PREFIX}{}", password::base64(&self.ids.bits())));
        let hash = hash_of_key(secret.reveal());
        let key = self
            .change_with(move |accounts, now| {
                if accounts.keys.contains_key(&name) {
                    return Err(AccessError::KeyRepeat);
                }
                if accounts.keys.len() >= KEYS_MAX {
                    return Err(AccessError::TooMany);
                }
                let expires_at = lifetime.map(|lifetime| now.plus(lifetime));
                let key = ApiKey { name, hash, scope, created_at: now, expires_at, last_used_at: None };
                Ok((AccessChange::PutKey(key.clone()), key))
            })
            .await?;
        Ok((key, secret))
    }

    /// Removes a key: it is good for nothing at once.
    ///
    /// # Errors
    /// In this order: `NameFormat`, `KeyNotExis`, `Store`.
    pub async fn revoke_key(self: &Arc<Self>, name: &str) -> Result<AccountName, Error> {
        let name = parsed(name)?;
        let revoked = name.clone();
        self.change(move |accounts, _| {
            let is_there = accounts.keys.contains_key(&revoked);
            is_there.then_some(AccessChange::RemoveKey(revoked)).ok_or(AccessError::KeyNotExis)
        })
        .await?;
        Ok(name)
    }

    /// All keys, by name, each with whether it has expired.
    #[must_use]
    pub fn keys(&self) -> Vec<(ApiKey, bool)> {
        let now = self.clock.now();
        self.read(|accounts| accounts.keys.values().map(|key| (key.clone(), key.is_expired(now))).collect())
    }

    /// The hash of that password, or of one that is made here, which is returned.
    async fn hashed(self: &Arc<Self>, password: Option<Secret>) -> (Secret, Option<Secret>) {
        let made = password.is_none().then(|| self.ids.password());
        let password = password.or_else(|| made.clone()).expect("one of both is there");
        let salt = self.ids.bits();
        let hash = self.logins.one_of_few(move || password::hashed(&password, &salt[..16])).await;
        (hash, made)
    }

    async fn change(
        self: &Arc<Self>,
        decide: impl FnOnce(&Accounts, Timestamp) -> Result<AccessChange, AccessError> + Send + 'static,
    ) -> Result<(), Error> {
        self.change_with(move |accounts, now| Ok((decide(accounts, now)?, ()))).await
    }

    /// Decides on the present accounts and stores what was decided, with nothing in between. Runs to its end even if
    /// the caller goes away.
    async fn change_with<T: Send + 'static>(
        self: &Arc<Self>,
        decide: impl FnOnce(&Accounts, Timestamp) -> Result<(AccessChange, T), AccessError> + Send + 'static,
    ) -> Result<T, Error> {
        let access = Arc::clone(self);
        let writing = Arc::clone(&self.writing).lock_owned().await;
        off_the_runtime(move || {
            let _writing = writing;
            let now = access.clock.now();
            let (change, value) = access.read(|accounts| decide(accounts, now))?;
            access.store.change_accounts(&change)?;
            access.accounts.write().unwrap_or_else(PoisonError::into_inner).apply(change);
            access.changes.send_modify(|count| *count = count.wrapping_add(1));
            Ok(value)
        })
        .await
    }
}

fn parsed(name: &str) -> Result<AccountName, AccessError> {
    AccountName::parse(name).ok_or(AccessError::NameFormat)
}

fn check(password: &Option<Secret>) -> Result<(), AccessError> {
    let sound = password.as_ref().is_none_or(password::is_acceptable);
    sound.then_some(()).ok_or(AccessError::PasswordFormat)
}
