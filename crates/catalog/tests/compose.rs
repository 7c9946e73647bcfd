//! `docker compose` understands every package as we do: no unset variable, the same images.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use catalog::{BUILT_IN_VARIABLES, PackageCatalog};
use control::ports::Catalog;
use domain::Package;
use domain::package::{PackageVersion, VariableKind};

#[test]
#[ignore = "needs docker compose: run through cargo xtask test"]
fn compose_reads_every_version_of_every_package_without_a_word() {
    let catalog = PackageCatalog::load(None, "/nowhere").catalog;
    for package in catalog.entries().iter().filter_map(|entry| catalog.find(&entry.name)) {
        for version in &package.versions {
            let folder = tempfile::tempdir().expect("a folder can be made");
            fs::write(folder.path().join("compose.yaml"), &package.compose).expect("it can be written");
            fs::write(folder.path().join(".env"), environment(&package, version)).expect("it can be written");

            compose_config(folder.path(), "--quiet");
            let images: BTreeSet<String> =
                compose_config(folder.path(), "--images").lines().map(str::to_owned).collect();
            let expected: BTreeSet<String> =
                package.services.iter().map(|service| service.image_for(&version.variables)).collect();
            assert_eq!(images, expected, "{} {}", package.name, version.name);
        }
    }
}

/// An `.env` file as an install would write it.
fn environment(package: &Package, version: &PackageVersion) -> String {
    let built_in = BUILT_IN_VARIABLES.iter().map(|name| format!("{name}=8080"));
    let of_version = version.variables.iter().map(|(name, value)| format!("{name}={value}"));
    let of_package = package.variables.iter().map(|variable| match &variable.kind {
        VariableKind::Secret { .. } => format!("{}=Secret0Secret0Secret0Secr", variable.name),
        plain => format!("{}='{}'", variable.name, plain.default_text().unwrap_or_default()),
    });
    built_in.chain(of_version).chain(of_package).collect::<Vec<_>>().join("\n")
}

/// Runs `docker compose config`, which must succeed and have nothing to say on its standard error.
fn compose_config(folder: &Path, what: &str) -> String {
    let output = Command::new("docker")
        .args(["compose", "--project-name", "test", "config", what])
        .current_dir(folder)
        .output()
        .expect("docker can be started");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "{}: {words}", folder.display());
    String::from_utf8(output.stdout).expect("compose writes text")
}
