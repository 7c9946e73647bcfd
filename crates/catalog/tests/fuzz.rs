//! The reader of packages, and whatever somebody may put into a compose file.

use std::path::Path;

use catalog::PackageCatalog;
use control::ports::{Catalog as _, InstalledText};
use domain::PackageName;

#[test]
fn any_bytes_are_a_package_or_a_reason() {
    let catalog = PackageCatalog::load(None, "/nowhere").catalog;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/package");
    testkit::fuzz::run(&corpus, |input| {
        let text = String::from_utf8_lossy(input);
        let text = InstalledText { compose: text.into_owned(), env: None };
        match catalog.read(&PackageName::parse("package"), text) {
            Ok(package) => {
                assert_eq!(package.name, "package");
                assert!(!package.versions.is_empty() && !package.services.is_empty());
                for version in &package.versions {
                    for service in &package.services {
                        let image = service.image_for(&version.variables);
                        assert!(!image.is_empty() && !image.contains('$'), "{image}");
                    }
                }
                true
            }
            Err(reason) => {
                assert!(!reason.is_empty() && reason.len() < 4_096, "{} bytes of reason", reason.len());
                false
            }
        }
    });
}
