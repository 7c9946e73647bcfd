//! The catalogs of others, translated: each reader turns one app's folder into a package of our own format, as
//! files and values. Nothing after it knows where a package came from.
//!
//! No reader runs anything that a catalog brings, fetches anything, or guesses: what cannot be mapped is a
//! remark, or the reason why there is no package. Fetching catalogs and keeping translations is not done here.

mod document;
mod draft;
mod env_lines;
mod interpolation;
mod known;
mod networks;
mod offered;
mod published;
mod secret_names;
mod secrets;
mod services;
mod storage;
mod texts;
mod tree;

use std::collections::BTreeMap;

pub use tree::Tree;

/// A format that catalogs are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Our own: a folder of packages.
    Own,
    /// Websoft9's docker-library.
    Websoft9,
    /// `CasaOS`' app store, and the third-party stores of the same format.
    CasaOs,
    /// Dokploy's templates.
    Dokploy,
    /// 1Panel's app store.
    OnePanel,
    /// Runtipi's app store.
    Runtipi,
    /// Coolify's service templates.
    Coolify,
}

/// An app of another catalog, as files of a package of ours.
#[derive(Clone, Debug)]
pub struct Translation {
    /// The package's name.
    pub name: String,
    /// `compose.yaml`.
    pub compose: String,
    /// `.env`, where the catalog brings one: its lines, byte for byte.
    pub env: Option<String>,
    /// What goes below `files/`, by path.
    pub files: BTreeMap<String, PackagedFile>,
    /// The icon.
    pub icon: Option<Icon>,
    /// What was left out or changed that its user would want to know; one line each, for people.
    pub remarks: Vec<String>,
}

/// A file that a package brings for its app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackagedFile {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it may be executed.
    pub is_executable: bool,
}

/// A picture, recognised by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// `svg`, `png`, `jpg` or `webp`.
    pub extension: &'static str,
    /// The picture.
    pub bytes: Vec<u8>,
}

/// Why an app is no package of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untranslatable {
    /// The catalog itself does not offer it: a draft, a withdrawn app, no app at all.
    #[error("it is not offered: {0}")]
    Hidden(String),
    /// A file is missing or is not what the format says.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It needs what this server does not give.
    #[error("it cannot be carried out here: {0}")]
    Unsupported(String),
}

#[expect(unused_imports, reason = "the readers of other formats come after it")]
pub(crate) use draft::{Draft, Web, WebPort};
