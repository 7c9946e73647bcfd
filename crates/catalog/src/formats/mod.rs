//! The catalogs of others, translated: each reader turns one app's folder into a package of our own format, as
//! files and values. Nothing after it knows where a package came from.
//!
//! No reader runs anything that a catalog brings, fetches anything, or guesses: what cannot be mapped is a
//! remark, or the reason why there is no package. Fetching catalogs and keeping translations is not done here.

mod addresses;
mod bounds;
mod casaos;
mod casaos_addresses;
mod casaos_logins;
mod casaos_settings;
mod coolify;
mod coolify_addresses;
mod coolify_contents;
mod coolify_file;
mod coolify_login;
mod coolify_magic;
mod document;
mod dokploy;
mod dokploy_functions;
mod dokploy_mounts;
mod dokploy_template;
mod dokploy_values;
mod draft;
mod env_edit;
mod env_lines;
mod environments;
pub(crate) mod icons;
#[cfg(test)]
mod incomplete_tests;
mod interpolation;
mod known;
mod logins;
mod loose;
mod mount;
mod names;
mod networks;
mod offered;
mod one_panel;
mod one_panel_database;
mod one_panel_form;
#[cfg(test)]
mod one_panel_tests;
mod own;
mod private_keys;
mod published;
#[cfg(test)]
mod rendered_tests;
mod runtipi;
mod runtipi_compose;
mod runtipi_form;
mod secret_names;
mod secret_samples;
mod secrets;
mod services;
mod sidecars;
mod storage;
mod texts;
mod tree;
mod websoft9;
mod websoft9_env;
mod websoft9_login;
#[cfg(test)]
mod websoft9_tests;
mod websoft9_texts;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::Package;
use domain::package::{IconKind, PackageFile};

pub use names::Names;
pub use tree::Tree;

use crate::error::Broken;
use crate::source::{Source, SourceFiles};

/// Apps of one catalog. The largest of the field has 600.
pub const APPS_MAX: usize = 10_000;

/// A catalog has more apps than [`APPS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has {0} apps, more than the {APPS_MAX} that a catalog may have")]
pub struct TooManyApps(usize);

/// What became of an app's packages, by name.
pub type Translated = Vec<(String, Result<Translation, Untranslatable>)>;

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

impl Format {
    /// Every format, in the order in which they are looked for.
    pub const ALL: [Self; 7] = [
        Self::Own,
        Self::Websoft9,
        Self::OnePanel,
        Self::Runtipi,
        Self::Dokploy,
        Self::CasaOs,
        Self::Coolify,
    ];

    /// Its name, for people and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "appmanage",
            Self::Websoft9 => "websoft9",
            Self::CasaOs => "casaos",
            Self::Dokploy => "dokploy",
            Self::OnePanel => "1panel",
            Self::Runtipi => "runtipi",
            Self::Coolify => "coolify",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// The format that a catalog is written in; `None` where it is none of these.
    #[must_use]
    pub fn detect(tree: &Tree) -> Option<Self> {
        Self::ALL.into_iter().find(|format| match format {
            Self::Own => own::detect(tree),
            Self::OnePanel => one_panel::detect(tree),
            Self::Websoft9 => websoft9::detect(tree),
            Self::CasaOs => casaos::detect(tree),
            Self::Runtipi => runtipi::detect(tree),
            Self::Dokploy => dokploy::detect(tree),
            Self::Coolify => coolify::detect(tree),
        })
    }

    /// The names of a catalog's apps, sorted.
    ///
    /// # Errors
    /// They are more than a catalog may have: none is left out in silence.
    pub fn apps(self, tree: &Tree) -> Result<Vec<String>, TooManyApps> {
        let apps = match self {
            Self::Own => own::apps(tree),
            Self::OnePanel => one_panel::apps(tree),
            Self::Websoft9 => websoft9::apps(tree),
            Self::CasaOs => casaos::apps(tree),
            Self::Runtipi => runtipi::apps(tree),
            Self::Dokploy => dokploy::apps(tree),
            Self::Coolify => coolify::apps(tree),
        };
        if apps.len() > APPS_MAX { Err(TooManyApps(apps.len())) } else { Ok(apps) }
    }

    /// The packages of an app, as [`Format::translate`] has them. A reader that breaks down over one harms no other.
    #[must_use]
    pub fn translate_apart(self, tree: &Tree, app: &str) -> Translated {
        catch_unwind(AssertUnwindSafe(|| self.translate(tree, app))).unwrap_or_else(|_| broken_down(app))
    }

    /// The packages of one of those apps, by name: one, but where versions differ in more than a version. An app that
    /// cannot be read as a whole is told under its own name.
    #[must_use]
    pub fn translate(self, tree: &Tree, app: &str) -> Translated {
        let drafts = match self {
            Self::Own => return vec![(app.to_owned(), own::read(tree, app))],
            Self::OnePanel => one_panel::read(tree, app),
            Self::Websoft9 => websoft9::read(tree, app),
            Self::CasaOs => casaos::read(tree, app),
            Self::Runtipi => runtipi::read(tree, app),
            Self::Dokploy => dokploy::read(tree, app),
            Self::Coolify => coolify::read(tree, app),
        };
        match drafts {
            Err(error) => vec![(app.to_owned(), Err(error))],
            Ok(drafts) => drafts
                .into_iter()
                .map(|draft| {
                    let name = draft.name.clone();
                    match draft.finish() {
                        Ok(translation) => (translation.name.clone(), Ok(translation)),
                        Err(error) => (name, Err(error)),
                    }
                })
                .collect(),
        }
    }
}

/// What is told of an app whose reader broke down over it.
#[must_use]
pub fn broken_down(app: &str) -> Translated {
    let what = "the reader of this format broke down over it, which is a fault of this server".to_owned();
    vec![(app.to_owned(), Err(Untranslatable::Unreadable(what)))]
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

impl Translation {
    /// The package that it is, read as it would be from the disk.
    ///
    /// # Errors
    /// It is none.
    pub fn package(&self) -> Result<Package, Broken> {
        let file = |(path, file): (&String, &PackagedFile)| PackageFile {
            path: path.clone(),
            bytes: file.bytes.clone().into(),
            is_executable: file.is_executable,
        };
        let icon = self.icon.as_ref().and_then(|icon| {
            let kind = IconKind::ALL.into_iter().find(|kind| kind.extension() == icon.extension)?;
            Some((kind, icon.bytes.clone()))
        });
        let files = SourceFiles {
            compose: self.compose.clone().into_bytes(),
            env: self.env.clone().map(String::into_bytes),
            files: self.files.iter().map(file).collect(),
            icon,
        };
        Source { name: self.name.clone(), catalog: String::new(), official: false, files: Ok(files) }.read()
    }
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

pub(crate) use draft::{Draft, Web, WebPort};
