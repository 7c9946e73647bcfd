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

    /// The ids that a compose project of that name may have, the first that is free to be taken: the name itself where
    /// it is an app id, then what is left of it with a hash of the whole. The same name has the same ids for ever.
    pub fn candidates(project: &ProjectName) -> impl Iterator<Item = Self> + use<> {
        let name = project.as_str().to_owned();
        let mut derived: String = name.chars().filter_map(as_in_an_id).collect();
        derived.truncate(Self::LONGEST - HASH_DIGITS);
        let plain = Self::parse(&name).ok();
        let hashed = (0_u64..).map(move |round| Self(format!("{derived}{}", hash(&name, round))));
        plain.into_iter().chain(hashed)
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Digits of the hash in a derived id: two of a thousand projects on one engine get the same with a chance of one in a
/// million, and then one of them takes its next candidate.
const HASH_DIGITS: usize = 8;

fn as_in_an_id(character: char) -> Option<char> {
    Some(character.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric)
}

/// The FNV-1a hash of a name, in digits and lowercase letters. Written out here because it must never change: the
/// standard library's may with any release.
fn hash(name: &str, round: u64) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    let mut left = name.as_bytes().iter().chain(&round.to_le_bytes()).fold(OFFSET, step);
    let digit = |_| {
        let digit = DIGITS[usize::try_from(left % 36).unwrap_or_default()];
        left /= 36;
        char::from(digit)
    };
    (0..HASH_DIGITS).map(digit).collect()
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

    fn candidates(project: &str, count: usize) -> Vec<String> {
        let project = ProjectName::from_text(project);
        AppId::candidates(&project).take(count).map(|id| id.to_string()).collect()
    }

    #[test]
    fn a_project_is_called_by_its_name_where_that_is_an_app_id() {
        assert_eq!(candidates("myblog", 1), ["myblog"]);
    }

    #[test]
    fn a_project_whose_name_is_no_app_id_gets_the_same_one_for_ever() {
        // Written down: it must not change with a release.
        assert_eq!(candidates("my-blog", 2), ["myblogq068vha3", "myblog3idxv3zu"]);
        assert_eq!(candidates("myblog", 2)[1], "myblog3004x81p");
    }

    #[test]
    fn two_projects_never_share_an_id() {
        let long = "a".repeat(40);
        let names = ["my-blog", "my_blog", "myblog", "My-Blog", "-", "_", "博客", "", &long, &long[1..]];
        let mut ids: Vec<String> = names.iter().flat_map(|name| candidates(name, 100)).collect();
        for id in &ids {
            assert!(AppId::parse(id).is_ok(), "{id}");
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
