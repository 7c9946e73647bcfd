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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::builtin;

    fn read(compose: Vec<u8>) -> Result<Package, Broken> {
        Source { name: "package".to_owned(), official: false, files: Ok((compose, None)) }.read()
    }

    /// What everybody relies on once a package has been accepted.
    fn assert_sound(package: &Package) {
        assert!(!package.versions.is_empty() && !package.services.is_empty());
        for version in &package.versions {
            let is_settled = |image: String| !image.is_empty() && !image.contains('$');
            assert!(package.services.iter().all(|service| is_settled(service.image_for(&version.variables))));
        }
        if let Some(main) = &package.main {
            let service = package.services.iter().find(|service| service.name == main.service);
            assert!(
                service.is_some_and(|service| service.ports.iter().any(|port| port.target == main.target))
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(read(bytes));
        }

        #[test]
        fn a_damaged_package_is_refused_or_still_sound(
            package in 0_usize..18,
            at in any::<proptest::sample::Index>(),
            length in 0_usize..40,
            insert in r#"[ -~\n]{0,6}|\$\{[A-Z]{1,2}\}|: \{|&a |\*a|<<: |- "#,
        ) {
            let source = builtin::sources().swap_remove(package);
            let (mut compose, _) = source.files.expect("what ships can be read");
            let start = at.index(compose.len());
            let end = (start + length).min(compose.len());
            compose.splice(start..end, insert.into_bytes());
            if let Ok(package) = read(compose) {
                assert_sound(&package);
            }
        }
    }
}
