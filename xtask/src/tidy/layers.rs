//! Checks who may depend on whom. The architecture's layers are these crates.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::Finding;
use crate::cargo::{array, text};

/// Our crates, and the crates of ours that each may use.
const LAYERS: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("control", &["domain"]),
    ("store", &["control", "domain"]),
    ("docker", &["control", "domain"]),
    ("host", &["control", "domain"]),
    ("catalog", &["control", "domain"]),
    ("gateway", &["control", "domain"]),
    ("acme", &["control", "domain"]),
    ("wire", &[]),
    ("server", &["control", "domain", "wire"]),
    ("cli", &["wire"]),
    ("testkit", &["control", "domain"]),
    ("xtask", &[]),
];

/// These put the layers together, so they see all.
const SEE_ALL: [&str; 2] = ["appmanage", "acceptance"];

/// Tests of every layer may use the fakes and the contract suites.
const FOR_TESTS: &str = "testkit";

/// The domain is nouns and rules: what is written or sent is another layer's concern, and so is when.
const NEVER_IN_DOMAIN: [&str; 5] = ["futures-util", "serde", "serde_json", "tokio", "tokio-util"];

/// A crate of the workspace and what it asks for.
pub(super) struct Package {
    name: String,
    manifest: PathBuf,
    manifest_text: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    for_tests: bool,
    ours: bool,
}

/// The workspace's crates, out of cargo's metadata.
pub(super) fn packages(metadata: &Value, repository: &Path) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for package in array(metadata, "packages")?.iter().filter(|package| package["source"].is_null()) {
        let manifest = PathBuf::from(text(package, "manifest_path")?);
        let mut dependencies = Vec::new();
        for dependency in array(package, "dependencies")? {
            dependencies.push(Dependency {
                name: text(dependency, "name")?.to_owned(),
                for_tests: dependency["kind"] == "dev",
                ours: dependency["path"].is_string(),
            });
        }
        packages.push(Package {
            name: text(package, "name")?.to_owned(),
            manifest_text: std::fs::read_to_string(&manifest).unwrap_or_default(),
            manifest: manifest.strip_prefix(repository).map(Path::to_path_buf).unwrap_or(manifest),
            dependencies,
        });
    }
    Ok(packages)
}

pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Finding> {
    if SEE_ALL.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package.name) else {
        let what =
            format!("crate `{}` has no layer; say in xtask/src/tidy/layers.rs what it may use", package.name);
        return vec![Finding::new(&package.manifest, 1, what)];
    };
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let what =
            if dependency.ours && !allowed.contains(&name) && !(dependency.for_tests && name == FOR_TESTS) {
                format!(
                    "`{}` must not depend on `{name}`; put a port into `control`, or move the code",
                    package.name
                )
            } else if package.name == "domain" && !dependency.for_tests && NEVER_IN_DOMAIN.contains(&name) {
                format!("`domain` must not depend on `{name}`; that belongs to an outer layer")
            } else {
                continue;
            };
        findings.push(Finding::new(&package.manifest, line_of(&package.manifest_text, name), what));
    }
    findings
}

/// The line of a manifest that names the dependency.
fn line_of(manifest: &str, dependency: &str) -> usize {
    let names = |line: &str| {
        line.trim_start().strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    manifest.lines().position(names).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn found(package: &str, dependencies: &Value) -> Vec<String> {
        let metadata = json!({"packages": [
            {"name": package, "source": null, "manifest_path": "/r/crates/x/Cargo.toml", "dependencies": dependencies},
            {"name": "serde", "source": "registry", "manifest_path": "/s/Cargo.toml", "dependencies": []},
        ]});
        let packages = packages(&metadata, Path::new("/r")).unwrap();
        check(&packages).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_adapter_must_not_see_another() {
        let found = found("store", &json!([{"name": "docker", "kind": null, "path": "/r/crates/docker"}]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("crates/x/Cargo.toml:1: `store` must not depend on `docker`"),
            "{found:?}"
        );
    }

    #[test]
    fn inner_layers_are_allowed_and_the_testkit_is_for_tests() {
        let path = "/r/crates/y";
        assert!(found("store", &json!([{"name": "control", "kind": null, "path": path}])).is_empty());
        assert!(found("store", &json!([{"name": "testkit", "kind": "dev", "path": path}])).is_empty());
        assert_eq!(found("store", &json!([{"name": "testkit", "kind": null, "path": path}])).len(), 1);
        assert!(found("appmanage", &json!([{"name": "store", "kind": null, "path": path}])).is_empty());
    }

    #[test]
    fn the_domain_has_no_serde_and_no_runtime() {
        assert_eq!(found("domain", &json!([{"name": "serde", "kind": null}])).len(), 1);
        assert!(found("control", &json!([{"name": "tokio", "kind": null}])).is_empty());
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        assert!(found("newcomer", &json!([]))[0].contains("has no layer"));
    }

    #[test]
    fn the_line_is_that_of_the_dependency() {
        let manifest = "[dependencies]\nserde_json.workspace = true\nserde = \"1\"\n";
        assert_eq!(line_of(manifest, "serde"), 3);
        assert_eq!(line_of(manifest, "serde_json"), 2);
    }
}
