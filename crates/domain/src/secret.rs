//! Values that must not be seen: passwords. They cannot be printed by accident.

use std::fmt;

/// A password or another secret text. `Debug` prints `***`; there is no `Display`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that must not be seen.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the few places that must have it: the `.env` file, the database and
    /// `running_info`. Search for this name to review them all.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What stands in place of a secret wherever it would have been shown.
pub const MASK: &str = "***";

/// Replaces every occurrence of each secret in `text` by [`MASK`].
///
/// Secrets of fewer than six characters are left alone: masking `a` would destroy the text and tell the
/// secret all the same. Ours have 24.
#[must_use]
pub fn masked(text: &str, secrets: &[&Secret]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.reveal().len() >= 6) {
        if shown.contains(secret.reveal()) {
            shown = shown.replace(secret.reveal(), MASK);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::from_text("hunter2hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(masked("login hunter2hunter2 ok", &[&secret]), "login *** ok");
        assert_eq!(masked("a cat", &[&Secret::from_text("a")]), "a cat");
    }
}
