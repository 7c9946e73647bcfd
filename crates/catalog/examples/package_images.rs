//! Prints the images of every package that ships: package, version and image, separated by tabs, the newest
//! version of each package first. `cargo xtask packages verify` asks registries for them.
#![expect(clippy::print_stdout, reason = "a program for other programs")]

use control::ports::Catalog as _;

fn main() {
    let catalog = catalog::PackageCatalog::load(None, "/nowhere").catalog;
    for package in catalog.entries().iter().filter_map(|entry| catalog.find(&entry.name)) {
        for version in &package.versions {
            for service in &package.services {
                println!("{}\t{}\t{}", package.name, version.name, service.image_for(&version.variables));
            }
        }
    }
}
