//! The names of things, each a type of its own so that one cannot be passed for another.
//!
//! An [`AppId`] is what a user calls an app; an [`InstallId`] is what we call one installation of it,
//! never used again; a [`ProjectName`] is what `docker compose` calls it.

use std::fmt;

/// What the user names an app by: 1 to 32 digits and lowercase letters (contract, "Interfaces").
/// Unique on the server while the app is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(String);

/// Why a text is no [`AppId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppIdError {
    /// It holds something else than digits and lowercase letters, or nothing at all.
    #[error("an app id consists of digits and lowercase letters only")]
    Malformed,
    /// It is well formed, but longer than [`AppId::LONGEST`].
    #[error("an app id has at most {} characters", AppId::LONGEST)]
    TooLong,
}

impl AppId {
    /// Characters an app id may have. Docker derives container, network and volume names from it, and
    /// a host name label ends at 63: 32 leaves room for a service's name and an instance number.
    pub const LONGEST: usize = 32;

    /// Reads an app id.
    ///
    /// # Errors
    /// See [`AppIdError`].
    pub fn parse(text: &str) -> Result<Self, AppIdError> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()) {
            return Err(AppIdError::Malformed);
        }
        if text.len() > Self::LONGEST {
            return Err(AppIdError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An identifier that this program made itself, opaque to everybody.
macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes an identifier that came from this program, its database or its Docker labels.
            #[must_use]
            pub fn from_text(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque_id!(
    /// One installation: row key, label on everything in Docker, key of the history. Never used again,
    /// also when the app is installed a second time under the same name.
    InstallId
);
opaque_id!(
    /// One operation on one app.
    OperationId
);
opaque_id!(
    /// One data directory. Everything that a server makes in Docker carries it as a label, and recovery
    /// touches nothing else: two servers on one engine are safe. A copy of a data directory bears the name of
    /// its original, and must not be served beside it.
    InstanceId
);
opaque_id!(
    /// The name `docker compose` knows an app by. Equal to the [`AppId`] for our own installs.
    ProjectName
);
opaque_id!(
    /// Docker's identifier of a container.
    ContainerId
);

impl From<&AppId> for ProjectName {
    fn from(id: &AppId) -> Self {
        Self(id.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_ids_are_digits_and_lowercase_letters() {
        for good in ["a", "0", "myblog", "web01", &"a".repeat(32)] {
            assert_eq!(AppId::parse(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "A", "my-blog", "my blog", "博客", "é", "a\n", "а" /* Cyrillic */] {
            assert_eq!(AppId::parse(bad), Err(AppIdError::Malformed), "{bad:?}");
        }
        assert_eq!(AppId::parse(&"a".repeat(33)), Err(AppIdError::TooLong));
    }
}
