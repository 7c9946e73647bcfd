//! Real apps of other catalogs, translated. They are others' data and lie beside the repository; where they are not there,
//! nothing is tested.

use std::path::Path;

use catalog::formats::{Format, Tree, Untranslatable};

/// Apps that nobody can read: their own catalogs' files are not what they should be.
const UNREADABLE: [(&str, &str); 1] = [("coolify", "langfuse")];

/// Of the apps of one catalog: how many are offered, and what is in the way of the others.
fn translate(folder: &Path, expected: Format) -> (usize, Vec<String>) {
    let tree = Tree::new(folder);
    assert_eq!(Format::detect(&tree), Some(expected), "{}", folder.display());
    let (mut translated, mut failed) = (0, Vec::new());
    for app in expected.apps(&tree) {
        for (name, result) in expected.translate(&tree, &app) {
            match result {
                Ok(_) => translated += 1,
                Err(Untranslatable::Hidden(_)) => {}
                Err(error) => failed.push(format!("{name}: {error}")),
            }
        }
    }
    (translated, failed)
}

#[test]
fn apps_of_every_catalog_become_packages() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/catalogs/samples");
    for (name, format) in [
        ("websoft9", Format::Websoft9),
        ("casaos", Format::CasaOs),
        ("bigbear", Format::CasaOs),
        ("dokploy", Format::Dokploy),
        ("runtipi", Format::Runtipi),
        ("coolify", Format::Coolify),
    ] {
        let folder = samples.join(name);
        if !folder.is_dir() {
            eprintln!("left out: there is no {}", folder.display());
            continue;
        }
        let (translated, mut failed) = translate(&folder, format);
        eprintln!("{name}: {translated} packages; not: {failed:#?}");
        failed.retain(|text| {
            !UNREADABLE.iter().any(|(catalog, app)| *catalog == name && text.starts_with(&format!("{app}:")))
        });
        let bearable = translated.div_ceil(20);
        assert!(failed.len() <= bearable, "{name}: more than one of twenty: {failed:#?}");
    }
}
