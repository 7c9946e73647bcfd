//! One package as it is found, before anything in it is believed.

use domain::Package;

use crate::error::{Broken, PackageError};
use crate::package::read_package;

/// A package's name and files.
#[derive(Debug)]
pub(crate) struct Source {
    /// The name of its folder.
    pub(crate) name: String,
    /// Whether it ships in the server.
    pub(crate) official: bool,
    /// `compose.yaml`, and `icon.svg` where there is one; or why they cannot be read.
    pub(crate) files: Result<(Vec<u8>, Option<Vec<u8>>), PackageError>,
}

impl Source {
    /// The package, or why it cannot be one.
    pub(crate) fn read(self) -> Result<Package, Broken> {
        let Self { name, official, files } = self;
        files
            .and_then(|(compose, icon)| {
                let text = String::from_utf8(compose)
                    .map_err(|_| PackageError::rule("compose.yaml", "is not text", "save it as UTF-8"))?;
                read_package(&name, official, &text, icon)
            })
            .map_err(|reason| Broken { package: name, reason })
    }
}
