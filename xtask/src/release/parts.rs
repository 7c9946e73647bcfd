//! What is in the program: the crates that are linked into it, and what those carry inside.
//!
//! Build scripts and macros run at build time only and are not among them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cargo::{self, array, text};
use crate::command::output;
use crate::paths;

/// The package whose dependencies count.
const PROGRAM: &str = "appmanage";

/// What is carried inside a crate: the crate, the part, its licence, and where its version stands (a file of the
/// crate, and the text before the version).
const CARRIED: [(&str, &str, &str, &str, &str); 2] = [
    ("libsqlite3-sys", "sqlite", "blessing", "sqlite3/sqlite3.h", "#define SQLITE_VERSION        \""),
    ("utoipa-swagger-ui-vendored", "swagger-ui", "Apache-2.0", "src/lib.rs", "Swagger UI version: `"),
];

/// Everything in the program that is not ours.
pub(super) struct Parts {
    /// Our own version.
    pub(super) version: String,
    /// In the order of their references.
    pub(super) parts: Vec<Part>,
    /// Which part needs which, by reference; the program itself is `PROGRAM`.
    pub(super) needs: BTreeMap<String, BTreeSet<String>>,
}

/// One of them.
pub(super) struct Part {
    /// Its package URL: unique.
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) licence: String,
    /// Of the archive that it came in, where there is one.
    pub(super) sha256: Option<String>,
    /// Where its files are.
    pub(super) folder: PathBuf,
}

impl Parts {
    /// As cargo resolves them for this commit.
    pub(super) fn of(repository: &Path) -> Result<Self> {
        let metadata = cargo::metadata(repository)?;
        let lock = paths::read(&repository.join("Cargo.lock"))?;
        let mut parts = Self { version: String::new(), parts: Vec::new(), needs: BTreeMap::new() };
        let packages = by_id(&metadata, "packages")?;
        let nodes = by_id(&metadata["resolve"], "nodes")?;
        let of_name = |name: &str| packages.values().find(|package| package["name"] == name).copied();
        let program = of_name(PROGRAM).context("the workspace has no package appmanage")?;
        text(program, "version")?.clone_into(&mut parts.version);
        let mut waiting = vec![(text(program, "id")?, PROGRAM.to_owned())];
        let mut seen = BTreeSet::new();
        while let Some((id, needed_by)) = waiting.pop() {
            let package = packages[id];
            let reference = match package["source"].is_null() {
                // Ours: the program as a whole stands for it.
                true => PROGRAM.to_owned(),
                false => parts.need(&needed_by, package, &lock)?,
            };
            if seen.insert(id) {
                for needed in linked(nodes[id], &packages)? {
                    waiting.push((needed, reference.clone()));
                }
            }
        }
        for (carrier, name, licence, file, before) in CARRIED {
            let carrier = of_name(carrier).with_context(|| format!("{carrier} carries {name} no more"))?;
            parts.carry(carrier, name, licence, file, before)?;
        }
        parts.add_standard_library()?;
        parts.parts.sort_by(|one, other| one.reference.cmp(&other.reference));
        Ok(parts)
    }

    /// A crate that `needed_by` is linked with. Gives its reference.
    fn need(&mut self, needed_by: &str, package: &Value, lock: &str) -> Result<String> {
        let (name, version) = (text(package, "name")?.to_owned(), text(package, "version")?.to_owned());
        let reference = format!("pkg:cargo/{name}@{version}");
        self.needs.entry(needed_by.to_owned()).or_default().insert(reference.clone());
        if self.parts.iter().all(|part| part.reference != reference) {
            let licence = package["license"].as_str().unwrap_or("NOASSERTION").replace('/', " OR ");
            let sha256 = checksum(lock, &name, &version);
            let folder = folder_of(package)?;
            self.parts.push(Part { reference: reference.clone(), name, version, licence, sha256, folder });
        }
        Ok(reference)
    }

    fn carry(&mut self, carrier: &Value, name: &str, licence: &str, file: &str, before: &str) -> Result<()> {
        let folder = folder_of(carrier)?;
        let content = paths::read(&folder.join(file))?;
        let version = content.split(before).nth(1).and_then(|rest| rest.split(['"', '`']).next());
        let version =
            version.with_context(|| format!("{file} does not say which version of {name} it is"))?;
        let reference = format!("pkg:generic/{name}@{version}");
        self.needs.entry(PROGRAM.to_owned()).or_default().insert(reference.clone());
        self.parts.push(Part {
            reference,
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.to_owned(),
            sha256: None,
            folder,
        });
        Ok(())
    }

    fn add_standard_library(&mut self) -> Result<()> {
        let printed = output(Command::new("rustc").arg("--version"))?;
        let version = printed.split(' ').nth(1).context("rustc does not say its version")?;
        let root = output(Command::new("rustc").args(["--print", "sysroot"]))?;
        let reference = format!("pkg:generic/rust-std@{version}");
        self.needs.entry(PROGRAM.to_owned()).or_default().insert(reference.clone());
        self.parts.push(Part {
            reference,
            name: "rust-std".to_owned(),
            version: version.to_owned(),
            licence: "MIT OR Apache-2.0".to_owned(),
            sha256: None,
            folder: Path::new(root.trim()).join("share/doc/rust"),
        });
        Ok(())
    }
}

fn by_id<'a>(value: &'a Value, name: &str) -> Result<BTreeMap<&'a str, &'a Value>> {
    array(value, name)?.iter().map(|item| Ok((text(item, "id")?, item))).collect()
}

/// The packages that one is linked with.
fn linked<'a>(node: &'a Value, packages: &BTreeMap<&str, &Value>) -> Result<Vec<&'a str>> {
    let mut linked = Vec::new();
    for needed in array(node, "deps")? {
        let is_linked = array(needed, "dep_kinds")?.iter().any(|kind| kind["kind"].is_null());
        let id = text(needed, "pkg")?;
        let is_macro = array(packages[id], "targets")?.iter().any(|target| target["kind"][0] == "proc-macro");
        if is_linked && !is_macro {
            linked.push(id);
        }
    }
    Ok(linked)
}

fn folder_of(package: &Value) -> Result<PathBuf> {
    let manifest = Path::new(text(package, "manifest_path")?);
    Ok(manifest.parent().context("a manifest lies in a folder")?.to_path_buf())
}

/// The digest of a crate's archive, as Cargo.lock has it.
fn checksum(lock: &str, name: &str, version: &str) -> Option<String> {
    let entry = lock.split("\n\n").find(|entry| {
        entry.contains(&format!("\nname = \"{name}\"\n"))
            && entry.contains(&format!("\nversion = \"{version}\"\n"))
    })?;
    let sum = entry.lines().find_map(|line| line.strip_prefix("checksum = \""))?;
    Some(sum.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_linked_or_carried_is_a_part_and_what_only_builds_is_none() {
        let parts = Parts::of(&paths::repository().unwrap()).unwrap();
        let part = |name: &str| parts.parts.iter().find(|part| part.name == name);
        let tokio = part("tokio").unwrap();
        assert_eq!(tokio.sha256.as_ref().unwrap().len(), 64);
        assert!(tokio.licence == "MIT" && tokio.folder.join("Cargo.toml").is_file());
        for carried in ["sqlite", "swagger-ui", "rust-std"] {
            assert!(part(carried).unwrap().version.contains('.'), "{carried}");
        }
        for absent in ["cc", "serde_derive", "proptest", "tempfile", "domain", "testkit"] {
            assert!(part(absent).is_none(), "{absent} is not in the program");
        }
        assert!(parts.needs[PROGRAM].contains(&tokio.reference));
    }
}
