//! The readers of packages and of others' catalogs, and whatever somebody may put into their files.

use std::fs;
use std::path::{Component, Path};

use catalog::PackageCatalog;
use catalog::formats::{Format, Tree};
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

/// What a file of a catalog begins with in an input: the rest of the line is its path.
const FILE: &str = "==> ";

/// Files of a catalog: beyond these an input only repeats itself.
const FILES_MAX: usize = 30;

/// Writes the files that an input holds into a folder.
fn write_catalog(folder: &Path, input: &str) {
    for file in input.split(FILE).skip(1).take(FILES_MAX) {
        let (path, text) = file.split_once('\n').unwrap_or((file, ""));
        let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || path.is_empty() {
            continue;
        }
        let path = folder.join(path);
        // A path that cannot be is no file of a catalog.
        let _written =
            fs::create_dir_all(path.parent().unwrap_or(folder)).and_then(|()| fs::write(&path, text));
    }
}

#[test]
fn any_bytes_are_apps_of_a_catalog_or_reasons() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/format");
    testkit::fuzz::run(&corpus, |input| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        write_catalog(folder.path(), &String::from_utf8_lossy(input));
        let tree = Tree::new(folder.path());
        let Some(format) = Format::detect(&tree) else { return false };
        let mut is_package = false;
        for app in format.apps(&tree).expect("they are few") {
            for (name, translated) in format.translate(&tree, &app) {
                match translated {
                    Ok(translation) => is_package |= translation.package().is_ok(),
                    Err(reason) => assert!(!reason.to_string().is_empty(), "{name}"),
                }
            }
        }
        is_package
    });
}

#[test]
fn every_catalog_of_the_corpus_is_of_its_format() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/format");
    for format in Format::ALL {
        let name = match format {
            Format::Own => "own",
            Format::OnePanel => "one-panel",
            other => other.as_str(),
        };
        let folder = tempfile::tempdir().expect("a temporary directory");
        write_catalog(folder.path(), &fs::read_to_string(corpus.join(name)).expect("it is kept"));
        let tree = Tree::new(folder.path());
        assert_eq!(Format::detect(&tree), Some(format));
        for app in format.apps(&tree).expect("they are few") {
            for (name, translated) in format.translate(&tree, &app) {
                translated.unwrap_or_else(|reason| panic!("{name}: {reason}")).package().expect("a package");
            }
        }
    }
}
