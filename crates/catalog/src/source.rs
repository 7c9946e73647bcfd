//! One package as it is found, before anything in it is believed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::Package;
use domain::package::{IconKind, PackageFile};
use sha2::{Digest as _, Sha256};

use crate::error::{Broken, PackageError};
use crate::package::{PackageText, read_package};
use crate::sources::hex;

/// Digits of the SHA-256 that tell contents apart.
const FINGERPRINT_DIGITS: usize = 32;

/// A package's name and files.
#[derive(Debug)]
pub(crate) struct Source {
    /// The name of its folder.
    pub(crate) name: String,
    /// The name of its catalog.
    pub(crate) catalog: String,
    /// Whether it ships in the server.
    pub(crate) official: bool,
    /// What is in the folder; or why that cannot be read.
    pub(crate) files: Result<SourceFiles, PackageError>,
}

/// The files of a package.
#[derive(Debug, Default)]
pub(crate) struct SourceFiles {
    /// `compose.yaml`.
    pub(crate) compose: Vec<u8>,
    /// `.env`, where there is one.
    pub(crate) env: Option<Vec<u8>>,
    /// Those below `files/`.
    pub(crate) files: Vec<PackageFile>,
    /// The icon by the end of its name, where there is one.
    pub(crate) icon: Option<(IconKind, Vec<u8>)>,
}

impl SourceFiles {
    /// Of everything that is in a package; what is said about it changes nothing.
    fn fingerprint(&self) -> String {
        let Self { compose, env, files, icon } = self;
        let mut parts: Vec<(&str, &[u8])> = vec![("compose.yaml", compose)];
        parts.extend(env.as_deref().map(|env| (".env", env)));
        parts.extend(icon.as_ref().map(|(kind, bytes)| (kind.extension(), bytes.as_slice())));
        for file in files {
            parts.push((&file.path, &file.bytes));
            parts.push((if file.is_executable { "x" } else { "-" }, b""));
        }
        let mut sum = Sha256::new();
        for (name, bytes) in parts {
            for part in [name.as_bytes(), bytes] {
                sum.update((part.len() as u64).to_le_bytes());
                sum.update(part);
            }
        }
        let mut text = hex(&sum.finalize());
        text.truncate(FINGERPRINT_DIGITS);
        text
    }
}

impl Source {
    /// The package, or why it cannot be one. A reader that breaks down over one harms no other.
    pub(crate) fn read_apart(self) -> Result<Package, Broken> {
        let name = self.name.clone();
        apart(name, || self.read())
    }

    /// The package, or why it cannot be one.
    pub(crate) fn read(self) -> Result<Package, Broken> {
        let Self { name, catalog, official, files } = self;
        let text = |file: &str, bytes: Vec<u8>| {
            String::from_utf8(bytes).map_err(|_| PackageError::rule(file, "is not text", "save it as UTF-8"))
        };
        files
            .and_then(|files| {
                let fingerprint = Some(files.fingerprint());
                let SourceFiles { compose, env, files, icon } = files;
                let text = PackageText {
                    compose: text("compose.yaml", compose)?,
                    env: env.map(|env| text(".env", env)).transpose()?,
                    files,
                    icon,
                };
                let package = read_package(&name, &catalog, official, text)?;
                Ok(Package { fingerprint, ..package })
            })
            .map_err(|reason| Broken { package: name, reason })
    }
}

fn apart(name: String, read: impl FnOnce() -> Result<Package, Broken>) -> Result<Package, Broken> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let problem = "broke its reader down, which is a fault of this server";
        let reason = PackageError::rule("the package", problem, "send it to those who make this server");
        Err(Broken { package: name, reason })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::builtin;

    fn read(compose: Vec<u8>) -> Result<Package, Broken> {
        let files = Ok(SourceFiles { compose, ..SourceFiles::default() });
        Source { name: "package".to_owned(), catalog: "local".to_owned(), official: false, files }.read()
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

    #[test]
    fn a_package_over_which_its_reader_breaks_down_is_a_broken_one() {
        let broken = apart("notes".to_owned(), || panic!("a fault")).expect_err("it is none");
        assert_eq!(broken.package, "notes");
        assert!(broken.reason.to_string().contains("a fault of this server"), "{}", broken.reason);
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
            let mut compose = source.files.expect("what ships can be read").compose;
            let start = at.index(compose.len());
            let end = (start + length).min(compose.len());
            compose.splice(start..end, insert.into_bytes());
            if let Ok(package) = read(compose) {
                assert_sound(&package);
            }
        }
    }
}
