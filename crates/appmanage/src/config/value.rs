//! The types that settings have: how each is read from what was written, and written again.

use std::path::PathBuf;

use ipnet::Ipv4Net;
use tracing_subscriber::filter::Targets;

use super::listen::ListenAddress;

/// What was written, before anybody knows what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    One(String),
    Many(Vec<String>),
}

impl Raw {
    pub(super) fn one(text: impl Into<String>) -> Self {
        Self::One(text.into())
    }

    /// As it is quoted in an error.
    pub(super) fn quoted(&self) -> String {
        match self {
            Self::One(text) => format!("{text:?}"),
            Self::Many(items) => format!("{items:?}"),
        }
    }
}

/// A type that a setting can have.
pub(super) trait Value: Sized {
    /// What has to be written, for errors and the documentation.
    fn form() -> String;

    /// Reads it; `None` if it is not of that form.
    fn read(raw: &Raw) -> Option<Self>;

    /// As TOML.
    fn to_toml(&self) -> String;
}

/// A value that is one text.
pub(super) trait TextValue: Sized {
    const FORM: &'static str;
    fn parse(text: &str) -> Option<Self>;
    fn text(&self) -> String;
}

impl<T: TextValue> Value for T {
    fn form() -> String {
        T::FORM.to_owned()
    }

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::One(text) => T::parse(text),
            Raw::Many(_) => None,
        }
    }

    fn to_toml(&self) -> String {
        toml_string(&self.text())
    }
}

fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A list: an array in TOML, separated by commas elsewhere.
impl<T: TextValue> Value for Vec<T> {
    fn form() -> String {
        format!("a list, each {}", T::FORM)
    }

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::One(text) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(T::parse).collect()
            }
            Raw::Many(items) => items.iter().map(|item| T::parse(item)).collect(),
        }
    }

    fn to_toml(&self) -> String {
        let items: Vec<String> = self.iter().map(|item| toml_string(&item.text())).collect();
        format!("[{}]", items.join(", "))
    }
}

/// Something that may be left out: written as the empty text.
impl<T: TextValue> Value for Option<T> {
    fn form() -> String {
        format!("{}, or empty", T::FORM)
    }

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::One(text) if text.is_empty() => Some(None),
            raw => T::read(raw).map(Some),
        }
    }

    fn to_toml(&self) -> String {
        self.as_ref().map_or_else(|| toml_string(""), Value::to_toml)
    }
}

impl Value for bool {
    fn form() -> String {
        "true or false".to_owned()
    }

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::One(text) => text.parse().ok(),
            Raw::Many(_) => None,
        }
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

/// A whole number between two bounds, both allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Whole<LEAST, MOST> {
    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    /// As the type that the number is needed in, which must have room for `MOST`.
    pub(crate) fn to<T: TryFrom<u32>>(self) -> T {
        T::try_from(self.0).ok().expect("whoever asks for a type sees the bounds in the table of settings")
    }
}

impl<const LEAST: u32, const MOST: u32> Value for Whole<LEAST, MOST> {
    fn form() -> String {
        format!("a whole number from {LEAST} to {MOST}")
    }

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::One(text) => text.parse().ok().filter(|n| (LEAST..=MOST).contains(n)).map(Self),
            Raw::Many(_) => None,
        }
    }

    fn to_toml(&self) -> String {
        self.0.to_string()
    }
}

impl TextValue for PathBuf {
    const FORM: &'static str = "an absolute path";

    fn parse(text: &str) -> Option<Self> {
        Some(Self::from(text)).filter(|path| path.is_absolute())
    }

    fn text(&self) -> String {
        self.display().to_string()
    }
}

impl TextValue for Ipv4Net {
    const FORM: &'static str = "an IPv4 network such as 10.213.0.0/16";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|net: &Self| net.addr() == net.network())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl TextValue for ListenAddress {
    const FORM: &'static str = Self::FORM;

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// The engine's address, as Docker's own tools write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineHost(pub(crate) String);

impl TextValue for EngineHost {
    const FORM: &'static str = "unix:///path/of/the/socket or tcp://HOST:PORT";

    fn parse(text: &str) -> Option<Self> {
        let is_known = text.starts_with("unix:///") || text.starts_with("tcp://");
        is_known.then(|| Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// A package's name, with or without its catalog's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageName(pub(crate) String);

impl TextValue for PackageName {
    const FORM: &'static str =
        "the name of a package: lowercase letters, digits and \"-\"; \"@\" and its catalog's name may follow";

    fn parse(text: &str) -> Option<Self> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = |part: &str| !part.is_empty() && part.bytes().all(known);
        let (name, catalog) =
            text.split_once('@').map_or((text, None), |(name, catalog)| (name, Some(catalog)));
        (is_name(name) && catalog.is_none_or(is_name)).then(|| Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// A user of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserName(pub(crate) String);

impl TextValue for UserName {
    const FORM: &'static str = "the name of a user of this system";

    fn parse(text: &str) -> Option<Self> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        (!text.is_empty() && text.chars().all(sound)).then(|| Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// The directory of a certification authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AcmeDirectory(pub(crate) String);

impl TextValue for AcmeDirectory {
    const FORM: &'static str = "a URL that begins with https://";

    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://")?;
        let is_sound = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
        is_sound.then(|| Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// Where somebody can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailAddress(pub(crate) String);

impl TextValue for MailAddress {
    const FORM: &'static str = "a mail address such as admin@example.com";

    fn parse(text: &str) -> Option<Self> {
        let (name, host) = text.split_once('@')?;
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"@,?:;<>\"".contains(&byte))
        };
        (is_word(name) && is_word(host)).then(|| Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// Where ports are published for which a package names no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publish {
    Everywhere,
    Loopback,
}

impl TextValue for Publish {
    const FORM: &'static str = "everywhere or loopback";

    fn parse(text: &str) -> Option<Self> {
        [Self::Everywhere, Self::Loopback].into_iter().find(|publish| publish.text() == text)
    }

    fn text(&self) -> String {
        match self {
            Self::Everywhere => "everywhere".to_owned(),
            Self::Loopback => "loopback".to_owned(),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl TextValue for LogFormat {
    const FORM: &'static str = "text or json";

    fn parse(text: &str) -> Option<Self> {
        [Self::Text, Self::Json].into_iter().find(|format| format.text() == text)
    }

    fn text(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

/// What is logged: a level, and others for single crates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogLevel {
    pub(crate) targets: Targets,
    written: String,
}

impl TextValue for LogLevel {
    const FORM: &'static str = "off, error, warn, info, debug or trace, also with others for single parts, such as \
                                info,docker=debug";

    fn parse(text: &str) -> Option<Self> {
        // A text without a level names a part, and would switch everything else off: a misspelt level.
        let has_level = text.split(',').any(|part| part.parse::<tracing::metadata::LevelFilter>().is_ok());
        let targets = text.parse().ok().filter(|_| has_level)?;
        Some(Self { targets, written: text.to_owned() })
    }

    fn text(&self) -> String {
        self.written.clone()
    }
}
