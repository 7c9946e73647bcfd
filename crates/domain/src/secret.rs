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

/// Fewer characters than this are left alone: masking `a` would destroy the text and tell the secret all
/// the same. Ours have 24.
const SHORTEST_MASKED: usize = 6;

/// Replaces every occurrence of each secret in `text` by [`MASK`], and at both ends of the text also what
/// is left of a secret that was cut there: whoever bounded the text knew no secrets.
#[must_use]
pub fn masked(text: &str, secrets: &[&Secret]) -> String {
    let mut shown = text.to_owned();
    for secret in
        secrets.iter().map(|secret| secret.reveal()).filter(|secret| secret.len() >= SHORTEST_MASKED)
    {
        if shown.contains(secret) {
            shown = shown.replace(secret, MASK);
        }
        let parts = || (SHORTEST_MASKED..secret.len()).rev();
        let beginning = parts().find_map(|length| shown.strip_suffix(secret.get(..length)?));
        if let Some(before) = beginning {
            shown = format!("{before}{MASK}");
        }
        let end = parts().find_map(|length| shown.strip_prefix(secret.get(secret.len() - length..)?));
        if let Some(after) = end {
            shown = format!("{MASK}{after}");
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

    #[test]
    fn a_secret_that_was_cut_at_an_end_of_the_text_is_not_printed_either() {
        let secret = Secret::from_text("hunter2hunter2");
        assert_eq!(masked("PASSWORD=hunter2hunt", &[&secret]), "PASSWORD=***");
        assert_eq!(masked("r2hunter2 is wrong", &[&secret]), "*** is wrong");
        assert_eq!(masked("hunter2hunter2", &[&secret]), "***");
        assert_eq!(masked("the hunt", &[&secret]), "the hunt", "too little to tell anything");
    }
}
