//! Who calls, what they may do, and the trail that they leave.
//!
//! How a caller proves who it is (passwords, keys, the gateway's word) is the business of `control` and `server`.

use std::fmt;

use crate::{Secret, Timestamp};

/// The name of a user or of an API key: ASCII `[a-z0-9][a-z0-9._-]{0,31}`, so that no two of them look alike, and
/// none needs quoting anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountName(String);

impl AccountName {
    /// Characters that a name may have.
    pub const LONGEST: usize = 32;

    /// Reads a name; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let sound = |byte: u8| alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-');
        let is_name = text.len() <= Self::LONGEST
            && text.bytes().next().is_some_and(alphanumeric)
            && text.bytes().all(sound);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Look.
    ReadOnly,
    /// Look and change.
    Full,
}

impl Scope {
    /// Every scope.
    pub const ALL: &[Self] = &[Self::ReadOnly, Self::Full];

    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Full => "full",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nobody asked: no gateway is configured, and who reaches the server may call it.
    Anonymous,
    /// Root or the service's own user, on this machine.
    LocalAdministrator,
    /// A person, by name and password.
    User(AccountName),
    /// A program, by its API key.
    Key(AccountName),
}

impl Identity {
    /// Whether it may manage users and keys: people with a name, and whoever rules the machine anyway.
    #[must_use]
    pub const fn is_administrator(&self) -> bool {
        matches!(self, Self::LocalAdministrator | Self::User(_))
    }

    /// A user or a key, as [`fmt::Display`] writes it.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        let name = AccountName::parse(name)?;
        match kind {
            "user" => Some(Self::User(name)),
            "key" => Some(Self::Key(name)),
            _ => None,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::LocalAdministrator => f.write_str("local"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Key(name) => write!(f, "key:{name}"),
        }
    }
}

/// A person who may call. Users may do everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique among users.
    pub name: AccountName,
    /// The argon2id hash of the password, as a PHC string.
    pub password_hash: Secret,
    /// When the user was added.
    pub created_at: Timestamp,
}

/// A program that may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Unique among keys.
    pub name: AccountName,
    /// The SHA-256 of the key, which has too many bits to be guessed.
    pub hash: [u8; 32],
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Option<Timestamp>,
    /// Roughly when it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it is good for nothing any more.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }
}

/// What the trail tells of one call that changes something, or was to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it was answered.
    pub at: Timestamp,
    /// Who called, as [`Identity`] is written.
    pub caller: String,
    /// From where: an IP address, `unix`, or nothing if the gateway did not say.
    pub address: String,
    /// The id that client, gateway and log know the call by.
    pub request_id: String,
    /// The interface.
    pub interface: String,
    /// The app that it was about, if its name is well formed.
    pub app_id: String,
    /// The user, key or domain that it was about, if its name is well formed.
    pub account: String,
    /// [`AuditEntry::DONE`], or the code of the refusal.
    pub outcome: String,
}

impl AuditEntry {
    /// The outcome of a call that was not refused.
    pub const DONE: &str = "ok";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_ascii() {
        for name in ["admin", "0", "ci.deploy-2_x", &"a".repeat(32)] {
            assert_eq!(AccountName::parse(name).expect("a name").as_str(), name);
        }
        for other in [
            "",
            "Admin",
            ".hidden",
            "-x",
            "_x",
            "a b",
            "a\n",
            "a:b",
            "a/b",
            "' OR 1=1 --",
            "a\0",
            "аdmin",  // Cyrillic
            "ａdmin", // full width
            "admin\u{200b}",
            &"a".repeat(33),
        ] {
            assert_eq!(AccountName::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_identity_is_read_as_it_is_written() {
        for text in ["user:admin", "key:ci.1"] {
            assert_eq!(Identity::named(text).expect("an identity").to_string(), text);
        }
        for other in
            ["", "admin", "user:", "user:Admin", "key:a:b", "local", "anonymous", "root:a", "user: a"]
        {
            assert_eq!(Identity::named(other), None, "{other:?}");
        }
    }
}
