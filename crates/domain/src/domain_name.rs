//! A name of the Domain Name System that an app is reached by. Parsed once: whoever holds a [`DomainName`] may write it
//! into a configuration file, a URL or a file name.

use std::fmt;
use std::net::IpAddr;

/// A fully qualified host name in lowercase ASCII, without the dot at its end: `blog.example.com`. Names in other
/// scripts are given in their ASCII form (`xn--…`): which letters look alike is not ours to judge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);

/// Why a text is no [`DomainName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainNameError {
    /// It stands for many names. One certificate of the kind that is asked for here names one.
    #[error("a wildcard stands for many names; give each name by itself")]
    Wildcard,
    /// It is an address.
    #[error("an IP address is no domain name")]
    Address,
    /// It holds letters of other scripts.
    #[error("give an international name in its ASCII form, which begins with xn--")]
    International,
    /// It has one label only: no authority certifies that.
    #[error("a domain name has at least two parts, as in example.com")]
    OneLabel,
    /// It is something else: a URL, with a port, a label that is empty or too long, or characters that no host name has.
    #[error(
        "a domain name consists of letters, digits and hyphens in parts of 1 to {} characters, {} in all",
        DomainName::LONGEST_LABEL,
        DomainName::LONGEST
    )]
    Malformed,
    /// It is a name, but too long for an app's.
    #[error("the domain name of an app has {} characters at most", DomainName::LONGEST_OF_APP)]
    TooLong,
}

impl DomainName {
    /// Characters that a name may have (RFC 1035, without the dot at the end).
    pub const LONGEST: usize = 253;

    /// Characters that the name of an app may have: its site and its certificates are files that are named after it, with
    /// up to 25 characters more, and no file's name has more than 255.
    pub const LONGEST_OF_APP: usize = 230;

    /// Characters that each of its labels may have.
    pub const LONGEST_LABEL: usize = 63;

    /// Reads a name. Upper case and one dot at the end are let through.
    ///
    /// # Errors
    /// See [`DomainNameError`].
    pub fn parse(text: &str) -> Result<Self, DomainNameError> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let unbracketed = name.trim_start_matches('[').trim_end_matches(']');
        if name.contains('*') {
            return Err(DomainNameError::Wildcard);
        }
        if unbracketed.parse::<IpAddr>().is_ok() {
            return Err(DomainNameError::Address);
        }
        if !name.is_ascii() {
            return Err(DomainNameError::International);
        }
        if name.len() > Self::LONGEST || !name.split('.').all(is_label) {
            return Err(DomainNameError::Malformed);
        }
        let Some((_, top)) = name.rsplit_once('.') else { return Err(DomainNameError::OneLabel) };
        // No top-level domain is a number; what looks so is a mistyped address, and some programs take it for one.
        if top.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DomainNameError::Address);
        }
        Ok(Self(name))
    }

    /// Reads a name that an app is to have.
    ///
    /// # Errors
    /// As [`Self::parse`], and `TooLong`.
    pub fn parse_of_app(text: &str) -> Result<Self, DomainNameError> {
        let name = Self::parse(text)?;
        if name.0.len() > Self::LONGEST_OF_APP { Err(DomainNameError::TooLong) } else { Ok(name) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_label(label: &str) -> bool {
    (1..=DomainName::LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_in_one_spelling() {
        for (text, name) in [
            ("blog.example.com", "blog.example.com"),
            ("Blog.Example.COM.", "blog.example.com"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("1and1.example", "1and1.example"),
            ("a-b.c-d.xn--p1ai", "a-b.c-d.xn--p1ai"),
        ] {
            assert_eq!(DomainName::parse(text).map(|name| name.to_string()), Ok(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        use DomainNameError::{Address, International, Malformed, OneLabel, Wildcard};
        let long_label = format!("{}.example", "a".repeat(64));
        let long = format!("{}example", "a23456789.".repeat(25));
        for (text, error) in [
            ("*.example.com", Wildcard),
            ("192.0.2.1", Address),
            ("1.2.3", Address),
            ("2001:db8::1", Address),
            ("[2001:db8::1]", Address),
            ("bücher.example", International),
            ("ехаmple.com", International),
            ("localhost", OneLabel),
            ("", Malformed),
            (".", Malformed),
            ("a..b", Malformed),
            (".example.com", Malformed),
            ("example.com..", Malformed),
            ("http://example.com", Malformed),
            ("example.com:443", Malformed),
            ("example.com/x", Malformed),
            ("-a.example", Malformed),
            ("a-.example", Malformed),
            ("under_score.example", Malformed),
            ("a b.example", Malformed),
            ("a.example;\ninclude /etc/passwd", Malformed),
            ("../../etc.example", Malformed),
            (&long_label, Malformed),
            (&long, Malformed),
        ] {
            assert_eq!(DomainName::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_name_that_no_file_could_be_named_after_is_no_apps() {
        let name = |length: usize| "a2345678.".repeat(25) + &"b".repeat(length - 225);
        assert_eq!(DomainName::parse_of_app(&name(230)).map(|name| name.0.len()), Ok(230));
        assert_eq!(DomainName::parse_of_app(&name(231)), Err(DomainNameError::TooLong));
        assert!(DomainName::parse(&name(231)).is_ok(), "what was stored is read");
        assert_eq!(DomainName::parse_of_app("*.example.com"), Err(DomainNameError::Wildcard));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_safe_to_write_anywhere(text in "(?s:.){0,60}") {
            if let Ok(name) = DomainName::parse(&text) {
                let is_safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
                prop_assert!(name.as_str().chars().all(is_safe) && !name.as_str().contains(".."));
                prop_assert_eq!(DomainName::parse(name.as_str()), Ok(name.clone()));
            }
        }
    }
}
