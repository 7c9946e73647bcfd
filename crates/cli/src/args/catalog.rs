//! The arguments of `catalog`: what can be installed, and the catalogs of others.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `catalog`.
#[derive(Subcommand, Debug)]
pub enum Catalog {
    /// List what can be installed
    #[command(after_help = "Example: appmanage catalog search blog")]
    Search(Search),
    /// Show what can be told of an app before it is installed
    #[command(after_help = "Example: appmanage catalog show wordpress")]
    Show(Show),
    /// Say what of a catalog in a folder can be installed, and what not
    #[command(after_help = "Formats: appmanage, websoft9, casaos, dokploy, 1panel, runtipi, coolify.
It exits with 1 where a package cannot be read, or docker compose does not take
it as it is.
Example: appmanage catalog check ./appstore")]
    Check(Check),
    /// Add a catalog of others, and fetch it
    #[command(after_help = "Example: appmanage catalog add apps https://git.example.org/apps")]
    Add(CatalogAdd),
    /// List the catalogs that were added
    #[command(after_help = "Example: appmanage catalog list")]
    List,
    /// Fetch a catalog anew, or all of them
    #[command(after_help = "Example: appmanage catalog sync websoft9")]
    Sync(CatalogSync),
    /// Remove a catalog; apps that were installed from it stay
    #[command(after_help = "Example: appmanage catalog remove websoft9")]
    Remove(CatalogNamed),
    /// Vouch for a catalog
    #[command(after_help = "Example: appmanage catalog trust websoft9")]
    Trust(CatalogTrust),
}

/// `catalog check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The catalog's folder
    pub(crate) path: PathBuf,
    /// The format that it is written in [default: found out]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
}

/// `catalog add`.
#[derive(Args, Clone, Debug)]
pub struct CatalogAdd {
    /// What to call it: lowercase letters, digits and -
    pub(crate) name: String,
    /// A directory, or the URL of a git repository or .tar.gz
    pub(crate) source: String,
    /// The branch or tag of the git repository
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// What the SHA-256 of the archive has to be
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// The minisign key that the archive is signed with
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Its place among the others [default: the last]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) position: Option<u32>,
}

/// `catalog sync`.
#[derive(Args, Debug)]
pub struct CatalogSync {
    /// Only this catalog
    pub(crate) name: Option<String>,
}

/// A command about one catalog.
#[derive(Args, Debug)]
pub struct CatalogNamed {
    /// The catalog
    pub(crate) name: String,
}

/// `catalog trust`.
#[derive(Args, Debug)]
pub struct CatalogTrust {
    /// The catalog
    pub(crate) name: String,
    /// Do not vouch for it any longer
    #[arg(long)]
    pub(crate) revoke: bool,
}

/// `catalog search`.
#[derive(Args, Debug)]
pub struct Search {
    /// Words to look for in names and descriptions
    pub(crate) words: Vec<String>,
    /// Only this category
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) category: Option<String>,
    /// Only this catalog
    #[arg(long, value_name = "CATALOG")]
    pub(crate) catalog: Option<String>,
}

/// `catalog show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The app, as the catalog names it
    pub(crate) package: String,
}
