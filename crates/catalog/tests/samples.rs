//! The figures of every format over real apps of others, which lie beside the repository and never in it: how many
//! become packages that the server takes. Without them there is nothing to measure. That they are clean for docker compose,
//! too, is the acceptance suite's to show (`catalog_check`).

#![expect(clippy::print_stdout, reason = "figures, for people")]

use std::path::PathBuf;

use catalog::formats::{Format, Tree, Untranslatable};

/// The folders of the samples, with the format of each and how many of its packages, of a hundred, have to be read:
/// those that the catalog itself does not offer are not counted. One of 1Panel and one of Coolify are broken by themselves.
const SAMPLES: [(&str, Format, usize); 7] = [
    ("1panel", Format::OnePanel, 90),
    ("bigbear", Format::CasaOs, 95),
    ("casaos", Format::CasaOs, 95),
    ("coolify", Format::Coolify, 90),
    ("dokploy", Format::Dokploy, 95),
    ("runtipi", Format::Runtipi, 95),
    ("websoft9", Format::Websoft9, 95),
];

#[test]
fn samples_of_every_format_become_packages() {
    let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/catalogs/samples");
    for (folder, format, wanted) in SAMPLES {
        let tree = Tree::new(samples.join(folder));
        let apps = format.apps(&tree).expect("they are few");
        if apps.is_empty() {
            println!("{folder}: no samples are here, nothing is measured");
            continue;
        }
        assert_eq!(Format::detect(&tree), Some(format), "{folder}");
        let (mut read, mut hidden, mut others) = (0, 0, Vec::new());
        for (name, translated) in apps.iter().flat_map(|app| format.translate(&tree, app)) {
            match translated.map(|translation| translation.package().map_err(|broken| broken.to_string())) {
                Ok(Ok(_)) => read += 1,
                Ok(Err(broken)) => others.push(format!("{name}: the translation is no package: {broken}")),
                Err(Untranslatable::Hidden(_)) => hidden += 1,
                Err(error) => others.push(format!("{name}: {error}")),
            }
        }
        println!(
            "{folder}: {read} packages, {hidden} hidden, {} not read\n  {}",
            others.len(),
            others.join("\n  ")
        );
        assert!(read * 100 >= (read + others.len()) * wanted, "{folder}: too few, {others:#?}");
    }
}
